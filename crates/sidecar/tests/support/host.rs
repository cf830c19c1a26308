//! One container instance in a local AWS: what its services answer now, and what they were asked.
//!
//! The daemon and the sidecar of its task are simulated there. The sidecar under test is a process of the test, which gets
//! the addresses that its container would have.

use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use std::time::Duration;

use jiff::SignedDuration;
use protector_aws_model::faults::{CallFilter, Limit};
use protector_aws_model::{ApiError, Cut, DateHeader, Service, TaskStatus};
use protector_local_aws::{HostEndpoint, LocalAws, LocalAwsConfig};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::record::{CLUSTER, CONTAINER_INSTANCE, INSTANCE, in_seconds};

/// Longer than an instance and its task take to be there, even on a machine that is busy.
const BOUND: Duration = Duration::from_secs(60);

const CERTIFICATE: &[u8] = include_bytes!("../tls/server.pem");
const KEY: &[u8] = include_bytes!("../tls/server.key");

const DAEMON: &str = "fluent-bit";
const SIDECAR: &str = "ecs-daemon-protector";
const CONTROL: &str = "/ecs-daemon-protector/control";

/// Where the local AWS of all tests runs.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// What Parameter Store answers for one name.
#[derive(Clone)]
pub(crate) enum Ssm {
    NotFound,
    Value(String),
    Error(u16, &'static str),
    Nothing,
    Silence,
}

impl From<Value> for Ssm {
    fn from(record: Value) -> Ssm {
        Ssm::Value(record.to_string())
    }
}

/// What the services of the host answer.
pub(crate) struct State {
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
}

/// A host that answers, for the rest of the test process.
#[derive(Clone)]
pub(crate) struct Host {
    aws: &'static LocalAws,
    task: String,
    state: Arc<Mutex<State>>,
    /// Of the AWS APIs.
    pub(crate) address: String,
    /// Of IMDS and of the agent's introspection.
    pub(crate) imds: String,
    /// `ECS_CONTAINER_METADATA_URI_V4` of the sidecar.
    pub(crate) metadata: String,
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
    pub(crate) credentials: String,
}

impl Host {
    /// A healthy host with no record.
    pub(crate) fn new() -> Host {
        let (aws, task) = RUNTIME.block_on(start());
        let (address, id) = (aws.endpoint_url(), task.rsplit('/').next().unwrap());
        let host = Host {
            state: Arc::new(Mutex::new(State {
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
            })),
            imds: aws.imds_url(INSTANCE).unwrap(),
            metadata: format!("{address}/v4/{id}-{SIDECAR}"),
            credentials: format!("{address}/credentials/{id}"),
            aws,
            task,
            address,
        };
        host.set(|_| {});
        host
    }

    /// The same services by TLS, at another address.
    pub(crate) fn secure_address(&self) -> String {
        let listens = self.aws.listen_with_tls(CERTIFICATE, KEY);
        RUNTIME.block_on(listens).unwrap()
    }

    /// A host whose SSM answers so.
    pub(crate) fn with(ssm: impl Into<Ssm>) -> Host {
        Host::changed(|state| state.ssm = ssm.into())
    }

    /// A host that is not as usual.
    pub(crate) fn changed(change: impl FnOnce(&mut State)) -> Host {
        let host = Host::new();
        host.set(change);
        host
    }

    /// Changes what is answered, all at once.
    pub(crate) fn set(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        self.apply_to_parameters(&state);
        self.apply_to_endpoints(&state);
        if state.daemon == "STOPPED" {
            self.aws
                .world(|world, now| world.container_exited(now, &self.task, DAEMON, 0));
        }
    }

    /// How often something was asked whose name contains `what`.
    pub(crate) fn calls(&self, what: &str) -> usize {
        let calls = self.aws.calls_by(&self.principal());
        let requests = self.aws.host_requests();
        let all = calls.iter().chain(&requests);
        all.filter(|call| call.contains(what)).count()
    }

    /// Returns the number of all calls.
    pub(crate) fn all_calls(&self) -> usize {
        self.calls("")
    }

    fn principal(&self) -> String {
        protector_local_aws::principal::sidecar(self.task.rsplit('/').next().unwrap())
    }

