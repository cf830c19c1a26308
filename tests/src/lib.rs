//! A laboratory for whole drains: the real `bootstrap` and `ecs-daemon-protector` against the local AWS.
//!
//! [`Lab`] sets a cluster up and drives it; [`JournalView`] reads from the journal what happened, and in which order.
//! Tests assert on order and on ends, never on how long something took.

// Only tests use it, and a test that cannot go on panics.
#![allow(clippy::expect_used)]

mod journal_view;
mod lab;
mod names;
mod operator;
mod programs;
mod requests;
mod sim;
mod values;
mod workload;

pub use journal_view::JournalView;
pub use lab::{Lab, LabConfig};
pub use names::{CLUSTER, GROUP, HOOK, SIDECAR};
pub use operator::{PERSON, Said, ctl, tool};
pub use programs::{all_read_shared_records, bootstrap, protectorctl, sidecar};
pub use requests::{complete, order};
pub use sim::{SyntaxError, Transcript, play};
pub use values::{assert_has, json_lines};
pub use workload::{Daemon, SidecarProgram};
