//! The stop order: the agent stops a container after all that depend on it.

use crate::edit::{Change, Json};
use crate::lint::context::{Guarded, about};
use crate::lint::finding::Finding;
use crate::lint::model::{Container, Dependency, Through};
use crate::lint::rules::RuleId;

/// The condition with which the sidecar waits for nothing but the start.
pub(crate) const START: &str = "START";

/// Dependencies of the sidecar, and on it.
pub(super) fn check(guarded: &Guarded<'_, '_>) -> Vec<Finding> {
    let own = guarded.sidecar.dependencies();
    let mut found: Vec<Finding> = guarded
        .protected()
        .into_iter()
        .flat_map(|container| toward(guarded, &own, container))
        .collect();
    found.extend(
        guarded
            .others
            .iter()
            .flat_map(|container| on_the_sidecar(guarded, container)),
    );
    found
}

/// What is wrong with the dependency of the sidecar on a container that it protects.
fn toward(guarded: &Guarded<'_, '_>, own: &[Dependency<'_>], container: &Container<'_>) -> Vec<Finding> {
    let name = container.name;
    let dependencies: Vec<_> = own.iter().filter(|dependency| dependency.on == name).collect();
    if dependencies.is_empty() {
        let text = format!(
            "dependsOn must list {name} with {START}, or {name} is stopped together with the sidecar"
        );
        let path = guarded.sidecar.members.path.member("dependsOn");
        let entry = Json::object([("containerName", name.into()), ("condition", START.into())]);
        let finding = guarded.member(RuleId::DependsOnEach, &["dependsOn"], text);
        return vec![finding.fixed_by(Change::Append(path, entry))];
    }
    let conditions = dependencies
        .into_iter()
        .filter(|dependency| dependency.through == Through::DependsOn);
    conditions
        .filter_map(|dependency| condition(guarded, dependency, container))
        .collect()
}

fn condition(
    guarded: &Guarded<'_, '_>,
    dependency: &Dependency<'_>,
    container: &Container<'_>,
) -> Option<Finding> {
    let name = container.name;
    let has_check = container.members.place("healthCheck").is_some();
    let (rule, text) = match dependency.condition.value {
        START => return None,
        "COMPLETE" | "SUCCESS" => {
            let text = format!(
                "the sidecar would start only after {name} has ended, and ECS refuses that for an essential one"
            );
            (RuleId::DependsOnEach, text)
        }
        "HEALTHY" if !has_check => {
            let text = format!(
                "{name} has no health check, so it never becomes HEALTHY and the sidecar never starts"
            );
            (RuleId::DependsOnEach, text)
        }
        "HEALTHY" => {
            let text =
                format!("the sidecar starts only once {name} is HEALTHY: until then nothing holds {name}");
            (RuleId::DependsOnStart, text)
        }
        other => (
            RuleId::DependsOnEach,
            format!("{other} is no condition of dependsOn: it must be {START}"),
        ),
    };
    let path = dependency.condition.path.clone();
    let finding = guarded.at(rule, &dependency.condition, text);
    Some(finding.fixed_by(Change::Set(path, START.into())))
}

/// Dependencies that turn the order round.
fn on_the_sidecar(guarded: &Guarded<'_, '_>, container: &Container<'_>) -> Vec<Finding> {
    let dependencies = container.dependencies().into_iter();
    let reversed = dependencies.filter(|dependency| dependency.on == guarded.sidecar.name);
    let finding = |dependency: Dependency<'_>| {
        let text = format!(
            "{} must not depend on the sidecar ({}): that turns the stop order round",
            container.name,
            dependency.through.member()
        );
        let change = Change::Remove(dependency.element.path.clone());
        about(container, RuleId::NoneDependsOnSidecar, dependency.element, text).fixed_by(change)
    };
    reversed.map(finding).collect()
}
