//! What one execution environment knows of the protection of daemons.

use std::collections::HashMap;

use jiff::Timestamp;
use protector_core::ids::TaskArn;
use protector_core::observation::Task;
use protector_core::protection::check::{Check, CheckRound};
use protector_core::unprotected::UnprotectedReason;
use protector_runtime::guarded::Guarded;

/// What one execution environment knows of the protection of daemons.
#[derive(Debug, Default)]
pub(crate) struct Protection(Guarded<ProtectionState>);

#[derive(Debug, Default)]
struct ProtectionState {
    check: Check,
    /// Tasks that were not protected when they were last described by a round, and when that was.
    unprotected: HashMap<TaskArn, (UnprotectedReason, Timestamp)>,
}

impl Protection {
    /// Why a task was not protected when a round last saw it.
    pub(crate) fn of(&self, task: &TaskArn) -> Option<UnprotectedReason> {
        self.0.lock().unprotected.get(task).map(|(reason, _)| *reason)
    }

    /// Notes how a task was seen by a round. What was asked to stop keeps what was known of it.
    pub(crate) fn insert(&self, task: &Task, reason: Option<UnprotectedReason>, now: Timestamp) {
        let mut facts = self.0.lock();
        match reason {
            Some(reason) => drop(facts.unprotected.insert(task.arn.clone(), (reason, now))),
            None if task.stopping => {}
            None => drop(facts.unprotected.remove(&task.arn)),
        }
    }

    /// What the round has found, if it is over. Tasks that it has not seen are forgotten.
    pub(crate) fn finish(&self) -> Option<CheckRound> {
        let mut facts = self.0.lock();
        let round = facts.check.finish()?;
        if round.failed == 0 {
            facts.unprotected.retain(|_, (_, at)| *at >= round.began);
        }
        Some(round)
    }

    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut Check) -> R) -> R {
        f(&mut self.0.lock().check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, at};

    fn task(id: u32, stopping: bool) -> Task {
        Task {
            stopping,
            ..testing::task(id)
        }
    }

    const STOPPED: Option<UnprotectedReason> = Some(UnprotectedReason::SidecarStopped);

    fn round(protection: &Protection, began: i64, seen: &[(u32, bool, Option<UnprotectedReason>)]) {
        protection.with(|check| check.begin([], at(began)));
        for (id, stopping, reason) in seen {
            protection.insert(&task(*id, *stopping), *reason, at(began + 1));
        }
        assert!(protection.finish().is_some());
    }

    #[test]
    fn what_a_round_has_seen_is_known_until_another_one_sees_it_otherwise() {
        let protection = Protection::default();
        let of = |id| protection.of(&task(id, false).arn);
        round(
            &protection,
            0,
            &[(1, false, STOPPED), (2, false, STOPPED), (3, false, None)],
        );
        assert_eq!((of(1), of(2), of(3)), (STOPPED, STOPPED, None));
        round(
            &protection,
            900,
            &[(1, false, None), (2, false, STOPPED), (3, false, STOPPED)],
        );
        assert_eq!((of(1), of(2), of(3)), (None, STOPPED, STOPPED));
        round(&protection, 1800, &[(2, false, STOPPED)]);
        assert_eq!(of(3), None, "the task is gone");
    }

    #[test]
    fn a_round_that_could_not_see_all_forgets_nothing() {
        let protection = Protection::default();
        round(&protection, 0, &[(1, false, STOPPED)]);
        protection.with(|check| check.begin([], at(900)));
        protection.with(Check::failed);
        assert!(protection.finish().is_some());
        assert_eq!(protection.of(&task(1, false).arn), STOPPED);
    }

    #[test]
    fn a_task_that_is_asked_to_stop_keeps_what_was_seen_before() {
        let protection = Protection::default();
        round(&protection, 0, &[(1, false, STOPPED)]);
        protection.insert(&task(1, true), None, at(10));
        assert_eq!(protection.of(&task(1, false).arn), STOPPED);
    }
}
