//! What the agent has reported to ECS about a sidecar's container, which may differ from its true state.

use super::ids::TaskId;
use super::status::SidecarState;
use super::world::World;
use crate::scenario::{MINUTE, Ms, SECOND};

/// The agent reports a container that has stopped by itself so long after its end, at the latest: it gathers reports.
const REPORTED_AFTER: Ms = 21 * SECOND;

/// A health check that runs once a minute has passed after this.
const HEALTHY_AFTER: Ms = MINUTE;

/// One that fails three times in a row makes the container unhealthy after this.
const UNHEALTHY_AFTER: Ms = 3 * MINUTE;

/// What ECS knows of the sidecar of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SidecarReport {
    /// It has not started.
    Pending,
    /// Its image could not be pulled.
    NoImage,
    /// It runs.
    Runs {
        /// Its health, in the words of ECS.
        health: &'static str,
    },
    /// It has ended.
    Ended {
        /// Its exit code.
        code: i32,
    },
}

impl World {
    /// The state of the sidecar of a daemon task as the agent has reported it. A restart is not reported, nor is the
    /// end of a sidecar that the agent stopped before its task has ended.
    #[must_use]
    pub fn report_of_sidecar(&self, id: TaskId) -> SidecarReport {
        let task = self.task(id);
        let Some(daemon) = task.daemon.as_deref() else {
            return SidecarReport::Pending;
        };
        let runs = |since: Ms| SidecarReport::Runs {
            health: match self.now.saturating_sub(since) {
                UNHEALTHY_AFTER.. if daemon.plan.denied => "UNHEALTHY",
                HEALTHY_AFTER.. if !daemon.plan.denied && !daemon.plan.wrong_setting => "HEALTHY",
                _ => "UNKNOWN",
            },
        };
        match daemon.sidecar {
            SidecarState::None if daemon.plan.no_image => SidecarReport::NoImage,
            SidecarState::None => SidecarReport::Pending,
            SidecarState::Starts if daemon.has_started() => runs(self.now),
            SidecarState::Starts => SidecarReport::Pending,
            SidecarState::Runs(since) => runs(since),
            SidecarState::Exited(at, code) if self.is_reported(id, at) => SidecarReport::Ended { code },
            SidecarState::Exited(..) => runs(self.now),
        }
    }

    fn is_reported(&self, id: TaskId, at: Ms) -> bool {
        let task = self.task(id);
        let asked_to_stop = task
            .daemon
            .as_ref()
            .is_some_and(|daemon| daemon.sidecar_term.is_some());
        let host = self.host(task.host);
        let seen = at.max(host.agent_since);
        match asked_to_stop {
            true => !task.is_alive(),
            false => host.agent && self.now >= seen + REPORTED_AFTER,
        }
    }
}
