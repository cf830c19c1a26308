//! The own task, as task metadata version 4 tells it (`ECS_CONTAINER_METADATA_URI_V4`).

use std::time::Duration;

use protector_core::ids::ContainerName;
use protector_core::wait::Task;
use serde::Deserialize;

use crate::environment::variable;
use crate::local_http;

/// The agent answers from memory; one that has not answered by then is not there.
const LIMIT: Duration = Duration::from_secs(2);

/// What the sidecar's container is called unless task metadata says otherwise.
const OWN_NAME: &str = "ecs-daemon-protector";

/// What we read of `/task`. The agent leaves out what it does not know.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TaskMetadata {
    /// The cluster, by name or by ARN.
    pub(crate) cluster: Option<String>,
    /// The task.
    #[serde(rename = "TaskARN")]
    pub(crate) task_arn: Option<String>,
    /// The service (agent 1.63.1 and later).
    pub(crate) service_name: Option<String>,
    /// All containers, stopped ones too.
    containers: Option<Vec<Container>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Container {
    name: String,
    known_status: Option<String>,
    r#type: Option<String>,
}

/// What asking for the own task gave.
pub(crate) enum Told {
    /// The task.
    Task(TaskMetadata),
    /// There is an address, and no answer; a phrase.
    Nothing(String),
    /// There is no address: not an ECS task.
    NoAddress,
}

/// The address of task metadata.
pub(crate) fn address() -> Option<String> {
    variable("ECS_CONTAINER_METADATA_URI_V4")
}

/// Asks for the own task.
pub(crate) async fn ask() -> Told {
    let Some(address) = address() else {
        return Told::NoAddress;
    };
    match local_http::get(&format!("{address}/task"), LIMIT).await {
        Ok(body) => serde_json::from_slice(&body)
            .map_or_else(|e| Told::Nothing(format!("{address}/task: {e}")), Told::Task),
        Err(error) => Told::Nothing(error),
    }
}

/// The name of the own container. The agent is asked only if the task has none of the usual name.
pub(crate) async fn own_name(told: &Told) -> Option<ContainerName> {
    let usual = match told {
        Told::Task(task) => task.containers.iter().flatten().any(|c| c.name == OWN_NAME),
        Told::Nothing(_) | Told::NoAddress => true,
    };
    let asked = match address() {
        Some(address) if !usual => local_http::get(&address, LIMIT).await.ok(),
        _ => None,
    };
    let own = asked.and_then(|body| serde_json::from_slice::<Container>(&body).ok());
    own.and_then(|c| c.name.parse().ok())
        .or_else(|| OWN_NAME.parse().ok())
}

/// The state of the protected containers: those of `protects`, or all but `own` if that is empty.
pub(crate) fn state(told: &Told, protects: &[ContainerName], own: Option<&ContainerName>) -> Task {
    match told {
        Told::NoAddress => Task::Absent,
        Told::Nothing(_) => Task::Unreachable,
        Told::Task(task) if task.containers.is_none() => Task::Alive,
        Told::Task(task) if protects.is_empty() => all_stopped(&mut task.others(own)),
        Told::Task(task) => named_stopped(task, protects, own),
    }
}

/// Names in `protects` that the task does not have.
pub(crate) fn strangers<'a>(task: &TaskMetadata, protects: &'a [ContainerName]) -> Vec<&'a str> {
    let names: Vec<&str> = task
        .containers
        .iter()
        .flatten()
        .map(|c| c.name.as_str())
        .collect();
    protects
        .iter()
        .map(ContainerName::as_str)
        .filter(|p| !names.contains(p))
        .collect()
}

fn all_stopped<'a>(containers: &mut impl Iterator<Item = &'a Container>) -> Task {
    if containers.all(Container::is_stopped) {
        Task::Stopped
    } else {
        Task::Alive
    }
}

