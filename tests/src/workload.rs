//! What runs on the instances. Applications and daemons are simulated containers; each sidecar is the real program.

use protector_aws_model::TaskStatus;
use serde_json::{Value, json};

use crate::journal_view::JournalView;
use crate::lab::{Lab, LabConfig};
use crate::names::{CLUSTER, SIDECAR, principal};
use crate::programs;
use crate::requests::{self, simulated};

/// What is in the place of a sidecar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SidecarProgram {
    /// The real program.
    Works,
    /// The real program, which ECS says is UNHEALTHY: the local AWS runs no health check.
    Unhealthy,
    /// A program that ends at once.
    EndsAtOnce,
    /// Nothing: the agent says why it could not start the container.
    NeverStarts(&'static str),
}

/// A DAEMON service.
#[derive(Clone, Debug)]
pub struct Daemon {
    /// Name of service, family and main container.
    pub name: String,
    /// Seconds from SIGTERM to its end.
    pub flush_seconds: u32,
    /// Whether it is protected by a sidecar.
    pub protected: bool,
    /// Seconds after which it ends by itself; none is never.
    pub crashes_after: Option<u32>,
    /// What its sidecar is.
    pub sidecar: SidecarProgram,
    /// Settings of the sidecar: names without `PROTECTOR_`, and values; or whole names of other variables.
    pub settings: Vec<(&'static str, String)>,
}

impl Daemon {
    /// A protected daemon that ends at once.
    pub fn new(name: &str) -> Daemon {
        Daemon {
            name: name.to_owned(),
            flush_seconds: 0,
            protected: true,
            crashes_after: None,
            sidecar: SidecarProgram::Works,
            settings: vec![("UNKNOWN_GRACE", "5s".to_owned()), ("MAX_HOLD", "5m".to_owned())],
        }
    }

    /// With another setting of its sidecar.
    #[must_use]
    pub fn set(mut self, name: &'static str, value: &str) -> Daemon {
        self.settings.retain(|(known, _)| *known != name);
        self.settings.push((name, value.to_owned()));
        self
    }

    fn containers(&self) -> Value {
        let mut main = simulated(&self.name, self.flush_seconds);
        main["essential"] = json!(true);
        if let Some(seconds) = self.crashes_after {
            main["dockerLabels"]["local-aws.run-seconds"] = json!(seconds.to_string());
        }
        match self.protected {
            true => json!([main, self.sidecar()]),
            false => json!([main]),
        }
    }

    fn sidecar(&self) -> Value {
        let variable = |(name, value): &(&'static str, String)| match name.starts_with("AWS_") {
            true => json!({"name": name, "value": value}),
            false => json!({"name": format!("PROTECTOR_{name}"), "value": value}),
        };
        let program = match self.sidecar {
            SidecarProgram::EndsAtOnce => "/bin/false".into(),
            _ => programs::sidecar().to_string_lossy().into_owned(),
        };
        let mut container = json!({"name": SIDECAR, "essential": false, "memory": 32, "stopTimeout": 600,
            "dependsOn": [{"containerName": self.name, "condition": "START"}],
            "command": [program],
            "environment": self.settings.iter().map(variable).collect::<Vec<_>>()});
        match self.sidecar {
            SidecarProgram::Unhealthy => {
                container["healthCheck"] = json!({"command": ["CMD", program, "check"]});
                container["dockerLabels"] = json!({"local-aws.health": "UNHEALTHY"});
            }
            // The local AWS refuses to start simulated containers alone.
            SidecarProgram::NeverStarts(reason) => {
                container["dockerLabels"] = json!({"local-aws.simulated": "true", "local-aws.fails": reason});
            }
            SidecarProgram::Works | SidecarProgram::EndsAtOnce => {}
        }
        container
    }
}

impl Lab {
    /// A lab with the coordinator and a protected daemon `logs`.
    pub async fn with_logs(config: LabConfig) -> Lab {
        let lab = Lab::start(config).await;
        lab.daemon(&Daemon::new("logs")).await;
        lab
    }

