//! The pure core of ecs-daemon-protector: it decides, and never does I/O.
//!
//! ```text
//!  event ──► trigger ──► (coordinator observes AWS) ──► observation
//!                                                          │
//!                              holding ◄── plan ◄──────────┤
//!                                           │              record (the SSM parameter)
//!                                           ▼              │
//!                        actions for the coordinator       ▼
//!                                                     wait (what the sidecar does with it)
//! ```
//!
//! There is no async, no clock, no randomness and no AWS type in here: time and chance are arguments.

pub mod ids;
pub mod record;
pub mod settings;
