//! Registrations that stay DRAINING after their drains: ECS lists them until a person deregisters them or sets them
//! ACTIVE, for weeks if need be, and they cost nothing meanwhile.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use protector_core::ids::{ClusterName, ContainerInstanceArn, InstanceKey};
use protector_core::observation::ContainerInstance;
use protector_core::sweep::FinishedRegistration;

/// What one execution environment knows of such registrations.
#[derive(Debug, Default)]
pub struct Finished(Mutex<Known>);

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
        };
        let mut known = self.lock();
        let known = known.entry(key.cluster.clone()).or_default();
        known.insert(registration.arn.clone(), finished);
    }

    /// Something has changed about it: the tick looks at it again.
    pub fn remove(&self, cluster: &ClusterName, arn: &ContainerInstanceArn) {
        if let Some(known) = self.lock().get_mut(cluster) {
            known.remove(arn);
        }
    }

    /// Keeps those of the cluster that are as they were, according to a listing of those that are DRAINING and connected,
    /// for a while: one that was ACTIVE meanwhile may drain again, and its events may be lost. One without a record is
    /// described then, and observed only if ECS counts a task on it.
    pub fn listed(&self, cluster: &ClusterName, draining: &[ContainerInstanceArn], now: Timestamp) {
        if let Some(known) = self.lock().get_mut(cluster) {
            known.retain(|arn, finished| {
                let kept = finished.is_fresh(now) || !finished.recorded;
                kept && draining.contains(arn) == finished.connected
            });
        }
    }

    /// All that is known of them, by cluster.
    pub fn all(&self) -> BTreeMap<ClusterName, BTreeMap<ContainerInstanceArn, FinishedRegistration>> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use protector_core::limits::coordinator::FINISHED_RECHECK_INTERVAL;

    use super::*;

    #[test]
    fn p10_what_is_finished_is_known_for_a_while_until_it_changes_or_is_listed_no_more() {
        let finished = Finished::default();
        let (prod, dev): (ClusterName, ClusterName) = ("prod".parse().unwrap(), "dev".parse().unwrap());
        let arn = |number: u32| -> ContainerInstanceArn {
            format!("arn:aws:ecs:eu-west-1:1:container-instance/prod/{number:032x}")
                .parse()
                .unwrap()
        };
        let at = |second| Timestamp::from_second(1_800_000_000 + second).unwrap();
        let key = InstanceKey {
            cluster: prod.clone(),
            instance: "i-12345678".parse().unwrap(),
        };
        for number in 1..=5 {
            let registration = ContainerInstance {
                arn: arn(number),
                status: "DRAINING".to_owned().into(),
                agent_connected: number != 5,
                tasks: Some(0),
            };
            finished.add(&key, &registration, if number == 4 { at(0) } else { at(300) });
        }
        finished.remove(&prod, &arn(1));
        let recheck = FINISHED_RECHECK_INTERVAL.as_secs();
        finished.listed(&prod, &[arn(2), arn(4), arn(9)], at(recheck));
        finished.listed(&dev, &[], at(recheck));
        let known = |number| {
            finished
                .all()
                .get(&prod)
                .is_some_and(|known| known.contains_key(&arn(number)))
        };
        assert_eq!([1, 2, 3, 4, 5].map(known), [false, true, false, false, true]);
        assert_eq!(
            finished.all().get(&dev).and_then(|known| known.get(&arn(2))),
            None
        );
        // One that could not be recorded is kept until it is DRAINING no more.
        let empty = ContainerInstance {
            arn: arn(6),
            status: "DRAINING".to_owned().into(),
            agent_connected: true,
            tasks: Some(0),
        };
        finished.add_unrecorded(&key, &empty, at(0));
        finished.listed(&prod, &[arn(2), arn(6)], at(2 * recheck));
        assert!(known(6) && !known(2));
        finished.listed(&prod, &[arn(2)], at(2 * recheck));
        assert!(!known(6));
    }
}
