//! The coordinator: a Lambda function that holds daemons while an ECS container instance drains.
//!
//! One invocation: [`handler`] reads the event, finds the instances concerned, and for each of them [`reconcile`]
//! looks ([`observe`]), lets the core plan, and acts ([`apply`]). What is decided is decided in `protector_core`.

mod agenda;
pub mod apply;
pub mod aws;
mod beacon;
pub mod cache;
pub mod clock;
pub mod coordinator;
mod describe;
pub mod handled;
pub mod handler;
mod heartbeats;
mod hook;
mod ignored;
mod instance;
mod instance_line;
mod kill_switch;
mod locate;
pub mod logging;
pub mod metrics;
pub mod observe;
pub mod outcome;
mod overwritten;
pub mod place;
mod protection;
pub mod rate_limit;
pub mod reconcile;
mod records;
pub mod runtime;
pub mod store;
pub mod subject;
pub mod survey;
pub mod survey_view;
mod task;
pub mod tens;
mod tick;

pub use protector_core::settings::coordinator as settings;
