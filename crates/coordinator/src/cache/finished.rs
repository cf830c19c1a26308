//! Registrations that stay DRAINING after their drains: ECS lists them until a person deregisters them or sets them
//! ACTIVE, for weeks if need be, and they cost nothing meanwhile.

use std::collections::BTreeMap;

use jiff::Timestamp;
use protector_core::ids::{ClusterName, ContainerInstanceArn, InstanceKey};
use protector_core::limits::DESCRIBE_MAX;
use protector_core::observation::ContainerInstance;
use protector_core::sweep::FinishedRegistration;
use protector_runtime::guarded::Guarded;

/// What one execution environment knows of such registrations.
#[derive(Debug, Default)]
pub struct Finished(Guarded<Known>);

type Known = BTreeMap<ClusterName, BTreeMap<ContainerInstanceArn, FinishedRegistration>>;

impl Finished {
    /// Remembers a registration of an instance with which nothing is left to do, as it was seen at this time.
    pub fn add(&self, key: &InstanceKey, registration: &ContainerInstance, at: Timestamp) {
        self.remember(key, registration, at, true);
    }

    /// The same of one whose drain cannot be recorded, and that has no task.
    pub fn add_unrecorded(&self, key: &InstanceKey, registration: &ContainerInstance, at: Timestamp) {
        self.remember(key, registration, at, false);
    }

    fn remember(&self, key: &InstanceKey, registration: &ContainerInstance, at: Timestamp, recorded: bool) {
        let finished = FinishedRegistration {
            instance: key.instance.clone(),
            connected: registration.agent_connected,
            at,
            recorded,
            recheck: false,
        };
        let mut known = self.0.lock();
        let known = known.entry(key.cluster.clone()).or_default();
        known.insert(registration.arn.clone(), finished);
    }

    /// Something has changed about it: the tick looks at it again.
    pub fn remove(&self, cluster: &ClusterName, arn: &ContainerInstanceArn) {
        if let Some(known) = self.0.lock().get_mut(cluster) {
            known.remove(arn);
        }
    }

    /// Keeps those of the cluster that are as they were, according to a listing of those that are DRAINING and connected.
    pub fn listed(&self, cluster: &ClusterName, draining: &[ContainerInstanceArn]) {
        if let Some(known) = self.0.lock().get_mut(cluster) {
            known.retain(|arn, finished| draining.contains(arn) == finished.connected);
        }
    }

    /// Returns whether some were not described for a while: one that was ACTIVE meanwhile may drain again, and its events
    /// may be lost.
    pub fn has_old(&self, now: Timestamp) -> bool {
        let known = self.0.lock();
        let mut all = known.values().flat_map(BTreeMap::values);
        all.any(|finished| !finished.recheck && !finished.is_fresh(now))
    }

    /// Has those of one cluster be described that were not for a while, and with them, so that they share the call of the
    /// next time too, as many of its others as one call takes, the oldest first. One with a record is forgotten, and
    /// remembered again with what is seen then; one without is observed only if ECS counts a task on it.
    pub fn recheck(&self, now: Timestamp) {
        let mut known = self.0.lock();
        let is_old = |finished: &&FinishedRegistration| !finished.recheck && !finished.is_fresh(now);
        let oldest = |known: &BTreeMap<ContainerInstanceArn, FinishedRegistration>| {
            known.values().filter(is_old).map(|finished| finished.at).min()
        };
        let Some(known) = known
            .values_mut()
            .filter(|known| oldest(known).is_some())
            .min_by_key(|known| oldest(known))
        else {
            return;
        };
        let mut asked: Vec<(Timestamp, ContainerInstanceArn)> = known
            .iter()
            .map(|(arn, finished)| (finished.at, arn.clone()))
            .collect();
        asked.sort();
        for (_, arn) in asked.into_iter().take(DESCRIBE_MAX) {
            match known.get_mut(&arn) {
                Some(finished) if !finished.recorded => finished.recheck = true,
                _ => drop(known.remove(&arn)),
            }
        }
    }

    /// All that is known of them, by cluster.
    pub fn all(&self) -> BTreeMap<ClusterName, BTreeMap<ContainerInstanceArn, FinishedRegistration>> {
        self.0.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use protector_core::limits::coordinator::FINISHED_RECHECK_INTERVAL;

    use super::*;
    use crate::testing::{arn, at, draining, key};

    #[test]
    fn p10_what_is_finished_is_known_for_a_while_until_it_changes_or_is_listed_no_more() {
        let finished = Finished::default();
        let (prod, dev): (ClusterName, ClusterName) = ("prod".parse().unwrap(), "dev".parse().unwrap());
        for number in 1..=5 {
            let registration = ContainerInstance {
                agent_connected: number != 5,
                ..draining(number)
            };
            finished.add(&key(1), &registration, if number == 4 { at(0) } else { at(300) });
        }
        finished.remove(&prod, &arn(1));
        finished.listed(&prod, &[arn(2), arn(4), arn(9)]);
        finished.listed(&dev, &[]);
        let known = |number| {
            let all = finished.all();
            let known = all.get(&prod).and_then(|known| known.get(&arn(number)));
            known.is_some_and(|known| !known.recheck)
        };
        assert_eq!([1, 2, 3, 4, 5].map(known), [false, true, false, true, true]);
        let recheck = FINISHED_RECHECK_INTERVAL.as_secs();
        assert!(!finished.has_old(at(recheck - 1)) && finished.has_old(at(recheck)));
        assert!(known(4), "until it is its turn");
        // One that could not be recorded is kept until it is DRAINING no more.
        finished.add_unrecorded(&key(1), &draining(6), at(0));
        finished.recheck(at(recheck));
        assert_eq!(
            [2, 4, 5, 6].map(known),
            [false; 4],
            "one call describes all of them"
        );
        assert!(!finished.has_old(at(2 * recheck)), "it was asked for");
        assert!(finished.all()[&prod].contains_key(&arn(6)));
        finished.listed(&prod, &[arn(2)]);
        assert!(!finished.all()[&prod].contains_key(&arn(6)));
    }

    #[test]
    fn p10_one_call_of_one_cluster_describes_what_is_old() {
        let finished = Finished::default();
        for (cluster, count) in [("prod", 120_u32), ("dev", 3)] {
            for number in 0..count {
                let registration = ContainerInstance {
                    arn: format!("arn:aws:ecs:eu-west-1:1:container-instance/{cluster}/{number:032x}")
                        .parse()
                        .unwrap(),
                    ..draining(number)
                };
                let key = InstanceKey {
                    cluster: cluster.parse().unwrap(),
                    ..key(1)
                };
                finished.add(&key, &registration, at(i64::from(number)));
            }
        }
        let left = || {
            let all = finished.all();
            ["prod", "dev"].map(|cluster| all.get(&cluster.parse().unwrap()).map_or(0, BTreeMap::len))
        };
        let old = at(FINISHED_RECHECK_INTERVAL.as_secs() + 200);
        let mut course = vec![left()];
        while finished.has_old(old) {
            finished.recheck(old);
            course.push(left());
        }
        course.sort_unstable();
        assert_eq!(course.len(), 4, "{course:?}");
        assert!(
            course
                .iter()
                .all(|[prod, dev]| [0, 20, 120].contains(prod) && [0, 3].contains(dev))
        );
    }
}
