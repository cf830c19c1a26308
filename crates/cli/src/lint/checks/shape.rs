//! Members and their types.

use crate::edit::{Path, PathStep, find};
use crate::lint::finding::Finding;
use crate::lint::layout::{DefinitionForm, Layout};
use crate::lint::rules::RuleId;
use crate::lint::shape::{self, Misfit, Wrong};
use jsonc_parser::ast::Value;

/// All misfits, and whether one of them keeps the other rules from reading the definition.
pub(super) fn check(root: &Value<'_>, layout: &Layout) -> (Vec<Finding>, bool) {
    let Some(definition) = find(root, &layout.definition.0) else {
        return (Vec::new(), true);
    };
    let misfits = match layout.form {
        DefinitionForm::Containers => shape::containers(definition, &layout.containers),
        DefinitionForm::Bare | DefinitionForm::Described => shape::definition(definition, &layout.definition),
    };
    let stopped = misfits.iter().any(|misfit| is_in_the_way(misfit, layout));
    (
        misfits
            .into_iter()
            .map(|misfit| finding(misfit, root, layout))
            .collect(),
        stopped,
    )
}

/// A missing member is one that a rule misses too, and reports better; a container's name is the key to everything.
fn is_in_the_way(misfit: &Misfit, layout: &Layout) -> bool {
    match misfit.wrong {
        Wrong::Type(_) | Wrong::Repeated => true,
        Wrong::Unknown(_) => false,
        Wrong::Missing => {
            let below = misfit.path.below(&layout.containers);
            matches!(below.0.as_slice(), [PathStep::Element(_), PathStep::Member(name)] if name == "name")
        }
    }
}

fn finding(misfit: Misfit, root: &Value<'_>, layout: &Layout) -> Finding {
    let shown = shown(&misfit.path.below(&layout.definition));
    let (rule, message) = match &misfit.wrong {
        Wrong::Type(wanted) => (RuleId::Types, format!("{shown} must be {wanted}")),
        Wrong::Missing => (RuleId::Types, format!("{shown} is missing")),
        Wrong::Repeated => (
            RuleId::Types,
            format!("{shown} is there twice: readers of JSON disagree which one counts"),
        ),
        Wrong::Unknown(None) => (RuleId::Members, format!("ECS knows no member {shown}")),
        Wrong::Unknown(Some(near)) => (
            RuleId::Members,
            format!("ECS knows no member {shown}; is {near} meant?"),
        ),
    };
    let container = container_of(&misfit.path, root, layout);
    let own = misfit.path.below(&layout.containers);
    let subject = match (&container, own.0.split_first()) {
        (Some(_), Some((_, rest))) => Path(rest.to_vec()),
        _ => misfit.path.below(&layout.definition),
    };
    Finding {
        rule,
        severity: rule.rule().severity,
        container,
        is_missing: misfit.wrong == Wrong::Missing,
        path: misfit.path,
        subject,
        span: misfit.span,
        message,
        fix: None,
        suppressed: None,
    }
}

/// The name of the container that a path leads through, if it has one.
fn container_of(path: &Path, root: &Value<'_>, layout: &Layout) -> Option<String> {
    let element = path.0.strip_prefix(layout.containers.0.as_slice())?.first()?;
    let PathStep::Element(index) = element else {
        return None;
    };
    let name = find(root, &layout.containers.element(*index).member("name").0)?;
    Some(name.as_string_lit()?.value.clone().into_owned())
}

/// A path as people write it: `containerDefinitions[1].memory`.
fn shown(path: &Path) -> String {
    let mut text = String::new();
    for step in &path.0 {
        match step {
            PathStep::Member(name) if text.is_empty() => text.push_str(name),
            PathStep::Member(name) => text.extend([".", name]),
            PathStep::Element(index) => text.push_str(&format!("[{index}]")),
        }
    }
    if text.is_empty() {
        "the task definition".to_owned()
    } else {
        text
    }
}
