//! Each instance that is neither finished nor steady is assigned what it needs.

mod seen;

use std::collections::BTreeSet;

use crate::aws::InstanceStatus;
use crate::ids::{InstanceId, InstanceKey};

use super::Sweep;
use super::needs::{Answers, Needs, NeedsObservation};

use seen::{Need, Seen};

/// Decides what each instance needs: those with a record, then those without.
pub(super) fn assign(sweep: Sweep<'_>, answers: Answers) -> Needs {
    let seen = Seen {
        at: sweep.at,
        waiting: sweep.waiting,
        leaving: answers.leaving,
        serving: answers.serving,
        empty: sweep.empty,
        several: sweep.policy.clusters.len() != 1,
    };
    let not_begun = seen.not_begun(&sweep.records);
    let mut described = answers.described;
    for instances in described.values_mut() {
        instances.retain(|one| one.status != InstanceStatus::Inactive);
    }
    described.retain(|_, instances| !instances.is_empty());
    let mut needs = Needs {
        delete: sweep.old,
        ..Needs::default()
    };
    let mut tracked: BTreeSet<InstanceKey> = BTreeSet::new();
    for (key, listed) in sweep.records {
        let instances = described.get(&key);
        let answered = !answers.unanswered.contains(&key.cluster);
        let need = seen.need(&key, &listed, instances, answered);
        let stays = matches!(need, Need::Nothing | Need::Finish { delete: false });
        if stays && instances.is_some_and(|all| seen.is_back(&key, &listed, all)) {
            needs.back.push((key.clone(), listed.stored.clone()));
        }
        match need {
            Need::Delete => needs.delete.push(listed.old()),
            Need::Nothing => {}
            Need::Finish { delete } => {
                let instances = instances.into_iter().flatten();
                needs
                    .finished
                    .extend(instances.map(|one| (key.clone(), one.clone())));
                needs.delete.extend(delete.then(|| listed.old()));
                tracked.insert(key);
            }
            Need::Observation => {
                tracked.insert(key.clone());
                needs.observe.push(NeedsObservation {
                    hook: seen.hook_for(&key.instance, listed.record()),
                    instances: instances.cloned(),
                    stored: Some(listed.stored),
                    elsewhere: Vec::new(),
                    key,
                });
            }
        }
    }
    tracked.extend(not_begun.iter().map(|one| one.key.clone()));
    described.retain(|key, _| !tracked.contains(key));
    for (key, instances) in described.extract_if(.., |key, instances| seen.is_empty_still(key, instances)) {
        needs
            .empty
            .extend(instances.into_iter().map(|one| (key.clone(), one)));
    }
    needs.observe.extend(not_begun);
    needs.observe.extend(seen.untracked(described));
    let placed: BTreeSet<&InstanceId> = needs.observe.iter().map(|one| &one.key.instance).collect();
    needs.unplaced = seen.waiting.unwrap_or_default();
    needs.unplaced.retain(|instance, _| !placed.contains(instance));
    let (receipts, observe) = needs.observe.into_iter().partition(NeedsObservation::has_ended);
    (needs.receipts, needs.observe) = (receipts, observe);
    needs.observe.sort_by_key(|one| one.rank(seen.at));
    needs
}
