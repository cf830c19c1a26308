//! Task definitions that ECS refuses.

use super::{Condition, ContainerDefinition};
use crate::ApiError;
use crate::params::client;
use std::collections::BTreeSet;

/// The longest name of a family or of a container (`RegisterTaskDefinition`).
const NAME_MAX: usize = 255;

/// Seconds that a `restartAttemptPeriod` may have (`ContainerRestartPolicy`).
const RESTART_PERIODS: std::ops::RangeInclusive<u64> = 60..=1800;

/// The name of a family: it becomes a part of ARNs.
pub(super) fn family(family: &str) -> Result<(), ApiError> {
    match is_name(family) {
        true => Ok(()),
        false => refuse("Family contains invalid characters."),
    }
}

/// Letters, digits, hyphens and underscores.
fn is_name(text: &str) -> bool {
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.len() <= NAME_MAX && text.chars().all(valid)
}

/// The rules of `RegisterTaskDefinition` that matter for starting and stopping.
pub(super) fn containers(containers: &[ContainerDefinition]) -> Result<(), ApiError> {
    if containers.is_empty() {
        return refuse("Container definitions should not be null or empty.");
    }
    names(containers)?;
    containers.iter().try_for_each(restarts)?;
    if !containers.iter().any(|container| container.essential) {
        return refuse(
            "Invalid setting for container definitions. At least one container must be essential.",
        );
    }
    containers
        .iter()
        .try_for_each(|container| dependencies(container, containers))?;
    acyclic(containers)
}

fn names(containers: &[ContainerDefinition]) -> Result<(), ApiError> {
    let mut seen = BTreeSet::new();
    for container in containers {
        if container.name.is_empty() {
            return refuse("Container.name should not be null or empty.");
        }
        if !is_name(&container.name) {
            return refuse("Container.name contains invalid characters.");
        }
        if !seen.insert(&container.name) {
            return refuse(format!(
                "Container name '{}' is used more than once.",
                container.name
            ));
        }
    }
    Ok(())
}

/// A container that could be restarted at once, again and again, would keep the agent busy indefinitely.
fn restarts(container: &ContainerDefinition) -> Result<(), ApiError> {
    let policy = container.restart_policy.as_ref();
    match policy.is_none_or(|policy| RESTART_PERIODS.contains(&policy.restart_attempt_period)) {
        true => Ok(()),
        false => refuse("Container.restartPolicy.restartAttemptPeriod must be between 60 and 1800."),
    }
}

/// A container may only wait for another of the task, and for the end only of one that is not essential.
fn dependencies(container: &ContainerDefinition, all: &[ContainerDefinition]) -> Result<(), ApiError> {
    for dependency in &container.depends_on {
        let name = &dependency.container_name;
        let Some(target) = all.iter().find(|other| other.name == *name) else {
            return refuse(format!(
                "Container '{}' depends on unknown container '{name}'.",
                container.name
            ));
        };
        if target.essential && matches!(dependency.condition, Condition::Complete | Condition::Success) {
            return refuse(format!(
                "Essential container '{name}' cannot have the condition COMPLETE or SUCCESS."
            ));
        }
    }
    Ok(())
}

/// Removes containers that no remaining container depends on, as long as there are any.
fn acyclic(containers: &[ContainerDefinition]) -> Result<(), ApiError> {
    let mut left: Vec<&ContainerDefinition> = containers.iter().collect();
    while let Some(free) = left
        .iter()
        .position(|one| !left.iter().any(|other| other.lists(&one.name)))
    {
        left.swap_remove(free);
    }
    match left.is_empty() {
        true => Ok(()),
        false => refuse("The dependencies of the containers form a cycle."),
    }
}

fn refuse(message: impl Into<String>) -> Result<(), ApiError> {
    Err(client("ClientException", message))
}
