//! What the world requests from outside it.

use serde_json::Value;

/// One thing to do, or to report, outside the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Start a container; answer with `container_started` or `container_exited`.
    StartContainer(ContainerStart),
    /// Send a signal to a container that was started.
    Signal {
        /// The ARN of the task that the container is of.
        task_arn: String,
        /// The container's name in its task.
        container: String,
        /// What to send.
        signal: ContainerSignal,
    },
    /// An EventBridge event is delivered, whole.
    Event(Value),
    /// An EC2 instance is on.
    InstanceLaunched {
        /// Its EC2 id.
        instance: String,
    },
    /// An EC2 instance is off: everything on it is dead, and need not be reported.
    InstanceTerminated {
        /// Its EC2 id.
        instance: String,
    },
}

/// A container that is to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerStart {
    /// The ARN of the task that the container is of.
    pub task_arn: String,
    /// The last part of the task's ARN.
    pub task_id: String,
    /// The EC2 id of the instance to start it on.
    pub instance: String,
    /// The container's name in its task.
    pub container: String,
    /// `entryPoint`, then `command`.
    pub command: Vec<String>,
    /// What the task definition and the overrides set, in that order.
    pub environment: Vec<(String, String)>,
    /// Whether the task has a role, and so credentials.
    pub task_role: bool,
}

/// What the agent sends to a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerSignal {
    /// SIGTERM.
    Terminate,
    /// SIGKILL: the stop timeout is over.
    Kill,
}
