//! A drain that holds is judged by what is seen of its tasks: rule 3.

use jiff::{SignedDuration, Timestamp};

use crate::holding::last_ended;
use crate::observation::{Observed, SeenTasks};
use crate::plural::counted;

use super::super::later;
use super::PlanBuilder;

/// How a drain that holds stands by what is seen of its tasks.
pub(super) enum ReleaseStanding {
    /// Something holds, or is not known: so says the sentence.
    Held(String),
    /// Nothing holds, and that counts after this long.
    Settles(SignedDuration, String),
    /// Nothing holds, and daemons may still have to read what the last task has said: after this long they have.
    Lingers(SignedDuration, String),
    /// No task holds.
    Drained,
}

impl PlanBuilder<'_> {
    /// Rule 3: DRAINING confirmed, every task known, none of them holding, and the settle window over.
    pub(super) fn standing(&self) -> ReleaseStanding {
        if let Observed::Unknown(why) = &self.situation.observation.instance {
            return ReleaseStanding::Held(format!("held: the container instance could not be read: {why}"));
        }
        if self.is_unasked() {
            let why = "held: the container instance is ACTIVE again, and Auto Scaling could not be asked why";
            return ReleaseStanding::Held(why.to_owned());
        }
        if self.record.active_since.is_some() {
            let why = "the container instance is ACTIVE again; a second look must confirm it";
            return ReleaseStanding::Settles(self.situation.policy.settle, why.to_owned());
        }
        let Some(census) = &self.census else {
            return ReleaseStanding::Held(format!("held: tasks are not known: {}", self.tasks_problem()));
        };
        if census.remaining() > 0 {
            let groups: Vec<&str> = census.held_by.iter().map(|held| held.group.as_str()).collect();
            let groups = groups.join(", ");
            return ReleaseStanding::Held(format!(
                "held by {} of {groups}",
                counted(census.remaining(), "task")
            ));
        }
        let Some(confirmed) = self.record.draining_confirmed_at else {
            return ReleaseStanding::Held("held: DRAINING is not confirmed yet".to_owned());
        };
        let settled = later(confirmed, self.situation.policy.settle);
        if self.seen_at() < settled {
            let why = format!("no task holds; the settle window ends at {settled}");
            return ReleaseStanding::Settles(settled.duration_since(self.now()), why);
        }
        match self.lingers_until().filter(|end| *end > self.now()) {
            Some(end) => {
                let why = format!("no task holds; the daemons stay until {end} (LINGER)");
                ReleaseStanding::Lingers(end.duration_since(self.now()), why)
            }
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
