//! What a container is started with.

use crate::ecs::Task;
use crate::effects::ContainerStart;
use serde_json::Value;

/// The start of the container at `place`, with the overrides of its task.
pub(super) fn start_of(task: &Task, place: usize) -> ContainerStart {
    let definition = &task.definition.containers[place];
    let overrides = task.origin.overrides["containerOverrides"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let own = overrides
        .iter()
        .find(|one| one["name"] == *definition.name)
        .unwrap_or(&Value::Null);
    let mut command = definition.entry_point.clone();
    match own["command"].as_array() {
        Some(arguments) => command.extend(arguments.iter().filter_map(Value::as_str).map(str::to_owned)),
        None => command.extend(definition.command.iter().cloned()),
    }
    let variables = definition.environment.iter();
    let mut environment: Vec<_> = variables
        .map(|one| (one.name.clone(), one.value.clone()))
        .collect();
    environment.extend(
        own["environment"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(variable),
    );
    ContainerStart {
        task_arn: task.arn.clone(),
        task_id: task.id.clone(),
        instance: task.host.clone(),
        container: definition.name.clone(),
        command,
        environment,
        task_role: task.definition.task_role,
    }
}

fn variable(json: &Value) -> Option<(String, String)> {
    Some((
        json["name"].as_str()?.to_owned(),
        json["value"].as_str()?.to_owned(),
    ))
}
