//! What is drained: one instance, and what runs on it.

use super::files::RunDirectory;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The region of the local AWS.
pub(crate) const REGION: &str = "us-east-1";

pub(crate) const CLUSTER: &str = "demo";

/// The Auto Scaling group.
pub(crate) const GROUP: &str = "demo";

/// How many replica tasks the `web` service has.
pub(crate) const REPLICAS: usize = 3;

/// Family and service of the replica tasks.
pub(crate) const WEB: &str = "web";

/// Family of the standalone task.
pub(crate) const JOB: &str = "job";

/// Family of a standalone task that holds a drain for long, and for how long.
pub(crate) const LONG_JOB: &str = "long-job";
const LONG_JOB_RUNS: Duration = Duration::from_secs(3600);

/// Family and DAEMON service of the log router, and the name of its container.
pub(crate) const ROUTER: &str = "log-router";

/// The container of the sidecar.
pub(crate) const SIDECAR: &str = "ecs-daemon-protector";

/// The container of an application.
pub(crate) const APP: &str = "app";

/// How often an application logs a line.
const EVERY: Duration = Duration::from_millis(100);

/// How long all runs together before the drain.
pub(crate) const WARM_UP: Duration = Duration::from_secs(3);

/// How much longer than the replica tasks the standalone task runs.
const JOB_LONGER: Duration = Duration::from_secs(4);

/// How many lines the standalone task logs at its end, all at once.
pub(crate) const REPORT: u32 = 400;

/// How often the router reads a line from a connection.
const READ_EVERY: Duration = Duration::from_millis(10);

/// Seconds until the agent kills an application that does not end; more than any SIGTERM window here.
const APP_STOP_TIMEOUT: u64 = 120;

/// How long the router continues to read after the standalone task has ended: its report is still in the socket.
pub(crate) fn backlog() -> Duration {
    READ_EVERY * REPORT
}

/// With the protector or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Plain ECS, with managed instance draining.
    Without,
    /// With coordinator and sidecar.
    With,
}

impl Kind {
    /// Its name, which is also that of its directory.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Without => "without",
            Kind::With => "with",
        }
    }

    /// The lifecycle hook of its group. Managed instance draining has one of its own.
    pub(crate) fn hook(self) -> &'static str {
        match self {
            Kind::Without => "ecs-managed-draining-termination-hook",
            Kind::With => "ecs-daemon-protector",
        }
    }
}

/// One run of the drain.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// With or without.
    pub(crate) kind: Kind,
    pub(crate) run: RunDirectory,
    /// The program of router and applications: this one.
    pub(crate) own: PathBuf,
    /// The coordinator, with the protector.
    pub(crate) coordinator: Option<PathBuf>,
    /// The sidecar, with the protector.
    pub(crate) sidecar: Option<PathBuf>,
    /// How long the applications go on logging after SIGTERM.
    pub(crate) window: Duration,
    /// How long the protector keeps the router after the last task.
    pub(crate) linger: Duration,
}

impl Scenario {
    /// How long the standalone task works, from its start.
    pub(crate) fn job_runs(&self) -> Duration {
        WARM_UP + self.window + JOB_LONGER
    }

    /// The task definitions: applications, and the router with the sidecar beside it.
    pub(crate) fn task_definitions(&self) -> [Value; 3] {
        [
            self.app(WEB, None, 0),
            self.app(JOB, Some(self.job_runs()), REPORT),
            self.router(),
        ]
    }

    /// The task definition of the task that holds a drain when the demo is over.
    pub(crate) fn long_job(&self) -> Value {
        self.app(LONG_JOB, Some(LONG_JOB_RUNS), 0)
    }

    fn app(&self, name: &str, run: Option<Duration>, report: u32) -> Value {
        let mut command = self.command("worker");
        command.extend(["--name".to_owned(), name.to_owned()]);
        command.extend([
            "--window".to_owned(),
            text(self.window),
            "--every".to_owned(),
            text(EVERY),
            "--report".to_owned(),
            report.to_string(),
        ]);
        command.extend(run.into_iter().flat_map(|run| ["--run".to_owned(), text(run)]));
        json!({"family": name, "requiresCompatibilities": ["EC2"], "networkMode": "host", "containerDefinitions": [
            {"name": APP, "image": APP, "essential": true, "memory": 32, "command": command,
             "stopTimeout": APP_STOP_TIMEOUT},
        ]})
    }

