//! Hooks whose notices a batch has put together, and when the next observation is due.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use protector_core::ids::InstanceId;
use protector_core::trigger::HookNotice;

/// What waits for the end of a batch.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    facts: Mutex<AgendaState>,
}

#[derive(Debug, Default)]
struct AgendaState {
    /// Hooks whose notices are not dealt with yet, and when the first of them came.
    hooks: BTreeMap<InstanceId, Vec<HookNotice>>,
    since: Option<Timestamp>,
    /// The next look is due no sooner than this.
    rests_until: Option<Timestamp>,
}

impl Agenda {
    /// A hook's notice, to be dealt with together with others.
    pub(crate) fn add(&self, notice: HookNotice, now: Timestamp) {
        let mut facts = self.lock();
        facts.since.get_or_insert(now);
        let notices = facts.hooks.entry(notice.instance.clone()).or_default();
        // A copy costs nothing.
        if !notices.contains(&notice) {
            notices.push(notice);
        }
    }

    /// For how many instances hooks wait.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().hooks.len()
    }

    /// Since when the first of them does.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        self.lock().since
    }

    /// Waits the notice of this instance's hook?
    pub(crate) fn has(&self, instance: &InstanceId) -> bool {
        self.lock().hooks.contains_key(instance)
    }

    pub(crate) fn take(&self, max: usize) -> Vec<HookNotice> {
        let mut facts = self.lock();
        let instances: Vec<InstanceId> = facts.hooks.keys().take(max).cloned().collect();
        let taken = instances
            .iter()
            .filter_map(|instance| facts.hooks.remove(instance));
        let taken = taken.flatten().collect();
        if facts.hooks.is_empty() {
            facts.since = None;
        }
        taken
    }

    /// Looks took from `begun` to `ended`: as long a pause follows.
    pub(crate) fn looked(&self, begun: Timestamp, ended: Timestamp) {
        self.lock().rests_until = ended.checked_add(ended.duration_since(begun)).ok();
    }

    pub(crate) fn rests_until(&self) -> Option<Timestamp> {
        self.lock().rests_until
    }

    fn lock(&self) -> MutexGuard<'_, AgendaState> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn notice(instance: &str, hook: &str) -> HookNotice {
        HookNotice {
            group: "workers".parse().unwrap(),
            hook: hook.parse().unwrap(),
            instance: instance.parse().unwrap(),
            token: "71514b9d-6a40-4b26-8523-05e7ee35fa40".parse().unwrap(),
            since: Some(at(0)),
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
        let taken: Vec<String> = agenda
            .take(1)
            .iter()
            .map(|notice| notice.hook.to_string())
            .collect();
        assert_eq!(taken, ["drain", "second"], "all of one instance, in their order");
        assert!(agenda.has(&"i-00000002".parse().unwrap()) && agenda.since().is_some());
        assert_eq!(agenda.take(10).len(), 1);
        assert_eq!((agenda.waiting(), agenda.since()), (0, None));
    }

    #[test]
    fn p7_a_pause_as_long_as_the_looks_before_it_leaves_time_for_messages() {
        let agenda = Agenda::default();
        agenda.looked(at(0), at(7));
        assert_eq!(agenda.rests_until(), Some(at(14)));
    }
}
