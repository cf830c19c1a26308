//! The rules themselves: functions of a definition and of what is expected of it. Nothing here reads or writes.

pub(super) mod bounds;
pub(super) mod life;
mod naming;
pub(super) mod order;
pub(super) mod privileges;
mod routers;
mod settings;
mod shape;
mod task;

use super::context::{Expectations, Guarded};
use super::finding::{Finding, Fix};
use super::layout::{DefinitionForm, Layout};
use super::model::Definition;
use super::rules::{RULES, RuleId};
use crate::edit::Path;
use jsonc_parser::ast::Value;

/// What was found, and how much was looked at.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    /// All findings, in the order of the text.
    pub(crate) findings: Vec<Finding>,
    /// The number of rules that were checked.
    pub(crate) rules: usize,
    /// Whether values of a wrong type kept the other rules from being checked.
    pub(crate) stopped: bool,
}

/// Rules that need the whole task, and cannot be checked on a list of containers.
const OF_THE_TASK: [RuleId; 5] = [
    RuleId::Ec2,
    RuleId::InstanceKnown,
    RuleId::TaskRole,
    RuleId::Linux,
    RuleId::HopLimit,
];

/// Rules about the shape alone.
const OF_THE_SHAPE: [RuleId; 2] = [RuleId::Types, RuleId::Members];

/// Checks a document against all rules.
#[must_use]
pub(crate) fn check(root: &Value<'_>, layout: &Layout, expected: &Expectations) -> Checked {
    let (mut findings, stopped) = shape::check(root, layout);
    if stopped {
        return Checked {
            findings: sorted(findings),
            rules: OF_THE_SHAPE.len(),
            stopped,
        };
    }
    let definition = Definition::read(root, layout);
    findings.extend(naming::check(&definition, expected.container.as_str()));
    findings.extend(task::platform(&definition));
    findings.extend(routers::check(&definition));
    let guarded = Guarded::of(&definition, expected);
    match &guarded {
        Some(guarded) => findings.extend(with_sidecar(guarded)),
        None if expected.allow_none => {}
        None => findings.push(without_sidecar(&definition, expected)),
    }
    let unchecked = if layout.form == DefinitionForm::Containers {
        OF_THE_TASK.len()
    } else {
        0
    };
    let unasked = usize::from(expected.prefix.is_none());
    Checked {
        findings: sorted(findings),
        rules: RULES.len() - unchecked - unasked,
        stopped,
    }
}

fn with_sidecar(guarded: &Guarded<'_, '_>) -> Vec<Finding> {
    let rules: [fn(&Guarded<'_, '_>) -> Vec<Finding>; 7] = [
        order::check,
        life::check,
        bounds::check,
        settings::check,
        task::check,
        privileges::check,
        privileges::needs_nothing,
    ];
    rules.iter().flat_map(|rule| rule(guarded)).collect()
}

fn without_sidecar(definition: &Definition<'_>, expected: &Expectations) -> Finding {
    let name = &expected.container;
    Finding {
        rule: RuleId::SidecarPresent,
        severity: RuleId::SidecarPresent.rule().severity,
        container: None,
        path: definition.containers_path.clone(),
        subject: Path::default().member(name.as_str()),
        is_missing: true,
        span: definition.at.clone(),
        message: format!(
            "no container is called {name}: nothing holds this daemon while its instance drains"
        ),
        // Without another container there is nothing to protect.
        fix: (!definition.containers.is_empty()).then_some(Fix::AddSidecar),
        suppressed: None,
    }
}

/// In the order of the text, and of one place in the order of the rules.
fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| (a.span.start, a.rule, &a.message).cmp(&(b.span.start, b.rule, &b.message)));
    findings
}
