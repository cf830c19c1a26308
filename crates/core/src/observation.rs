//! What the coordinator has seen of one instance, in our own types.
//!
//! A thing is seen, seen to be absent, or not known. Every read error makes it unknown, never smaller (P2).

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{
    AutoScalingGroupName, ContainerInstanceArn, ContainerName, InstanceKey, LifecycleActionToken,
    LifecycleHookName, ServiceName, TaskArn,
};
use crate::record::{DecodeError, Record};

/// The outcome of looking for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen<T> {
    /// It is there.
    Yes(T),
    /// It is not there: AWS said so.
    Absent,
    /// We do not know: the read failed, or only a part of it came back. Holds why.
    Unknown(String),
}

impl<T> Seen<T> {
    /// The same of something made from it.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Seen<U> {
        match self {
            Seen::Yes(thing) => Seen::Yes(f(thing)),
            Seen::Absent => Seen::Absent,
            Seen::Unknown(why) => Seen::Unknown(why),
        }
    }

    /// The thing, if it was seen.
    pub fn as_yes(&self) -> Option<&T> {
        match self {
            Seen::Yes(thing) => Some(thing),
            Seen::Absent | Seen::Unknown(_) => None,
        }
    }
}

/// One look at one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Which instance.
    pub key: InstanceKey,
    /// When the look began: nothing in it is older.
    pub at: Timestamp,
    /// Its record. Read before ECS is asked, so that the record never knows more than the tasks show.
    pub record: Seen<Stored>,
    /// It as a container instance.
    pub instance: Seen<ContainerInstance>,
    /// All tasks on it whose status is not final, and maybe some stopped ones.
    pub tasks: Seen<Vec<Task>>,
    /// The hook of ours that waits for it.
    pub hook: Hook,
}

/// A parameter as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its text, decoded.
    pub record: Result<Record, DecodeError>,
    /// Its version: the next write makes the next number, unless somebody else writes between.
    pub version: i64,
}

impl Stored {
    /// The record, if its text could be read.
    #[must_use]
    pub fn readable(&self) -> Option<&Record> {
        self.record.as_ref().ok()
    }
}

impl Seen<Stored> {
    /// The record, if there is one, and its text could be read.
    #[must_use]
    pub fn readable(&self) -> Option<&Record> {
        self.as_yes().and_then(Stored::readable)
    }
}

/// An EC2 instance as a member of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerInstance {
    /// Its name in this life.
    pub arn: ContainerInstanceArn,
    /// Its status.
    pub status: InstanceStatus,
    /// Does its agent talk to ECS? Agents reconnect several times an hour, so a short "no" is normal.
    pub agent_connected: bool,
}

/// Does a hook of ours wait for the instance?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hook {
    /// None is known.
    None,
    /// This one does.
    Waiting(HookAction),
    /// The one that the record names does not wait any more: Auto Scaling said so.
    Over,
    /// Auto Scaling could not be asked.
    Unknown(String),
}

/// One waiting of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookAction {
    /// The Auto Scaling group.
    pub group: AutoScalingGroupName,
    /// The hook.
    pub hook: LifecycleHookName,
    /// The token, if the event that holds it has arrived.
    pub token: Option<LifecycleActionToken>,
    /// The hook's own `HeartbeatTimeout`, in seconds.
    pub heartbeat_seconds: u32,
    /// Auto Scaling did not tell the time-out, and this one is assumed: it paces heartbeats, and sets no limit.
    pub heartbeat_assumed: bool,
    /// When the wait began, as far as it is known.
    pub since: Timestamp,
}

/// One task on the instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The task.
    pub arn: TaskArn,
    /// Its group; ECS leaves it out in no documented case, but it is optional in the API.
    pub group: Option<TaskGroup>,
    /// Its status.
    pub last_status: TaskStatus,
    /// Has it been told to stop?
    pub stopping: bool,
    /// How its service schedules it.
    pub scheduling: Scheduling,
    /// Names of its containers.
    pub containers: Vec<ContainerName>,
    /// When it was STOPPED, if it is.
    pub stopped_at: Option<Timestamp>,
    /// How long task scale-in protection keeps the service scheduler from stopping it, if that was asked for.
    pub protected_until: Option<Timestamp>,
}

