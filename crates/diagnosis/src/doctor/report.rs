//! All findings, and what they come to.

use super::catalog::Category;
use super::finding::{Finding, Outcome};

/// The findings of a category, or of one group, service or cluster in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The category.
    pub category: Category,
    /// What it is about, if there may be several of the category: `prod-ecs`, or `fluent-bit (12 tasks)`.
    pub subject: Option<String>,
    /// The findings, in the order of the checks.
    pub findings: Vec<Finding>,
}

impl Section {
    pub(super) fn whole(category: Category, findings: Vec<Finding>) -> Section {
        Section {
            category,
            subject: None,
            findings,
        }
    }

    /// A part of a category.
    pub(super) fn about(category: Category, subject: impl Into<String>, findings: Vec<Finding>) -> Section {
        Section {
            category,
            subject: Some(subject.into()),
            findings,
        }
    }

    /// Why none of its checks was looked at, if so.
    #[must_use]
    pub fn skipped_because(&self) -> Option<&str> {
        let first = self.findings.first()?;
        let all = self
            .findings
            .iter()
            .all(|finding| finding.result == Outcome::Skipped && finding.text == first.text);
        all.then_some(first.text.as_str())
    }

    /// Its heading: `hooks: prod-ecs`.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.subject {
            None => self.category.name().to_owned(),
            Some(subject) => format!("{}: {subject}", self.category.name()),
        }
    }
}

/// All findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// By category.
    pub sections: Vec<Section>,
}

/// How many checks ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// As it must be.
    pub pass: usize,
    /// Deserve a look.
    pub warn: usize,
    /// Wrong.
    pub fail: usize,
    /// Not known.
    pub not_known: usize,
    /// Not looked at.
    pub skipped: usize,
}

/// What makes the answer bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// A warning, too.
    Warn,
    /// Only what is wrong.
    Fail,
}

/// What all findings come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is wrong, as far as was asked.
    Good,
    /// Something is wrong.
    Bad,
    /// Nothing wrong was found, and something is not known.
    NotKnown,
}

impl Report {
    /// All findings.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.sections.iter().flat_map(|section| &section.findings)
    }

    /// How many checks ended how.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for finding in self.findings() {
            let count = match finding.result {
                Outcome::Pass => &mut totals.pass,
                Outcome::Warn => &mut totals.warn,
                Outcome::Fail => &mut totals.fail,
                Outcome::NotKnown(_) => &mut totals.not_known,
                Outcome::Skipped => &mut totals.skipped,
            };
            *count += 1;
        }
        totals
    }

    /// What they come to. What is known to be wrong goes before what is not known.
    #[must_use]
    pub fn verdict(&self, fail_on: FailOn) -> Verdict {
        let totals = self.totals();
        let is_bad = totals.fail > 0 || (fail_on == FailOn::Warn && totals.warn > 0);
        match (is_bad, totals.not_known) {
            (true, _) => Verdict::Bad,
            (false, 0) => Verdict::Good,
            (false, _) => Verdict::NotKnown,
        }
    }
}
