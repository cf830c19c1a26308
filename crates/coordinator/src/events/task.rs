//! The end of a task: on a draining instance it may be the last.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use protector_core::aws::InstanceStatus;
use protector_core::ids::{ContainerInstanceArn, InstanceKey, TaskArn};
use protector_core::limits::coordinator::TIME_FOR_A_LOOK;
use protector_core::observation::{ContainerInstance, Observed, Registrations, containers_ended_at};
use protector_core::plan::{Verdict, announcement};
use protector_core::policy::Policy;
use protector_core::trigger::{TaskChange, TriggerKind};
use protector_runtime::exit;

use crate::cache::{Cache, TaskStopFollowUp};
use crate::context::RunContext;
use crate::handled::Handled;
use crate::logging::Level;
use crate::metrics::Metric;
use crate::reconciler::Reconciler;
use crate::subject::{Registered, Subject};

/// Handles the ends of tasks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TaskEvents<'r> {
    pub(crate) reconciler: Reconciler<'r>,
    pub(crate) cache: &'r Cache,
    pub(crate) policy: &'r Policy,
    pub(crate) run: &'r RunContext,
}

/// How long the daemons still stay for their while (`linger`) if the containers of the last task that held ended at
/// `ended_at`.
///
/// An event has thousandths of a second, and DescribeTasks a number of seconds that is not exact: a look that comes earlier
/// than ECS then reports would be made again.
pub(crate) fn left_to_linger(
    linger: SignedDuration,
    ended_at: Option<Timestamp>,
    now: Timestamp,
) -> SignedDuration {
    let late = ended_at.map(|at| now.duration_since(at)).unwrap_or_default();
    let since = late - SignedDuration::from_millis(1);
    linger - since.clamp(SignedDuration::ZERO, linger)
}