    /// Faults stand before the parameters change, and go after: a read meets the state before or after, none between.
    fn apply_to_parameters(&self, state: &State) {
        let cluster = format!("/ecs-daemon-protector/{CLUSTER}/");
        let named = [
            (format!("{cluster}{INSTANCE}"), &state.ssm),
            (format!("{cluster}shared-0"), &state.shared),
            (CONTROL.to_owned(), &state.kill_switch),
        ];
        let by = |filter: CallFilter| filter.by(&self.principal());
        self.aws.world(|world, now| {
            let faults = world.faults_mut();
            faults.clear();
            if state.denies_together {
                let together = by(CallFilter::operation(Service::Ssm, "GetParameters"));
                faults.deny(together, Limit::Forever);
            }
            for (name, ssm) in &named {
                let reads = by(CallFilter::service(Service::Ssm)).mentioning(name);
                match ssm {
                    Ssm::Error(status, code) => faults.fail(reads, error(*status, code), Limit::Forever),
                    Ssm::Nothing => faults.cut(reads, Cut::BeforeTheHead, Limit::Forever),
                    Ssm::Silence => faults.cut(reads, Cut::Never, Limit::Forever),
                    Ssm::NotFound | Ssm::Value(_) => {}
                }
            }
            let date = state.aws_ahead.map_or(DateHeader::Absent, |seconds| {
                DateHeader::Ahead(SignedDuration::from_secs(seconds))
            });
            faults.date(CallFilter::any(), date, Limit::Forever);
            for (name, ssm) in &named {
                let (operation, params) = match ssm {
                    Ssm::Value(value) => (
                        "PutParameter",
                        json!({"Name": name, "Value": value, "Type": "String", "Overwrite": true}),
                    ),
                    _ if world.parameter(name).is_some() => ("DeleteParameter", json!({"Name": name})),
                    _ => continue,
                };
                world.call(now, &call(operation, params)).unwrap();
            }
        });
    }

    fn apply_to_endpoints(&self, state: &State) {
        let open = |is| match is {
            true => HostEndpoint::Answers,
            false => HostEndpoint::Closes,
        };
        let agent = |otherwise| state.agent_refuses.map_or(otherwise, HostEndpoint::Refuses);
        let credentials = match state.credentials {
            true => HostEndpoint::Answers,
            false => HostEndpoint::Refuses(503),
        };
        self.aws
            .set_task_metadata(&self.task, agent(open(state.task_metadata)));
        self.aws.set_credentials(&self.task, agent(credentials));
        self.aws
            .set_credentials_life(&self.task, SignedDuration::from_secs(state.credentials_last));
        self.aws.set_imds(INSTANCE, open(state.imds));
        self.aws.set_introspection(INSTANCE, open(state.introspection));
        if let Some(target) = state.target_lifecycle_state {
            self.aws
                .set_imds_value(INSTANCE, "autoscaling/target-lifecycle-state", target);
        }
        if state.spot_action {
            let action = json!({"action": "terminate", "time": in_seconds(120)}).to_string();
            self.aws.set_imds_value(INSTANCE, "spot/instance-action", &action);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

fn error(status: u16, code: &str) -> ApiError {
    ApiError::new(code, "in a test", status)
}

fn call(operation: &str, params: Value) -> protector_aws_model::Call {
    protector_aws_model::Call {
        service: Service::Ssm,
        operation: operation.to_owned(),
        params,
        principal: "test".to_owned(),
    }
}

/// An account with one instance, and the ARN of the task on it.
async fn start() -> (&'static LocalAws, String) {
    let mut config = LocalAwsConfig {
        tick_every: None,
        keep_alive: false,
        ..LocalAwsConfig::default()
    };
    config.world.quotas = false;
    // A sidecar may outlive its host in a test.
    let aws: &LocalAws = Box::leak(Box::new(LocalAws::start(config).await.unwrap()));
    let ecs = |operation: &str, params: Value| aws.call(Service::Ecs, operation, params).unwrap();
    ecs("CreateCluster", json!({"clusterName": CLUSTER}));
    let launched = aws.world(|world, now| world.launch_instance(now, CLUSTER));
    assert_eq!(launched, INSTANCE);
    // The ids of a world are the same each time, and in the order of what is made in it.
    let registered = aws.wait_until("the instance is registered", BOUND, |world| {
        world.instance_state(INSTANCE)?.container_instance_arn
    });
    assert_eq!(registered.await.unwrap(), CONTAINER_INSTANCE);
    // When the daemon has ended, the sidecar has its stop timeout.
    let simulated = |name: &str, stop_seconds: &str| {
        let labels = json!({"local-aws.simulated": "true", "local-aws.stop-seconds": stop_seconds});
        json!({"name": name, "image": name, "memory": 16, "essential": name == DAEMON, "stopTimeout": 3600, "dockerLabels": labels})
    };
    ecs(
        "RegisterTaskDefinition",
        json!({"family": DAEMON, "taskRoleArn": "arn:aws:iam::123456789012:role/daemon",
            "containerDefinitions": [simulated(DAEMON, "0"), simulated(SIDECAR, "3600")]}),
    );
    ecs(
        "CreateService",
        json!({"cluster": CLUSTER, "serviceName": DAEMON, "taskDefinition": DAEMON, "schedulingStrategy": "DAEMON"}),
    );
    let running = aws.wait_until("the task runs", BOUND, |world| {
        let task = world.tasks_on(INSTANCE).pop()?;
        (task.last_status == TaskStatus::Running).then_some(task.task_arn)
    });
    let task = running.await.unwrap();
    (aws, task)
}
