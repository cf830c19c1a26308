//! Names of containers, and the dependencies between them.

use crate::lint::context::about;
use crate::lint::finding::Finding;
use crate::lint::model::{Container, Definition, Placed};
use crate::lint::rules::RuleId;
use std::collections::{HashMap, HashSet};

/// Duplicate names, dependencies on nothing, and circles. What depends on the sidecar makes a circle with it, and has a
/// rule of its own.
pub(super) fn check(definition: &Definition<'_>, sidecar: &str) -> Vec<Finding> {
    let mut found = repeated(&definition.containers);
    found.extend(unknown(&definition.containers));
    found.extend(circle(&definition.containers, sidecar));
    found
}

fn repeated(containers: &[Container<'_>]) -> Vec<Finding> {
    let mut seen = HashSet::new();
    let again = containers.iter().filter(|container| !seen.insert(container.name));
    again
        .map(|container| at_name(container, format!("two containers are called {}", container.name)))
        .collect()
}

fn unknown(containers: &[Container<'_>]) -> Vec<Finding> {
    let names: HashSet<&str> = containers.iter().map(|container| container.name).collect();
    let of = |container: &Container<'_>| -> Vec<Finding> {
        let dependencies = container.dependencies().into_iter();
        let lost = dependencies.filter(|dependency| !names.contains(dependency.on));
        lost.map(|dependency| {
            let text = format!(
                "{} depends on {}, which is no container of this task",
                container.name, dependency.on
            );
            about(container, RuleId::Names, dependency.element, text)
        })
        .collect()
    };
    containers.iter().flat_map(of).collect()
}

/// The first circle of dependencies, at the container with which it begins in the text.
fn circle(containers: &[Container<'_>], sidecar: &str) -> Option<Finding> {
    let edges: HashMap<&str, Vec<&str>> = containers
        .iter()
        .map(|container| {
            let dependencies = container
                .dependencies()
                .into_iter()
                .map(|dependency| dependency.on);
            (container.name, dependencies.filter(|on| *on != sidecar).collect())
        })
        .collect();
    containers.iter().find_map(|container| {
        let way = way_back(container.name, &edges)?;
        let text = format!(
            "the containers depend on each other in a circle: {}",
            way.join(" -> ")
        );
        Some(at_name(container, text))
    })
}

/// The shortest way from a container along its dependencies back to itself.
fn way_back<'d>(start: &'d str, edges: &HashMap<&'d str, Vec<&'d str>>) -> Option<Vec<&'d str>> {
    let mut ways = vec![vec![start]];
    let mut seen = HashSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in way.last().and_then(|last| edges.get(last)).into_iter().flatten() {
                let mut way = way.clone();
                way.push(next);
                if *next == start {
                    return Some(way);
                }
                if seen.insert(*next) {
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}

fn at_name(container: &Container<'_>, message: String) -> Finding {
    let path = container.members.path.member("name");
    about(
        container,
        RuleId::Names,
        Placed {
            value: (),
            path,
            span: container.at_name.clone(),
        },
        message,
    )
}
