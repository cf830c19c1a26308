//! One container, as the agent of its instance knows it.

use crate::ids::Ids;
use crate::status::ContainerStatus;
use jiff::Timestamp;

/// A container of a task. Its index in the list is that of its definition in the task definition.
#[derive(Clone, Debug)]
pub(crate) struct Container {
    /// The runtime's id of it.
    pub(crate) id: String,
    /// Where it is.
    pub(crate) status: ContainerStatus,
    /// How it ended; none if it has not, or was never started.
    pub(crate) exit_code: Option<i32>,
    /// When it was started last.
    pub(crate) started_at: Option<Timestamp>,
    /// When it ended.
    pub(crate) finished_at: Option<Timestamp>,
    /// Why it could not be started, in the words of the agent.
    pub(crate) reason: Option<String>,
    /// How often the agent has started it.
    pub(crate) starts: u32,
}

impl Container {
    /// A container that waits for its start.
    pub(crate) fn new(ids: &mut Ids) -> Container {
        Container {
            id: ids.hex32(),
            status: ContainerStatus::Created,
            exit_code: None,
            started_at: None,
            finished_at: None,
            reason: None,
            starts: 0,
        }
    }

    /// Returns whether the container has ended.
    pub(crate) fn is_stopped(&self) -> bool {
        self.status == ContainerStatus::Stopped
    }

    /// Returns whether the container runs, be it for the last time.
    pub(crate) fn runs(&self) -> bool {
        self.status.known() == "RUNNING"
    }

    /// Returns whether the container has reached RUNNING at least once.
    pub(crate) fn has_started(&self) -> bool {
        self.started_at.is_some()
    }

    /// The container is to be started again. ECS is not notified of that, so it knows of no end.
    pub(crate) fn start_again(&mut self) {
        self.status = ContainerStatus::Created;
        self.exit_code = None;
        self.finished_at = None;
    }

    /// Records that the container has ended.
    pub(crate) fn stop(&mut self, now: Timestamp, exit_code: Option<i32>) {
        self.status = ContainerStatus::Stopped;
        self.exit_code = exit_code;
        self.finished_at = Some(now);
    }
}
