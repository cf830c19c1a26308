//! One invocation: its events, and what becomes of each.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use protector_core::ids::{ContainerInstanceArn, InstanceId, InstanceKey};
use protector_core::limits::coordinator::BACKLOG_AGE;
use protector_core::limits::{BATCH_MAX, SPOT_NOTICE};
use protector_core::plan::OrderOutcome;
use protector_core::trigger::{
    Command, Delivery, Event, Malformed, Sender, SpotNotice, SqsMessage, Trigger, TriggerKind, parse,
};
use serde_json::{Value, json};

use crate::aws::ErrorKind;
use crate::cache::Beginning;
use crate::coordinator::Coordinator;
use crate::handled::Handled;
use crate::ignored::IgnoredTrigger;
use crate::logging::Level;
use crate::metrics::Metric;
use crate::place::{Home, Place};
use crate::subject::{Registered, Subject};
use crate::survey_view::Survey;

/// Which instance a message is about: messages about one are dealt with in their order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Concerns {
    Instance(InstanceId),
    /// It is not known of which instance it is a registration.
    Registration(ContainerInstanceArn),
    NoInstance(String),
    All,
}

impl Coordinator {
    /// Handles an invocation's payload. Lambda returns the answer.
    ///
    /// # Errors
    /// Something failed that a retry may fix, or an operator's command is malformed: Lambda tries
    /// asynchronous events again, and an operator sees the words.
    pub async fn handle(&self, payload: &Value) -> Result<Value, String> {
        let answer = match parse(payload) {
            Delivery::Single(event) => self.single(event).await,
            Delivery::Sns(events) | Delivery::Events(events) => self.together(events).await,
            Delivery::Sqs(messages) => {
                let queued = messages.iter().any(|message| message.in_order);
                let run = Coordinator {
                    queued,
                    more_wait: self.more_wait(&messages),
                    ..self.clone()
                };
                Ok(run.batch(messages).await)
            }
        };
        self.log_metrics();
        answer
    }

    /// Says what the run has measured. Once, at its end: Lambda freezes the process with the answer.
    fn log_metrics(&self) {
        let metrics = &self.cache.metrics;
        let counts = self.aws.meter.take();
        let calls: u32 = counts.calls.values().sum();
        metrics.count(Metric::ApiCalls, calls as usize);
        for (kind, times) in counts
            .failures
            .into_iter()
            .filter(|(kind, _)| !kind.is_ordinary())
        {
            metrics.count_errors(kind.name(), times);
            if kind == ErrorKind::Throttled {
                metrics.count(Metric::Throttles, times as usize);
            }
        }
        if !self.logger.writes_metrics() {
            return metrics.discard();
        }
        for line in metrics.lines(function_name(), &self.request_id, self.now()) {
            self.logger.log_line(&line);
        }
    }

    /// A person who invokes the function gets an error for a mistake; EventBridge would only send it again.
    async fn single(&self, event: Event) -> Result<Value, String> {
        match self.event(event).await {
            Handled::Malformed(malformed) if malformed.sender == Sender::Operator => {
                Err(malformed.to_string())
            }
            handled => all(vec![handled]),
        }
    }

    /// Events that succeed or fail together. Equal ones cost one look.
    async fn together(&self, events: Vec<Event>) -> Result<Value, String> {
        let mut different: Vec<Event> = Vec::new();
        for event in events {
            if !(is_idempotent(&event) && different.contains(&event)) {
                different.push(event);
            }
        }
        all(join_all(different.into_iter().map(|event| self.event(event))).await)
    }

    /// Instances side by side, the events of one instance in their order, then the ticks, and what is due at last. Only
    /// messages that another attempt may fix come again (`ReportBatchItemFailures`).
    async fn batch(&self, messages: Vec<SqsMessage>) -> Value {
        self.catch_up().await;
        let survey = match self.more_wait {
            true => Survey::default(),
            false => self.survey_beginnings(&self.beginnings(&messages)).await,
        };
        self.surveyed(survey).deal_with(messages).await
    }

    /// The same run, with a survey of what it is about to look at.
    pub(crate) fn surveyed(&self, survey: Survey) -> Coordinator {
        Coordinator {
            survey: Arc::new(survey),
            ..self.clone()
        }
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
        failed.extend(self.in_turn(ticks).await);
        match self.more_wait {
            true => self.look_at_those_due().await,
            false => self.look_at_what_is_due().await,
        }
        self.cache.store.is_current(self.now());
        let failures: Vec<Value> = failed
            .into_iter()
            .map(|id| json!({"itemIdentifier": id}))
            .collect();
        json!({"batchItemFailures": failures})
    }

