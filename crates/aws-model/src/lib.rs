//! One account and region in memory: ECS and its agent's rules, Auto Scaling, SSM, events, quotas, faults.
//!
//! Pure: every moment is an argument, nothing is read from outside, nothing is done outside. What must happen
//! there comes out as [`Effect`]s; what happened there goes in through [`World`]'s methods. The same calls at the
//! same moments give the same world.

mod api;
pub mod auto_scaling;
mod classic;
mod config;
mod constraints;
mod ecs;
mod effects;
mod events;
pub mod faults;
mod iam;
mod ids;
pub mod journal;
mod load_balancing;
pub mod narrator;
mod page;
mod params;
mod quotas;
mod scope;
pub mod ssm;
mod status;
mod sts;
mod time;
mod timers;
mod world;

pub use api::{ApiError, Call, Service};
pub use config::{DaemonStop, Timings, WorldConfig};
pub use effects::{ContainerSignal, ContainerStart, Effect};
pub use faults::{Cut, DateHeader, Faults};
pub use journal::{Entry, Outcome, What};
pub use status::{ContainerStatus, DesiredStatus, InstanceStatus, StopCode, TaskStatus};
pub use world::{ContainerView, InstanceView, TaskView, World};