    fn router(&self) -> Value {
        let mut command = self.command("router");
        command.extend(["--read-every".to_owned(), text(READ_EVERY)]);
        let router = json!({"name": ROUTER, "image": ROUTER, "essential": true, "memory": 64,
            "command": command, "stopTimeout": 60});
        let containers: Vec<_> = [router]
            .into_iter()
            .chain(self.sidecar.as_deref().map(sidecar))
            .collect();
        json!({"family": ROUTER, "requiresCompatibilities": ["EC2"], "networkMode": "host",
            "taskRoleArn": "arn:aws:iam::123456789012:role/log-router-task", "containerDefinitions": containers})
    }

    fn command(&self, name: &str) -> Vec<String> {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        vec![
            path(&self.own),
            name.to_owned(),
            "--dir".to_owned(),
            path(self.run.dir()),
        ]
    }
}

/// The sidecar of `examples/task-definition.json`, with the bounds of a drain of one hour.
fn sidecar(binary: &Path) -> Value {
    json!({"name": SIDECAR, "image": SIDECAR, "essential": false, "memory": 32,
        "restartPolicy": {"enabled": true, "restartAttemptPeriod": 60},
        "dependsOn": [{"containerName": ROUTER, "condition": "START"}],
        "stopTimeout": 3720,
        "command": [binary.to_string_lossy()],
        "environment": [{"name": "PROTECTOR_MAX_HOLD", "value": "1h"}]})
}

/// A duration as programs read it.
pub(crate) fn text(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Process;
    use clap::Parser;

    /// A program that runs the demo, started as one of its processes.
    #[derive(Debug, Parser)]
    struct Started {
        #[command(subcommand)]
        process: Process,
    }

    fn scenario(sidecar: Option<&str>) -> Scenario {
        Scenario {
            kind: Kind::With,
            run: RunDirectory::new(Path::new("/out/with")),
            own: "/bin/protectorctl".into(),
            coordinator: None,
            sidecar: sidecar.map(PathBuf::from),
            window: Duration::from_secs(8),
            linger: Duration::from_secs(5),
        }
    }

    #[test]
    fn only_the_job_ends_by_itself_and_after_the_others() {
        let [web, job, _] = scenario(None).task_definitions();
        let command = |definition: &Value| definition["containerDefinitions"][0]["command"].to_string();
        assert!(!command(&web).contains("--run"));
        assert!(command(&job).contains(r#""--run","15000ms""#), "{job}");
        assert!(command(&web).contains(r#""--report","0""#), "{web}");
        assert!(command(&job).contains(r#""--report","400""#), "{job}");
        assert!(command(&scenario(None).long_job()).contains(r#""--run","3600000ms""#));
        assert!(scenario(None).job_runs() > WARM_UP + scenario(None).window);
    }

    #[test]
    fn a_program_that_is_started_as_the_scenario_says_is_a_process_of_the_demo() {
        let [web, job, router] = scenario(None).task_definitions();
        for definition in [web, job, router, scenario(None).long_job()] {
            let command = &definition["containerDefinitions"][0]["command"];
            let words = command.as_array().unwrap().iter();
            let started = Started::try_parse_from(words.map(|word| word.as_str().unwrap()));
            let process = started.map(|started| started.process);
            let is_router = definition["family"] == ROUTER;
            assert!(
                matches!(
                    (&process, is_router),
                    (Ok(Process::Router(_)), true) | (Ok(Process::Worker(_)), false)
                ),
                "{command}: {process:?}"
            );
        }
    }

    #[test]
    fn the_sidecar_depends_on_what_it_protects() {
        let [_, _, plain] = scenario(None).task_definitions();
        assert_eq!(plain["containerDefinitions"].as_array().unwrap().len(), 1);
        let [_, _, protected] = scenario(Some("/bin/sidecar")).task_definitions();
        let sidecar = &protected["containerDefinitions"][1];
        assert_eq!(
            sidecar["dependsOn"][0],
            json!({"containerName": ROUTER, "condition": "START"})
        );
        assert_eq!(sidecar["essential"], false);
    }
}
