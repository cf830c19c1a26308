//! The truth: one account and region of AWS, with its machines and what runs on them.
//!
//! Nothing here knows the product. Each moment is an argument, each draw comes from the scenario's seed, and what has to
//! happen outside (an invocation to run) comes out as [`Out`]. Observers see every [`Fact`] at the moment it becomes true.

mod ecs;
mod events;
mod facts;
mod faults;
mod function;
mod host;
mod names;
mod quota;
mod reports;
mod scaling;
mod ssm;
mod steps;
mod world;

pub use ecs::{InstanceStatus, Listed, Registration, Task, TaskStatus};
pub(crate) use events::{moment, timestamp};
pub use facts::{Caller, Cause, Fact, HookEnd, Observer, Outcome};
pub use faults::Verdict;
pub use function::{EnvironmentId, Invocation, Payload, Source};
pub use host::{DaemonState, Guard, GuardAnswer, GuardMaker, GuardView, Host, Process, SidecarState};
pub(crate) use names::record_name;
pub use names::{instance_number, task_number};
pub use quota::{Bucket, Buckets};
pub use reports::SidecarReport;
pub use scaling::{Wait, WaitState};
pub use ssm::{ParameterError, Stored};
pub use world::{CallError, HostId, Out, RegistrationId, TaskId, World};
