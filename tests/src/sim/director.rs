//! Lets the steps of a script happen, each at its time, and the schedule tick every minute.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use protector_local_aws::model::Service;
use protector_local_aws::rules;
use serde_json::{Value, json};

use super::script::{End, Happening, Script, Step};
use super::stage::{LINGER, Stage};
use crate::lab::{CLUSTER, GROUP};

/// The schedule of `template.yaml`.
const TICK: SignedDuration = SignedDuration::from_mins(1);

/// The schedule's minute does not begin with the story.
const FIRST_TICK: SignedDuration = SignedDuration::from_secs(20);

/// Auto Scaling lets no instance wait longer than 48 h.
const LONGEST: SignedDuration = SignedDuration::from_hours(49);

/// Plays the script to its end.
pub(crate) async fn play(stage: &Arc<Stage>, script: &Script, instance: &str) {
    let director = Director { stage, instance };
    match script.end {
        End::At(end) => director.steps_and_ticks(&script.steps, end).await,
        End::Gone => {
            tokio::select! {
                biased;
                () = stage.gone.notified() => {}
                () = director.steps_and_ticks(&script.steps, LONGEST) => {}
            }
            tokio::time::sleep(LINGER).await;
        }
    }
}

struct Director<'a> {
    stage: &'a Arc<Stage>,
    instance: &'a str,
}

impl Director<'_> {
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
        self.stage
            .clock
            .sleep_until(self.stage.clock.at(since_zero))
            .await;
    }

    /// Both schedules fire at the same second.
    fn tick(&self) {
        let now: Timestamp = self.stage.clock.now();
        self.stage.heartbeats(rules::heartbeats());
        self.stage
            .deliver(rules::tick("tick", "eu-west-1", "123456789012", now));
    }

    fn step(&self, step: &Step) {
        self.stage.tell(|tale, now| tale.step(now, &step.words));
        match &step.what {
            Happening::ScaleIn => self.auto_scaling(
                "TerminateInstanceInAutoScalingGroup",
                json!({"InstanceId": self.instance, "ShouldDecrementDesiredCapacity": true}),
            ),
            Happening::SpotNotice => self
                .stage
                .with(|world, now| world.spot_notice(now, self.instance, "terminate")),
            Happening::Agent(connected) => self
                .stage
                .with(|world, now| world.agent_connected(now, self.instance, *connected)),
            Happening::Set(status) => self.set(status),
            Happening::Order {
                command,
                by,
                who,
                why,
            } => {
                self.stage.invoke(self.order(command, *by, who, why));
            }
            Happening::Control(text) => self.control(text.as_deref()),
            Happening::Deploy(service) => self.ecs(
                "UpdateService",
                json!({"cluster": CLUSTER, "service": service, "forceNewDeployment": true}),
            ),
            Happening::Protect { service, minutes } => self.protect(service, *minutes),
            Happening::Lose(count) => self.stage.lose(*count),
            Happening::CompleteHook(hook) => self.auto_scaling(
                "CompleteLifecycleAction",
                json!({"AutoScalingGroupName": GROUP, "LifecycleHookName": hook, "InstanceId": self.instance,
                    "LifecycleActionResult": "CONTINUE"}),
            ),
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
        let view = self.stage.with(|world, _| world.instance_state(self.instance));
        let arn = view.and_then(|view| view.container_instance_arn);
        let params = json!({"cluster": CLUSTER, "containerInstances": [arn], "status": status});
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
        let tasks = self.stage.with(|world, _| world.tasks_on(self.instance));
        let tasks: Vec<String> = tasks
            .into_iter()
            .filter(|task| task.group == group)
            .map(|task| task.task_arn)
            .collect();
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

    /// A refusal is part of the story.
    fn call(&self, service: Service, operation: &str, params: Value) {
        if let Err(error) = self.stage.call(service, operation, params) {
            self.stage
                .tell(|tale, now| tale.step(now, &format!("refused: {error}")));
        }
    }
}
