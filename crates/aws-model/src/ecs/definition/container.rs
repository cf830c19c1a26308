//! One container of a task definition.

use crate::ApiError;
use crate::params::{Params, client};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// The agent's stop timeout where the definition has none.
const STOP_TIMEOUT: u64 = 30;

/// What the agent obeys.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContainerDefinition {
    /// Its name in the task.
    #[serde(default)]
    pub(crate) name: String,
    /// Its image; shown only.
    #[serde(default)]
    pub(crate) image: String,
    /// The program and its first arguments.
    #[serde(default)]
    pub(crate) entry_point: Vec<String>,
    /// More arguments.
    #[serde(default)]
    pub(crate) command: Vec<String>,
    #[serde(default)]
    pub(crate) environment: Vec<Variable>,
    /// Whether the end of this container stops the task.
    #[serde(default = "yes")]
    pub(crate) essential: bool,
    /// What it starts after, and stops before. Links and `volumesFrom` are in it too, as in the agent.
    #[serde(default)]
    pub(crate) depends_on: Vec<Dependency>,
    /// Seconds from SIGTERM to SIGKILL.
    #[serde(default)]
    stop_timeout: Option<u64>,
    /// Whether it is restarted in place.
    #[serde(default)]
    pub(crate) restart_policy: Option<RestartPolicy>,
    #[serde(default)]
    pub(crate) docker_labels: BTreeMap<String, String>,
    /// Its health check; only that there is one matters.
    #[serde(default)]
    health_check: Option<Value>,
    /// CPU units.
    #[serde(default)]
    pub(crate) cpu: u32,
    #[serde(default)]
    memory: u32,
    #[serde(default)]
    memory_reservation: u32,
    #[serde(default)]
    links: Vec<String>,
    #[serde(default)]
    volumes_from: Vec<VolumeFrom>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Variable {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) value: String,
}

/// One entry of `dependsOn`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dependency {
    /// The container that must come first.
    pub(crate) container_name: String,
    /// How far it must have come.
    pub(crate) condition: Condition,
}

/// How far a container must have come for another to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Condition {
    Start,
    /// Exited.
    Complete,
    /// Exited with code 0.
    Success,
    /// Its health check passes.
    Healthy,
}

/// `restartPolicy`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RestartPolicy {
    /// Whether the policy is enabled.
    #[serde(default)]
    pub(crate) enabled: bool,
    /// Exit codes after which the container is not restarted.
    #[serde(default)]
    pub(crate) ignored_exit_codes: Vec<i32>,
    /// Seconds it must have run.
    #[serde(default = "attempt_period")]
    pub(crate) restart_attempt_period: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VolumeFrom {
    #[serde(default)]
    source_container: String,
}

/// `containerDefinitions`, in their order.
pub(super) fn list(params: Params<'_>) -> Result<Vec<ContainerDefinition>, ApiError> {
    params.list("containerDefinitions").iter().map(read).collect()
}

fn read(json: &Value) -> Result<ContainerDefinition, ApiError> {
    let mut container = ContainerDefinition::deserialize(json).map_err(|error| {
        client(
            "ClientException",
            format!("Invalid container definition: {error}."),
        )
    })?;
    let links = container.links.iter().filter_map(|link| link.split(':').next());
    let volumes = container
        .volumes_from
        .iter()
        .map(|volume| volume.source_container.as_str());
    let implied: Vec<Dependency> = links.chain(volumes).map(implied).collect();
    container.depends_on.extend(implied);
    Ok(container)
}

fn implied(name: &str) -> Dependency {
    Dependency {
        container_name: name.to_owned(),
        condition: Condition::Start,
    }
}

impl ContainerDefinition {
    /// Returns whether the container lists `name` in its `dependsOn`.
    pub(crate) fn lists(&self, name: &str) -> bool {
        self.depends_on
            .iter()
            .any(|dependency| dependency.container_name == name)
    }

    /// From SIGTERM to SIGKILL. A value of 0 counts as none.
    pub(crate) fn stop_timeout(&self) -> Duration {
        Duration::from_secs(
            self.stop_timeout
                .filter(|seconds| *seconds > 0)
                .unwrap_or(STOP_TIMEOUT),
        )
    }

    /// MiB it takes from its instance: what it reserves, or else its limit.
    pub(super) fn reserved(&self) -> u32 {
        match self.memory_reservation {
            0 => self.memory,
            reserved => reserved,
        }
    }

    /// Returns whether the container is simulated, without a process.
    pub(crate) fn is_simulated(&self) -> bool {
        self.docker_labels
            .get("local-aws.simulated")
            .is_some_and(|value| value == "true")
    }

    /// For a simulated container: the time from SIGTERM to its exit.
    pub(crate) fn stop_takes(&self) -> Duration {
        self.seconds("local-aws.stop-seconds").unwrap_or_default()
    }

    /// For a simulated container: the time from its start to its own end, if it has one.
    pub(crate) fn runs_for(&self) -> Option<Duration> {
        self.seconds("local-aws.run-seconds")
    }

    /// For a simulated container: the code with which it ends by itself.
    pub(crate) fn exit_code(&self) -> i32 {
        let code = self.docker_labels.get("local-aws.exit-code");
        code.and_then(|code| code.parse().ok()).unwrap_or_default()
    }

    /// For a simulated container: why it cannot be started, for example `CannotPullContainerError: ...`.
    pub(crate) fn fails(&self) -> Option<&str> {
        self.docker_labels.get("local-aws.fails").map(String::as_str)
    }

    /// What its health check says while it runs, if it has one.
    pub(crate) fn health(&self) -> Option<&'static str> {
        self.health_check.as_ref()?;
        match self.docker_labels.get("local-aws.health").map(String::as_str) {
            Some("UNHEALTHY") => Some("UNHEALTHY"),
            Some("UNKNOWN") => Some("UNKNOWN"),
            _ => Some("HEALTHY"),
        }
    }

    /// Whether the health checks of a target group fail for it.
    pub(super) fn is_unhealthy_target(&self) -> bool {
        self.docker_labels
            .get("local-aws.target-health")
            .is_some_and(|health| health == "unhealthy")
    }

    fn seconds(&self, label: &str) -> Option<Duration> {
        let seconds = self.docker_labels.get(label)?.parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

fn yes() -> bool {
    true
}

fn attempt_period() -> u64 {
    300
}
