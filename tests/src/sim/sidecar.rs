//! One sidecar's life: the self-check, SIGTERM, and then the core's own state machine until it says leave.
//!
//! The real program asks over HTTP; here the same questions go to the world: record and kill switch by `GetParameters`,
//! the task's containers, the instance metadata.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use protector_core::wait::{
    Ask, Because, Fate, Known, Next, Observation, Reading, Switch, Task, Together, Trouble, Wait, Why,
};
use protector_local_aws::model::{ApiError, Call, ContainerStart, ContainerStatus, Service};
use protector_local_aws::principal;
use serde_json::{Value, json};
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

/// The kill switch.
const CONTROL: &str = "/ecs-daemon-protector/control";

/// What the parameters said in one look.
struct Heard {
    reading: Reading,
    switch: Switch,
    together: Together,
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
            },
            wait: Wait::new(stage.sidecar_policy),
            reads: 0,
            since: stage.clock.now(),
            said: None,
            stage,
            start,
        }
    }

    /// One call, of which nothing is kept.
    fn self_check(&mut self) {
        self.both();
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
        let since_sigterm = now.duration_since(self.since);
        let heard = match task {
            Task::Stopped => self.hear(Ask::Nothing),
            _ => self.hear(self.wait.asks(true, since_sigterm)),
        };
        Observation {
            since_sigterm,
            sigterm_at: Some(self.since),
            host_clock: now,
            fate: self.fate(&heard.reading),
            switch: heard.switch,
            together: heard.together,
            reading: heard.reading,
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

    /// Asks for what the wait wants.
    fn hear(&mut self, asks: Ask) -> Heard {
        let mut heard = Heard {
            reading: Reading::Trouble(Trouble::NotAsked),
            switch: Switch::NotAsked,
            together: Together::NotAsked,
        };
        match asks {
            Ask::Both => return self.both(),
            Ask::Record => heard.reading = self.record_alone(),
            Ask::Switch => heard.switch = self.switch_alone(),
            Ask::Nothing => {}
        }
        heard
    }

    /// Both in one call, or each by itself if that is denied.
    fn both(&mut self) -> Heard {
        let (record, control) = (self.record_name(), CONTROL.to_owned());
        match self.call("GetParameters", &json!({"Names": [record, control]})) {
            Ok(answer) => Heard {
                reading: Reading::of_parameter(text_of(&answer, &record)),
                switch: Switch::of_parameter(text_of(&answer, &control)),
                together: Together::Answered,
            },
            Err(error) if error.code == "AccessDeniedException" => Heard {
                reading: self.record_alone(),
                switch: self.switch_alone(),
                together: Together::Denied,
            },
            Err(_) => Heard {
                reading: Reading::Trouble(Trouble::Failed),
                switch: Switch::Unclear,
                together: Together::Answered,
            },
        }
    }

    fn record_name(&self) -> String {
        format!("/ecs-daemon-protector/{CLUSTER}/{}", self.start.instance)
    }

    fn record_alone(&mut self) -> Reading {
        match self.call("GetParameter", &json!({"Name": self.record_name()})) {
            Ok(answer) => Reading::of_parameter(answer["Parameter"]["Value"].as_str()),
            Err(error) => without_record(&error),
        }
    }

    fn switch_alone(&mut self) -> Switch {
        match self.call("GetParameter", &json!({"Name": CONTROL})) {
            Ok(answer) => Switch::of_parameter(answer["Parameter"]["Value"].as_str()),
            Err(error) if error.code == "ParameterNotFound" => Switch::of_parameter(None),
            Err(_) => Switch::Unclear,
        }
    }

    fn call(&mut self, operation: &str, params: &Value) -> Result<Value, ApiError> {
        self.reads += 1;
        let call = Call {
            service: Service::Ssm,
            operation: operation.to_owned(),
            params: params.clone(),
            principal: principal::sidecar(&self.start.task_id),
        };
        self.stage.with(|world, now| world.call(now, &call))
    }

    /// The instance's fate only matters while there is no record of this drain.
    fn fate(&self, reading: &Reading) -> Fate {
        if !self.wait.wants_fate(&self.known, reading) {
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

/// The text of one of the parameters of an answer.
fn text_of<'a>(answer: &'a Value, name: &str) -> Option<&'a str> {
    let mut found = answer["Parameters"].as_array()?.iter();
    found.find(|parameter| parameter["Name"] == name)?["Value"].as_str()
}

fn without_record(error: &ApiError) -> Reading {
    match error.code.as_str() {
        "ParameterNotFound" => Reading::NotFound,
        "AccessDeniedException" => Reading::Trouble(Trouble::Denied),
        _ => Reading::Trouble(Trouble::Failed),
    }
}

/// A name of the core's, as people write it.
fn words(name: &Value) -> String {
    name.as_str().unwrap_or_default().replace('-', " ")
}

fn seconds(duration: SignedDuration) -> String {
    format!("{:.1}", duration.as_secs_f64())
}