    /// Returns whether other messages wait behind these: so it is if the batch is full, and its messages are some time
    /// old.
    fn more_wait(&self, messages: &[SqsMessage]) -> bool {
        let newest = messages.iter().filter_map(|message| message.sent_at).max();
        let age = newest.map(|sent| self.now().duration_since(sent));
        messages.len() >= BATCH_MAX && age.is_some_and(|age| age > BACKLOG_AGE)
    }

    /// Handles instances side by side, the events of one in their order; returns those that are to come again.
    async fn side_by_side(&self, messages: Vec<SqsMessage>) -> Vec<String> {
        let mut instances: BTreeMap<Concerns, Vec<SqsMessage>> = BTreeMap::new();
        for message in messages {
            let concerns = self.concerns(&message);
            instances.entry(concerns).or_default().push(message);
        }
        let handled = instances.into_values().map(|messages| self.in_turn(messages));
        join_all(handled).await.into_iter().flatten().collect()
    }

    /// Handles events one after another; returns those that are to come again. Equal ones cost one look, and get the
    /// same answer.
    async fn in_turn(&self, messages: Vec<SqsMessage>) -> Vec<String> {
        let mut failed = Vec::new();
        let mut dealt_with: Vec<(Event, bool)> = Vec::new();
        for message in messages {
            let known = dealt_with.iter().find(|(event, _)| *event == message.event);
            let again = match known.filter(|(event, _)| is_idempotent(event)) {
                Some((_, again)) => *again,
                None => {
                    let event = message.event.clone();
                    let again = matches!(self.event(message.event).await, Handled::Failed(_));
                    if let Some(beginning) = Beginning::of(&event).filter(|_| again && message.in_order) {
                        self.cache.agenda.again(beginning, self.now());
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

    /// The drains that begin with these messages, as far as memory knows.
    fn beginnings(&self, messages: &[SqsMessage]) -> Vec<Beginning> {
        let begins = |beginning: &Beginning| match beginning {
            Beginning::Hook(_) => true,
            Beginning::Draining(change) => self.is_news(change),
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
            Trigger::Task(change) => match self.cache.instance_of(&change.container_instance) {
                Some(instance) => Concerns::Instance(instance),
                None => Concerns::Registration(change.container_instance.clone()),
            },
            Trigger::Tick | Trigger::Heartbeats => Concerns::All,
        }
    }

    /// Deals with one event, within the time that is left.
    async fn event(&self, event: Event) -> Handled {
        let handled = match event {
            Event::Trigger(trigger) => self.trigger_in_time(trigger).await,
            Event::Ignored(message) => self.ignored(Level::Info, IgnoredTrigger::Event, &message),
            Event::Malformed(malformed) => self.malformed(malformed),
        };
        if let Handled::Failed(error) = &handled {
            let fields = json!({"requestId": self.request_id, "error": error});
            self.logger.log(Level::Error, "failed", fields);
        }
        handled
    }

    fn malformed(&self, malformed: Malformed) -> Handled {
        let fields =
            json!({"requestId": self.request_id, "field": malformed.field, "error": malformed.problem});
        self.cache.metrics.count_errors("malformed", 1);
        self.logger.log(Level::Error, "malformed", fields);
        Handled::Malformed(malformed)
    }

    async fn trigger_in_time(&self, trigger: Trigger) -> Handled {
        let left = Duration::try_from(self.time_left()).unwrap_or_default();
        let kind = trigger.kind();
        match tokio::time::timeout(left, Box::pin(self.trigger(trigger))).await {
            Ok(handled) => handled,
            Err(_) => Handled::Failed(format!("{kind} run timed out before the Lambda deadline")),
        }
    }

    async fn trigger(&self, trigger: Trigger) -> Handled {
        match trigger {
            Trigger::Hook(notice) => self.hook(notice).await,
            Trigger::Task(change) => self.task(change).await,
            Trigger::Instance(change) => self.instance(change).await,
            Trigger::Spot(notice) => self.spot(notice).await,
            Trigger::Tick => self.tick().await,
            Trigger::Heartbeats => self.heartbeats().await,
            Trigger::Operator(command) => self.operator(command).await,
        }
    }

    /// EC2 takes a Spot instance back: it is drained like any other, only in less time.
    pub(crate) async fn spot(&self, notice: SpotNotice) -> Handled {
        if self.now().duration_since(notice.at) > SPOT_NOTICE {
            return self.ignored(
                Level::Info,
                TriggerKind::Spot,
                "the notice is older than the two minutes that it gives",
            );
        }
        match self.locate(&notice.instance).await {
            Place::In(homes) => {
                let reported = |subject| Subject {
                    spot: Some(notice.at),
                    ..subject
                };
                self.in_each(TriggerKind::Spot, homes, reported).await
            }
            Place::Nowhere => self.ignored(
                Level::Info,
                TriggerKind::Spot,
                "the instance is in no watched cluster",
            ),
            Place::Unknown(why) => Handled::Failed(why),
        }
    }

    async fn operator(&self, command: Command) -> Handled {
        let key = InstanceKey {
            cluster: command.cluster.clone(),
            instance: command.instance.clone(),
        };
        if !self.policy.serves_cluster(&key.cluster) {
            let reason = "the cluster is not watched";
            self.ignored(Level::Warn, TriggerKind::Operator, reason);
            return order_ignored(&command, reason);
        }
        let registered = match self.locate_in(&key.cluster, &key.instance).await {
            Ok(arns) => Registered::All(arns),
            Err(_) => Registered::Some(Vec::new()),
        };
        let subject = Subject::new(key, registered);
        let outcome = self
            .reconcile(TriggerKind::Operator, &subject, Some(&command))
            .await;
        if let Some(error) = outcome.error {
            return Handled::Failed(error);
        }
        match outcome.order {
            Some(OrderOutcome::Ignored(reason)) => order_ignored(&command, &reason),
            Some(OrderOutcome::Done) => Handled::Done(outcome.line),
            // Too little was seen to obey the order, and the operator who gave it must not take the answer for a yes.
            None => Handled::Failed(format!(
                "it is not known what became of the order: {}",
                outcome.line
            )),
        }
    }

    pub(crate) async fn look(
        &self,
        trigger: TriggerKind,
        key: InstanceKey,
        arn: ContainerInstanceArn,
    ) -> Handled {
        let registered = match self.survey.take_registrations(&key) {
            Some(all) => Registered::All(all),
            None => Registered::Some(vec![arn]),
        };
        self.reconciled(trigger, &Subject::new(key, registered)).await
    }

    /// Brings the drain of an instance on in each cluster that counts, with what the event has `reported` of it. If one
    /// fails, that is the answer: the event comes again.
    pub(crate) async fn in_each(
        &self,
        trigger: TriggerKind,
        homes: Vec<Home>,
        reported: impl Fn(Subject) -> Subject,
    ) -> Handled {
        let mut last = Handled::Ignored;
        for home in homes {
            let subject = reported(Subject::new(home.key, Registered::All(home.registrations)));
            let handled = self.reconciled(trigger, &subject).await;
            if !matches!(last, Handled::Failed(_)) {
                last = handled;
            }
        }
        last
    }

    pub(crate) async fn reconciled(&self, trigger: TriggerKind, subject: &Subject) -> Handled {
        let outcome = self.reconcile(trigger, subject, None).await;
        match outcome.error {
            Some(error) => Handled::Failed(error),
            None => Handled::Done(outcome.line),
        }
    }
}

/// An order that changes nothing. Its answer has no verdict: what a drain would be like is no answer.
fn order_ignored(command: &Command, reason: &str) -> Handled {
    Handled::OrderIgnored(json!({
        "command": command.order.name(),
        "cluster": command.cluster,
        "instance": command.instance,
        "reason": reason,
    }))
}

/// An event says that something may have changed, and a look sees what is; orders count in their sequence, and each
/// message that is not ours has its line.
fn is_idempotent(event: &Event) -> bool {
    matches!(event, Event::Trigger(trigger) if !matches!(trigger, Trigger::Operator(_)))
}

/// The function's name, or what a local run is called. Lambda sets it once for the life of the process.
fn function_name() -> &'static str {
    static NAME: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    NAME.get_or_init(|| {
        std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|_| "coordinator".to_owned())
    })
}

/// The answer to events that succeed or fail together: the lines of the instances that were looked at, and, if there
/// were any, the orders that change nothing. Those are no instances, so that no answer to them looks like a success.
fn all(handled: Vec<Handled>) -> Result<Value, String> {
    let problems: Vec<&str> = handled.iter().filter_map(Handled::problem).collect();
    if !problems.is_empty() {
        return Err(problems.join("; "));
    }
    let (mut lines, mut ignored) = (Vec::new(), Vec::new());
    for handled in handled {
        match handled {
            Handled::Done(line) => lines.push(line),
            Handled::OrderIgnored(why) => ignored.push(why),
            Handled::Ignored | Handled::Malformed(_) | Handled::Failed(_) => {}
        }
    }
    let mut answer = json!({"instances": lines});
    if !ignored.is_empty() {
        answer["ignored"] = Value::Array(ignored);
    }
    Ok(answer)
}
