//! Asking for the own task: task metadata version 4 (`ECS_CONTAINER_METADATA_URI_V4`).

use http::Method;
use protector_core::hold::state::ProtectedContainers;
use protector_core::ids::ContainerName;
use protector_core::limits::sidecar::TASK_METADATA_TIMEOUT;
use protector_core::task_metadata;
pub(crate) use protector_core::task_metadata::TaskMetadata;

use crate::environment::variable;
use crate::local_http::{self, Answer};

/// What the sidecar's container is called unless task metadata says otherwise.
const OWN_NAME: &str = "ecs-daemon-protector";

/// What asking for the own task gave.
pub(crate) enum TaskMetadataResponse {
    Ok(TaskMetadata),
    /// The agent answers, but not with the task; a phrase.
    Refused(String),
    /// There is an address, and no answer; a phrase.
    Unavailable(String),
    /// There is no address: not an ECS task.
    NotOnEcs,
}

/// The address of task metadata.
pub(crate) fn address() -> Option<String> {
    variable("ECS_CONTAINER_METADATA_URI_V4")
}

/// Asks for the own task.
pub(crate) async fn fetch() -> TaskMetadataResponse {
    let Some(address) = address() else {
        return TaskMetadataResponse::NotOnEcs;
    };
    let url = format!("{address}/task");
    match local_http::ask(Method::GET, &url, local_http::json(), TASK_METADATA_TIMEOUT).await {
        Ok(answer) => reported(&url, &answer),
        Err(error) => TaskMetadataResponse::Unavailable(error),
    }
}

/// Any whole answer comes from an agent that is there.
fn reported(url: &str, answer: &Answer) -> TaskMetadataResponse {
    match answer.status {
        200 => task_metadata::read(&answer.body).map_or_else(
            |error| TaskMetadataResponse::Refused(format!("{url}: {error}")),
            TaskMetadataResponse::Ok,
        ),
        status => TaskMetadataResponse::Refused(format!("{url}: status {status}")),
    }
}

/// The name of the own container. The agent is asked only if the task has none of the usual name.
pub(crate) async fn own_name(reported: &TaskMetadataResponse) -> Option<ContainerName> {
    let usual = match reported {
        TaskMetadataResponse::Ok(task) => task.has(OWN_NAME),
        TaskMetadataResponse::Refused(_)
        | TaskMetadataResponse::Unavailable(_)
        | TaskMetadataResponse::NotOnEcs => true,
    };
    let asked = match address() {
        Some(address) if !usual => local_http::get(&address, TASK_METADATA_TIMEOUT).await.ok(),
        _ => None,
    };
    asked
        .and_then(|body| task_metadata::own_name(&body))
        .or_else(|| OWN_NAME.parse().ok())
}

/// The state of the protected containers: those of `protects`, or all but `own` if that is empty.
pub(crate) fn state(
    reported: &TaskMetadataResponse,
    protects: &[ContainerName],
    own: Option<&ContainerName>,
) -> ProtectedContainers {
    match reported {
        TaskMetadataResponse::NotOnEcs => ProtectedContainers::Absent,
        TaskMetadataResponse::Refused(_) => ProtectedContainers::Unclear,
        TaskMetadataResponse::Unavailable(_) => ProtectedContainers::Unreachable,
        TaskMetadataResponse::Ok(task) => task.state(protects, own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_answer_and_no_address_are_distinguished() {
        assert_eq!(
            state(&TaskMetadataResponse::Unavailable(String::new()), &[], None),
            ProtectedContainers::Unreachable
        );
        assert_eq!(
            state(&TaskMetadataResponse::NotOnEcs, &[], None),
            ProtectedContainers::Absent
        );
    }

    #[test]
    fn p2_an_agent_that_answers_is_there() {
        for (status, body) in [(429, ""), (503, ""), (404, ""), (200, "no task")] {
            let answer = Answer {
                status,
                body: body.into(),
            };
            let reported = reported("http://agent/task", &answer);
            assert_eq!(
                state(&reported, &[], None),
                ProtectedContainers::Unclear,
                "{status}"
            );
        }
    }
}
