//! One invocation: its events, and what becomes of each.

use std::time::Duration;

use futures_util::future::join_all;
use protector_core::ids::{ContainerInstanceArn, InstanceKey, TaskArn};
use protector_core::limits::{RELEASE_BEFORE_SIGTERM_MAX, SPOT_NOTICE};
use protector_core::observation::{ContainerInstance, InstanceStatus, Seen};
use protector_core::plan::Verdict;
use protector_core::record::Record;
use protector_core::trigger::{
    Command, Delivery, Ignored, InstanceChange, Parsed, SpotNotice, SqsMessage, TaskChange, Trigger, parse,
};
use serde_json::{Value, json};

use crate::aws::Kind;
use crate::coordinator::Coordinator;
use crate::memory::Worth;
use crate::metrics::Metric;
use crate::observe::{Place, Subject};
use crate::say::Level;

/// What became of one event.
#[derive(Debug, Clone, PartialEq)]
pub enum Handled {
    /// It is dealt with. Holds the last line of an instance, if there was one.
    Done(Value),
    /// It was none of our business.
    Ignored,
    /// It was not what its shape promises. It will not get better by being sent again.
    Malformed(String),
    /// Something failed that another try may mend.
    Failed(String),
}

impl Coordinator {
    /// Deals with an invocation's payload. The answer is what Lambda gives back.
    ///
    /// # Errors
    /// Something failed that another try may mend, or an operator's command is malformed: Lambda tries
    /// asynchronous events again, and an operator sees the words.
    pub async fn handle(&self, payload: &Value) -> Result<Value, String> {
        let answer = match parse(payload) {
            Delivery::Single(parsed) => self.single(payload, parsed).await,
            Delivery::Sns(parsed) => all(join_all(parsed.into_iter().map(|parsed| self.event(parsed))).await),
            Delivery::Sqs(messages) => Ok(self.batch(messages).await),
        };
        self.say_metrics();
        answer
    }

    /// Says what the run has measured. Once, at its end: Lambda freezes the process with the answer.
    fn say_metrics(&self) {
        let sheet = &self.memory.sheet;
        let counts = self.aws.meter.take();
        let calls: u32 = counts.calls.values().sum();
        sheet.count(Metric::ApiCalls, calls as usize);
        for (kind, times) in counts
            .failures
            .into_iter()
            .filter(|(kind, _)| !kind.is_ordinary())
        {
            sheet.error(kind.name(), times);
            if kind == Kind::Throttled {
                sheet.count(Metric::Throttles, times as usize);
            }
        }
        for line in sheet.lines(function_name(), &self.request_id, self.now()) {
            self.voice.say_line(&line);
        }
    }

    /// A person who invokes the function is told of a mistake; EventBridge would only send it again.
    async fn single(&self, payload: &Value, parsed: Parsed) -> Result<Value, String> {
        let by_hand = payload.get("command").is_some();
        match self.event(parsed).await {
            Handled::Malformed(problem) if by_hand => Err(problem),
            handled => all(vec![handled]),
        }
    }

    /// Only what another try may mend comes again (`ReportBatchItemFailures`).
    async fn batch(&self, messages: Vec<SqsMessage>) -> Value {
        let handled = messages
            .into_iter()
            .map(|message| async move { (message.message_id, self.event(message.parsed).await) });
        let failed = join_all(handled)
            .await
            .into_iter()
            .filter(|(_, handled)| matches!(handled, Handled::Failed(_)));
        let failures: Vec<Value> = failed.map(|(id, _)| json!({"itemIdentifier": id})).collect();
        json!({"batchItemFailures": failures})
    }

    /// Deals with one event, within the time that is left.
    async fn event(&self, parsed: Parsed) -> Handled {
        let handled = match parsed {
            Ok(Ok(trigger)) => {
                let left = Duration::try_from(self.time_left()).unwrap_or_default();
                let kind = trigger.kind();
                match tokio::time::timeout(left, Box::pin(self.trigger(trigger))).await {
                    Ok(handled) => handled,
                    Err(_) => Handled::Failed(format!("the {kind} run was not over when its time was")),
                }
            }
            Ok(Err(Ignored(reason))) => self.ignored(Level::Info, "event", &reason),
            Err(malformed) => {
                let fields = json!({"requestId": self.request_id, "field": malformed.field, "problem": malformed.problem});
                self.memory.sheet.error("malformed", 1);
                self.voice.say(Level::Error, "malformed", fields);
                Handled::Malformed(malformed.to_string())
            }
        };
        if let Handled::Failed(problem) = &handled {
            self.voice.say(
                Level::Error,
                "failed",
                json!({"requestId": self.request_id, "problem": problem}),
            );
        }
        handled
    }

