//! One execution environment: a process, and one invocation at a time.

use super::invocation::InvocationOutcome;
use super::queues;
use super::runtime_api::{Report, RuntimeApi, Slot, Work};
use super::spec::CoordinatorSpec;
use crate::live::Live;
use crate::principal::{COORDINATOR, HEARTBEATS};
use crate::process::{LineLog, Process, Registry, exit_code};
use serde_json::Value;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::process::Command;

/// How long a function may take until it asks for work:
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// The functions of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Processes events.
    Coordinator,
    /// Keeps hooks alive.
    Heartbeats,
}

impl Role {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Role::Coordinator => "ecs-daemon-protector",
            Role::Heartbeats => "ecs-daemon-protector-heartbeats",
        }
    }

    pub(super) fn arn(self, region: &str, account: &str) -> String {
        format!("arn:aws:lambda:{region}:{account}:function:{}", self.name())
    }

    /// The principal of its calls.
    const fn principal(self) -> &'static str {
        match self {
            Role::Coordinator => COORDINATOR,
            Role::Heartbeats => HEARTBEATS,
        }
    }
}

/// The log group of both functions.
pub(crate) const LOG_GROUP: &str = "/aws/lambda/ecs-daemon-protector";

/// What every environment of a function is made from.
pub(super) struct Setting {
    binary: PathBuf,
    variables: Vec<(String, String)>,
    registry: Arc<Registry>,
    log: Arc<LineLog>,
}

impl Setting {
    pub(super) fn new(
        role: Role,
        spec: &CoordinatorSpec,
        endpoint: &str,
        live: &Live,
        registry: Arc<Registry>,
        log: Arc<LineLog>,
    ) -> Setting {
        let own = variables(spec, live);
        let given = [
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("AWS_LAMBDA_FUNCTION_NAME", role.name().to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", spec.memory_mb.to_string()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", LOG_GROUP.to_owned()),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "local".to_owned()),
            ("AWS_REGION", live.region().to_owned()),
            ("AWS_DEFAULT_REGION", live.region().to_owned()),
            ("AWS_ACCESS_KEY_ID", role.principal().to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("AWS_SESSION_TOKEN", "local".to_owned()),
            ("AWS_ENDPOINT_URL", endpoint.to_owned()),
            ("_HANDLER", "bootstrap".to_owned()),
            ("TZ", ":UTC".to_owned()),
        ];
        let mut variables: Vec<_> = given.map(|(name, value)| (name.to_owned(), value)).into();
        variables.extend(own);
        Setting {
            binary: spec.binary.clone(),
            variables,
            registry,
            log,
        }
    }
}

/// What the stack gives both functions: queues, and settings.
pub(super) fn variables(spec: &CoordinatorSpec, live: &Live) -> Vec<(String, String)> {
    let url = |name: &str| queues::url(live.region(), live.account(), name);
    let mut variables = vec![
        ("DEAD_LETTER_QUEUE_URL".to_owned(), url(queues::DEAD_LETTERS)),
        ("FAILED_EVENT_QUEUE_URL".to_owned(), url(queues::FAILED_EVENTS)),
    ];
    variables.extend(spec.env.iter().cloned());
    variables
}

pub(super) struct Environment {
    process: Process,
    api: RuntimeApi,
    started: Instant,
    init: Option<Duration>,
}

/// The result of waiting for a process to ask for work.
pub(super) enum Ready {
    /// The process asks for work.
    Slot(Slot),
    /// The process has ended and will not ask for work.
    Ended(InvocationOutcome),
}

impl Environment {
    pub(super) async fn start(setting: &Setting) -> io::Result<Environment> {
        let api = RuntimeApi::start().await?;
        let mut command = Command::new(&setting.binary);
        command.env_clear().envs(setting.variables.iter().cloned());
        command.env("AWS_LAMBDA_RUNTIME_API", api.address());
        let started = Instant::now();
        let process = Process::spawn(command, setting.registry.clone(), &setting.log)?;
        Ok(Environment {
            process,
            api,
            started,
            init: None,
        })
    }

    /// Waits until the process asks for work.
    pub(super) async fn ready(&mut self) -> Ready {
        // The output of the process is read before its end, which may have come by the time we look.
        tokio::select! {
            biased;
            Some(slot) = self.api.slots.recv() => {
                self.init.get_or_insert_with(|| self.started.elapsed());
                Ready::Slot(slot)
            }
            Some(report) = self.api.reports.recv() => Ready::Ended(InvocationOutcome::InitFailed(match report {
                Report::InitError(error) => Some(error),
                Report::Response { .. } | Report::Error { .. } => None,
            })),
            status = self.process.exited() => Ready::Ended(self.ended(status).await),
            () = tokio::time::sleep(INIT_LIMIT) => Ready::Ended(InvocationOutcome::TimedOut),
        }
    }

    /// How long the process took to ask for work the first time.
    pub(super) fn init(&self) -> Option<Duration> {
        self.init
    }

    /// Waits for the end of the invocation whose work has just been taken.
    pub(super) async fn finish(&mut self, request_id: &str, timeout: Duration) -> InvocationOutcome {
        let deadline = tokio::time::sleep(timeout);
        tokio::pin!(deadline);
        loop {
            tokio::select! {
                biased;
                Some(report) = self.api.reports.recv() => {
                    if let Some(outcome) = outcome_of(report, request_id) {
                        return outcome;
                    }
                }
                status = self.process.exited() => return self.ended(status).await,
                () = &mut deadline => return InvocationOutcome::TimedOut,
            }
        }
    }

    /// Waits until all output of a dead process is in the log before its end is reported.
    async fn ended(&mut self, status: io::Result<std::process::ExitStatus>) -> InvocationOutcome {
        self.process.output_ended().await;
        match (status, self.init) {
            (Err(error), _) => InvocationOutcome::Unavailable(error.to_string()),
            (Ok(_), None) => InvocationOutcome::InitFailed(None),
            (Ok(status), Some(_)) => InvocationOutcome::Crashed(exit_code(status)),
        }
    }
}

/// A report on another invocation is late, and says nothing about this one.
fn outcome_of(report: Report, wanted: &str) -> Option<InvocationOutcome> {
    let (request_id, outcome): (String, fn(Value) -> InvocationOutcome) = match &report {
        Report::Response { request_id, .. } => (request_id.clone(), InvocationOutcome::Returned),
        Report::Error { request_id, .. } => (request_id.clone(), InvocationOutcome::Failed),
        Report::InitError(_) => return None,
    };
    let (Report::Response { result: body, .. } | Report::Error { error: body, .. }) = report else {
        return None;
    };
    (request_id == wanted).then(|| outcome(body))
}

/// Work for a slot.
pub(super) fn work(role: Role, request_id: &str, event: &Value, live: &Live, timeout: Duration) -> Work {
    Work {
        request_id: request_id.to_owned(),
        event: event.clone(),
        deadline: live.now().checked_add(timeout).unwrap_or(jiff::Timestamp::MAX),
        function_arn: role.arn(live.region(), live.account()),
    }
}
