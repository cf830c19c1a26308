//! The record keeps what shows that the hold did not protect a daemon.

use jiff::Timestamp;

use crate::holding::{daemon_gone, failed_sidecars};
use crate::limits::RELEASE_BEFORE_SIGTERM_MAX;
use crate::observation::Observed;
use crate::unprotected::UnprotectedDaemon;

use super::super::drain::is_draining;
use super::super::{Remark, Warning, later};
use super::PlanBuilder;

impl PlanBuilder<'_> {
    /// Evidence: a protected daemon has ended although tasks hold. Its sidecar was killed or had given up, or another
    /// actor stopped its task. Nothing holds it back any more, and the receipt reports it.
    pub(super) fn watch_daemons(&mut self) {
        let held = !self.record.is_released() && self.record.releasing.is_none();
        if held && self.record.daemons_gone_at.is_none() {
            // ECS forgets a task that has ended after an hour.
            let known = self
                .situation
                .unrecorded
                .and_then(|drain| drain.record.daemons_gone_at);
            self.record.daemons_gone_at = known.or_else(|| self.daemon_gone());
        }
        if let Some(at) = self.record.daemons_gone_at {
            self.remark(Warning::DaemonGone(at));
        }
    }

    /// Evidence: a daemon that runs without the protection of its sidecar. Nothing can be done about it in this drain,
    /// and the receipt reports it.
    pub(super) fn watch_protection(&mut self) {
        let held = !self.record.is_released() && self.record.releasing.is_none();
        if let Some(drain) = self.situation.unrecorded {
            self.record.note_unprotected(&drain.record.unprotected);
        }
        if let Some(census) = self.census.as_ref().filter(|_| held) {
            self.record.note_unprotected(&census.unprotected);
            if let Some(tasks) = self.situation.observation.tasks.as_read() {
                let mut failed = failed_sidecars(tasks, self.situation.policy, self.evidence_since());
                // What was seen of it while it ran says more than its exit code.
                let known = |daemon: &UnprotectedDaemon| {
                    let mut named = self.record.unprotected.iter();
                    named.any(|known| known.service == daemon.service)
                };
                failed.retain(|daemon| !known(daemon));
                self.record.note_unprotected(&failed);
            }
        }
        let warnings = self.record.unprotected.iter();
        let warnings = warnings.cloned().map(Warning::Unprotected);
        self.remarks.extend(warnings.map(Remark::Warning));
    }

    fn daemon_gone(&self) -> Option<Timestamp> {
        let tasks = self.situation.observation.tasks.as_read()?;
        daemon_gone(tasks, self.situation.policy, self.evidence_since())
    }

    /// What has ended since then ended in this drain. In one that another actor began, a daemon may have ended before the
    /// drain was known to us, whether or not our hook waits by now, and in one that could not be recorded at once, before its
    /// record.
    fn evidence_since(&self) -> Timestamp {
        let unheard = self.situation.observation.record == Observed::Absent
            && is_draining(&self.situation.observation.instance);
        let since = match self.record.lifecycle {
            Some(_) if !unheard => self.record.started_at,
            _ => later(self.record.started_at, -RELEASE_BEFORE_SIGTERM_MAX),
        };
        let unrecorded = self.situation.unrecorded;
        unrecorded.map_or(since, |unrecorded| since.min(unrecorded.since))
    }
}
