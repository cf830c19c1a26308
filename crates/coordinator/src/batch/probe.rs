//! While many drain, the events of tasks that have ended lie in the queue behind the batch that gathers. One call says of a
//! hundred tasks whether they live, so drains whose events are still to come are observed together with the others.

use std::collections::{BTreeMap, BTreeSet};

use protector_core::ids::{ClusterName, InstanceKey, TaskArn};
use protector_core::limits::coordinator::PROBED_MAX;

use crate::aws::ListedTask;
use crate::cache::TaskStopFollowUp;
use crate::events::left_to_linger;
use crate::router::Router;

/// The drains of one cluster, each with the tasks that it awaits.
type Drains = BTreeMap<InstanceKey, BTreeSet<TaskArn>>;

/// Asks for the tasks that drains await.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probe<'r> {
    pub(super) router: Router<'r>,
}

impl Probe<'_> {
    /// Makes the observation of each drain due whose tasks have all ended. What fails here is left to the events, and to
    /// the next probe.
    pub(super) async fn find_ended(&self) {
        for (cluster, drains) in self.awaited() {
            let tasks: Vec<TaskArn> = drains.values().flatten().cloned().collect();
            let aws = self.router.reconciler.aws.metered();
            let answer = aws.describe_tasks_that_are_there(&cluster, &tasks).await;
            self.router.cache.share_calls(drains.keys(), aws.meter.total());
            if let Ok(described) = answer {
                self.insert_ended(drains, &described);
            }
        }
    }

    /// Of drains that are not released, as many as so many calls can ask for.
    fn awaited(&self) -> BTreeMap<ClusterName, Drains> {
        let mut clusters: BTreeMap<ClusterName, Drains> = BTreeMap::new();
        let mut left = PROBED_MAX;
        for (key, awaited) in self.router.cache.awaited() {
            if awaited.released || awaited.tasks.is_empty() || awaited.tasks.len() > left {
                continue;
            }
            left -= awaited.tasks.len();
            let drains = clusters.entry(key.cluster.clone()).or_default();
            drains.insert(key, awaited.tasks);
        }
        clusters
    }

    /// A task that is not there any more does not live either: the observation says what that is worth.
    fn insert_ended(&self, drains: Drains, described: &[ListedTask]) {
        let (cache, now) = (self.router.cache, self.router.run.now());
        let (ended, alive): (Vec<_>, Vec<_>) = described.iter().partition(|task| task.last_status.is_final());
        for task in ended {
            if let Some((arn, at)) = task.container_instance.as_ref().zip(task.ended_at()) {
                cache.note_ends(arn, [(&task.arn, at)]);
            }
        }
        let alive: BTreeSet<&TaskArn> = alive.into_iter().map(|task| &task.arn).collect();
        for (key, mut tasks) in drains {
            tasks.retain(|task| alive.contains(task));
            if let TaskStopFollowUp::Last(key) = cache.probed(&key, tasks, now) {
                let wait = left_to_linger(self.router.policy.linger, cache.ended_at(&key), now);
                cache.look_at(&key, now.checked_add(wait).ok());
            }
        }
    }
}