    /// A REPLICA service whose tasks take so long from SIGTERM to their end.
    pub async fn replicas(&self, name: &str, count: usize, stop_seconds: u32) {
        self.define(name, json!([simulated("app", stop_seconds)]));
        self.ecs("CreateService", requests::replica_service(name, count));
        self.running(&format!("service:{name}"), count).await;
    }

    /// A standalone task that ends by itself.
    pub async fn standalone(&self, name: &str, run_seconds: u32) {
        self.define_job(name, run_seconds);
        self.ecs("RunTask", json!({"cluster": CLUSTER, "taskDefinition": name}));
        self.running(&format!("family:{name}"), 1).await;
    }

    /// The same, on each of these instances.
    pub async fn standalone_on(&self, instances: &[String], name: &str, run_seconds: u32) {
        self.define_job(name, run_seconds);
        let arns: Vec<String> = instances
            .iter()
            .map(|instance| self.container_instance(instance))
            .collect();
        let params = json!({"cluster": CLUSTER, "taskDefinition": name, "containerInstances": arns});
        self.ecs("StartTask", params);
        self.running(&format!("family:{name}"), instances.len()).await;
    }

    fn define_job(&self, name: &str, run_seconds: u32) {
        let mut container = simulated("job", 0);
        container["dockerLabels"]["local-aws.run-seconds"] = json!(run_seconds.to_string());
        self.define(name, json!([container]));
    }

    /// A DAEMON service on every instance. Waits until each of its sidecars has passed its self-check.
    pub async fn daemon(&self, daemon: &Daemon) {
        self.daemon_that_fails_its_check(daemon).await;
        if daemon.protected {
            self.checked(&daemon.name).await;
        }
    }

    /// The same, without waiting for a self-check that cannot pass.
    pub async fn daemon_that_fails_its_check(&self, daemon: &Daemon) {
        let name = daemon.name.as_str();
        self.define(name, daemon.containers());
        self.ecs("CreateService", requests::daemon_service(name));
        self.running(&format!("service:{name}"), self.instances.len())
            .await;
    }

    /// The ARNs of a service's tasks on all instances.
    pub fn tasks_of(&self, service: &str) -> Vec<String> {
        let group = format!("service:{service}");
        let on = |instance| self.aws.world(|world, _| world.tasks_on(instance));
        let tasks = self.instances.iter().flat_map(|instance| on(instance));
        let of_it = tasks.filter(|task| task.group == group);
        of_it.map(|task| task.task_arn).collect()
    }

    /// The log lines of the sidecars of a service.
    pub fn sidecar_said(&self, service: &str, event: &str) -> Vec<Value> {
        let tasks = self.tasks_of(service);
        let lines = tasks
            .iter()
            .flat_map(|task| self.aws.container_logs(task, SIDECAR));
        let parsed = lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok());
        parsed.filter(|line| line["event"] == event).collect()
    }

    /// A self-check is one read: it has been answered when the journal shows it.
    async fn checked(&self, service: &str) {
        let principals: Vec<String> = self
            .tasks_of(service)
            .iter()
            .map(|task| principal(task))
            .collect();
        self.wait("self-checks", |world| {
            let journal = JournalView::new(world.journal().to_vec());
            let mut calls = principals.iter().map(|principal| journal.calls_by(principal));
            calls.all(|calls| !calls.is_empty()).then_some(())
        })
        .await;
    }

    async fn running(&self, group: &str, count: usize) {
        self.wait(&format!("{count} tasks of {group} run"), |world| {
            let tasks = self
                .instances
                .iter()
                .flat_map(|instance| world.tasks_on(instance));
            let running = tasks.filter(|task| task.group == group && task.last_status == TaskStatus::Running);
            (running.count() == count).then_some(())
        })
        .await;
    }

    fn define(&self, family: &str, containers: Value) {
        self.ecs("RegisterTaskDefinition", requests::definition(family, containers));
    }
}
