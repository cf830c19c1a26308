//! The same instance may drain in other clusters, and its hooks wait until all its drains are over.
//!
//! Each drain ends by its own rules, with a record and a receipt of its own. The last of them that ends completes the
//! hooks, and if two end at the same moment, the next tick does. No drain waits for another one for longer than that one
//! may last, so none waits in vain.

use jiff::Timestamp;

use crate::ids::ClusterName;
use crate::observation::{Elsewhere, SeenElsewhere};
use crate::policy::Policy;
use crate::record::{Lifecycle, Record};

use super::schedule::Schedule;
use super::{Situation, deadline, drain};

/// The clusters for which the hooks are still kept. `ours` is the record of this drain, if it has one.
pub(super) fn kept_for<'a>(situation: &Situation<'a>, ours: Option<&Record>) -> Vec<&'a ClusterName> {
    let elsewhere = &situation.observation.elsewhere;
    if elsewhere.is_empty() {
        return Vec::new();
    }
    let ours = OurWait::of(situation, ours);
    let goes_on = elsewhere
        .iter()
        .filter(|other| ours.is_kept_for(other, situation));
    goes_on.map(|other| &other.cluster).collect()
}

/// The hooks that all of the drains have, as this one knows them.
struct OurWait {
    hooks: Vec<Lifecycle>,
    /// When this drain began, or its hooks did.
    began: Timestamp,
    /// A drain that began with this one would be over: one that has no record is not waited for any longer.
    long_enough: bool,
}

impl OurWait {
    fn of(situation: &Situation<'_>, ours: Option<&Record>) -> OurWait {
        let (policy, now) = (situation.policy, situation.now);
        let waits = situation.observation.hook.waits();
        let began = waits.iter().map(|wait| wait.since).min().unwrap_or(now);
        let over = |record: &Record| deadline::longest_drain(record, policy) <= now;
        OurWait {
            hooks: match ours {
                Some(record) => record.lifecycles().cloned().collect(),
                None => drain::announced(situation),
            },
            began: ours.map_or(began, |record| record.started_at),
            long_enough: deadline::waited_too_long(waits, policy, now) || ours.is_some_and(over),
        }
    }

    fn is_kept_for(&self, other: &Elsewhere, situation: &Situation<'_>) -> bool {
        match &other.seen {
            SeenElsewhere::Nowhere => false,
            SeenElsewhere::Drain(record) if self.is_of(record) => {
                !is_over(record, situation.policy, situation.now)
            }
            SeenElsewhere::Drain(_) | SeenElsewhere::NotBegun | SeenElsewhere::Unknown(_) => {
                !self.long_enough
            }
        }
    }

    /// Returns whether that drain is for the hooks that wait now. A record of an earlier wait may still be there, and
    /// says nothing of what runs in that cluster now.
    fn is_of(&self, theirs: &Record) -> bool {
        let is_of = |hook: &Lifecycle, theirs_of: &Lifecycle| {
            let tokens = (&hook.lifecycle_action_token, &theirs_of.lifecycle_action_token);
            hook.is_of(theirs_of)
                && match tokens {
                    (Some(ours), Some(theirs)) => ours == theirs,
                    _ => theirs.receipt_at.is_none_or(|ended| ended >= self.began),
                }
        };
        let mut known = theirs.lifecycles();
        known.any(|theirs_of| self.hooks.iter().any(|hook| is_of(hook, theirs_of)))
    }
}

/// Returns whether a drain is over, or would be if its cluster and its record had answered all the time.
fn is_over(record: &Record, policy: &Policy, now: Timestamp) -> bool {
    let schedule = Schedule::of(record, policy);
    let flushed = record.released_at.map(|released| schedule.flush_end(released));
    let latest = schedule.over_unreleased(deadline::of(record, policy));
    record.receipt_at.is_some() || flushed.unwrap_or(latest) <= now
}
