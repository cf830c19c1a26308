//! What the agent reports to ECS.

use crate::ecs::Ecs;
use crate::status::{DesiredStatus, StopCode, TaskStatus};
use jiff::Timestamp;

impl Ecs {
    /// The agent reports the progress of a task to ECS, if it is connected.
    pub(in crate::ecs) fn report(&mut self, now: Timestamp, arn: &str) {
        let Some(task) = self.tasks.get(arn) else { return };
        if !self.is_connected(arn) || task.last_status >= TaskStatus::Deprovisioning {
            return;
        }
        let (started, stopped) = (task.all_started(), task.all_stopped());
        let gives_up = task.is_wanted() && (stopped || task.agent == Some(DesiredStatus::Stopped));
        match task.last_status {
            _ if gives_up => self.given_up(now, arn, stopped),
            _ if stopped => self.enter(now, arn, TaskStatus::Deprovisioning),
            TaskStatus::Pending if started && task.is_wanted() => {
                self.enter(now, arn, TaskStatus::Activating)
            }
            _ => {}
        }
    }

    /// The agent has begun to stop a task that ECS wanted to run.
    fn given_up(&mut self, now: Timestamp, arn: &str, stopped: bool) {
        let Some(task) = self.tasks.get(arn) else {
            return;
        };
        let (code, reason) = match task.last_status >= TaskStatus::Activating {
            true => (
                StopCode::EssentialContainerExited,
                "Essential container in task exited".to_owned(),
            ),
            false => {
                let reason = task.start_failure().unwrap_or("Task failed to start");
                (StopCode::TaskFailedToStart, reason.to_owned())
            }
        };
        self.unwant(now, arn, code, &reason);
        let next = if stopped {
            TaskStatus::Deprovisioning
        } else {
            TaskStatus::Stopping
        };
        self.enter(now, arn, next);
    }
}
