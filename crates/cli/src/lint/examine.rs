//! One document, from its text to its findings.

use super::checks;
use super::context::Expectations;
use super::finding::{Finding, Fix};
use super::layout::{DefinitionForm, Layout};
use super::source::{Unreadable, parse};
use super::suppress;
use crate::edit::{Change, Edit, Style, edits};
use jsonc_parser::ast::Value;

/// A text that has a task definition.
pub(crate) struct Document<'t> {
    pub(crate) text: &'t str,
    pub(crate) root: Value<'t>,
    /// Where the definition is in it.
    pub(crate) layout: Layout,
}

/// What was found in a document.
#[derive(Clone, Debug)]
pub(crate) struct Examined {
    /// All findings, also those that do not count.
    pub(crate) findings: Vec<Finding>,
    /// The number of rules that were checked.
    pub(crate) rules: usize,
    /// Whether only the shape was checked, because values of a wrong type were in the way.
    pub(crate) stopped: bool,
    /// The form in which the definition is kept.
    pub(crate) form: DefinitionForm,
    /// The edits that correct each finding, in the order of the findings; none where a person must.
    pub(crate) edits: Vec<Vec<Edit>>,
}

impl<'t> Document<'t> {
    pub(crate) fn parse(text: &'t str) -> Result<Document<'t>, Unreadable> {
        let root = parse(text)?;
        let layout = Layout::of(text, &root)?;
        Ok(Document { text, root, layout })
    }

    /// Checks the definition against all rules.
    #[must_use]
    pub(crate) fn examine(&self, expected: &Expectations) -> Examined {
        let checked = checks::check(&self.root, &self.layout, expected);
        let mut findings = checked.findings;
        if !checked.stopped {
            suppress::by_label(
                &mut findings,
                &self.root,
                &self.layout,
                expected.container.as_str(),
            );
        }
        let edits = findings.iter().map(|finding| match &finding.fix {
            Some(Fix::Change(change)) => self.edits(change),
            Some(Fix::AddSidecar) | None => Vec::new(),
        });
        let edits = edits.collect();
        Examined {
            findings,
            rules: checked.rules,
            stopped: checked.stopped,
            form: self.layout.form,
            edits,
        }
    }

    /// The edits of the text that make a change.
    #[must_use]
    pub(crate) fn edits(&self, change: &Change) -> Vec<Edit> {
        edits(self.text, &self.root, &Style::of(self.text, &self.root), change)
    }
}

impl Examined {
    pub(crate) fn counted(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| finding.suppressed.is_none())
    }
}
