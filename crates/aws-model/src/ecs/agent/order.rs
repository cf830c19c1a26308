//! In which order containers start and stop.

use super::Container;
use crate::ecs::definition::{Condition, TaskDefinition};
use crate::status::{ContainerStatus, DesiredStatus};

/// What the agent does next with the container at this place of the task definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Start(usize),
    /// Send SIGTERM.
    Terminate(usize),
    /// It will never start.
    Skip(usize),
}

/// Every step that is allowed now. A container starts when what it depends on has got as far as its condition
/// says. It gets SIGTERM when each container that lists it in `dependsOn` has stopped, whatever the condition:
/// direct dependants only (`verifyShutdownOrder`).
pub(crate) fn steps(
    definition: &TaskDefinition,
    containers: &[Container],
    desired: DesiredStatus,
) -> Vec<Step> {
    let step = |place| match desired {
        DesiredStatus::Running => start(definition, containers, place),
        DesiredStatus::Stopped => stop(definition, containers, place),
    };
    (0..containers.len()).filter_map(step).collect()
}

fn start(definition: &TaskDefinition, containers: &[Container], place: usize) -> Option<Step> {
    if containers[place].status != ContainerStatus::Created {
        return None;
    }
    let mut ready = true;
    for dependency in &definition.containers[place].depends_on {
        let target = &containers[definition.place(&dependency.container_name)?];
        match reached(dependency.condition, target) {
            Some(true) => {}
            Some(false) => ready = false,
            None => return Some(Step::Skip(place)),
        }
    }
    ready.then_some(Step::Start(place))
}

/// Returns whether `target` has reached `condition`; none if it never will. Health checks pass as soon as a container
/// runs.
fn reached(condition: Condition, target: &Container) -> Option<bool> {
    match condition {
        Condition::Start | Condition::Healthy if target.has_started() => Some(true),
        Condition::Start | Condition::Healthy => (!target.is_stopped()).then_some(false),
        Condition::Complete => Some(target.is_stopped()),
        Condition::Success if target.is_stopped() => (target.exit_code == Some(0)).then_some(true),
        Condition::Success => Some(false),
    }
}

fn stop(definition: &TaskDefinition, containers: &[Container], place: usize) -> Option<Step> {
    match containers[place].status {
        ContainerStatus::Created => Some(Step::Skip(place)),
        ContainerStatus::Running => dependants_are_gone(definition, containers, place),
        _ => None,
    }
}

fn dependants_are_gone(definition: &TaskDefinition, containers: &[Container], place: usize) -> Option<Step> {
    let name = &definition.containers[place].name;
    let mut others = definition.containers.iter().zip(containers);
    let alive = others.any(|(other, container)| other.lists(name) && !container.is_stopped());
    (!alive).then_some(Step::Terminate(place))
}

#[cfg(test)]
mod tests;
