//! The truth: one account and region of AWS, with its machines and what runs on them.
//!
//! Nothing here knows the product. Each moment is an argument, each draw comes from the scenario's seed, and what has
//! to happen outside (an invocation to run) comes out as [`Out`]. Observers see every [`Fact`] at the moment it becomes
//! true.
//!
//! The types are below [`World`] (`registration`, `task`, `daemon`, `host`, `lifecycle`, `invocation`, `pools`,
//! `ssm`), the transitions above it (`ecs`, `agent`, `scaling`, `function`, `parameters`, `events`, `steps`,
//! `timeline`).

mod agent;
mod clock;
mod daemon;
mod ecs;
mod errors;
mod events;
mod facts;
mod faults;
mod function;
mod host;
mod ids;
mod invocation;
mod lifecycle;
mod names;
mod parameters;
mod pools;
mod quota;
mod registration;
mod reports;
mod scaling;
mod ssm;
mod status;
mod steps;
mod task;
mod timeline;
mod timers;
mod view;
mod world;

pub(crate) use clock::{moment, timestamp};
pub use daemon::DaemonState;
pub use ecs::Listed;
pub use errors::CallError;
pub use facts::{Caller, Cause, Fact, HookEnd, Outcome};
pub use faults::Verdict;
pub use host::Host;
pub use ids::{EnvironmentId, HostId, RegistrationId, TaskId};
pub use invocation::{Invocation, Payload, Source};
pub use lifecycle::{Wait, WaitState};
pub(crate) use names::record_name;
pub use names::{instance_number, task_number};
pub use quota::{Bucket, Buckets};
pub use registration::Registration;
pub use reports::SidecarReport;
pub use ssm::{ParameterError, Stored};
pub use status::{InstanceStatus, Process, SidecarState, TaskStatus};
pub use task::Task;
pub use world::{Guard, GuardAnswer, GuardMaker, GuardView, Observer, Out, World};
