//! The end of a task: on a draining instance it may be the last.

use std::time::Duration;

use protector_core::ids::{ContainerInstanceArn, InstanceKey, TaskArn};
use protector_core::observation::{ContainerInstance, InstanceStatus, Registrations, Seen};
use protector_core::plan::{Verdict, announcement};
use protector_core::trigger::TaskChange;

use crate::apply::Applied;
use crate::coordinator::Coordinator;
use crate::handler::Handled;
use crate::memory::Worth;
use crate::metrics::Metric;
use crate::observe::Subject;
use crate::reconcile::TIME_FOR_A_LOOK;
use crate::say::Level;

impl Coordinator {
    /// What the end of a task is worth is for memory to say.
    pub(crate) async fn task(&self, change: TaskChange) -> Handled {
        if !self.policy.serves_cluster(&change.cluster) {
            return self.ignored(Level::Debug, "task", "the cluster is not watched");
        }
        if !change.last_status.is_final() {
            return self.ignored(Level::Debug, "task", "the task has not ended");
        }
        self.measure_exits(&change);
        let arn = &change.container_instance;
        match self
            .memory
            .task_ended(&change.cluster, arn, &change.task, self.now())
        {
            Worth::Nothing(reason) => self.ignored(Level::Debug, "task", reason),
            // Every event comes here, so what has not been told is still to come.
            Worth::Probe(..) if self.is_crowded() => {
                self.ignored(Level::Debug, "task", "other tasks are still awaited")
            }
            Worth::Probe(key, awaited) => self.probe(key, arn, &awaited).await,
            Worth::Look(key) if self.is_crowded() => {
                self.memory.look_at(&key, Some(self.now()));
                self.ignored(Level::Debug, "task", "its batch looks at its end")
            }
            Worth::Look(key) => self.look("task", key, arn.clone()).await,
            Worth::Last(key) => self.last(key, arn).await,
            Worth::Flushed(key, instances) => self.flushed(key, instances).await,
            Worth::Unknown => self.stranger(&change).await,
        }
    }

    /// How the sidecars of the task have ended: nobody else sees one that was killed.
    fn measure_exits(&self, change: &TaskChange) {
        let sidecars = change
            .exits
            .iter()
            .filter(|(container, _)| *container == self.policy.sidecar_container);
        for (_, code) in sidecars {
            match code {
                137 => self.memory.metrics.count(Metric::SidecarsKilled, 1),
                10 | 11 => self.memory.metrics.count(Metric::SidecarsGaveUp, 1),
                // A wrong setting, or a bug: whenever it ended, it did not hold.
                64 | 70 => self.memory.metrics.count(Metric::UnprotectedDaemons, 1),
                _ => {}
            }
        }
    }

    /// One call says which of the awaited tasks still live. If none does, or it cannot be told, a whole look follows.
    async fn probe(&self, key: InstanceKey, arn: &ContainerInstanceArn, awaited: &[TaskArn]) -> Handled {
        let me = self.metered();
        let answer = me.aws.describe_tasks(&key.cluster, awaited).await;
        self.memory.add_uncounted(&key, me.aws.meter.total());
        if let Ok(tasks) = answer {
            let alive = tasks
                .into_iter()
                .filter(|task| !task.last_status.is_final())
                .map(|task| task.arn);
            match self.memory.probed(&key, alive.collect(), self.now()) {
                Worth::Nothing(reason) => return self.ignored(Level::Debug, "task", reason),
                Worth::Flushed(key, instances) => return self.flushed(key, instances).await,
                Worth::Last(key) => return self.last(key, arn).await,
                Worth::Probe(..) | Worth::Look(_) | Worth::Unknown => {}
            }
        }
        self.look("task", key, arn.clone()).await
    }

    /// The last task that held has ended, as far as is known. A look before the daemons have stayed for their while would
    /// only be made again.
    async fn last(&self, key: InstanceKey, arn: &ContainerInstanceArn) -> Handled {
        let wait = self.policy.linger;
        if self.queued {
            self.memory.look_at(&key, self.now().checked_add(wait).ok());
            self.announce(&key).await;
            return self.ignored(
                Level::Debug,
                "task",
                "the last task has ended: its batch looks at its end, or in a moment",
            );
        }
        if wait <= self.time_left() - TIME_FOR_A_LOOK {
            tokio::time::sleep(Duration::try_from(wait).unwrap_or_default()).await;
        }
        self.look("task", key, arn.clone()).await
    }

    /// Tells the sidecars when the release will come. Without this note they hear of it one reading later.
    async fn announce(&self, key: &InstanceKey) {
        let Some(stored) = self.memory.store.known(key).filter(|_| !self.only_looks()) else {
            return;
        };
        let before = Seen::Yes(stored);
        let fleet = self.memory.fleet_without(key, self.now());
        let known = before.readable();
        let Some(record) = known.and_then(|known| announcement(known, &self.policy, fleet, self.now()))
        else {
            return;
        };
        let (me, mut applied) = (self.metered(), Applied::default());
        // What fails is only that note.
        let _ = me.put_count(key, &before, record, &mut applied).await;
        self.memory.add_uncounted(key, me.aws.meter.total());
    }

    /// Every daemon of a released drain is STOPPED: the look that completes it need not ask for tasks.
    async fn flushed(&self, key: InstanceKey, instances: Vec<ContainerInstance>) -> Handled {
        let mut subject = Subject::described(key, instances, self.now());
        subject.shown.flushed = true;
        self.reconciled("task", &subject).await
    }

    /// A task has ended on an instance of which this execution environment knows nothing.
    async fn stranger(&self, change: &TaskChange) -> Handled {
        let arns = std::slice::from_ref(&change.container_instance);
        let found = match self.describe(&change.cluster, arns).await {
            Err(failure) => return Handled::Failed(failure.to_string()),
            Ok(found) => found.into_iter().next(),
        };
        if self.memory.edges.is_foreign(&change.container_instance) {
            return self.ignored(Level::Debug, "task", "the container instance is none of ours");
        }
        let Some(found) = found else {
            return self.ignored(Level::Debug, "task", "the container instance is gone");
        };
        let key = InstanceKey {
            cluster: change.cluster.clone(),
            instance: found.instance,
        };
        let (instance, now) = (found.container_instance, self.now());
        if instance.status == InstanceStatus::Active {
            let instance = Registrations::from(instance);
            self.memory.saw(&key, &instance, Verdict::NotDraining, None, now);
            return self.ignored(Level::Debug, "task", "the container instance does not drain");
        }
        self.reconciled("task", &Subject::described(key, vec![instance], now))
            .await
    }
}
