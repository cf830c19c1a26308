//! Container health checks, as `healthStatus` shows them.
//!
//! A container with a `healthCheck` is HEALTHY as soon as it runs, unless its label `local-aws.health` says otherwise: no
//! command is run. The scheduler does not look at it.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html>

use super::agent::Container;
use super::definition::ContainerDefinition;
use super::task::Task;

/// `healthStatus` of a container.
pub(super) fn of_container(definition: &ContainerDefinition, container: &Container) -> &'static str {
    match definition.health() {
        Some(health) if container.runs() => health,
        _ => "UNKNOWN",
    }
}

/// `healthStatus` of a task: that of its essential containers with a health check, the worst of them.
pub(super) fn of_task(task: &Task) -> &'static str {
    let pairs = task.definition.containers.iter().zip(&task.containers);
    let checked = pairs.filter(|(definition, _)| definition.essential && definition.health().is_some());
    let all: Vec<&str> = checked
        .map(|(one, container)| of_container(one, container))
        .collect();
    match all.as_slice() {
        [] => "UNKNOWN",
        all if all.contains(&"UNHEALTHY") => "UNHEALTHY",
        all if all.contains(&"UNKNOWN") => "UNKNOWN",
        _ => "HEALTHY",
    }
}
