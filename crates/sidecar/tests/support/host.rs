//! One container instance: what its services answer now, and what they were asked.

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::json;

use super::http::{Answer, Request, serve, serve_securely};
use super::record::{CLUSTER, CONTAINER_INSTANCE, INSTANCE, TASK, date, in_seconds};

/// What SSM answers.
#[derive(Clone)]
pub(crate) enum Ssm {
    NotFound,
    Value(String),
    Error(u16, &'static str),
    Nothing,
    Silence,
}

/// What the services of the host answer.
pub(crate) struct State {
    /// The record.
    pub(crate) ssm: Ssm,
    /// The first shared record of the cluster.
    pub(crate) shared: Ssm,
    pub(crate) kill_switch: Ssm,
    /// `GetParameters` is denied, whatever is asked for.
    pub(crate) denies_together: bool,
    pub(crate) task_metadata: bool,
    pub(crate) credentials: bool,
    /// Credentials last for so many seconds.
    pub(crate) credentials_last: i64,
    /// The agent answers every request of a task with this status.
    pub(crate) agent_refuses: Option<u16>,
    pub(crate) imds: bool,
    pub(crate) introspection: bool,
    pub(crate) daemon: &'static str,
    pub(crate) target_lifecycle_state: Option<&'static str>,
    pub(crate) spot_action: bool,
    /// The clock of AWS is so many seconds ahead of the host's; without it no answer has a `Date`.
    pub(crate) aws_ahead: Option<i64>,
    pub(crate) calls: Vec<String>,
}

/// A host that answers.
#[derive(Clone)]
pub(crate) struct Host {
    state: Arc<Mutex<State>>,
    pub(crate) address: String,
}

impl Host {
    /// A healthy host with no record.
    pub(crate) fn new() -> Host {
        let state = Arc::new(Mutex::new(State {
            ssm: Ssm::NotFound,
            shared: Ssm::NotFound,
            kill_switch: Ssm::NotFound,
            denies_together: false,
            task_metadata: true,
            credentials: true,
            credentials_last: 3600,
            agent_refuses: None,
            imds: true,
            introspection: true,
            daemon: "RUNNING",
            target_lifecycle_state: None,
            spot_action: false,
            aws_ahead: Some(0),
            calls: vec![],
        }));
        let address = serve(answers(&state));
        Host { state, address }
    }

    /// The same services by TLS, at another address.
    pub(crate) fn secure_address(&self) -> String {
        serve_securely(answers(&self.state))
    }

    /// A host whose SSM answers so.
    pub(crate) fn with(ssm: Ssm) -> Host {
        let host = Host::new();
        host.set(|state| state.ssm = ssm);
        host
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
    }

    /// How often something was asked whose name contains `what`.
    pub(crate) fn calls(&self, what: &str) -> usize {
        self.state()
            .calls
            .iter()
            .filter(|call| call.contains(what))
            .count()
    }

    /// Returns the number of all calls.
    pub(crate) fn all_calls(&self) -> usize {
        self.calls("")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

type Dated = (Answer, Option<String>);

fn answers(state: &Arc<Mutex<State>>) -> impl Fn(&Request) -> Dated + Clone + Send + 'static {
    let shared = state.clone();
    move |request| {
        let mut state = shared.lock().unwrap();
        (answer(&mut state, request), state.aws_ahead.map(date))
    }
}

fn answer(state: &mut State, request: &Request) -> Answer {
    let target = request
        .header("x-amz-target")
        .map(|t| t.rsplit('.').next().unwrap_or(t).to_owned());
    state.calls.push(
        target
            .clone()
            .unwrap_or_else(|| format!("{} {}", request.method, request.path)),
    );
    match (target.as_deref(), request.path.as_str()) {
        (Some("GetParameters"), _) => parameters(state, request),
        (Some("GetParameter"), _) => parameter(state, request),
        (Some(_), _) => Answer::Status(400, json!({"__type": "InvalidAction"}).to_string()),
        (None, path) if of_agent(path) && state.agent_refuses.is_some() => {
            Answer::Status(state.agent_refuses.unwrap_or_default(), String::new())
        }
        (None, "/credentials") if state.credentials => ok(&credentials(state.credentials_last)),
        (None, "/credentials") => {
            Answer::Status(503, json!({"code": "CredentialsUninitialized"}).to_string())
        }
        (None, path) if path.starts_with("/v4/") => task_metadata(state, path),
        (None, "/v1/metadata") if state.introspection => ok(
            &json!({"Cluster": CLUSTER, "ContainerInstanceArn": CONTAINER_INSTANCE, "Version": "v1.105.1"}),
        ),
        (None, path) if path.starts_with("/latest/") => imds(state, request, path),
        (None, _) => Answer::Status(404, String::new()),
    }
}

fn ok(value: &serde_json::Value) -> Answer {
    Answer::Status(200, value.to_string())
}

fn of_agent(path: &str) -> bool {
    path == "/credentials" || path.starts_with("/v4/")
}

fn credentials(seconds: i64) -> serde_json::Value {
    json!({"AccessKeyId": "AKID", "SecretAccessKey": "secret", "Token": "token", "Expiration": in_seconds(seconds)})
}

const CONTROL: &str = "/ecs-daemon-protector/control";

fn named<'a>(state: &'a State, name: &str) -> &'a Ssm {
    let cluster = format!("/ecs-daemon-protector/{CLUSTER}/");
    match name {
        CONTROL => &state.kill_switch,
        name if name == format!("{cluster}{INSTANCE}") => &state.ssm,
        name if name == format!("{cluster}shared-0") => &state.shared,
        name if name.starts_with(&format!("{cluster}shared-")) => &Ssm::NotFound,
        _ => &Ssm::Error(400, "ValidationException"),
    }
}