    async fn trigger(&self, trigger: Trigger) -> Handled {
        match trigger {
            Trigger::Hook(notice) => self.hook(notice).await,
            Trigger::Task(change) => self.task(change).await,
            Trigger::Instance(change) => self.instance(change).await,
            Trigger::Spot(notice) => self.spot(notice).await,
            Trigger::Tick => self.tick().await,
            Trigger::Operator(command) => self.operator(command).await,
        }
    }

    /// The end of a task: on a draining instance it may be the last.
    async fn task(&self, change: TaskChange) -> Handled {
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
            Worth::Probe(key, awaited) => self.probe(key, arn, &awaited).await,
            Worth::Look(key) => self.look("task", key, arn.clone()).await,
            Worth::Flushed(key, instance) => self.flushed(key, instance).await,
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
                137 => self.memory.sheet.count(Metric::SidecarsKilled, 1),
                10 | 11 => self.memory.sheet.count(Metric::SidecarsGaveUp, 1),
                _ => {}
            }
        }
    }

    /// One call says which of the awaited tasks still live. If none does, or it cannot be told, a whole look follows.
    async fn probe(&self, key: InstanceKey, arn: &ContainerInstanceArn, awaited: &[TaskArn]) -> Handled {
        if let Ok(tasks) = self.aws.describe_tasks(&key.cluster, awaited).await {
            let alive = tasks
                .into_iter()
                .filter(|task| !task.last_status.is_final())
                .map(|task| task.arn);
            match self.memory.probed(arn, alive.collect(), self.now()) {
                Worth::Nothing(reason) => return self.ignored(Level::Debug, "task", reason),
                Worth::Flushed(key, instance) => return self.flushed(key, instance).await,
                Worth::Probe(..) | Worth::Look(_) | Worth::Unknown => {}
            }
        }
        self.look("task", key, arn.clone()).await
    }

    /// Every daemon of a released drain is STOPPED: the look that completes it need not ask for tasks.
    async fn flushed(&self, key: InstanceKey, instance: ContainerInstance) -> Handled {
        let mut subject = Subject::described(key, instance, self.now());
        subject.shown.flushed = true;
        self.reconciled("task", &subject).await
    }

    /// A task has ended on an instance of which this execution environment knows nothing.
    async fn stranger(&self, change: &TaskChange) -> Handled {
        let arns = std::slice::from_ref(&change.container_instance);
        let found = match self.aws.describe_instances(&change.cluster, arns).await {
            Err(failure) => return Handled::Failed(failure.to_string()),
            Ok(found) => found.into_iter().next(),
        };
        let Some(found) = found else {
            return self.ignored(Level::Debug, "task", "the container instance is gone");
        };
        let key = InstanceKey {
            cluster: change.cluster.clone(),
            instance: found.instance,
        };
        let (instance, now) = (found.container_instance, self.now());
        if instance.status == InstanceStatus::Active {
            self.memory.saw(&key, &instance, Verdict::NotDraining, None, now);
            return self.ignored(Level::Debug, "task", "the container instance does not drain");
        }
        self.reconciled("task", &Subject::described(key, instance, now))
            .await
    }

    /// ECS tells of an instance also whenever its free resources change, so only the first sight of DRAINING counts.
    async fn instance(&self, change: InstanceChange) -> Handled {
        if !self.policy.serves_cluster(&change.cluster) {
            return self.ignored(Level::Debug, "instance", "the cluster is not watched");
        }
        let known = self.memory.knows_drain(&change.container_instance);
        match change.status {
            InstanceStatus::Draining if known => self.ignored(
                Level::Debug,
                "instance",
                "the drain is known; its tasks tell when to look",
            ),
            _ if self.memory.has_ended(&change.container_instance, self.now()) => {
                self.ignored(Level::Debug, "instance", "the drain is over")
            }
            InstanceStatus::Active if !known => {
                self.ignored(Level::Debug, "instance", "the container instance does not drain")
            }
            _ => {
                let key = InstanceKey {
                    cluster: change.cluster,
                    instance: change.instance,
                };
                self.unless_recorded(key, change.container_instance, change.status)
                    .await
            }
        }
    }

    /// DRAINING comes to other runs too, mostly because one of ours has just set it, and again with every task that
    /// ends. If the record knows the drain already, one read says so, and a whole look is left to the next of its tasks
    /// that ends. One that our hook has ended goes for good; a released one of somebody else's may drain again.
    async fn unless_recorded(
        &self,
        key: InstanceKey,
        arn: ContainerInstanceArn,
        status: InstanceStatus,
    ) -> Handled {
        if status == InstanceStatus::Draining
            && let Seen::Yes(stored) = self.read_record(&key).await
            && let Ok(record) = stored.record
            && record.container_instance_arn == arn
            && (record.lifecycle.is_some() || !record.is_released())
            && !self.is_long_over(&record)
        {
            if record.receipt_at.is_some() {
                self.memory.ended(&arn, self.now());
                return self.ignored(Level::Debug, "instance", "the drain is over");
            }
            let instance = ContainerInstance {
                arn,
                status,
                agent_connected: true,
            };
            let verdict = record.reason.map_or(Verdict::Holding, Verdict::Released);
            self.memory.saw(&key, &instance, verdict, None, self.now());
            return self.ignored(Level::Debug, "instance", "the drain is recorded already");
        }
        self.look("instance", key, arn).await
    }

    /// The same container instance may come back from a warm pool, and drain again.
    fn is_long_over(&self, record: &Record) -> bool {
        let over = record.receipt_at.map(|at| self.now().duration_since(at));
        over.is_some_and(|age| age > RELEASE_BEFORE_SIGTERM_MAX)
    }

    /// EC2 takes a Spot instance back: it is drained like any other, only in less time.
    async fn spot(&self, notice: SpotNotice) -> Handled {
        if self.now().duration_since(notice.at) > SPOT_NOTICE {
            return self.ignored(Level::Info, "spot", "the notice is older than the time it gives");
        }
        match self.locate(&notice.instance).await {
            Place::In(key, arn) => {
                let subject = Subject {
                    spot: Some(notice.at),
                    ..Subject::new(key, Seen::Yes(arn))
                };
                self.reconciled("spot", &subject).await
            }
            Place::Nowhere => self.ignored(Level::Info, "spot", "the instance is in no cluster of ours"),
            Place::Unknown(why) => Handled::Failed(why),
        }
    }

    async fn operator(&self, command: Command) -> Handled {
        let key = InstanceKey {
            cluster: command.cluster.clone(),
            instance: command.instance.clone(),
        };
        if !self.policy.serves_cluster(&key.cluster) {
            return self.ignored(Level::Warn, "operator", "the cluster is not watched");
        }
        let arn = self.locate_in(&key.cluster, &key.instance).await;
        let subject = Subject::new(key, arn);
        let outcome = self.reconcile("operator", &subject, Some(&command)).await;
        if outcome.failed {
            Handled::Failed(outcome.line.to_string())
        } else {
            Handled::Done(outcome.line)
        }
    }

    async fn look(&self, trigger: &str, key: InstanceKey, arn: ContainerInstanceArn) -> Handled {
        let subject = Subject::new(key, Seen::Yes(arn));
        self.reconciled(trigger, &subject).await
    }

    pub(crate) async fn reconciled(&self, trigger: &str, subject: &Subject) -> Handled {
        let outcome = self.reconcile(trigger, subject, None).await;
        match outcome.failed {
            true => Handled::Failed(format!("{} is not where it should be; see its line", subject.key)),
            false => Handled::Done(outcome.line),
        }
    }

    pub(crate) fn ignored(&self, level: Level, trigger: &str, reason: &str) -> Handled {
        let fields = json!({"requestId": self.request_id, "trigger": trigger, "reason": reason});
        self.voice.say(level, "ignored", fields);
        Handled::Ignored
    }
}

/// The function's name, or what a local run is called. Lambda sets it once for the life of the process.
fn function_name() -> &'static str {
    static NAME: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    NAME.get_or_init(|| {
        std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|_| "coordinator".to_owned())
    })
}

/// The answer to events that succeed or fail together.
fn all(handled: Vec<Handled>) -> Result<Value, String> {
    let problems: Vec<&str> = handled.iter().filter_map(problem).collect();
    if !problems.is_empty() {
        return Err(problems.join("; "));
    }
    let lines = handled.into_iter().filter_map(|handled| match handled {
        Handled::Done(line) => Some(line),
        _ => None,
    });
    Ok(json!({"instances": lines.collect::<Vec<_>>()}))
}

fn problem(handled: &Handled) -> Option<&str> {
    match handled {
        Handled::Failed(problem) => Some(problem),
        _ => None,
    }
}
