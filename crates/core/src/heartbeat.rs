//! A hook gets a heartbeat when it is due, and those that run out first come first.
//!
//! A heartbeat costs one call and saves an instance, so it depends on nothing but that a hook of ours waits: on no
//! record, no look at ECS, and no event. Auto Scaling does not say when a hook's clock was last restarted
//! (`DescribeAutoScalingGroups`), so that is remembered here; who was never given a heartbeat is given one at once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::ids::{AutoScalingGroupName, InstanceId, LifecycleHookName};
use crate::limits::TICK;
use crate::limits::coordinator::{COMPLETIONS_PER_SECOND_MIN, SCALING_CHANGES_PER_SECOND};

/// A hook of ours that waits for an instance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait {
    /// The instance that is on its way out.
    pub instance: InstanceId,
    /// Its Auto Scaling group.
    pub group: AutoScalingGroupName,
    /// The hook of the group that waits.
    pub hook: LifecycleHookName,
    /// The hook's `HeartbeatTimeout`, in seconds.
    pub timeout_seconds: u32,
}

impl Wait {
    fn timeout(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.timeout_seconds))
    }

    /// Returns what tells it from other waits.
    #[must_use]
    pub fn key(&self) -> (InstanceId, LifecycleHookName) {
        (self.instance.clone(), self.hook.clone())
    }
}

/// The time from a heartbeat until the next one is due: half of the timeout; of a short one less, so that the run in
/// which it is due may be up to a minute late, and the one after that still comes in time; but never less than a
/// quarter.
#[must_use]
pub fn interval(timeout: SignedDuration) -> SignedDuration {
    (timeout / 2).min((timeout - TICK * 2).max(timeout / 4))
}

/// How many completions a second leave room for the heartbeats of hooks with these timeouts, in seconds: both share a
/// quota, and are calls of two functions that know nothing of each other. A run of the schedule sends one heartbeat to a hook
/// at the most.
#[must_use]
pub fn completions_per_second(timeouts: impl Iterator<Item = u32>) -> f64 {
    let timeouts = timeouts.map(|seconds| SignedDuration::from_secs(i64::from(seconds)));
    let heartbeats: f64 = timeouts
        .map(|timeout| interval(timeout).max(TICK).as_secs_f64().recip())
        .sum();
    (SCALING_CHANGES_PER_SECOND - heartbeats).max(COMPLETIONS_PER_SECOND_MIN)
}

/// The heartbeats that were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heartbeats {
    sent: BTreeMap<(InstanceId, LifecycleHookName), Timestamp>,
}

impl Heartbeats {
    /// The waits that are due, those first that run out first: of who has none yet it is not known when.
    #[must_use]
    pub fn due<'a>(&self, waits: &'a [Wait], now: Timestamp) -> Vec<&'a Wait> {
        let mut due: Vec<&Wait> = waits.iter().filter(|wait| self.is_due(wait, now)).collect();
        due.sort_by_key(|wait| (self.runs_out(wait), wait.timeout_seconds));
        due
    }

    fn is_due(&self, wait: &Wait, now: Timestamp) -> bool {
        let sent = self.sent.get(&wait.key());
        sent.is_none_or(|sent| now.duration_since(*sent) >= interval(wait.timeout()))
    }

    /// When the wait ends if it gets no other heartbeat; `None` if it has not had one.
    #[must_use]
    pub fn runs_out(&self, wait: &Wait) -> Option<Timestamp> {
        let sent = self.sent.get(&wait.key())?;
        Some(sent.checked_add(wait.timeout()).unwrap_or(Timestamp::MAX))
    }

    /// Remembers that a heartbeat was sent at `at`.
    pub fn sent(&mut self, wait: &Wait, at: Timestamp) {
        self.sent.insert(wait.key(), at);
    }

    /// Forgets all waits but these: a hook that no longer waits may wait again, with a new clock.
    pub fn keep(&mut self, waits: &[Wait]) {
        let kept: BTreeSet<_> = waits.iter().map(Wait::key).collect();
        self.sent.retain(|key, _| kept.contains(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wait(number: u32, timeout_seconds: u32) -> Wait {
        Wait {
            instance: format!("i-{number:017x}").parse().unwrap(),
            group: "web".parse().unwrap(),
            hook: "drain".parse().unwrap(),
            timeout_seconds,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_767_600_000 + second).unwrap()
    }

    #[test]
    fn p4_who_has_had_none_gets_one_at_once_and_then_at_half_of_its_time() {
        let waits = [wait(1, 900)];
        let mut heartbeats = Heartbeats::default();
        assert_eq!(heartbeats.due(&waits, at(0)).len(), 1);
        heartbeats.sent(&waits[0], at(0));
        assert!(heartbeats.due(&waits, at(449)).is_empty());
        assert_eq!(heartbeats.due(&waits, at(450)).len(), 1);
    }

    #[test]
    fn p4_who_runs_out_first_goes_first() {
        let waits = [wait(1, 900), wait(2, 120), wait(3, 3600), wait(4, 300)];
        let mut heartbeats = Heartbeats::default();
        for number in [0, 1, 2] {
            heartbeats.sent(&waits[number], at(0));
        }
        let order = heartbeats.due(&waits, at(3000));
        assert_eq!(order, [&waits[3], &waits[1], &waits[0], &waits[2]]);
    }

    #[test]
    fn p7_a_second_wait_of_an_instance_begins_with_a_heartbeat() {
        let waits = [wait(1, 900)];
        let mut heartbeats = Heartbeats::default();
        heartbeats.sent(&waits[0], at(0));
        heartbeats.keep(&[]);
        assert_eq!(heartbeats.due(&waits, at(60)).len(), 1);
    }

    #[test]
    fn p10_completions_leave_the_heartbeats_their_part_of_the_quota() {
        for (hooks, timeout, expected) in [
            (0, 900, 18.0),
            // A hook of 15 minutes gets a heartbeat after seven and a half.
            (900, 900, 16.0),
            (6000, 900, 4.666),
            // The run that sends it comes once a minute, however short the hook is.
            (60, 120, 17.0),
            (480, 120, 10.0),
            (480, 30, 10.0),
            (900, 120, 3.0),
            (1000, 120, 3.0),
            (100_000, 120, 3.0),
        ] {
            let completions = completions_per_second(std::iter::repeat_n(timeout, hooks));
            assert!(
                (completions - expected).abs() < 0.001,
                "{hooks} of {timeout} s: {completions}"
            );
        }
    }

    proptest! {
        /// Every minute all that is due is sent: no wait of two minutes or more runs out, also if one minute is missed.
        #[test]
        fn p4_no_wait_runs_out_while_one_minute_in_a_row_may_be_missed(
            timeout in 120_u32..100_000, missed in 1_i64..200,
        ) {
            let waits = [wait(1, timeout)];
            let mut heartbeats = Heartbeats::default();
            for minute in 0..400 {
                let now = at(minute * 60);
                prop_assert!(heartbeats.runs_out(&waits[0]).is_none_or(|end| end > now || minute == missed + 1 && end >= now));
                if minute != missed && !heartbeats.due(&waits, now).is_empty() {
                    heartbeats.sent(&waits[0], now);
                }
            }
        }
    }
}
