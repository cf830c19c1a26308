//! A run may look at an instance again after it has carried out a plan, at once or later.

use jiff::SignedDuration;

use crate::limits::coordinator::{
    ANOTHERS_RECEIPT_MAX, BEGINNING_RETRY_AFTER, LOOKS_MAX, READ_BACK_LAG, SPOT_RECHECK_INTERVAL,
    TIME_FOR_A_LOOK, WAIT_IN_A_BATCH_MAX, WAIT_MAX,
};
use crate::plan::Verdict;

/// How a plan went, and what the run that made it may still do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AfterPlan {
    /// The plan's verdict.
    pub verdict: Verdict,
    /// After how long another look is worth its calls, according to the plan.
    pub look_again: Option<SignedDuration>,
    /// Whether an action has failed that a retry may fix.
    pub failed: bool,
    /// Whether another writer has written the record since it was read.
    pub raced: bool,
    /// Whether Auto Scaling has said just now, for the first time in this run, that it no longer waits.
    pub hook_ended: bool,
    /// After how long it is the turn of a completion that was put off.
    pub put_off: Option<SignedDuration>,
    /// The registrations that were set DRAINING.
    pub read_back: ReadBack,
    /// How many plans the run has made for the instance.
    pub plans: u32,
    /// Whether the record holds a notice that EC2 takes the Spot instance back.
    pub spot_noticed: bool,
    /// Whether it is not known which tasks are on the instance.
    pub tasks_unknown: bool,
    /// Whether a call of the run for the instance was throttled.
    pub throttled: bool,
    /// What kind of run it is.
    pub run: LookingRun,
}

/// Registrations as they were read back after they were set DRAINING.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadBack {
    /// No registration was set DRAINING.
    None,
    /// All of them are DRAINING.
    Draining,
    /// One is not DRAINING yet: ECS is eventually consistent.
    Lags,
}

/// What kind of run looks at an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookingRun {
    /// Whether it is a batch of the queue, so that everything else waits until it is over.
    pub is_batch: bool,
    /// Whether it is a tick. One run is enough to wait for a Spot deadline: that one.
    pub is_tick: bool,
    /// Whether the first look was a part of a survey of many.
    pub surveyed: bool,
    /// How long it may still take.
    pub time_left: SignedDuration,
    /// The setting `SETTLE`.
    pub settle: SignedDuration,
}

/// What follows a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextLook {
    /// Nothing: the next event or tick looks.
    None,
    /// This run plans again at once, with the registrations as they were read back.
    Replan,
    /// This run looks again after so long.
    After(SignedDuration),
    /// A later run looks, so long from now; at the next event or tick if there is no time.
    Later(Option<SignedDuration>),
}

/// Decides what follows a plan.
#[must_use]
pub fn next_look(after: &AfterPlan) -> NextLook {
    let run = &after.run;
    if after.failed || after.plans >= LOOKS_MAX {
        let again = |wait| NextLook::Later(Some(wait));
        return retry(after).map_or(NextLook::None, again);
    }
    if after.raced {
        return NextLook::After(SignedDuration::ZERO);
    }
    if after.hook_ended {
        return NextLook::After(ANOTHERS_RECEIPT_MAX);
    }
    if after.put_off.is_some() {
        return NextLook::Later(after.put_off);
    }
    match after.read_back {
        // If many instances are drained at once, some lag, and those are looked at together too.
        ReadBack::Lags if run.surveyed => return NextLook::Later(Some(READ_BACK_LAG)),
        ReadBack::Lags => return NextLook::After(READ_BACK_LAG),
        ReadBack::Draining => return NextLook::Replan,
        ReadBack::None => {}
    }
    match waits_here(after) {
        // No event comes to a batch that waits, so it looks itself whether the tasks have ended.
        Some(wait) if run.is_batch => NextLook::After(wait.min(SPOT_RECHECK_INTERVAL)),
        Some(wait) => NextLook::After(wait),
        None => {
            let unseen = after.verdict == Verdict::Holding && after.tasks_unknown;
            let wait = match run.surveyed {
                // A survey of those that begin leaves their tasks to the end of the settle window.
                true => Some(run.settle),
                false => retry(after),
            };
            NextLook::Later(after.look_again.or(wait.filter(|_| unseen)))
        }
    }
}

/// After how long a batch looks again at an instance of which a call was throttled: the tick would do so up to a minute
/// later.
fn retry(after: &AfterPlan) -> Option<SignedDuration> {
    (after.throttled && after.run.is_batch).then_some(BEGINNING_RETRY_AFTER)
}

/// How long this run waits for the next look, if it does.
fn waits_here(after: &AfterPlan) -> Option<SignedDuration> {
    let run = &after.run;
    let patient = after.spot_noticed && run.is_tick;
    // What comes after the release is reported by its daemons and the tick. A machine that is taken does not wait for
    // them.
    let waits = after.verdict == Verdict::Holding || (patient && after.verdict == Verdict::Releasing);
    let wait = after.look_again.filter(|_| waits)?;
    // The run waits for a settle window for as long as the run may take. The last tick before the end of a longer window
    // waits for that end.
    let left = run.time_left - TIME_FOR_A_LOOK;
    let longest = match after.spot_noticed && !patient {
        true => WAIT_MAX.min(left),
        false => left,
    };
    // A batch waits once for all its instances, at its end; only a machine that is taken has no time for that.
    let may_wait = !run.is_batch || patient || wait <= WAIT_IN_A_BATCH_MAX;
    (wait <= longest && may_wait).then_some(wait)
}

#[cfg(test)]
mod tests;
