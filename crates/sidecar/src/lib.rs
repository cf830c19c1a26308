//! The sidecar: keeps the daemons of its task alive until their instance is released.
//!
//! ```text
//!  main ─► command ─► start (self-check) ─► reexec: execve "… wait {place}" ─► signal::wait ─► hold ─► exit code
//!                       │                                                                       │
//!                       └─► discovery: task metadata, IMDS, agent                                   └─► core::hold decides
//! ```
//!
//! The self-check needs a runtime, a TLS client and their memory. All of it is given back by executing the program
//! again, which then has nothing but a blocked SIGTERM to wait for.

mod aws;
mod check;
mod command;
mod discovery;
mod early_exit;
mod environment;
mod hold;
mod identity;
mod imds;
mod jitter;
mod local_http;
mod logging;
mod messages;
mod net;
mod reexec;
mod run;
mod settings;
mod signal;
mod start;
mod task_metadata;

pub use run::main;
