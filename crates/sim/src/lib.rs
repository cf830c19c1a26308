//! A seeded fleet simulator: the real coordinator library and the real state machine of the sidecar, in a model of AWS
//! on a virtual clock, watched by a judge that shares no code with them.
//!
//! - [`scenario`]: a world as data. [`plain`] has those that are written down, [`generate`] draws one from a seed,
//!   [`shrink`] makes one smaller.
//! - [`model`]: AWS: container instances and their agents, groups and hooks, parameters, quotas, the function.
//! - [`run`]: runs the product in it, or another drainer as a small model.
//! - [`judge`]: watches the model's truth, and says which promise was broken.
//! - [`bugs`]: planted bugs, to show that the judge can fail.
//! - [`worlds`]: every known fault as a named world.
//! - [`campaign`]: many drawn worlds, judged.
//! - [`statistics`]: what a run has cost, and how long it took.

pub mod bugs;
pub mod campaign;
pub mod generate;
pub mod judge;
pub mod model;
pub mod plain;
pub mod run;
pub mod scenario;
mod shared_text;
pub mod shrink;
pub mod statistics;
pub mod transcript;
pub mod worlds;

/// The wall-clock time of a moment of a run.
pub(crate) fn wall_clock(at: scenario::Ms) -> jiff::Timestamp {
    model::timestamp(at)
}
