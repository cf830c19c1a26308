//! ECS is asked to keep new tasks away, and to stop those that would not stop by themselves: rules 1, 2, 6 and 7.

use crate::ids::TaskArn;
use crate::limits::STOP_TASKS_MAX;
use crate::policy::StandaloneTasks;
use crate::record::Record;

use super::super::drain::is_draining;
use super::super::{Action, later};
use super::PlanBuilder;

impl PlanBuilder<'_> {
    /// Rules 1 and 2: after the record, whether or not tasks run. Not for a drain that is over already.
    pub(super) fn set_draining(&self) -> Vec<Action> {
        let Some(instance) = self.situation.observation.instance.as_yes() else {
            return Vec::new();
        };
        let leaving = !self.hooks.is_empty() || self.record.spot_notice_at.is_some();
        // The run that releases sets what is ACTIVE still: an instance that stays so would seem to be in service again.
        let holds = |before: &Record| !before.is_released();
        let begins = self.before.as_ref().is_none_or(holds);
        let undone = self.record.active_since.is_some();
        let wanted = leaving && begins && !undone && !self.is_unasked();
        let arns = instance.to_drain().filter(|_| wanted);
        arns.map(|arn| Action::SetDraining {
            arn: arn.clone(),
            present: *arn == instance.present().arn,
        })
        .collect()
    }

    /// Rules 6 and 7: tasks that would not stop by themselves are ordered to stop, once DRAINING keeps new ones away.
    pub(super) fn stops(&mut self) -> Vec<Action> {
        if self.record.is_released() || !is_draining(&self.situation.observation.instance) {
            return Vec::new();
        }
        let (mut tasks, why) = self.tasks_to_stop();
        // Of more than one run takes, each minute begins elsewhere: tasks that may not be stopped keep none waiting.
        if tasks.len() > STOP_TASKS_MAX {
            let minutes = self.now().duration_since(self.record.started_at).as_mins();
            let first = usize::try_from(minutes).unwrap_or(0) * STOP_TASKS_MAX % tasks.len();
            tasks.rotate_left(first);
        }
        let stops = tasks
            .into_iter()
            .take(STOP_TASKS_MAX)
            .map(|task| Action::StopTask {
                task,
                why: why.clone(),
            });
        stops.collect()
    }

    fn tasks_to_stop(&self) -> (Vec<TaskArn>, String) {
        let Some(census) = &self.census else {
            return (Vec::new(), String::new());
        };
        let policy = self.situation.policy;
        let instance = &self.record.ec2_instance_id;
        let due = policy
            .stop_tasks_after
            .filter(|after| later(self.record.started_at, *after) <= self.now());
        if let Some(after) = due {
            let why = format!(
                "ecs-daemon-protector: {instance} has been draining for {after:#} (STOP_TASKS_AFTER)"
            );
            return (census.to_stop.clone(), why);
        }
        if policy.standalone_tasks == StandaloneTasks::Stop {
            let why = format!(
                "ecs-daemon-protector: {instance} drains, and standalone tasks are stopped (STANDALONE_TASKS)"
            );
            return (census.standalone_to_stop.clone(), why);
        }
        (Vec::new(), String::new())
    }
}
