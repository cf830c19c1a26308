//! The journal in words: what a person wants to see of a drain.

use super::files::short_id;
use super::scenario::{APP, ROUTER, SIDECAR};
use protector_aws_model::{ContainerStatus, Entry, InstanceStatus, What};
use protector_core::record::{Record, State};

/// Lifecycle states that are worth a line; the others last for no time.
const TOLD_STATES: [&str; 2] = ["Terminating:Wait", "Terminated"];

/// What an entry says, if it is worth a line.
pub(crate) fn words(entry: &Entry) -> Option<String> {
    match &entry.what {
        What::Lifecycle { state, .. } if TOLD_STATES.contains(&state.as_str()) => {
            Some(format!("Auto Scaling: the instance is {state}"))
        }
        What::Hook { what, .. } if what != "waiting" => Some(format!("Auto Scaling: terminate hook {what}")),
        What::InstanceStatus {
            status: InstanceStatus::Draining,
            ..
        } => Some("ECS: the instance is DRAINING".to_owned()),
        What::ContainerStatus {
            task_arn,
            group,
            container,
            status,
            exit_code,
            ..
        } => container_words(&container_name(container, group, task_arn), *status, *exit_code),
        What::Parameter { value, .. } => Some(record_words(value.as_deref())),
        _ => None,
    }
}

fn container_words(name: &str, status: ContainerStatus, exit_code: Option<i32>) -> Option<String> {
    match (status, exit_code) {
        (ContainerStatus::Terminating, _) => Some(format!("{name}: SIGTERM")),
        (ContainerStatus::Killing, _) => Some(format!("{name}: SIGKILL, its stop timeout is over")),
        (ContainerStatus::Stopped, Some(code)) => Some(format!("{name}: exited with {code}")),
        (ContainerStatus::Stopped, None) => Some(format!("{name}: gone with its instance")),
        _ => None,
    }
}

/// `web-1a2b3c4d`, as in its log lines; router and sidecar are there once.
fn container_name(container: &str, group: &str, task_arn: &str) -> String {
    if container != APP {
        let names = [(ROUTER, "log router"), (SIDECAR, "sidecar")];
        let known = names.into_iter().find(|(name, _)| *name == container);
        return known.map_or(container, |(_, words)| words).to_owned();
    }
    let id = short_id(task_arn);
    format!("{}-{id}", group.split_once(':').map_or(group, |(_, name)| name))
}

fn record_words(value: Option<&str>) -> String {
    let Some(text) = value else {
        return "coordinator: record deleted".to_owned();
    };
    match Record::decode(text) {
        Ok(record) => format!("coordinator: record says {}", state_words(&record)),
        Err(error) => format!("coordinator: record cannot be read: {error}"),
    }
}

fn state_words(record: &Record) -> String {
    if record.state == State::Released {
        let reason = record.reason.map(|reason| format!("{reason:?}").to_lowercase());
        return format!("released ({})", reason.unwrap_or_default());
    }
    let held = record.held_by.iter().map(|held| {
        let group = held
            .group
            .split_once(':')
            .map_or(held.group.as_str(), |(_, name)| name);
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
    use jiff::Timestamp;
    use serde_json::{Value, json};

    fn said(what: What) -> Option<String> {
        words(&Entry {
            at: Timestamp::UNIX_EPOCH,
            what,
        })
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
    fn the_ends_of_containers_are_told_with_their_names() {
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
            assert_eq!(said(what).as_deref(), Some(expected));
        }
        assert_eq!(
            said(container(APP, "service:web", ContainerStatus::Running, None)),
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
    fn records_are_told_by_what_they_say() {
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
            assert_eq!(said(what).as_deref(), Some(expected));
        }
    }
}
