//! Findings that do not count: by an option for one run, or permanently by a Docker label of the container.

use super::finding::{Finding, Suppression};
use super::layout::Layout;
use super::model::{Container, Definition};
use super::rules::RuleId;
use jsonc_parser::ast::Value;
use std::str::FromStr;

/// The Docker label with the ids of rules that do not count for a container, separated by commas.
pub(crate) const LABEL: &str = "protectorctl.ignore";

/// What `--ignore` says: a rule, for one container or for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ignored {
    rule: RuleId,
    container: Option<String>,
}

impl FromStr for Ignored {
    type Err = String;

    fn from_str(text: &str) -> Result<Ignored, String> {
        let (rule, container) = match text.split_once('=') {
            Some((rule, container)) => (rule, Some(container.to_owned())),
            None => (text, None),
        };
        Ok(Ignored {
            rule: rule.parse()?,
            container,
        })
    }
}

/// Marks what `--ignore` names.
pub(crate) fn by_option(findings: &mut [Finding], ignored: &[Ignored]) {
    for finding in findings {
        let named = ignored.iter().any(|ignored| {
            ignored.rule == finding.rule
                && ignored
                    .container
                    .as_ref()
                    .is_none_or(|name| finding.container.as_ref() == Some(name))
        });
        if named && finding.suppressed.is_none() {
            finding.suppressed = Some(Suppression::Option);
        }
    }
}

/// Marks what the labels name. The label of the sidecar covers what is about the whole task.
pub(crate) fn by_label(findings: &mut [Finding], root: &Value<'_>, layout: &Layout, sidecar: &str) {
    let definition = Definition::read(root, layout);
    for finding in findings {
        let name = finding.container.as_deref().unwrap_or(sidecar);
        let container = definition
            .containers
            .iter()
            .find(|container| container.name == name);
        if container.is_some_and(|container| ignores(container, finding.rule)) {
            finding.suppressed = Some(Suppression::Label);
        }
    }
}

fn ignores(container: &Container<'_>, rule: RuleId) -> bool {
    let labels = container.members.object("dockerLabels");
    let ids = labels.text(LABEL).map_or("", |ids| ids.value);
    ids.split([',', ' ']).any(|id| id.parse() == Ok(rule))
}
