//! Task metadata version 4, as the sidecar reads it.

use protector_core::hold::state::ProtectedContainers;
use protector_core::ids::{ClusterName, ContainerName, TaskArn};
use protector_core::task_metadata::{own_name, read};
use serde_json::Value;

const OWN: &str = "ecs-daemon-protector";

/// What the operator may have named in `PROTECTS`.
const PROTECTS: [&[&str]; 4] = [&[], &["fluent-bit"], &["fluent-bit", "xray"], &[OWN]];

/// "Stopped" lets the daemons go: the document must say it of every protected container. What cannot be read is an
/// error of bounded length.
pub fn task_metadata(data: &[u8]) {
    let (name, task) = (own_name(data), read(data));
    // This reader checks parts that the parser skips: for example, a number out of range there is an error only here.
    let Ok(document) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    if let Some(name) = name {
        assert_eq!(container(document.clone())["Name"], name.as_str());
    }
    let task = match task {
        Ok(task) => task,
        Err(problem) => return super::assert_said(&problem),
    };
    let document = as_members(document, &["Cluster", "TaskARN", "ServiceName", "Containers"]);
    if let Some(Err(problem)) = task.cluster.as_deref().map(ClusterName::from_name_or_arn) {
        super::assert_said(&problem.to_string());
    }
    if let Some(Ok(arn)) = task.task_arn.as_deref().map(str::parse::<TaskArn>) {
        assert!(!arn.region().is_empty());
    }
    for protects in PROTECTS {
        let names: Vec<ContainerName> = protects.iter().filter_map(|name| name.parse().ok()).collect();
        for own in [None, OWN.parse().ok()] {
            if task.state(&names, own.as_ref()) == ProtectedContainers::Stopped {
                assert_stopped(&document, protects, own.as_ref().map(ContainerName::as_str));
            }
        }
        for unknown in task.unknown_containers(&names) {
            assert!(protects.contains(&unknown));
            assert!(!containers(&document).any(|one| one["Name"] == unknown));
        }
    }
}

fn containers(document: &Value) -> impl Iterator<Item = Value> {
    let listed = document["Containers"].as_array().cloned().unwrap_or_default();
    listed.into_iter().map(container)
}

fn container(value: Value) -> Value {
    as_members(value, &["Name", "KnownStatus", "Type"])
}

/// serde takes a structure as a list of its members' values too. No agent writes one.
fn as_members(value: Value, names: &[&str]) -> Value {
    match value {
        Value::Array(values) => names.iter().map(|name| (*name).to_owned()).zip(values).collect(),
        other => other,
    }
}

/// Written separately from what P2 says, without the parser's own types.
fn assert_stopped(document: &Value, protects: &[&str], own: Option<&str>) {
    assert!(
        containers(document).next().is_some(),
        "an empty list says nothing: {document}"
    );
    let ours =
        |one: &Value| matches!(one["Type"].as_str(), None | Some("NORMAL")) && one["Name"].as_str() != own;
    let stopped = |one: Value| one["KnownStatus"] == "STOPPED";
    if protects.is_empty() {
        assert!(containers(document).filter(ours).all(stopped), "{document}");
    }
    for name in protects.iter().filter(|name| Some(**name) != own) {
        let mut found = containers(document)
            .filter(ours)
            .filter(|one| one["Name"] == **name)
            .peekable();
        assert!(found.peek().is_some() && found.all(stopped), "{name}: {document}");
    }
}
