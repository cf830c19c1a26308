//! The outcome of a read for a person: what was read, or the gap that it leaves.

use std::fmt;

use serde::Serialize;

/// What was read, or why it was not.
pub type Reading<T> = Result<T, Gap>;

/// Why a read has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapKind {
    /// The caller may not make this call.
    Denied,
    /// AWS asked to call less often, to the end.
    Throttled,
    /// There are no credentials, or they have expired.
    SignedOut,
    /// The service was not reached, or its answer was cut short.
    Unreachable,
    /// What was asked for does not exist.
    NotFound,
    /// Anything else.
    Other,
}

/// A read that failed: a part of the answer that is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The call as IAM spells it, for example `ecs:ListTasks`.
    pub call: &'static str,
    /// Why it failed.
    #[serde(skip)]
    pub kind: GapKind,
    /// The error code of AWS, for example `ThrottlingException`, or a word of ours if there was no answer.
    pub code: String,
    /// The message that came with it.
    pub message: String,
}

impl fmt::Display for Gap {
    /// In the form of `not known: needs ecs:ListTasks`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            GapKind::Denied => write!(f, "not known: needs {}", self.call),
            GapKind::Throttled => write!(f, "not known: {} was throttled", self.call),
            GapKind::SignedOut => write!(f, "not known: {}: not signed in", self.call),
            GapKind::Unreachable => write!(f, "not known: {} did not answer", self.call),
            GapKind::NotFound | GapKind::Other => {
                write!(f, "not known: {} answered {}", self.call, self.code)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_names_the_call_and_what_it_needs() {
        for (kind, text) in [
            (GapKind::Denied, "not known: needs ecs:ListTasks"),
            (GapKind::Throttled, "not known: ecs:ListTasks was throttled"),
            (GapKind::Unreachable, "not known: ecs:ListTasks did not answer"),
            (
                GapKind::Other,
                "not known: ecs:ListTasks answered ServerException",
            ),
        ] {
            let gap = Gap {
                call: "ecs:ListTasks",
                kind,
                code: "ServerException".to_owned(),
                message: String::new(),
            };
            assert_eq!(gap.to_string(), text);
        }
    }
}
