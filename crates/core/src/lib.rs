//! The pure core of ecs-daemon-protector decides, and never does I/O.
//!
//! ```text
//!  event ──► trigger ──► (coordinator observes AWS) ──► observation
//!                                                          │
//!                              holding ◄── plan ◄──────────┤
//!                                           │              record (the SSM parameter)
//!                                           ▼              │
//!                        actions for the coordinator       ▼
//!                                                     hold (what the sidecar asks, and when it ends)
//! ```
//!
//! There is no async, no clock, no randomness and no type of the AWS SDK in here: time and randomness are arguments.

pub mod aws;
pub mod beacon;
pub mod control;
pub mod early_exit;
pub mod heartbeat;
pub mod hold;
pub mod holding;
pub mod ids;
pub mod level;
pub mod limits;
pub mod network;
pub mod next_look;
pub mod observation;
pub mod plan;
pub mod plural;
pub mod policy;
pub mod protection;
pub mod receipt;
pub mod record;
pub mod redact;
pub mod relevance;
mod sentences;
pub mod settings;
pub mod shared;
pub mod slot;
pub mod sweep;
pub mod task_metadata;
pub mod termination;
pub mod throughput;
pub mod tiers;
pub mod trigger;
pub mod unprotected;
pub mod variables;
pub mod versions;

#[cfg(test)]
mod testing;
