//! The coordinator: a Lambda function that holds daemons while an ECS container instance drains.
//!
//! One invocation: `router` hands each event to its handler in `events`, or to the `sweeper`. For each instance
//! concerned the `reconciler` observes (`observer`), lets the core plan, and executes (`executor`). What is decided is
//! decided in `protector_core`.
//!
//! ```text
//!  coordinator ─► handler, batch ─► router ─► events, sweeper, heartbeats
//!                                                │
//!                                                ▼
//!                                             reconciler ─► observer ─► executor
//! ```
//!
//! Each of them shows by its fields what it needs. They live for one run, borrow what outlives it, and cost nothing to make.

pub mod aws;
mod batch;
pub mod cache;
pub mod clock;
mod context;
pub mod coordinator;
mod crowd;
mod events;
mod executor;
mod handled;
mod handler;
mod heartbeats;
mod ignored;
mod instance_line;
mod log_line;
pub mod logging;
pub mod metrics;
mod observer;
mod outcome;
mod overwritten;
pub mod rate_limit;
mod reconciler;
mod router;
pub mod runtime;
pub mod store;
mod subject;
mod sweeper;
pub mod tens;
#[cfg(test)]
mod testing;
mod waits;

pub use protector_core::settings::coordinator as settings;
