//! Drains whose beginnings a batch has put together, and when the next observation is due.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use protector_core::aws::InstanceStatus;
use protector_core::ids::InstanceId;
use protector_core::limits::coordinator::{BEGINNING_RETRIES_MAX, BEGINNING_RETRY_AFTER, BEGINNING_WINDOW};
use protector_core::trigger::{Event, HookNotice, InstanceChange, SpotNotice, Trigger};
use protector_runtime::guarded::Guarded;

/// An event with which a drain begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// A lifecycle hook waits.
    Hook(HookNotice),
    /// Another actor has set an instance DRAINING.
    Draining(InstanceChange),
    /// EC2 takes an instance back.
    Spot(SpotNotice),
}

impl Beginning {
    /// What begins with this event.
    pub(crate) fn of(event: &Event) -> Option<Beginning> {
        match event {
            Event::Trigger(Trigger::Hook(notice)) => Some(Beginning::Hook(notice.clone())),
            Event::Trigger(Trigger::Instance(change)) if change.status == InstanceStatus::Draining => {
                Some(Beginning::Draining(change.clone()))
            }
            Event::Trigger(Trigger::Spot(notice)) => Some(Beginning::Spot(notice.clone())),
            _ => None,
        }
    }

    pub(crate) fn instance(&self) -> &InstanceId {
        match self {
            Beginning::Hook(notice) => &notice.instance,
            Beginning::Draining(change) => &change.instance,
            Beginning::Spot(notice) => &notice.instance,
        }
    }
}

/// What waits for the end of a batch.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    facts: Guarded<AgendaState>,
}

#[derive(Debug, Default)]
struct AgendaState {
    /// Beginnings that are not dealt with yet, and when the first of them is due.
    beginnings: BTreeMap<InstanceId, Vec<Beginning>>,
    since: Option<Timestamp>,
    /// How many times a beginning has failed.
    failures: BTreeMap<InstanceId, u32>,
    /// The next look is due no sooner than this.
    rests_until: Option<Timestamp>,
    /// When drains have last begun together.
    began: Option<Timestamp>,
}

impl Agenda {
    /// A beginning, to be dealt with together with others.
    pub(crate) fn add(&self, beginning: Beginning, due: Timestamp) {
        let mut facts = self.facts.lock();
        facts.since = facts.since.into_iter().chain([due]).min();
        let beginnings = facts.beginnings.entry(beginning.instance().clone()).or_default();
        // A copy costs nothing.
        if !beginnings.contains(&beginning) {
            beginnings.push(beginning);
        }
    }

    /// A beginning that has failed is dealt with again in a moment, some times: no record holds the daemons of an instance
    /// that another actor drains until then, and no listing tells the tick of a Spot notice.
    pub(crate) fn again(&self, beginning: Beginning, now: Timestamp) {
        let instance = beginning.instance().clone();
        let again = {
            let mut facts = self.facts.lock();
            let failures = facts.failures.entry(instance.clone()).or_default();
            *failures += 1;
            *failures <= BEGINNING_RETRIES_MAX
        };
        match now.checked_add(BEGINNING_RETRY_AFTER).ok().filter(|_| again) {
            Some(due) => self.add(beginning, due),
            None => self.begun(&instance),
        }
    }

    /// The beginning was dealt with, or is left to the tick.
    pub(crate) fn begun(&self, instance: &InstanceId) {
        self.facts.lock().failures.remove(instance);
    }

    /// Drains begin together.
    pub(crate) fn begin(&self, now: Timestamp) {
        self.facts.lock().began = Some(now);
    }

    /// Returns whether drains began together within [`BEGINNING_WINDOW`].
    pub(crate) fn begins(&self, now: Timestamp) -> bool {
        let began = self.facts.lock().began;
        began.is_some_and(|at| now.duration_since(at) < BEGINNING_WINDOW)
    }

    /// How many instances wait.
    pub(crate) fn waiting(&self) -> usize {
        self.facts.lock().beginnings.len()
    }

    /// When the first of them is due.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        self.facts.lock().since
    }

    /// Returns whether the beginning of this instance's drain waits.
    pub(crate) fn has(&self, instance: &InstanceId) -> bool {
        self.facts.lock().beginnings.contains_key(instance)
    }

    pub(crate) fn take(&self, max: usize) -> Vec<Beginning> {
        let mut facts = self.facts.lock();
        let instances: Vec<InstanceId> = facts.beginnings.keys().take(max).cloned().collect();
        let taken = instances
            .iter()
            .filter_map(|instance| facts.beginnings.remove(instance));
        let taken = taken.flatten().collect();
        if facts.beginnings.is_empty() {
            facts.since = None;
        }
        taken
    }

    /// Looks have ended at `ended`: a pause follows.
    pub(crate) fn rest(&self, ended: Timestamp, pause: SignedDuration) {
        self.facts.lock().rests_until = ended.checked_add(pause).ok();
    }

    pub(crate) fn rests_until(&self) -> Option<Timestamp> {
        self.facts.lock().rests_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    fn notice(instance: &str, hook: &str) -> Beginning {
        Beginning::Hook(HookNotice {
            group: "workers".parse().unwrap(),
            hook: hook.parse().unwrap(),
            instance: instance.parse().unwrap(),
            token: "71514b9d-6a40-4b26-8523-05e7ee35fa40".parse().unwrap(),
            since: Some(at(0)),
        })
    }

    fn hook(beginning: &Beginning) -> String {
        match beginning {
            Beginning::Hook(notice) => notice.hook.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn p10_hooks_are_put_together_and_copies_cost_nothing() {
        let agenda = Agenda::default();
        agenda.add(notice("i-00000001", "drain"), at(1));
        agenda.add(notice("i-00000001", "drain"), at(2));
        agenda.add(notice("i-00000001", "second"), at(3));
        agenda.add(notice("i-00000002", "drain"), at(4));
        assert_eq!((agenda.waiting(), agenda.since()), (2, Some(at(1))));
        let taken: Vec<String> = agenda.take(1).iter().map(hook).collect();
        assert_eq!(taken, ["drain", "second"], "all of one instance, in their order");
        assert!(agenda.has(&"i-00000002".parse().unwrap()) && agenda.since().is_some());
        assert_eq!(agenda.take(10).len(), 1);
        assert_eq!((agenda.waiting(), agenda.since()), (0, None));
    }

    #[test]
    fn p1_a_beginning_that_fails_is_dealt_with_again_some_times_and_then_left_to_the_tick() {
        let agenda = Agenda::default();
        let failed = || notice("i-00000001", "drain");
        for time in 1..=i64::from(BEGINNING_RETRIES_MAX) {
            agenda.again(failed(), at(time));
            assert_eq!(agenda.since(), at(time).checked_add(BEGINNING_RETRY_AFTER).ok());
            assert_eq!(agenda.take(10).len(), 1);
        }
        agenda.again(failed(), at(100));
        assert_eq!((agenda.waiting(), agenda.since()), (0, None));
        agenda.again(failed(), at(200));
        assert_eq!(
            agenda.waiting(),
            1,
            "another drain of the instance is tried as often"
        );
        agenda.begun(&"i-00000001".parse().unwrap());
        agenda.add(notice("i-00000002", "drain"), at(150));
        assert_eq!(
            agenda.since(),
            Some(at(150)),
            "what waits for others is due at once"
        );
    }

    #[test]
    fn p7_a_pause_after_looks_leaves_time_for_messages() {
        let agenda = Agenda::default();
        agenda.rest(at(7), SignedDuration::from_secs(7));
        assert_eq!(agenda.rests_until(), Some(at(14)));
    }
}
