//! What a check has found.

use super::catalog::CheckId;
use crate::read::Gap;

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is as it must be.
    Pass,
    /// The protector works, but not in every case, or something is unusual.
    Warn,
    /// Daemons are not protected, or a drain goes wrong.
    Fail,
    /// A read failed, so it is not known.
    NotKnown(Gap),
    /// It was not looked at, because an earlier check makes it meaningless.
    Skipped,
}

impl Outcome {
    /// Its name, as `--json` has it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Warn => "warn",
            Outcome::Fail => "fail",
            Outcome::NotKnown(_) => "not-known",
            Outcome::Skipped => "skipped",
        }
    }
}

/// What a check has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The check.
    pub id: CheckId,
    /// How it ended.
    pub result: Outcome,
    /// What was found, in one sentence; of a check that was skipped, why.
    pub text: String,
    /// What a person may need to know of it, one sentence each.
    pub hints: Vec<String>,
    /// A command that corrects it, or that shows more. Words in capitals are for the person to fill in.
    pub fix: Option<String>,
}

impl Finding {
    fn new(id: CheckId, result: Outcome, text: impl Into<String>) -> Finding {
        Finding {
            id,
            result,
            text: text.into(),
            hints: Vec::new(),
            fix: None,
        }
    }

    /// It is as it must be.
    pub(super) fn pass(id: CheckId, text: impl Into<String>) -> Finding {
        Finding::new(id, Outcome::Pass, text)
    }

    /// It deserves a look.
    pub(super) fn warn(id: CheckId, text: impl Into<String>) -> Finding {
        Finding::new(id, Outcome::Warn, text)
    }

    /// It is wrong.
    pub(super) fn fail(id: CheckId, text: impl Into<String>) -> Finding {
        Finding::new(id, Outcome::Fail, text)
    }

    /// A read failed: `what` names the matter.
    pub(super) fn not_known(id: CheckId, what: &str, gap: &Gap) -> Finding {
        let finding = Finding::new(id, Outcome::NotKnown(gap.clone()), format!("{what}: {gap}"));
        match gap.message.is_empty() {
            true => finding,
            false => finding.hint(gap.message.clone()),
        }
    }

    /// It was not looked at.
    pub(super) fn skipped(id: CheckId, because: impl Into<String>) -> Finding {
        Finding::new(id, Outcome::Skipped, because)
    }

    /// Adds a sentence.
    #[must_use]
    pub(super) fn hint(mut self, text: impl Into<String>) -> Finding {
        let text: String = text.into();
        // Messages of the SDK have line breaks.
        self.hints
            .push(text.split_whitespace().collect::<Vec<_>>().join(" "));
        self
    }

    #[must_use]
    pub(super) fn fix(mut self, command: impl Into<String>) -> Finding {
        self.fix = Some(command.into());
        self
    }
}
