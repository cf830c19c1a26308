//! The sidecar: keeps the daemons of its task alive until their instance is released.
//!
//! ```text
//!  main ─► command ─► start (self-check) ─► handoff: execve "… wait {place}" ─► signal::wait ─► hold ─► exit code
//!                       │                                                                        │
//!                       └─► find: who am I? task metadata, IMDS, agent                            └─► core::wait decides
//! ```
//!
//! The self-check needs a runtime, a TLS client and their memory. All of it is given back by executing the program
//! anew, which then has nothing but a blocked SIGTERM to wait for.

mod aws;
mod chance;
mod check;
mod command;
mod early_exit;
mod environment;
mod find;
mod handoff;
mod hold;
mod imds;
mod local_http;
mod net;
mod place;
mod run;
mod say;
mod settings;
mod signal;
mod start;
mod task;
mod words;

pub use run::main;
