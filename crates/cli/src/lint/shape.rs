//! The shape of a task definition: which members ECS knows, and of which type each is.
//!
//! The table is the input of `RegisterTaskDefinition` in the service's published model, in a short form: a text is a
//! type, a list has the shape of its elements, `"*"` stands for any name, and `!` marks a member that must be there.
//! The names and values of `environment`, and the names of containers, must be there for the rules, although the model
//! does not say so.

use crate::edit::Path;
use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::Ranged;
use serde_json::Value as Shape;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

/// Members of a described definition that `RegisterTaskDefinition` does not take:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html>
pub(crate) const DESCRIBED_ONLY: [&str; 8] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
];

static REGISTER: LazyLock<Shape> =
    LazyLock::new(|| serde_json::from_str(include_str!("register-task-definition.json")).unwrap_or_default());

/// What is wrong with the shape of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// The value has another type.
    Type(&'static str),
    /// A member that must be there is not.
    Missing,
    /// ECS knows no such member; one that is spelt alike, if there is one.
    Unknown(Option<String>),
    /// An earlier member has the same name, and readers disagree which one counts.
    Repeated,
}

/// One place at which a document has another shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// The value, or the member that is missing.
    pub(crate) path: Path,
    /// The range of the text to point at.
    pub(crate) span: Range<usize>,
    /// The kind of the misfit.
    pub(crate) wrong: Wrong,
}

/// All misfits of a whole definition.
#[must_use]
pub(crate) fn definition(value: &Value<'_>, path: &Path) -> Vec<Misfit> {
    let mut found = Vec::new();
    check(value, &REGISTER, path, &mut found);
    let described = DESCRIBED_ONLY.map(|name| path.member(name));
    found.retain(|misfit| !(matches!(misfit.wrong, Wrong::Unknown(_)) && described.contains(&misfit.path)));
    found
}

/// All misfits of a list of container definitions.
#[must_use]
pub(crate) fn containers(value: &Value<'_>, path: &Path) -> Vec<Misfit> {
    let mut found = Vec::new();
    let shape = REGISTER.get("containerDefinitions!").unwrap_or(&Shape::Null);
    check(value, shape, path, &mut found);
    found
}

fn check(value: &Value<'_>, shape: &Shape, path: &Path, found: &mut Vec<Misfit>) {
    match (shape, value) {
        (Shape::Object(members), Value::Object(object)) => check_members(object, members, path, found),
        (Shape::Array(element), Value::Array(array)) => {
            let Some(shape) = element.first() else { return };
            for (index, value) in array.elements.iter().enumerate() {
                check(value, shape, &path.element(index), found);
            }
        }
        _ if fits(shape, value) => {}
        _ => found.push(Misfit {
            path: path.clone(),
            span: span(value),
            wrong: Wrong::Type(wanted(shape)),
        }),
    }
}

fn check_members(
    object: &Object<'_>,
    members: &serde_json::Map<String, Shape>,
    path: &Path,
    found: &mut Vec<Misfit>,
) {
    let mut names = HashSet::new();
    for property in &object.properties {
        let name = property.name.as_str();
        let path = path.member(name);
        let misfit = |wrong| Misfit {
            path: path.clone(),
            span: span(&property.name),
            wrong,
        };
        if !names.insert(name) {
            found.push(misfit(Wrong::Repeated));
        }
        let required = members.get(&format!("{name}!"));
        match members.get(name).or(required).or_else(|| members.get("*")) {
            None => found.push(misfit(Wrong::Unknown(similar(name, members)))),
            // Tools write null for a member that is not set; one that must be there is missing then.
            Some(_) if matches!(property.value, Value::NullKeyword(_)) => {
                if required.is_some() {
                    found.push(misfit(Wrong::Missing));
                }
            }
            Some(shape) => check(&property.value, shape, &path, found),
        }
    }
    let required = members.keys().filter_map(|name| name.strip_suffix('!'));
    for name in required.filter(|name| !names.contains(name)) {
        found.push(Misfit {
            path: path.member(name),
            span: span(object),
            wrong: Wrong::Missing,
        });
    }
}

fn fits(shape: &Shape, value: &Value<'_>) -> bool {
    match (shape.as_str(), value) {
        (Some("string"), Value::StringLit(_)) | (Some("boolean"), Value::BooleanLit(_)) => true,
        (Some("integer"), Value::NumberLit(number)) => number.value.parse::<i64>().is_ok(),
        (Some("double"), Value::NumberLit(_)) => true,
        _ => false,
    }
}

fn wanted(shape: &Shape) -> &'static str {
    match shape {
        Shape::Object(_) => "an object",
        Shape::Array(_) => "a list",
        _ => match shape.as_str() {
            Some("string") => "a text",
            Some("boolean") => "true or false",
            Some("integer") => "a whole number",
            _ => "a number",
        },
    }
}

/// A known name that differs in its case, or in one or two letters.
fn similar(name: &str, members: &serde_json::Map<String, Shape>) -> Option<String> {
    let known = members.keys().map(|name| name.trim_end_matches('!'));
    let near = known.map(|known| (distance(&name.to_lowercase(), &known.to_lowercase()), known));
    let (distance, known) = near.min_by_key(|(distance, _)| *distance)?;
    (distance <= 2 && distance < name.chars().count()).then(|| known.to_owned())
}

/// The Levenshtein distance of two names.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        for (cell, with) in row.iter_mut().skip(1).zip(&other) {
            let above = *cell;
            let changed = diagonal + usize::from(letter != *with);
            left = changed.min(above + 1).min(left + 1);
            diagonal = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

fn span(node: &impl Ranged) -> Range<usize> {
    let range = node.range();
    range.start..range.end
}
