//! A drain that holds is judged by what is seen of its tasks: rule 3.

use jiff::{SignedDuration, Timestamp};

use crate::holding::last_ended;
use crate::observation::{Observed, SeenTasks};

use super::super::{KeptBy, later};
use super::PlanBuilder;

/// How a drain that holds stands by what is seen of its tasks.
pub(super) enum ReleaseStanding {
    /// Something holds, or is not known.
    Held(KeptBy),
    /// Nothing holds, and that counts after this long.
    Settles(SignedDuration, KeptBy),
    /// Nothing holds, and daemons may still have to read what the last task has said: after this long they have.
    Lingers(SignedDuration, KeptBy),
    /// No task holds.
    Drained,
}

impl PlanBuilder<'_> {
    /// Rule 3: DRAINING confirmed, every task known, none of them holding, and the settle window over.
    pub(super) fn standing(&self) -> ReleaseStanding {
        if let Observed::Unknown(why) = &self.situation.observation.instance {
            return ReleaseStanding::Held(KeptBy::InstanceUnread(why.clone()));
        }
        if self.is_unasked() {
            return ReleaseStanding::Held(KeptBy::ActiveUnasked);
        }
        if self.record.active_since.is_some() {
            return ReleaseStanding::Settles(self.situation.policy.settle, KeptBy::ActiveOnce);
        }
        let Some(census) = &self.census else {
            return ReleaseStanding::Held(KeptBy::TasksUnread(self.tasks_problem().to_owned()));
        };
        if census.remaining() > 0 {
            let groups = census.held_by.iter().map(|held| held.group.clone());
            return ReleaseStanding::Held(KeptBy::Tasks(census.remaining(), groups.collect()));
        }
        let Some(confirmed) = self.record.draining_confirmed_at else {
            return ReleaseStanding::Held(KeptBy::DrainingUnconfirmed);
        };
        let settled = later(confirmed, self.situation.policy.settle);
        if self.seen_at() < settled {
            return ReleaseStanding::Settles(settled.duration_since(self.now()), KeptBy::Settles(settled));
        }
        match self.lingers_until().filter(|end| *end > self.now()) {
            Some(end) => ReleaseStanding::Lingers(end.duration_since(self.now()), KeptBy::Lingers(end)),
            None => ReleaseStanding::Drained,
        }
    }

    /// A router is ordered to stop only when it had time to read the last words of the last task. ECS reports when the
    /// containers of that task ended, or the record when it was STOPPED, if ECS does not show it any more. Clocks may
    /// differ: an end is never later than now.
    pub(super) fn lingers_until(&self) -> Option<Timestamp> {
        let tasks = self.situation.observation.tasks.as_read()?;
        let policy = self.situation.policy;
        let since = self.record.started_at;
        let known = self.before.iter().flat_map(|before| &before.waited);
        let recorded = known.filter_map(|waited| {
            let ended = tasks.iter().filter(|task| task.group_name() == waited.group);
            let reported = ended.filter_map(|task| task.stopped_at).max();
            waited
                .until
                .filter(|until| *until >= since && reported < Some(*until))
        });
        let last = recorded.chain(last_ended(tasks, policy, since)).max()?;
        Some(later(last.min(self.now()), policy.linger))
    }

    fn tasks_problem(&self) -> &str {
        match &self.situation.observation.tasks {
            SeenTasks::Read(Observed::Unknown(why)) => why,
            SeenTasks::Read(Observed::Absent | Observed::Present(_)) | SeenTasks::Flushed => {
                "they were not read"
            }
        }
    }
}
