//! One batch of a queue: which of its messages are about the same instance, and in which order they are handled.

mod due;
mod probe;

use std::collections::BTreeMap;

use futures_util::future::join_all;
use protector_core::ids::{ContainerInstanceArn, InstanceId};
use protector_core::trigger::{Event, SqsMessage, Trigger};
use serde_json::{Value, json};

use crate::cache::Beginning;
use crate::handled::Handled;
use crate::observer::Survey;
use crate::router::Router;

use due::DueLooks;

/// Which instance a message is about: messages about one are dealt with in their order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Concerns {
    Instance(InstanceId),
    /// It is not known of which instance it is a registration.
    Registration(ContainerInstanceArn),
    NoInstance(String),
    All,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchHandler<'r> {
    pub(crate) router: Router<'r>,
}

impl BatchHandler<'_> {
    /// Instances side by side, the events of one instance in their order, then the ticks, and what is due at last. Only
    /// messages that another attempt may fix come again (`ReportBatchItemFailures`).
    pub(crate) async fn handle(&self, messages: Vec<SqsMessage>) -> Value {
        let (observer, now) = (self.router.reconciler.observer, self.router.run.now());
        self.router.cache.traffic.received(messages.len(), now);
        observer.records().catch_up().await;
        let aws = self.router.reconciler.aws.metered();
        let survey = match self.router.reconciler.crowd().begins_together() {
            true => Survey::default(),
            false => {
                observer
                    .surveyor(&aws)
                    .beginnings(&self.beginnings(&messages))
                    .await
            }
        };
        self.router.log_postponed(&survey);
        let surveyed = BatchHandler {
            router: self.router.surveyed(&survey),
        };
        surveyed.deal_with(messages).await
    }

    async fn deal_with(&self, messages: Vec<SqsMessage>) -> Value {
        let (ticks, events): (Vec<_>, Vec<_>) = messages
            .into_iter()
            .partition(|message| self.concerns(message) == Concerns::All);
        // A cold run does not know of which instance a registration is, so it is not handled beside the events that
        // name the instance.
        let (unknown, known): (Vec<_>, Vec<_>) = events
            .into_iter()
            .partition(|message| matches!(self.concerns(message), Concerns::Registration(_)));
        let mut failed = self.side_by_side(known).await;
        failed.extend(self.side_by_side(unknown).await);
        failed.extend(self.one_by_one(ticks).await);
        let due = DueLooks { router: self.router };
        match self.router.run.intake.has_backlog() {
            true => due.look_at_those_overdue().await,
            false => due.look_at_what_is_due().await,
        }
        self.router.cache.store.is_current(self.router.run.now());
        let failures: Vec<Value> = failed
            .into_iter()
            .map(|id| json!({"itemIdentifier": id}))
            .collect();
        json!({"batchItemFailures": failures})
    }

    /// Handles instances side by side, the events of one in their order; returns those that are to come again.
    async fn side_by_side(&self, messages: Vec<SqsMessage>) -> Vec<String> {
        let mut instances: BTreeMap<Concerns, Vec<SqsMessage>> = BTreeMap::new();
        for message in messages {
            let concerns = self.concerns(&message);
            instances.entry(concerns).or_default().push(message);
        }
        let handled = instances.into_values().map(|messages| self.one_by_one(messages));
        join_all(handled).await.into_iter().flatten().collect()
    }

    /// Handles events one after another; returns those that are to come again. Equal ones cost one look, and get the
    /// same answer.
    async fn one_by_one(&self, messages: Vec<SqsMessage>) -> Vec<String> {
        let mut failed = Vec::new();
        let mut dealt_with: Vec<(Event, bool)> = Vec::new();
        for message in messages {
            let known = dealt_with.iter().find(|(event, _)| *event == message.event);
            let again = match known.filter(|(event, _)| event.is_idempotent()) {
                Some((_, again)) => *again,
                None => {
                    let event = message.event.clone();
                    let again = matches!(self.router.event(message.event).await, Handled::Failed(_));
                    if let Some(beginning) = Beginning::of(&event).filter(|_| again && message.in_order) {
                        self.router.cache.agenda.again(beginning, self.router.run.now());
                    }
                    dealt_with.push((event, again));
                    again
                }
            };
            if again && !message.in_order {
                failed.push(message.message_id);
            }
        }
        failed
    }

    /// The drains that begin with these messages, as far as the cache knows.
    fn beginnings(&self, messages: &[SqsMessage]) -> Vec<Beginning> {
        let begins = |beginning: &Beginning| match beginning {
            Beginning::Hook(_) => true,
            Beginning::Draining(change) => self.router.instances().is_news(change),
            // It has no time to wait for a survey.
            Beginning::Spot(_) => false,
        };
        let beginnings = messages
            .iter()
            .filter_map(|message| Beginning::of(&message.event));
        beginnings.filter(begins).collect()
    }

    /// Which instance a message is about.
    fn concerns(&self, message: &SqsMessage) -> Concerns {
        let Event::Trigger(trigger) = &message.event else {
            return Concerns::NoInstance(message.message_id.clone());
        };
        match trigger {
            Trigger::Hook(notice) => Concerns::Instance(notice.instance.clone()),
            Trigger::Spot(notice) => Concerns::Instance(notice.instance.clone()),
            Trigger::Instance(change) => Concerns::Instance(change.instance.clone()),
            Trigger::Operator(command) => Concerns::Instance(command.instance.clone()),
            Trigger::Task(change) => match self.router.cache.instance_of(&change.container_instance) {
                Some(instance) => Concerns::Instance(instance),
                None => Concerns::Registration(change.container_instance.clone()),
            },
            Trigger::Tick | Trigger::Heartbeats => Concerns::All,
        }
    }
}