/// A task's group, as ECS writes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum TaskGroup {
    /// `service:<name>`: a service started it.
    Service(ServiceName),
    /// Anything else: `family:<name>` for a standalone task, or what `RunTask` was given.
    Other(String),
}

impl From<String> for TaskGroup {
    fn from(text: String) -> Self {
        match text.strip_prefix("service:").map(str::parse) {
            Some(Ok(service)) => TaskGroup::Service(service),
            _ => TaskGroup::Other(text),
        }
    }
}

impl From<TaskGroup> for String {
    fn from(group: TaskGroup) -> Self {
        group.to_string()
    }
}

impl FromStr for TaskGroup {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.to_owned().into())
    }
}

impl fmt::Display for TaskGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TaskGroup::Service(name) => write!(f, "service:{name}"),
            TaskGroup::Other(text) => f.write_str(text),
        }
    }
}

/// How a task came to run where it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheduling {
    /// A DAEMON service: one task on each instance.
    Daemon,
    /// A REPLICA service.
    Replica,
    /// No service.
    Standalone,
    /// A service that ECS does not describe, or a strategy that we do not know.
    Unknown,
}

/// Declares a status of AWS: the values we know, and any other kept as it came.
macro_rules! status {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            $($(#[$value_doc])* $value,)*
            /// A value that AWS may add.
            Other(String),
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                match text.as_str() {
                    $($text => Self::$value,)*
                    _ => Self::Other(text),
                }
            }
        }

        impl From<$name> for String {
            fn from(status: $name) -> String {
                status.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$value => $text,)*
                    Self::Other(text) => text,
                })
            }
        }
    };
}

status!(
    /// The status of a container instance (`DescribeContainerInstances`).
    InstanceStatus {
        /// It takes tasks.
        Active = "ACTIVE",
        /// It takes no new tasks, and service tasks are moved away.
        Draining = "DRAINING",
        /// It is on its way in.
        Registering = "REGISTERING",
        /// It is on its way out.
        Deregistering = "DEREGISTERING",
        /// It never came in.
        RegistrationFailed = "REGISTRATION_FAILED",
        /// It is gone.
        Inactive = "INACTIVE",
    }
);

status!(
    /// The last status of a task (`DescribeTasks`; task lifecycle states).
    TaskStatus {
        /// Resources are being found.
        Provisioning = "PROVISIONING",
        /// The agent has not taken it yet.
        Pending = "PENDING",
        /// Started, and still to be made known to load balancers and discovery.
        Activating = "ACTIVATING",
        /// It runs.
        Running = "RUNNING",
        /// It is taken out of load balancers; its containers run.
        Deactivating = "DEACTIVATING",
        /// Its containers are inside their SIGTERM window.
        Stopping = "STOPPING",
        /// Containers have ended, resources are given back.
        Deprovisioning = "DEPROVISIONING",
        /// It has ended.
        Stopped = "STOPPED",
        /// It has ended and is forgotten.
        Deleted = "DELETED",
    }
);

impl TaskStatus {
    /// Has the task ended? Only these two say so; a status that we do not know has not.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, TaskStatus::Stopped | TaskStatus::Deleted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_written_as_it_was_read() {
        let service = TaskGroup::Service("web".parse().unwrap());
        for (text, group) in [
            ("service:web", service),
            ("family:batch", TaskGroup::Other("family:batch".to_owned())),
            (
                "service:no such name",
                TaskGroup::Other("service:no such name".to_owned()),
            ),
        ] {
            assert_eq!(TaskGroup::from(text.to_owned()), group);
            assert_eq!(String::from(group), text);
        }
    }

    #[test]
    fn a_status_is_written_as_it_was_read() {
        for text in ["ACTIVE", "DEREGISTERING", "REGISTRATION_FAILED", "MADE_LATER"] {
            assert_eq!(String::from(InstanceStatus::from(text.to_owned())), text);
        }
        for text in ["PROVISIONING", "STOPPED", "DELETED", "MADE_LATER"] {
            assert_eq!(String::from(TaskStatus::from(text.to_owned())), text);
        }
    }
}
