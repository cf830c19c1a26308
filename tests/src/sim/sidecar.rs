//! One sidecar's life: the self-check, SIGTERM, and then the core's own state machine until it says leave.
//!
//! The real program asks over HTTP; here the same questions go to the world: the record by `GetParameter`, the task's
//! containers, the instance metadata.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use protector_core::control::Control;
use protector_core::wait::{
    Because, Fate, Known, Leftover, Next, Observation, Reading, Switch, Task, Trouble, Wait, Why,
};
use protector_local_aws::model::{ApiError, Call, ContainerStart, ContainerStatus, Service};
use protector_local_aws::principal;
use serde_json::json;
use tokio::sync::Notify;

use super::stage::Stage;
use crate::lab::CLUSTER;

/// Lives until it leaves. Whoever kills it aborts this.
pub(super) async fn live(stage: Arc<Stage>, start: ContainerStart, sigterm: Arc<Notify>) {
    let task = start.task_arn.clone();
    stage.with(|world, now| world.container_started(now, &task, crate::SIDECAR));
    let mut sidecar = Sidecar::new(stage.clone(), start);
    sidecar.self_check();
    sigterm.notified().await;
    let why = sidecar.hold().await;
    stage.with(|world, now| world.container_exited(now, &task, crate::SIDECAR, i32::from(why.code())));
}

struct Sidecar {
    stage: Arc<Stage>,
    start: ContainerStart,
    known: Known,
    wait: Wait,
    reads: u32,
    since: Timestamp,
    said: Option<Because>,
}

impl Sidecar {
    fn new(stage: Arc<Stage>, start: ContainerStart) -> Sidecar {
        let service = stage.with(|world, _| world.task(&start.task_arn)?.service);
        let arn = stage.with(|world, _| world.instance_state(&start.instance)?.container_instance_arn);
        Sidecar {
            known: Known {
                service: service.and_then(|name| name.parse().ok()),
                container_instance: arn.and_then(|arn| arn.parse().ok()),
                leftover: None,
            },
            wait: Wait::new(stage.sidecar_policy),
            reads: 0,
            since: stage.clock.now(),
            said: None,
            stage,
            start,
        }
    }

    /// A release that is there already is of an earlier drain.
    fn self_check(&mut self) {
        if let Reading::Record(record) = self.read() {
            self.known.leftover = Leftover::of(&record);
        }
    }

    async fn hold(&mut self) -> Why {
        (self.since, self.reads) = (self.stage.clock.now(), 0);
        loop {
            let seen = self.look();
            match self.wait.next(&self.known, &seen) {
                Next::Leave(why) => {
                    self.tell_leaving(why);
                    return why;
                }
                Next::Sleep { duration, because } => {
                    self.tell_holding(because);
                    tokio::time::sleep(duration.unsigned_abs()).await;
                }
            }
        }
    }

    /// The task first: if nothing is left to protect, nobody else need be asked.
    fn look(&mut self) -> Observation {
        let now = self.stage.clock.now();
        let task = self.task();
        let reading = match task {
            Task::Stopped => Reading::Trouble(Trouble::NotAsked),
            _ => self.read(),
        };
        let since_sigterm = now.duration_since(self.since);
        Observation {
            now,
            since_sigterm,
            fate: self.fate(&reading),
            switch: self.switch(&reading, since_sigterm),
            reading,
            task,
            chance: 0.5,
        }
    }

    fn task(&self) -> Task {
        let view = self.stage.with(|world, _| world.task(&self.start.task_arn));
        let containers = view.map(|task| task.containers).unwrap_or_default();
        let mut protected = containers
            .iter()
            .filter(|container| container.name != crate::SIDECAR);
        match protected.all(|container| container.status == ContainerStatus::Stopped) {
            true => Task::Stopped,
            false => Task::Alive,
        }
    }

    fn read(&mut self) -> Reading {
        let name = format!("/ecs-daemon-protector/{CLUSTER}/{}", self.start.instance);
        match self.text(&name) {
            Ok(text) => Reading::of_text(&text),
            Err(error) => without_record(&error),
        }
    }

    fn text(&mut self, name: &str) -> Result<String, ApiError> {
        self.reads += 1;
        let call = Call {
            service: Service::Ssm,
            operation: "GetParameter".to_owned(),
            params: json!({"Name": name}),
            principal: principal::sidecar(&self.start.task_id),
        };
        let answer = self.stage.with(|world, now| world.call(now, &call))?;
        Ok(answer["Parameter"]["Value"]
            .as_str()
            .unwrap_or_default()
            .to_owned())
    }

    /// The kill switch, when the wait wants it. Without a parameter it is on.
    fn switch(&mut self, reading: &Reading, since_sigterm: SignedDuration) -> Switch {
        let holds = matches!(reading, Reading::Record(record) if !record.is_released());
        if !holds || !self.wait.wants_switch(since_sigterm) {
            return Switch::NotAsked;
        }
        match self.text("/ecs-daemon-protector/control") {
            Ok(text) => Control::decode(&text).map_or(Switch::Unclear, Switch::Says),
            Err(error) if error.code == "ParameterNotFound" => Switch::Says(Control::On),
            Err(_) => Switch::Unclear,
        }
    }

    /// The instance's fate only matters while there is no record of this drain.
    fn fate(&self, reading: &Reading) -> Fate {
        let maybe_absent = match reading {
            Reading::NotFound => true,
            Reading::Record(record) => record.is_released() || self.known.is_foreign(record),
            Reading::Trouble(_) => false,
        };
        if !(maybe_absent && self.wait.wants_fate()) {
            return Fate::Unknown;
        }
        let imds = |path: &str| {
            self.stage
                .with(|world, now| world.imds(now, &self.start.instance, path))
        };
        match imds("autoscaling/target-lifecycle-state").as_deref() {
            _ if imds("spot/instance-action").is_some() => Fate::Leaving,
            Some("Terminated") => Fate::Leaving,
            Some("InService") => Fate::InService,
            _ => Fate::Unknown,
        }
    }

    fn tell_holding(&mut self, because: Because) {
        if self.said != Some(because) {
            self.said = Some(because);
            self.tell(format!("holds: {}", words(&json!(because))));
        }
    }

    fn tell_leaving(&self, why: Why) {
        let held = self.stage.clock.now().duration_since(self.since);
        let (words, code) = (words(&json!(why)), why.code());
        let (held, reads) = (seconds(held), self.reads);
        self.tell(format!(
            "leaves: {words} (exit code {code}; held {held} s, {reads} reads)"
        ));
    }

    fn tell(&self, text: String) {
        self.stage
            .tell(|tale, now| tale.sidecar(now, &self.start.task_arn, text));
    }
}

fn without_record(error: &ApiError) -> Reading {
    match error.code.as_str() {
        "ParameterNotFound" => Reading::NotFound,
        "AccessDeniedException" => Reading::Trouble(Trouble::Denied),
        _ => Reading::Trouble(Trouble::Failed),
    }
}

/// A name of the core's, as people write it.
fn words(name: &serde_json::Value) -> String {
    name.as_str().unwrap_or_default().replace('-', " ")
}

fn seconds(duration: SignedDuration) -> String {
    format!("{:.1}", duration.as_secs_f64())
}