impl TaskEvents<'_> {
    /// What the end of a task is worth is for the cache to say.
    pub(crate) async fn handle(&self, change: TaskChange) -> Handled {
        if !self.policy.serves_cluster(&change.cluster) {
            return self.ignored("the cluster is not watched");
        }
        if !change.last_status.is_final() {
            return self.ignored("the task has not ended");
        }
        self.measure_exits(&change);
        let arn = &change.container_instance;
        if let Some(at) = containers_ended_at(change.execution_stopped_at, change.stopped_at) {
            self.cache.note_ends(arn, [(&change.task, at)]);
        }
        match self
            .cache
            .task_ended(&change.cluster, arn, &change.task, self.run.now())
        {
            TaskStopFollowUp::Ignore(reason) => self.ignored(reason),
            // Every event comes here, so what no event has reported is still to come.
            TaskStopFollowUp::DescribeAwaited(..) if self.reconciler.crowd().is_crowded() => {
                self.ignored("other tasks are still awaited")
            }
            TaskStopFollowUp::DescribeAwaited(key, awaited) => self.probe(key, arn, &awaited).await,
            TaskStopFollowUp::Observe(key) if self.reconciler.crowd().is_crowded() => {
                self.cache.look_at(&key, Some(self.run.now()));
                self.ignored("the batch observes the instance at its end")
            }
            TaskStopFollowUp::Observe(key) => self.reconciler.look(TriggerKind::Task, key, arn.clone()).await,
            TaskStopFollowUp::Last(key) => self.last(key, arn).await,
            TaskStopFollowUp::Complete(key, instances) => self.flushed(key, instances).await,
            TaskStopFollowUp::Lookup => self.lookup_untracked(&change).await,
        }
    }

    /// How the sidecars of the task have ended: no other part sees one that was killed.
    fn measure_exits(&self, change: &TaskChange) {
        let sidecars = change
            .exits
            .iter()
            .filter(|(container, _)| *container == self.policy.sidecar_container);
        for (_, code) in sidecars {
            match code {
                137 => self.cache.metrics.count(Metric::SidecarsKilled, 1),
                10 | 11 => self.cache.metrics.count(Metric::SidecarsGaveUp, 1),
                // A wrong setting, or a bug: whenever it ended, it did not hold.
                code if exit::is_failure(*code) => self.cache.metrics.count(Metric::UnprotectedDaemons, 1),
                _ => {}
            }
        }
    }

    /// One call says which of the awaited tasks still live. If none does, or the call fails, a full observation
    /// follows.
    async fn probe(&self, key: InstanceKey, arn: &ContainerInstanceArn, awaited: &[TaskArn]) -> Handled {
        let aws = self.reconciler.aws.metered();
        let answer = aws.describe_tasks(&key.cluster, awaited).await;
        self.cache.add_uncounted(&key, aws.meter.total());
        if let Ok(tasks) = answer {
            let stopped = tasks.iter().filter(|task| task.last_status.is_final());
            let ends = stopped.filter_map(|task| Some((&task.arn, task.ended_at()?)));
            self.cache.note_ends(arn, ends);
            let alive = tasks
                .into_iter()
                .filter(|task| !task.last_status.is_final())
                .map(|task| task.arn);
            match self.cache.probed(&key, alive.collect(), self.run.now()) {
                TaskStopFollowUp::Ignore(reason) => {
                    return self.ignored(reason);
                }
                TaskStopFollowUp::Complete(key, instances) => return self.flushed(key, instances).await,
                TaskStopFollowUp::Last(key) => return self.last(key, arn).await,
                TaskStopFollowUp::DescribeAwaited(..)
                | TaskStopFollowUp::Observe(_)
                | TaskStopFollowUp::Lookup => {}
            }
        }
        self.reconciler.look(TriggerKind::Task, key, arn.clone()).await
    }

    /// The last task that held has ended, as far as is known. A look before the daemons have stayed for their while
    /// would only be made again. Their while begins with the end of that task, however late its event comes.
    async fn last(&self, key: InstanceKey, arn: &ContainerInstanceArn) -> Handled {
        let now = self.run.now();
        let wait = left_to_linger(self.policy.linger, self.cache.ended_at(&key), now);
        if self.run.intake.is_alone() {
            self.cache.look_at(&key, now.checked_add(wait).ok());
            self.announce(&key, wait).await;
            return self.ignored(
                "the last task has ended: the batch observes the instance at its end or shortly after",
            );
        }
        if wait <= self.run.time_left() - TIME_FOR_A_LOOK {
            tokio::time::sleep(Duration::try_from(wait).unwrap_or_default()).await;
        }
        self.reconciler.look(TriggerKind::Task, key, arn.clone()).await
    }

    /// Announces to the sidecars that the release will come after `wait`. Without this note they learn of it one reading
    /// later.
    async fn announce(&self, key: &InstanceKey, wait: SignedDuration) {
        let Some(stored) = self.cache.store.known(key) else {
            return;
        };
        let before = Observed::Present(stored);
        let now = self.run.now();
        let fleet = self.cache.fleet_without(key, now);
        let known = before.readable();
        let Some(record) = known.and_then(|known| announcement(known, wait, fleet, now)) else {
            return;
        };
        let aws = self.reconciler.aws.metered();
        let executor = self.reconciler.executor.counting(&aws);
        executor.announce(key, &before, record).await;
        self.cache.add_uncounted(key, aws.meter.total());
    }

    /// Every daemon of a released drain is STOPPED: the look that completes it need not ask for tasks.
    async fn flushed(&self, key: InstanceKey, instances: Vec<ContainerInstance>) -> Handled {
        let mut subject = Registered::described(key, instances, self.run.now());
        subject.shown.flushed = true;
        let subject = Subject::registered(subject);
        self.reconciler.bring_on(TriggerKind::Task, subject).await
    }

    /// A task has ended on an instance of which this execution environment knows nothing.
    async fn lookup_untracked(&self, change: &TaskChange) -> Handled {
        let arns = std::slice::from_ref(&change.container_instance);
        let aws = self.reconciler.aws.metered();
        let clusters = self.reconciler.observer.counting(&aws).clusters();
        let found = match clusters.describe(&change.cluster, arns).await {
            Err(failure) => return Handled::Failed(failure.to_string()),
            Ok(found) => found.into_iter().next(),
        };
        if self.cache.foreign.is_foreign(&change.container_instance) {
            return self.ignored("the container instance is not served");
        }
        let Some(found) = found else {
            return self.ignored("the container instance is gone");
        };
        let key = InstanceKey {
            cluster: change.cluster.clone(),
            instance: found.instance,
        };
        let (instance, now) = (found.container_instance, self.run.now());
        if instance.status == InstanceStatus::Active {
            let instance = Registrations::from(instance);
            self.cache
                .insert_observed(&key, &instance, Verdict::NotDraining, None, now);
            return self.ignored("the container instance does not drain");
        }
        self.cache.add_uncounted(&key, aws.meter.total());
        let subject = Subject::registered(Registered::described(key, vec![instance], now));
        self.reconciler.bring_on(TriggerKind::Task, subject).await
    }

    fn ignored(&self, reason: &str) -> Handled {
        self.run.ignored(Level::Debug, TriggerKind::Task, reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p2_the_daemons_stay_for_their_while_from_the_end_of_the_last_task_on() {
        let at = |seconds: i64| Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        let linger = SignedDuration::from_secs(5);
        let millis = |stopped: Option<i64>| left_to_linger(linger, stopped.map(at), at(10)).as_millis();
        assert_eq!(millis(None), 5000, "no event has said when");
        assert_eq!(millis(Some(10)), 5000);
        assert_eq!(
            millis(Some(8)),
            3001,
            "ECS reports a number of seconds that is not exact"
        );
        assert_eq!(millis(Some(2)), 0, "the event was late");
        assert_eq!(millis(Some(12)), 5000, "by a clock that is ahead");
    }
}
