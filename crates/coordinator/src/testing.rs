//! Things that many tests of this crate need.

use jiff::Timestamp;
use protector_core::aws::{Scheduling, TaskStatus};
use protector_core::ids::{ContainerInstanceArn, InstanceKey, TaskArn};
use protector_core::observation::{ContainerInstance, Task};

/// Returns the time this many seconds after a moment.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// Returns an instance of the cluster `prod`.
pub(crate) fn key(number: u32) -> InstanceKey {
    InstanceKey {
        cluster: "prod".parse().unwrap(),
        instance: format!("i-{number:017x}").parse().unwrap(),
    }
}

/// Returns the name of a container instance of the cluster `prod`.
pub(crate) fn arn(number: u32) -> ContainerInstanceArn {
    format!("arn:aws:ecs:eu-west-1:1:container-instance/prod/{number:032x}")
        .parse()
        .unwrap()
}

/// Returns the name of a task of the cluster `prod`.
pub(crate) fn task_arn(number: u32) -> TaskArn {
    format!("arn:aws:ecs:eu-west-1:1:task/prod/{number:032x}")
        .parse()
        .unwrap()
}

/// A connected registration that drains, without a task.
pub(crate) fn draining(number: u32) -> ContainerInstance {
    ContainerInstance {
        arn: arn(number),
        status: "DRAINING".to_owned().into(),
        agent_connected: true,
        tasks: Some(0),
    }
}

/// A task of the cluster `prod` that runs, and of which nothing else is known.
pub(crate) fn task(number: u32) -> Task {
    Task {
        arn: task_arn(number),
        group: None,
        last_status: TaskStatus::Running,
        stopping: false,
        agent_connected: true,
        scheduling: Scheduling::Unknown,
        containers: Vec::new(),
        unprotected_before: None,
        execution_stopped_at: None,
        stopped_at: None,
        protected_until: None,
    }
}
