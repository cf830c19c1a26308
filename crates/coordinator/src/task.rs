//! The end of a task: on a draining instance it may be the last.

use std::time::Duration;

use protector_core::aws::InstanceStatus;
use protector_core::ids::{ContainerInstanceArn, InstanceKey, TaskArn};
use protector_core::limits::coordinator::TIME_FOR_A_LOOK;
use protector_core::observation::{ContainerInstance, Observed, Registrations};
use protector_core::plan::{Verdict, announcement};
use protector_core::trigger::{TaskChange, TriggerKind};
use protector_runtime::exit;

use crate::apply::{Applied, RecordWrite};
use crate::cache::TaskStopFollowUp;
use crate::coordinator::Coordinator;
use crate::handled::Handled;
use crate::logging::Level;
use crate::metrics::Metric;
use crate::subject::Subject;

impl Coordinator {
    /// What the end of a task is worth is for memory to say.
    pub(crate) async fn task(&self, change: TaskChange) -> Handled {
        if !self.policy.serves_cluster(&change.cluster) {
            return self.ignored(Level::Debug, TriggerKind::Task, "the cluster is not watched");
        }
        if !change.last_status.is_final() {
            return self.ignored(Level::Debug, TriggerKind::Task, "the task has not ended");
        }
        self.measure_exits(&change);
        let arn = &change.container_instance;
        match self
            .cache
            .task_ended(&change.cluster, arn, &change.task, self.now())
        {
            TaskStopFollowUp::Ignore(reason) => self.ignored(Level::Debug, TriggerKind::Task, reason),
            // Every event comes here, so what no event has reported is still to come.
            TaskStopFollowUp::DescribeAwaited(..) if self.is_crowded() => {
                self.ignored(Level::Debug, TriggerKind::Task, "other tasks are still awaited")
            }
            TaskStopFollowUp::DescribeAwaited(key, awaited) => self.probe(key, arn, &awaited).await,
            TaskStopFollowUp::Observe(key) if self.is_crowded() => {
                self.cache.look_at(&key, Some(self.now()));
                self.ignored(
                    Level::Debug,
                    TriggerKind::Task,
                    "the batch observes the instance at its end",
                )
            }
            TaskStopFollowUp::Observe(key) => self.look(TriggerKind::Task, key, arn.clone()).await,
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
        let me = self.metered();
        let answer = me.aws.describe_tasks(&key.cluster, awaited).await;
        self.cache.add_uncounted(&key, me.aws.meter.total());
        if let Ok(tasks) = answer {
            let alive = tasks
                .into_iter()
                .filter(|task| !task.last_status.is_final())
                .map(|task| task.arn);
            match self.cache.probed(&key, alive.collect(), self.now()) {
                TaskStopFollowUp::Ignore(reason) => {
                    return self.ignored(Level::Debug, TriggerKind::Task, reason);
                }
                TaskStopFollowUp::Complete(key, instances) => return self.flushed(key, instances).await,
                TaskStopFollowUp::Last(key) => return self.last(key, arn).await,
                TaskStopFollowUp::DescribeAwaited(..)
                | TaskStopFollowUp::Observe(_)
                | TaskStopFollowUp::Lookup => {}
            }
        }
        self.look(TriggerKind::Task, key, arn.clone()).await
    }

    /// The last task that held has ended, as far as is known. A look before the daemons have stayed for their while
    /// would only be made again.
    async fn last(&self, key: InstanceKey, arn: &ContainerInstanceArn) -> Handled {
        let wait = self.policy.linger;
        if self.queued {
            self.cache.look_at(&key, self.now().checked_add(wait).ok());
            self.announce(&key).await;
            return self.ignored(
                Level::Debug,
                TriggerKind::Task,
                "the last task has ended: the batch observes the instance at its end or shortly after",
            );
        }
        if wait <= self.time_left() - TIME_FOR_A_LOOK {
            tokio::time::sleep(Duration::try_from(wait).unwrap_or_default()).await;
        }
        self.look(TriggerKind::Task, key, arn.clone()).await
    }

    /// Announces to the sidecars when the release will come. Without this note they learn of it one reading later.
    async fn announce(&self, key: &InstanceKey) {
        let Some(stored) = self.cache.store.known(key).filter(|_| !self.only_observes()) else {
            return;
        };
        let before = Observed::Present(stored);
        let fleet = self.cache.fleet_without(key, self.now());
        let known = before.readable();
        let Some(record) = known.and_then(|known| announcement(known, &self.policy, fleet, self.now()))
        else {
            return;
        };
        let (me, mut applied) = (self.metered(), Applied::default());
        // What fails is only that note.
        let (before, applied) = (&before, &mut applied);
        let _ = me
            .put_count(RecordWrite {
                key,
                before,
                record,
                applied,
            })
            .await;
        self.cache.add_uncounted(key, me.aws.meter.total());
    }

    /// Every daemon of a released drain is STOPPED: the look that completes it need not ask for tasks.
    async fn flushed(&self, key: InstanceKey, instances: Vec<ContainerInstance>) -> Handled {
        let mut subject = Subject::described(key, instances, self.now());
        subject.shown.flushed = true;
        self.reconciled(TriggerKind::Task, &subject).await
    }

    /// A task has ended on an instance of which this execution environment knows nothing.
    async fn lookup_untracked(&self, change: &TaskChange) -> Handled {
        let arns = std::slice::from_ref(&change.container_instance);
        let found = match self.describe(&change.cluster, arns).await {
            Err(failure) => return Handled::Failed(failure.to_string()),
            Ok(found) => found.into_iter().next(),
        };
        if self.cache.foreign.is_foreign(&change.container_instance) {
            return self.ignored(
                Level::Debug,
                TriggerKind::Task,
                "the container instance is not served",
            );
        }
        let Some(found) = found else {
            return self.ignored(Level::Debug, TriggerKind::Task, "the container instance is gone");
        };
        let key = InstanceKey {
            cluster: change.cluster.clone(),
            instance: found.instance,
        };
        let (instance, now) = (found.container_instance, self.now());
        if instance.status == InstanceStatus::Active {
            let instance = Registrations::from(instance);
            self.cache.saw(&key, &instance, Verdict::NotDraining, None, now);
            return self.ignored(
                Level::Debug,
                TriggerKind::Task,
                "the container instance does not drain",
            );
        }
        self.reconciled(TriggerKind::Task, &Subject::described(key, vec![instance], now))
            .await
    }
}
