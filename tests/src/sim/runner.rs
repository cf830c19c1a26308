//! Lets the steps of a script happen, each at its time, and the schedule tick every minute.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use protector_aws_model::Service;
use protector_local_aws::rules;
use serde_json::{Value, json};

use super::harness::{Harness, LINGER};
use super::script::{End, Script, Step, StepKind};
use crate::names::CLUSTER;
use crate::requests;

/// The schedule of `template.yaml`.
const TICK: SignedDuration = SignedDuration::from_mins(1);

/// The schedule's minute does not begin with the journal.
const FIRST_TICK: SignedDuration = SignedDuration::from_secs(20);

/// Auto Scaling lets no instance wait longer than 48 h.
const LONGEST: SignedDuration = SignedDuration::from_hours(49);

/// Plays the script to its end.
pub(crate) async fn play(harness: &Arc<Harness>, script: &Script, instance: &str) {
    let runner = Runner { harness, instance };
    match script.end {
        End::At(end) => runner.steps_and_ticks(&script.steps, end).await,
        End::Gone => {
            tokio::select! {
                biased;
                () = harness.gone.notified() => {}
                () = runner.steps_and_ticks(&script.steps, LONGEST) => {}
            }
            tokio::time::sleep(LINGER).await;
        }
    }
}

struct Runner<'a> {
    harness: &'a Arc<Harness>,
    instance: &'a str,
}

impl Runner<'_> {
    async fn steps_and_ticks(&self, steps: &[Step], end: SignedDuration) {
        let mut steps = steps.iter().filter(|step| step.at <= end).peekable();
        let mut tick = FIRST_TICK;
        loop {
            let step = steps.next_if(|step| step.at <= tick);
            let at = step.map_or(tick, |step| step.at);
            self.sleep_until(at.min(end)).await;
            match step {
                Some(step) => self.step(step),
                None if tick > end => return,
                None => {
                    self.tick();
                    tick += TICK;
                }
            }
        }
    }

    async fn sleep_until(&self, since_zero: SignedDuration) {
        self.harness
            .clock
            .sleep_until(self.harness.clock.at(since_zero))
            .await;
    }

    /// Both schedules fire at the same second.
    fn tick(&self) {
        let now: Timestamp = self.harness.clock.now();
        self.harness.heartbeats(rules::heartbeats());
        self.harness
            .deliver(rules::tick("tick", "eu-west-1", "123456789012", now));
    }

    fn step(&self, step: &Step) {
        self.harness
            .tell(|transcript, now| transcript.step(now, &step.words));
        match &step.what {
            StepKind::ScaleIn => self.auto_scaling(
                "TerminateInstanceInAutoScalingGroup",
                requests::terminate(self.instance),
            ),
            StepKind::SpotNotice => self
                .harness
                .with(|world, now| world.spot_notice(now, self.instance, "terminate")),
            StepKind::Agent(connected) => self
                .harness
                .with(|world, now| world.agent_connected(now, self.instance, *connected)),
            StepKind::Set(status) => self.set(status),
            StepKind::Order {
                command,
                by,
                who,
                why,
            } => {
                self.harness.invoke(self.order(command, *by, who, why));
            }
            StepKind::Control(text) => self.control(text.as_deref()),
            StepKind::Deploy(service) => self.ecs(
                "UpdateService",
                json!({"cluster": CLUSTER, "service": service, "forceNewDeployment": true}),
            ),
            StepKind::Protect { service, minutes } => self.protect(service, *minutes),
            StepKind::Lose(count) => self.harness.lose(*count),
            StepKind::CompleteHook(hook) => {
                self.auto_scaling("CompleteLifecycleAction", requests::complete(hook, self.instance));
            }
        }
    }

    fn order(&self, command: &str, by: Option<SignedDuration>, who: &str, why: &str) -> Value {
        let mut order = json!({"command": command, "cluster": CLUSTER, "instance": self.instance, "who": who,
            "why": why});
        if let Some(by) = by {
            order["by"] = json!(by);
        }
        order
    }

    fn set(&self, status: &str) {
        let view = self.harness.with(|world, _| world.instance_state(self.instance));
        let arn = view.and_then(|view| view.container_instance_arn);
        let params = requests::status(&arn.unwrap_or_default(), status);
        self.ecs("UpdateContainerInstancesState", params);
    }

    fn control(&self, text: Option<&str>) {
        let name = "/ecs-daemon-protector/control";
        match text {
            Some(text) => self.call(
                Service::Ssm,
                "PutParameter",
                json!({"Name": name, "Type": "String", "Value": text, "Overwrite": true}),
            ),
            None => self.call(Service::Ssm, "DeleteParameters", json!({"Names": [name]})),
        }
    }

    fn protect(&self, service: &str, minutes: u64) {
        let group = format!("service:{service}");
        let tasks = self.harness.with(|world, _| world.tasks_on(self.instance));
        let of_it = tasks.into_iter().filter(|task| task.group == group);
        let tasks: Vec<String> = of_it.map(|task| task.task_arn).collect();
        let params = json!({"cluster": CLUSTER, "tasks": tasks, "protectionEnabled": true,
            "expiresInMinutes": minutes});
        self.ecs("UpdateTaskProtection", params);
    }

    fn ecs(&self, operation: &str, params: Value) {
        self.call(Service::Ecs, operation, params);
    }

    fn auto_scaling(&self, operation: &str, params: Value) {
        self.call(Service::AutoScaling, operation, params);
    }

    /// A refusal is part of the journal.
    fn call(&self, service: Service, operation: &str, params: Value) {
        if let Err(error) = self.harness.call(service, operation, params) {
            self.harness
                .tell(|transcript, now| transcript.step(now, &format!("refused: {error}")));
        }
    }
}
