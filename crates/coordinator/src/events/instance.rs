//! A container instance has changed: another actor may drain it.

use protector_core::aws::InstanceStatus;
use protector_core::ids::{ContainerInstanceArn, InstanceKey};
use protector_core::observation::{ContainerInstance, Observed, Registrations};
use protector_core::policy::Policy;
use protector_core::record::Record;
use protector_core::relevance::{
    self, KnownInstance, RecordedDrain, Relevance, recorded_drain, registers_again,
};
use protector_core::trigger::{InstanceChange, TriggerKind};

use crate::cache::{Beginning, Cache};
use crate::context::RunContext;
use crate::handled::Handled;
use crate::logging::Level;
use crate::observer::Survey;
use crate::reconciler::Reconciler;

/// Handles the events of container instances.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InstanceEvents<'r> {
    pub(crate) reconciler: Reconciler<'r>,
    pub(crate) cache: &'r Cache,
    pub(crate) policy: &'r Policy,
    pub(crate) run: &'r RunContext,
}

impl InstanceEvents<'_> {
    /// ECS also sends an event whenever the free resources of an instance change, so only the first sight of DRAINING
    /// counts.
    pub(crate) async fn handle(&self, change: InstanceChange) -> Handled {
        if !self.policy.serves_cluster(&change.cluster) {
            return self.ignored("the cluster is not watched");
        }
        let arn = &change.container_instance;
        match change.status {
            InstanceStatus::Active => self.cache.is_back(&change.cluster, arn),
            _ => self.cache.finished.remove(&change.cluster, arn),
        }
        if let Relevance::Ignored(reason) = relevance::of_change(&change.status, self.known(&change)) {
            return self.ignored(reason);
        }
        if change.status == InstanceStatus::Draining {
            let (crowd, beginning) = (self.reconciler.crowd(), Beginning::Draining(change.clone()));
            if crowd.put_off(beginning.clone()) {
                let reason = "more drains begin: this one begins together with them at the end of the batch";
                return self.ignored(reason);
            }
            if crowd.survey_again(self.reconciler.observer.survey(), &beginning) {
                return self.ignored(Survey::POSTPONED);
            }
        }
        self.begin(change).await
    }

    /// Returns whether a drain begins with this event, as far as the cache knows.
    pub(crate) fn is_news(&self, change: &InstanceChange) -> bool {
        change.status == InstanceStatus::Draining
            && self.policy.serves_cluster(&change.cluster)
            && relevance::of_change(&change.status, self.known(change)) == Relevance::Relevant
    }

    /// Another actor drains an instance, or does so no more. Other runs get the event of DRAINING too, and again with every
    /// task that ends. If the record knows the drain already, one read says so, and a full observation is left to the next
    /// of its tasks that ends.
    pub(crate) async fn begin(&self, change: InstanceChange) -> Handled {
        let key = key_of(&change);
        let (arn, status) = (change.container_instance, change.status);
        let recorded = match status {
            InstanceStatus::Draining => self.recorded(&key, &arn).await,
            _ => None,
        };
        if let Some(record) = recorded {
            match recorded_drain(&record, &arn, self.run.now()) {
                RecordedDrain::Ended => {
                    self.cache.ended(&key, record.registrations(), self.run.now());
                    return self.ignored("the drain has ended");
                }
                RecordedDrain::GoesOn(verdict) => {
                    let instance = Registrations::from(ContainerInstance {
                        arn,
                        status,
                        agent_connected: true,
                        tasks: None,
                    });
                    self.cache
                        .is_recorded_as(&key, &instance, verdict, self.run.now());
                    return self.ignored("the drain is recorded already");
                }
                RecordedDrain::None => {}
            }
        }
        self.reconciler.look(TriggerKind::Instance, key, arn).await
    }

    async fn recorded(&self, key: &InstanceKey, arn: &ContainerInstanceArn) -> Option<Record> {
        let arns = std::slice::from_ref(arn);
        let aws = self.reconciler.aws.metered();
        let read = self.reconciler.observer.counting(&aws).record(key, arns).await;
        self.cache.add_uncounted(key, aws.meter.total());
        match read {
            Observed::Present(stored) => stored.record.ok(),
            Observed::Absent | Observed::Unknown(_) => None,
        }
    }

    /// What the cache knows of the container instance.
    fn known(&self, change: &InstanceChange) -> KnownInstance {
        let arn = &change.container_instance;
        let stored = self.cache.store.known(&key_of(change));
        let record = stored.as_ref().and_then(|stored| stored.readable());
        KnownInstance {
            drains: self.cache.knows_drain(arn),
            foreign: self.cache.foreign.is_foreign(arn),
            ended: self.cache.has_ended(arn, self.run.now()),
            registers_again: record.is_some_and(|record| registers_again(record, arn)),
        }
    }

    fn ignored(&self, reason: &str) -> Handled {
        self.run.ignored(Level::Debug, TriggerKind::Instance, reason)
    }
}

fn key_of(change: &InstanceChange) -> InstanceKey {
    InstanceKey {
        cluster: change.cluster.clone(),
        instance: change.instance.clone(),
    }
}
