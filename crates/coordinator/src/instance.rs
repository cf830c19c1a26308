//! A container instance has changed: another actor may drain it.

use protector_core::aws::InstanceStatus;
use protector_core::ids::{ContainerInstanceArn, InstanceKey};
use protector_core::limits::RELEASE_BEFORE_SIGTERM_MAX;
use protector_core::observation::{ContainerInstance, Observed, Registrations, Stored};
use protector_core::plan::Verdict;
use protector_core::record::Record;
use protector_core::trigger::{InstanceChange, TriggerKind};

use crate::cache::Beginning;
use crate::coordinator::Coordinator;
use crate::handled::Handled;
use crate::logging::Level;

impl Coordinator {
    /// ECS also sends an event whenever the free resources of an instance change, so only the first sight of DRAINING
    /// counts.
    pub(crate) async fn instance(&self, change: InstanceChange) -> Handled {
        if !self.policy.serves_cluster(&change.cluster) {
            return self.ignored(Level::Debug, TriggerKind::Instance, "the cluster is not watched");
        }
        self.cache
            .finished
            .remove(&change.cluster, &change.container_instance);
        let known = self.cache.knows_drain(&change.container_instance);
        match change.status {
            InstanceStatus::Draining if known => self.ignored(
                Level::Debug,
                TriggerKind::Instance,
                "the drain is known; the events of its tasks trigger the next look",
            ),
            _ if self.cache.foreign.is_foreign(&change.container_instance) => self.ignored(
                Level::Debug,
                TriggerKind::Instance,
                "the container instance is not served",
            ),
            _ if self.cache.has_ended(&change.container_instance, self.now()) => {
                self.ignored(Level::Debug, TriggerKind::Instance, "the drain has ended")
            }
            InstanceStatus::Active if !known && !self.registers_again(&change) => self.ignored(
                Level::Debug,
                TriggerKind::Instance,
                "the container instance does not drain",
            ),
            InstanceStatus::Draining if self.put_off(Beginning::Draining(change.clone())) => self.ignored(
                Level::Debug,
                TriggerKind::Instance,
                "more messages wait: the drain is begun together with others at the end of the batch",
            ),
            _ => self.draining_begins(change).await,
        }
    }

    /// Does a drain begin with this event, as far as memory knows?
    pub(crate) fn is_news(&self, change: &InstanceChange) -> bool {
        let arn = &change.container_instance;
        change.status == InstanceStatus::Draining
            && self.policy.serves_cluster(&change.cluster)
            && !self.cache.knows_drain(arn)
            && !self.cache.foreign.is_foreign(arn)
            && !self.cache.has_ended(arn, self.now())
    }

    /// Another actor drains an instance, or does so no more.
    pub(crate) async fn draining_begins(&self, change: InstanceChange) -> Handled {
        let key = InstanceKey {
            cluster: change.cluster,
            instance: change.instance,
        };
        self.observe_unless_recorded(key, change.container_instance, change.status)
            .await
    }

    /// Returns whether an instance registers again after its release, and before its hook is completed. Without a look
    /// the end of its daemons would complete the hook by what was seen before.
    fn registers_again(&self, change: &InstanceChange) -> bool {
        let key = InstanceKey {
            cluster: change.cluster.clone(),
            instance: change.instance.clone(),
        };
        let known = self.cache.store.known(&key);
        let record = known.as_ref().and_then(|known| known.readable());
        record.is_some_and(|record| {
            let waits = record.lifecycle.is_some() && record.receipt_at.is_none();
            record.is_released() && waits && !record.names(&change.container_instance)
        })
    }

    /// Other runs get the event of DRAINING too, mostly because one of ours has just set it, and again with every task
    /// that ends. If the record knows the drain already, one read says so, and a full observation is left to the next
    /// of its tasks that ends. An instance whose drain our hook has ended goes for good; a released one that another
    /// actor drains may drain again.
    async fn observe_unless_recorded(
        &self,
        key: InstanceKey,
        arn: ContainerInstanceArn,
        status: InstanceStatus,
    ) -> Handled {
        if status == InstanceStatus::Draining
            && let Observed::Present(stored) = self.shown_record(&key, &arn).await
            && let Ok(record) = stored.record
            && record.names(&arn)
            && (record.lifecycle.is_some() || !record.is_released())
            && !self.is_long_over(&record)
        {
            if record.receipt_at.is_some() {
                self.cache.ended(&key, record.registrations(), self.now());
                return self.ignored(Level::Debug, TriggerKind::Instance, "the drain has ended");
            }
            let instance = ContainerInstance {
                arn,
                status,
                agent_connected: true,
                tasks: None,
            };
            let instance = Registrations::from(instance);
            let verdict = record.reason.map_or(Verdict::Holding, Verdict::Released);
            self.cache.saw(&key, &instance, verdict, None, self.now());
            return self.ignored(
                Level::Debug,
                TriggerKind::Instance,
                "the drain is recorded already",
            );
        }
        self.look(TriggerKind::Instance, key, arn).await
    }

    /// The record of the instance, which a survey may have read.
    async fn shown_record(&self, key: &InstanceKey, arn: &ContainerInstanceArn) -> Observed<Stored> {
        match self.survey.record(key) {
            Some(record) => record,
            None => self.read_record(key, std::slice::from_ref(arn)).await,
        }
    }

    /// The same container instance may come back from a warm pool, and drain again.
    fn is_long_over(&self, record: &Record) -> bool {
        let over = record.receipt_at.map(|at| self.now().duration_since(at));
        over.is_some_and(|age| age > RELEASE_BEFORE_SIGTERM_MAX)
    }
}
