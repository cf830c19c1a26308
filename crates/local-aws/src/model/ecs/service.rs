//! One service.

use super::definition::TaskDefinition;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Names a service: cluster and service name.
pub(crate) type ServiceKey = (String, String);

/// `schedulingStrategy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// So many tasks, somewhere.
    Replica,
    /// One task on each instance.
    Daemon,
}

impl Strategy {
    /// As the API writes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Strategy::Replica => "REPLICA",
            Strategy::Daemon => "DAEMON",
        }
    }
}

/// A service.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) key: ServiceKey,
    pub(crate) arn: String,
    pub(crate) strategy: Strategy,
    /// How many replicas; of a daemon, unused.
    pub(crate) desired_count: usize,
    /// Has it been deleted?
    pub(crate) deleted: bool,
    pub(crate) created_at: Timestamp,
    /// The newest first; older ones as long as they have tasks.
    pub(crate) deployments: Vec<Deployment>,
    /// ARNs of its tasks that are not STOPPED.
    pub(crate) tasks: BTreeSet<String>,
    /// How many of its tasks in a row failed before they were RUNNING.
    pub(super) failures: u32,
    /// Is a look at it already due?
    pub(super) schedule_is_due: bool,
}

/// A rollout of one task definition.
#[derive(Clone, Debug)]
pub(crate) struct Deployment {
    /// `ecs-svc/…`, in `startedBy` of its tasks.
    pub(crate) id: String,
    pub(crate) definition: Arc<TaskDefinition>,
    pub(crate) created_at: Timestamp,
}

impl Service {
    /// `group` of its tasks.
    pub(crate) fn group(&self) -> String {
        format!("service:{}", self.key.1)
    }
}
