//! What a rule has found.

use super::rules::{RuleId, Severity};
use crate::edit::{Change, Path};
use std::ops::Range;

/// How a finding can be corrected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fix {
    /// The sidecar is added. Its image is not known to a rule.
    AddSidecar,
    Change(Change),
}

/// Why a finding does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suppression {
    /// The Docker label `protectorctl.ignore` of the container.
    Label,
    /// The option `--ignore`.
    Option,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) rule: RuleId,
    pub(crate) severity: Severity,
    /// The container that it is about; none if it is about the task.
    pub(crate) container: Option<String>,
    /// The value that it is about, in the document. The value need not be there.
    pub(crate) path: Path,
    /// What it is about, whatever the container's place in the list: a path below the container.
    pub(crate) subject: Path,
    /// Whether the value is not there.
    pub(crate) is_missing: bool,
    /// What to point at; of a value that is missing, what it is missing in.
    pub(crate) span: Range<usize>,
    /// What is wrong, in one sentence.
    pub(crate) message: String,
    /// The correction that `inject` makes.
    pub(crate) fix: Option<Fix>,
    /// Whether it does not count, and why.
    pub(crate) suppressed: Option<Suppression>,
}
