//! Since when hooks wait, as one execution environment knows it. It bounds a wait that no record bounds.

use std::collections::HashMap;

use jiff::Timestamp;
use protector_core::ids::{InstanceId, LifecycleHookName};
use protector_core::limits::coordinator::WAIT_TTL;
use protector_core::termination::waits_since;
use protector_runtime::guarded::Guarded;

/// How a run has come upon a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitSource {
    /// Its event says when it began.
    Event(Timestamp),
    /// It was there. If its group has load balancers, it began some time after the termination did.
    Seen {
        /// Whether the group has load balancers, as far as is known.
        load_balanced: bool,
    },
}

/// The waits that one execution environment has seen.
#[derive(Debug, Default)]
pub struct WaitCache(Guarded<Waits>);

type Waits = HashMap<(InstanceId, LifecycleHookName), Wait>;

#[derive(Debug, Clone, Copy)]
struct Wait {
    /// When it began, or was first seen.
    since: Timestamp,
    /// When it was last seen.
    seen: Timestamp,
    /// What else could say when it began.
    anchor: Anchor,
}

/// What else could say when a wait began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Anchor {
    /// Nothing else is needed, or nothing else knows it.
    Known,
    /// The activity that terminates its instance.
    Termination { load_balanced: bool },
}

impl WaitCache {
    /// Since when a hook waits for an instance: since the moment that its event has reported here, or else since it was
    /// first seen here without a break.
    pub fn since(
        &self,
        instance: &InstanceId,
        hook: &LifecycleHookName,
        source: WaitSource,
        now: Timestamp,
    ) -> Timestamp {
        let mut waits = self.0.lock();
        waits.retain(|_, wait| now.duration_since(wait.seen) < WAIT_TTL);
        let key = (instance.clone(), hook.clone());
        let wait = match (source, waits.get(&key)) {
            (WaitSource::Event(reported), _) => Wait {
                since: reported,
                seen: now,
                anchor: Anchor::Known,
            },
            (WaitSource::Seen { .. }, Some(known)) => Wait { seen: now, ..*known },
            (WaitSource::Seen { load_balanced }, None) => Wait {
                since: now,
                seen: now,
                anchor: Anchor::Termination { load_balanced },
            },
        };
        waits.insert(key, wait);
        wait.since
    }

    /// The wait has ended: the next one of this hook for this instance has a beginning of its own.
    pub fn ended(&self, instance: &InstanceId, hook: &LifecycleHookName) {
        self.0.lock().remove(&(instance.clone(), hook.clone()));
    }

    /// Returns whether only Auto Scaling could say when this wait began, and was not asked yet.
    pub fn lacks_its_beginning(&self, instance: &InstanceId, hook: &LifecycleHookName) -> bool {
        let waits = self.0.lock();
        let wait = waits.get(&(instance.clone(), hook.clone()));
        wait.is_some_and(|wait| wait.anchor != Anchor::Known)
    }

    /// Auto Scaling has said since when it terminates the instance, or that it knows of no such termination: it need not
    /// be asked again. Returns since when the hook waits, if the wait is known: never later than it was first seen.
    pub fn anchor(
        &self,
        instance: &InstanceId,
        hook: &LifecycleHookName,
        terminated_at: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let mut waits = self.0.lock();
        let wait = waits.get_mut(&(instance.clone(), hook.clone()))?;
        if let (Anchor::Termination { load_balanced }, Some(at)) = (wait.anchor, terminated_at) {
            wait.since = wait.since.min(waits_since(at, load_balanced));
        }
        wait.anchor = Anchor::Known;
        Some(wait.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    const SEEN: WaitSource = WaitSource::Seen { load_balanced: false };

    fn wait() -> (InstanceId, LifecycleHookName) {
        ("i-12345678".parse().unwrap(), "drain".parse().unwrap())
    }

    #[test]
    fn p3_a_wait_is_known_since_it_was_first_seen_until_it_is_over() {
        let (waits, (instance, hook)) = (WaitCache::default(), wait());
        let since = |now| waits.since(&instance, &hook, SEEN, at(now));
        assert_eq!(since(0), at(0));
        assert_eq!(since(60), at(0));
        assert_eq!(since(239), at(0), "a tick or two may be lost");
        assert_eq!(
            since(419),
            at(419),
            "no run has seen it for three minutes: another one"
        );
        let reported = waits.since(&instance, &hook, WaitSource::Event(at(400)), at(430));
        assert_eq!(reported, at(400));
        assert_eq!(since(480), at(400), "its event knows when it began");
    }

    #[test]
    fn p4_a_wait_that_follows_another_one_at_once_is_not_as_old_as_that() {
        let (waits, (instance, hook)) = (WaitCache::default(), wait());
        let since = |now| waits.since(&instance, &hook, SEEN, at(now));
        assert_eq!(since(0), at(0));
        waits.ended(&instance, &hook);
        assert_eq!(since(60), at(60));
    }

    #[test]
    fn p3_a_wait_counts_from_the_earliest_moment_that_was_reported_of_it() {
        let (waits, (instance, hook)) = (WaitCache::default(), wait());
        let since = |reported: Option<i64>, now| {
            let source = reported.map_or(SEEN, |reported| WaitSource::Event(at(reported)));
            waits.since(&instance, &hook, source, at(now))
        };
        assert_eq!(since(Some(60), 60), at(60));
        assert_eq!(since(None, 120), at(60), "a tick");
        assert_eq!(since(Some(5), 130), at(5), "its late event");
        assert_eq!(since(None, 190), at(5), "an event without its time");
        assert_eq!(since(None, 250), at(5));
        assert_eq!(since(None, 430), at(430), "another wait");
    }

    #[test]
    fn p3_a_wait_that_was_there_already_counts_from_its_termination() {
        let (instance, hook) = wait();
        // Since when the group terminates the instance, whether it has load balancers, and since when the hook waits if it
        // was first seen in second 7200.
        for (terminated, load_balanced, since) in [
            (Some(600), false, 600),
            (Some(600), true, 4200),
            (Some(7000), true, 7200),
            (Some(7300), false, 7200),
            (None, false, 7200),
        ] {
            let waits = WaitCache::default();
            waits.since(&instance, &hook, WaitSource::Seen { load_balanced }, at(7200));
            assert!(waits.lacks_its_beginning(&instance, &hook));
            let anchored = waits.anchor(&instance, &hook, terminated.map(at));
            assert_eq!(anchored, Some(at(since)), "{terminated:?}, {load_balanced}");
            assert!(!waits.lacks_its_beginning(&instance, &hook), "it is asked once");
            assert_eq!(waits.since(&instance, &hook, SEEN, at(7260)), at(since));
        }
    }

    #[test]
    fn p10_auto_scaling_is_not_asked_about_a_wait_whose_event_has_come() {
        let (waits, (instance, hook)) = (WaitCache::default(), wait());
        assert!(!waits.lacks_its_beginning(&instance, &hook), "no such wait");
        waits.since(&instance, &hook, WaitSource::Event(at(60)), at(60));
        assert!(!waits.lacks_its_beginning(&instance, &hook));
        assert_eq!(
            waits.anchor(&instance, &hook, Some(at(5))),
            Some(at(60)),
            "the event is exact"
        );
        waits.since(&instance, &hook, SEEN, at(400));
        assert!(waits.lacks_its_beginning(&instance, &hook), "another wait");
    }
}