/// A container that is not listed is not known to be stopped.
fn named_stopped(task: &TaskMetadata, protects: &[ContainerName], own: Option<&ContainerName>) -> Task {
    let stopped = |name: &ContainerName| {
        task.others(own)
            .any(|c| c.name == name.as_str() && c.is_stopped())
    };
    let mut others = protects.iter().filter(|p| Some(*p) != own);
    if others.all(stopped) {
        Task::Stopped
    } else {
        Task::Alive
    }
}

impl TaskMetadata {
    /// Containers of the task definition, without our own. The agent adds some of its own, such as the pause container.
    fn others<'a>(&'a self, own: Option<&'a ContainerName>) -> impl Iterator<Item = &'a Container> {
        self.containers
            .iter()
            .flatten()
            .filter(|c| c.r#type.as_deref().is_none_or(|t| t == "NORMAL"))
            .filter(move |c| Some(c.name.as_str()) != own.map(ContainerName::as_str))
    }
}

impl Container {
    fn is_stopped(&self) -> bool {
        self.known_status.as_deref() == Some("STOPPED")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(containers: &[(&str, &str)]) -> Told {
        let listed: Vec<String> = containers
            .iter()
            .map(|(n, s)| format!(r#"{{"Name":"{n}","KnownStatus":"{s}","Type":"NORMAL","ExitCode":0}}"#))
            .collect();
        let pause =
            r#"{"Name":"~internal~ecs~pause","KnownStatus":"RESOURCES_PROVISIONED","Type":"CNI_PAUSE"}"#;
        let text = format!(
            r#"{{"Cluster":"prod","Containers":[{},{pause}]}}"#,
            listed.join(",")
        );
        Told::Task(serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn protected_containers_are_judged_together() {
        let own: ContainerName = OWN_NAME.parse().unwrap();
        let me = (OWN_NAME, "RUNNING");
        for (containers, protects, expected) in [
            (vec![("fluent-bit", "RUNNING"), me], vec![], Task::Alive),
            (vec![("fluent-bit", "STOPPED"), me], vec![], Task::Stopped),
            (
                vec![("fluent-bit", "STOPPED"), ("init", "RUNNING"), me],
                vec![],
                Task::Alive,
            ),
            (
                vec![("fluent-bit", "STOPPED"), ("init", "RUNNING"), me],
                vec!["fluent-bit"],
                Task::Stopped,
            ),
            (
                vec![("fluent-bit", "STOPPED"), me],
                vec!["fluent-bit", "xray"],
                Task::Alive,
            ),
            (
                vec![("fluent-bit", "STOPPED"), me],
                vec!["fluent-bit", OWN_NAME],
                Task::Stopped,
            ),
            (vec![("fluent-bit", "PULLED"), me], vec![], Task::Alive),
            (vec![me], vec![], Task::Stopped),
        ] {
            let names: Vec<ContainerName> = protects.iter().map(|p| p.parse().unwrap()).collect();
            assert_eq!(
                state(&told(&containers), &names, Some(&own)),
                expected,
                "{containers:?} {protects:?}"
            );
        }
    }

    #[test]
    fn p2_a_task_without_a_list_of_containers_is_alive() {
        for text in ["{}", r#"{"Containers":null}"#] {
            let told = Told::Task(serde_json::from_str(text).unwrap());
            assert_eq!(state(&told, &[], None), Task::Alive);
        }
        assert_eq!(state(&Told::Nothing(String::new()), &[], None), Task::Unreachable);
        assert_eq!(state(&Told::NoAddress, &[], None), Task::Absent);
    }

    #[test]
    fn names_that_the_task_does_not_have_are_found() {
        let Told::Task(task) = told(&[("fluent-bit", "RUNNING")]) else {
            unreachable!()
        };
        let protects: Vec<ContainerName> = ["fluent-bit", "fluentbit"].map(|p| p.parse().unwrap()).into();
        assert_eq!(strangers(&task, &protects), ["fluentbit"]);
    }
}
