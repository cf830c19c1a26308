//! One container, as the agent of its instance knows it.

use crate::ids::Ids;
use jiff::Timestamp;
use serde::Serialize;

/// Where a container is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ContainerStatus {
    /// Not started yet.
    Created,
    /// Told to start.
    Starting,
    /// Started.
    Running,
    /// SIGTERM was sent.
    Terminating,
    /// SIGKILL was sent.
    Killing,
    /// Exited, or never started and never will.
    Stopped,
}

impl ContainerStatus {
    /// As the agent tells it: task metadata and the ECS API.
    pub(crate) fn known(self) -> &'static str {
        match self {
            ContainerStatus::Created | ContainerStatus::Starting => "PENDING",
            ContainerStatus::Running | ContainerStatus::Terminating | ContainerStatus::Killing => "RUNNING",
            ContainerStatus::Stopped => "STOPPED",
        }
    }
}

/// A container of a task; which one, its place in the task definition says.
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
    /// How often it was told to start.
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
            starts: 0,
        }
    }

    /// Is it over?
    pub(crate) fn is_stopped(&self) -> bool {
        self.status == ContainerStatus::Stopped
    }

    /// Has it got as far as running, at least once?
    pub(crate) fn has_started(&self) -> bool {
        self.started_at.is_some()
    }

    /// It is over now.
    pub(crate) fn stop(&mut self, now: Timestamp, exit_code: Option<i32>) {
        self.status = ContainerStatus::Stopped;
        self.exit_code = exit_code;
        self.finished_at = Some(now);
    }
}