fn view(name: &str, value: &str) -> serde_json::Value {
    json!({"Name": name, "Type": "String", "Value": value, "Version": 1})
}

/// The answer instead of a value.
fn refusal(ssm: &Ssm) -> Answer {
    match ssm {
        Ssm::NotFound => Answer::Status(400, json!({"__type": "ParameterNotFound"}).to_string()),
        Ssm::Error(status, code) => Answer::Status(
            *status,
            json!({"__type": code, "message": "in a test"}).to_string(),
        ),
        Ssm::Silence => Answer::Silence,
        Ssm::Nothing | Ssm::Value(_) => Answer::Nothing,
    }
}

fn parameter(state: &State, request: &Request) -> Answer {
    let asked: serde_json::Value = serde_json::from_str(&request.body).unwrap_or_default();
    let name = asked["Name"].as_str().unwrap_or_default();
    match named(state, name) {
        Ssm::Value(value) => ok(&json!({"Parameter": view(name, value)})),
        other => refusal(other),
    }
}

/// What goes wrong with one name goes wrong with all of them; one that is not there is no error.
fn parameters(state: &State, request: &Request) -> Answer {
    let asked: serde_json::Value = serde_json::from_str(&request.body).unwrap_or_default();
    let names = asked["Names"].as_array().cloned().unwrap_or_default();
    let names: Vec<&str> = names.iter().filter_map(|name| name.as_str()).collect();
    if state.denies_together {
        return refusal(&Ssm::Error(400, "AccessDeniedException"));
    }
    let (mut found, mut absent) = (vec![], vec![]);
    for name in names {
        match named(state, name) {
            Ssm::Value(value) => found.push(view(name, value)),
            Ssm::NotFound => absent.push(name),
            other => return refusal(other),
        }
    }
    ok(&json!({"Parameters": found, "InvalidParameters": absent}))
}

fn task_metadata(state: &State, path: &str) -> Answer {
    if !state.task_metadata {
        return Answer::Nothing;
    }
    let container = |name: &str, status: &str| json!({"Name": name, "KnownStatus": status, "Type": "NORMAL"});
    let own = container("ecs-daemon-protector", "RUNNING");
    if !path.ends_with("/task") {
        return ok(&own);
    }
    ok(&json!({
        "Cluster": format!("arn:aws:ecs:eu-west-1:123456789012:cluster/{CLUSTER}"),
        "TaskARN": TASK, "Family": "fluent-bit", "Revision": "1", "ServiceName": "fluent-bit",
        "DesiredStatus": "RUNNING", "KnownStatus": "RUNNING", "LaunchType": "EC2",
        "Containers": [container("fluent-bit", state.daemon), own],
    }))
}

/// Version 2: a GET without a token is refused.
fn imds(state: &State, request: &Request, path: &str) -> Answer {
    if !state.imds {
        return Answer::Nothing;
    }
    if request.method == "PUT" {
        return Answer::Status(200, "imds-token".to_owned());
    }
    if request.header("x-aws-ec2-metadata-token") != Some("imds-token") {
        return Answer::Status(401, String::new());
    }
    let told = match path.trim_start_matches("/latest/meta-data/") {
        "instance-id" => Some(INSTANCE.to_owned()),
        "autoscaling/target-lifecycle-state" => state.target_lifecycle_state.map(str::to_owned),
        "spot/instance-action" => state
            .spot_action
            .then(|| json!({"action": "terminate", "time": in_seconds(120)}).to_string()),
        _ => None,
    };
    told.map_or(Answer::Status(404, String::new()), |text| {
        Answer::Status(200, text)
    })
}
