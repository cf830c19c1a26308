//! One sidecar's life: the self-check, SIGTERM, and then the core's protocol until it ends.
//!
//! The real program asks over HTTP. Here the same questions go to the world: record and kill switch by `GetParameters`,
//! the task's containers, the instance metadata.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use protector_aws_model::{ApiError, Call, ContainerStart, Service};
use protector_core::hold::state::{
    ExitReason, HoldReason, ProtectedContainers, ReadError, SidecarIdentity, TargetLifecycleState,
};
use protector_core::hold::{Answer, Hold, Identity, Moment, Step};
use protector_core::record::ParameterPrefix;
use protector_core::task_metadata;
use protector_local_aws::principal;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::harness::Harness;
use crate::names::{CLUSTER, SIDECAR};

/// Starts a sidecar, which lives until it leaves. A kill aborts its task.
pub(super) fn start(harness: Arc<Harness>, start: ContainerStart, sigterm: Arc<Notify>) -> JoinHandle<()> {
    tokio::spawn(live(harness, start, sigterm))
}

async fn live(harness: Arc<Harness>, start: ContainerStart, sigterm: Arc<Notify>) {
    let task = start.task_arn.clone();
    harness.with(|world, now| world.container_started(now, &task, SIDECAR));
    let mut sidecar = Sidecar::new(harness.clone(), start);
    sidecar.self_check();
    sigterm.notified().await;
    let why = sidecar.hold().await;
    harness.with(|world, now| world.container_exited(now, &task, SIDECAR, i32::from(why.code())));
}

struct Sidecar {
    harness: Arc<Harness>,
    start: ContainerStart,
    identity: Option<Identity>,
    hold: Hold,
    since: Timestamp,
    said: Option<HoldReason>,
}

impl Sidecar {
    fn new(harness: Arc<Harness>, start: ContainerStart) -> Sidecar {
        let identity = identity(&harness, &start);
        let hold = Hold::new(
            harness.sidecar_policy,
            ParameterPrefix::default(),
            identity.clone(),
        );
        Sidecar {
            identity,
            hold,
            since: harness.clock.now(),
            said: None,
            harness,
            start,
        }
    }

    /// One call, whose answer is not kept.
    fn self_check(&mut self) {
        if let Some(identity) = &self.identity {
            self.read_parameters(&identity.names(&ParameterPrefix::default()));
        }
    }

    async fn hold(&mut self) -> ExitReason {
        self.since = self.harness.clock.now();
        let mut answer = Answer::Nothing;
        loop {
            let held = self.harness.clock.now().duration_since(self.since);
            answer = match self.hold.next(&Moment::after(self.since, held, 0.5), answer) {
                Step::ReadTask => Answer::Task(self.task()),
                Step::FindIdentity => Answer::Identity(self.identity.clone().ok_or(ReadError::Unidentified)),
                Step::ReadParameters(names) => self.read_parameters(&names),
                Step::ReadParameter(name) => self.read_parameter(&name),
                Step::ReadInstanceMetadata => Answer::Instance(self.target_state()),
                Step::Sleep {
                    duration,
                    reason: because,
                } => {
                    self.tell_holding(because);
                    tokio::time::sleep(duration.unsigned_abs()).await;
                    Answer::Nothing
                }
                Step::Exit(why) => {
                    self.tell_leaving(why);
                    return why;
                }
            };
        }
    }

    fn task(&self) -> ProtectedContainers {
        let said = self
            .harness
            .with(|world, _| world.task_metadata(&self.start.task_id));
        let metadata = said.and_then(|said| task_metadata::read(said.to_string().as_bytes()).ok());
        let own = SIDECAR.parse().ok();
        metadata.map_or(ProtectedContainers::Unclear, |task| task.state(&[], own.as_ref()))
    }

    fn read_parameters(&self, names: &[String]) -> Answer {
        let read = self.call("GetParameters", &json!({ "Names": names }));
        let texts = |answer: Value| {
            let text = |name: &String| text_of(&answer, name).map(str::to_owned);
            names.iter().map(|name| (name.clone(), text(name))).collect()
        };
        Answer::Parameters(read.map(texts).map_err(|error| ReadError::of_code(&error.code)))
    }

    fn read_parameter(&self, name: &str) -> Answer {
        let text = match self.call("GetParameter", &json!({ "Name": name })) {
            Ok(answer) => Ok(answer["Parameter"]["Value"].as_str().map(str::to_owned)),
            Err(error) if error.code == "ParameterNotFound" => Ok(None),
            Err(error) => Err(ReadError::of_code(&error.code)),
        };
        Answer::Parameters(text.map(|text| [(name.to_owned(), text)].into_iter().collect()))
    }

    fn call(&self, operation: &str, params: &Value) -> Result<Value, ApiError> {
        let call = Call {
            service: Service::Ssm,
            operation: operation.to_owned(),
            params: params.clone(),
            principal: principal::sidecar(&self.start.task_id),
        };
        self.harness.with(|world, now| world.call(now, &call))
    }

    fn target_state(&self) -> TargetLifecycleState {
        let imds = |path: &str| {
            self.harness
                .with(|world, now| world.imds(now, &self.start.instance, path))
        };
        let target = imds("autoscaling/target-lifecycle-state");
        TargetLifecycleState::of(target.as_deref(), imds("spot/instance-action").is_some())
    }

    fn tell_holding(&mut self, because: HoldReason) {
        if self.said != Some(because) {
            self.said = Some(because);
            self.tell(format!("holds: {}", words(&json!(because))));
        }
    }

    fn tell_leaving(&self, why: ExitReason) {
        let held = self.harness.clock.now().duration_since(self.since);
        let (words, code) = (words(&json!(why)), why.code());
        let (held, reads) = (seconds(held), self.hold.reads());
        self.tell(format!(
            "leaves: {words} (exit code {code}; held {held} s, {reads} reads)"
        ));
    }

    fn tell(&self, text: String) {
        self.harness
            .tell(|transcript, now| transcript.sidecar(now, &self.start.task_arn, text));
    }
}

/// The text of one of the parameters of an answer.
fn text_of<'a>(answer: &'a Value, name: &str) -> Option<&'a str> {
    let mut found = answer["Parameters"].as_array()?.iter();
    found.find(|parameter| parameter["Name"] == name)?["Value"].as_str()
}

/// The identity of the sidecar, found in the same way as the program does.
fn identity(harness: &Arc<Harness>, start: &ContainerStart) -> Option<Identity> {
    let service = harness.with(|world, _| world.task(&start.task_arn)?.service);
    let arn = harness.with(|world, _| world.instance_state(&start.instance)?.container_instance_arn);
    Some(Identity {
        region: "eu-west-1".to_owned(),
        cluster: CLUSTER.parse().ok()?,
        instance: start.instance.parse().ok()?,
        own_container: SIDECAR.parse().ok()?,
        task: start.task_arn.parse().ok(),
        known: SidecarIdentity {
            service: service.and_then(|name| name.parse().ok()),
            container_instance: arn.and_then(|arn| arn.parse().ok()),
        },
    })
}

/// A name from the core, as words for people.
fn words(name: &Value) -> String {
    name.as_str().unwrap_or_default().replace('-', " ")
}

fn seconds(duration: SignedDuration) -> String {
    format!("{:.1}", duration.as_secs_f64())
}
