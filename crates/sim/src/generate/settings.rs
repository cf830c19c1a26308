//! Settings that validation accepts.

use super::{Draw, Range, seconds};
use crate::judge::Expectations;
use crate::scenario::{MINUTE, Ms, SECOND, What};

/// The default of a sidecar's `MAX_HOLD`.
const USUAL_HOLD: Ms = 120 * MINUTE;

/// What `MAX_HOLD` is to be above `MAX_DRAIN` for each tier, beside `DAEMON_STOP`.
const HOLD_MORE: Ms = 90 * SECOND;

impl Draw {
    pub(super) fn settings(&mut self) {
        let max_drain = self.time(2 * MINUTE, 120 * MINUTE);
        let daemon_stop = self.time(30 * SECOND, 3 * MINUTE);
        let settle = self.time(SECOND, 45 * SECOND).max(SECOND);
        self.set("MAX_DRAIN", seconds(max_drain));
        self.set("DAEMON_STOP", seconds(daemon_stop));
        self.set("SETTLE", seconds(settle));
        if self.percent(25) {
            self.set("DAEMON_TIERS", "mesh | logs");
        }
        if self.percent(30) {
            let lost = self.time(2 * MINUTE, 20 * MINUTE);
            if lost < max_drain {
                self.set("AGENT_LOST", seconds(lost));
            }
        }
        if self.percent(10) {
            self.set("ON_DEADLINE", "hold");
        }
        let standalone = self.pick(&["wait", "wait", "wait", "ignore", "stop"]);
        self.set("STANDALONE_TASKS", standalone);
        if self.percent(15) {
            let after = self.time(MINUTE, max_drain.max(2 * MINUTE));
            if after < max_drain {
                self.set("STOP_TASKS_AFTER", seconds(after));
            }
        }
        if self.percent(10) {
            self.set("IGNORE_GROUPS", "family:noise");
        }
        if self.percent(3) {
            self.set("DRY_RUN", "true");
        }
        self.rarer_settings();
    }

    /// What most deployments leave at its default.
    fn rarer_settings(&mut self) {
        if self.strikes(25, "late-event-lingers-again") {
            let linger = self.pick(&["0s", "1s", "3s", "8s", "10s"]);
            self.set("LINGER", linger);
        }
        if self.strikes(10, "hundreds-of-sidecars-read-too-often") {
            self.set("PARAMETER_THROUGHPUT", "higher");
            (
                self.scenario.aws.ssm_writes_per_second,
                self.scenario.aws.ssm_reads_per_second,
            ) = (10, 1000);
        }
        if self.strikes(8, "unprotected-long-before-a-drain") {
            let every = self.pick(&["0s", "5m", "1h"]);
            self.set("UNPROTECTED_CHECK", every);
        }
        if self.strikes(6, "shared-release-unseen-by-a-new-environment") {
            self.set("OWN_RECORDS_ONLY", "true");
        }
    }

    /// The sidecars hold longer than any drain, unless that is what goes wrong.
    pub(super) fn bounds(&mut self) {
        let ordered = self.has_step(|what| matches!(what, What::Order { .. }));
        let expected = Expectations::new(&self.scenario);
        let longest = expected.max_drain + expected.flush() + HOLD_MORE * expected.tiers;
        let usual = self.percent(50);
        let hold = match self.strikes(5, "default-bounds-collide") {
            true if self.range == Range::Wild => Some(seconds(expected.max_drain)),
            _ if ordered || expected.holds_at_deadline => Some("48h".to_owned()),
            _ if usual && longest <= USUAL_HOLD => None,
            _ => Some("3h".to_owned()),
        };
        let sidecar = &mut self.scenario.sidecar;
        sidecar.remove("MAX_HOLD");
        sidecar.extend(hold.map(|hold| ("MAX_HOLD".to_owned(), hold)));
        if self.percent(10) {
            let grace = self.pick(&["1m", "150s"]);
            self.scenario
                .sidecar
                .insert("UNKNOWN_GRACE".to_owned(), grace.to_owned());
        }
    }
}
