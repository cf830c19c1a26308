//! The lines of a run: which sentences of the journal a person wants to see of a drain, and by which names.

use super::files::short_id;
use super::scenario::{APP, ROUTER, SIDECAR};
use protector_aws_model::InstanceStatus;
use protector_aws_model::narrator::{Sentence, TaskName};
use protector_core::record::{Record, State};

/// Returns the line of a sentence, if it is worth one: a person follows the instance, its hook, its containers and its
/// record.
pub(crate) fn text(sentence: Sentence<'_>) -> Option<String> {
    let text = sentence.text("the instance");
    match sentence {
        Sentence::Terminated | Sentence::Hook(..) => Some(format!("Auto Scaling: {text}")),
        Sentence::Status(InstanceStatus::Draining) => Some(format!("ECS: {text}")),
        Sentence::Container(task, container, _) => {
            Some(format!("{}: {text}", container_name(container, task)))
        }
        Sentence::Parameter(_, value) => Some(record_text(value)),
        _ => None,
    }
}

/// `web-1a2b3c4d`, as in its log lines; router and sidecar are there once.
fn container_name(container: &str, task: TaskName<'_>) -> String {
    if container != APP {
        let names = [(ROUTER, "log router"), (SIDECAR, "sidecar")];
        let known = names.into_iter().find(|(name, _)| *name == container);
        return known.map_or(container, |(_, name)| name).to_owned();
    }
    let id = short_id(task.arn);
    format!("{}-{id}", owner(task.group))
}

/// The service or family of a task group.
fn owner(group: &str) -> &str {
    group.split_once(':').map_or(group, |(_, name)| name)
}

fn record_text(value: Option<&str>) -> String {
    let Some(text) = value else {
        return "coordinator: record deleted".to_owned();
    };
    match Record::decode(text) {
        Ok(record) => format!("coordinator: record says {}", state_text(&record)),
        Err(error) => format!("coordinator: record cannot be read: {error}"),
    }
}

fn state_text(record: &Record) -> String {
    if record.state == State::Released {
        let reason = record.reason.map(|reason| format!("{reason:?}").to_lowercase());
        return format!("released ({})", reason.unwrap_or_default());
    }
    let held = record.held_by.iter().map(|held| {
        let group = owner(held.group.as_str());
        format!("{} {group} {}", held.count, held.last_status)
    });
    let held: Vec<_> = held.collect();
    let by = if held.is_empty() {
        String::new()
    } else {
        format!(": {}", held.join(", "))
    };
    format!("holding, {} to go{by}", record.remaining)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protector_aws_model::narrator::Narrator;
    use protector_aws_model::{ContainerStatus, What};
    use serde_json::{Value, json};

    fn said(what: &What) -> Option<String> {
        Narrator::new(SIDECAR).sentence(what).and_then(text)
    }

    fn container(container: &str, group: &str, status: ContainerStatus, exit_code: Option<i32>) -> What {
        What::ContainerStatus {
            task_arn: "arn:aws:ecs:us-east-1:123456789012:task/demo/1a2b3c4d5e6f".to_owned(),
            group: group.to_owned(),
            instance: "i-1".to_owned(),
            container: container.to_owned(),
            status,
            exit_code,
        }
    }

    #[test]
    fn the_ends_of_containers_are_reported_with_their_names() {
        let cases = [
            (
                container(APP, "service:web", ContainerStatus::Terminating, None),
                "web-1a2b3c4d: SIGTERM",
            ),
            (
                container(APP, "family:job", ContainerStatus::Stopped, Some(0)),
                "job-1a2b3c4d: exited with 0",
            ),
            (
                container(ROUTER, "service:log-router", ContainerStatus::Terminating, None),
                "log router: SIGTERM",
            ),
            (
                container(SIDECAR, "service:log-router", ContainerStatus::Stopped, Some(0)),
                "sidecar: exited with 0",
            ),
        ];
        for (what, expected) in cases {
            assert_eq!(said(&what).as_deref(), Some(expected));
        }
        assert_eq!(
            said(&container(APP, "service:web", ContainerStatus::Running, None)),
            None
        );
    }

    fn record(with: Value) -> String {
        let mut record = json!({
            "schema": 1, "state": "holding", "remaining": 0,
            "ec2InstanceId": "i-0123456789abcdef0",
            "containerInstanceArn": "arn:aws:ecs:us-east-1:123456789012:container-instance/demo/1a2b3c4d5e6f",
            "drainId": "d", "startedAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z",
            "deadlineAt": "2026-01-01T01:00:00Z", "pollSeconds": 1,
        });
        record
            .as_object_mut()
            .unwrap()
            .extend(with.as_object().unwrap().clone());
        record.to_string()
    }

    #[test]
    fn records_are_reported_by_what_they_say() {
        let holding = record(json!({"remaining": 4, "heldBy": [
            {"group": "service:web", "count": 3, "lastStatus": "STOPPING"},
            {"group": "family:job", "count": 1, "lastStatus": "RUNNING"}]}));
        let released =
            record(json!({"state": "released", "reason": "drained", "releasedAt": "2026-01-01T00:00:09Z"}));
        let cases = [
            (
                Some(holding),
                "coordinator: record says holding, 4 to go: 3 web STOPPING, 1 job RUNNING",
            ),
            (Some(released), "coordinator: record says released (drained)"),
            (None, "coordinator: record deleted"),
        ];
        for (value, expected) in cases {
            let what = What::Parameter {
                name: "/p".to_owned(),
                version: 1,
                value,
            };
            assert_eq!(said(&what).as_deref(), Some(expected));
        }
    }
}
