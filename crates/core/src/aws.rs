//! This is the vocabulary of ECS: groups, statuses and scheduling, as it writes them.
//!
//! A value that this version does not know is kept as it came. It decides nothing: only values that are listed here do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::ServiceName;

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

impl TaskGroup {
    /// The service, if one started the task.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceName> {
        match self {
            TaskGroup::Service(name) => Some(name),
            TaskGroup::Other(_) => None,
        }
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
    /// It is of a REPLICA service.
    Replica,
    /// It is of no service: `RunTask` or `StartTask` has started it.
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

status!(
    /// The last status of a container (`DescribeTasks`, `containers[].lastStatus`).
    ContainerStatus {
        /// It has not started.
        Pending = "PENDING",
        /// It runs.
        Running = "RUNNING",
        /// It has ended, or could not be started.
        Stopped = "STOPPED",
    }
);

status!(
    /// The health of a container (`DescribeTasks`, `containers[].healthStatus`).
    ContainerHealth {
        /// Its check has passed.
        Healthy = "HEALTHY",
        /// Its check has failed as often as it may.
        Unhealthy = "UNHEALTHY",
        /// It has no check, or the check has not been judged yet: so for the first minute.
        Unknown = "UNKNOWN",
    }
);

impl TaskStatus {
    /// Returns whether the task has ended. Only these two statuses say so; one that we do not know does not.
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
