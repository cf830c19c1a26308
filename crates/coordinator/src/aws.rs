//! The AWS APIs, spoken in our own types. Every call is bounded in time, tried again on purpose, and counted.
//!
//! [`Aws`] walks pages, packs batches, reads answers and counts calls. [`api::Api`] is what it asks: the SDK, or a
//! model of AWS in a simulation. A method fails if any call that it makes does: part of an answer is no answer.

pub mod api;
mod auto_scaling;
mod client;
mod ecs;
mod error;
mod meter;
mod quota;
mod sdk;
mod ssm;

pub use auto_scaling::{ScalingInstance, UnlistedGroups};
pub use client::Aws;
pub(crate) use client::each_until_throttled;
pub use ecs::{Described, Instances, ListedTask, MANAGED_INSTANCES, NotOurs, ServiceScheduling, by_instance};
pub use error::{AwsError, ErrorKind};
pub use meter::Meter;
pub use ssm::{Listed, Texts};
