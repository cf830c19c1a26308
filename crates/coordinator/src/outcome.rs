//! How an action went.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::aws::AwsError;

/// How an action went. In a log line it is `outcome`, a code, and `error`, the text of a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", content = "error", rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// It was done.
    Ok,
    /// The record was written together with others, into a shared one.
    Shared,
    /// The change is kept in memory: it does not justify a write of its own.
    Kept,
    /// The write, or the completion, gave way to those of other drains.
    Deferred,
    /// Dry-run, or the kill switch says observe: nothing was done.
    Skipped,
    /// Another run had written the record in between. The two texts were merged.
    Conflict,
    /// Auto Scaling no longer waits at this hook. This is a success.
    AlreadyEnded,
    /// The call failed.
    #[serde(serialize_with = "as_text")]
    Failed(AwsError),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Ok => f.write_str("ok"),
            Outcome::Shared => f.write_str("shared"),
            Outcome::Kept => f.write_str("kept"),
            Outcome::Deferred => f.write_str("deferred"),
            Outcome::Skipped => f.write_str("skipped"),
            Outcome::Conflict => f.write_str("conflict"),
            Outcome::AlreadyEnded => f.write_str("already-ended"),
            Outcome::Failed(error) => write!(f, "failed: {error}"),
        }
    }
}

impl From<Result<Outcome, AwsError>> for Outcome {
    fn from(result: Result<Outcome, AwsError>) -> Outcome {
        result.unwrap_or_else(Outcome::Failed)
    }
}

fn as_text<S: Serializer>(error: &AwsError, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(error)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::ErrorKind;

    #[test]
    fn an_outcome_is_a_code_without_blanks_and_only_a_failure_has_a_text() {
        for (outcome, code) in [
            (Outcome::Ok, "ok"),
            (Outcome::Shared, "shared"),
            (Outcome::Kept, "kept"),
            (Outcome::Deferred, "deferred"),
            (Outcome::Skipped, "skipped"),
            (Outcome::Conflict, "conflict"),
            (Outcome::AlreadyEnded, "already-ended"),
        ] {
            assert_eq!(json!(outcome), json!({"outcome": code}));
            assert_eq!(outcome.to_string(), code);
        }
        let failed = Outcome::from(Err(AwsError {
            operation: "PutParameter",
            kind: ErrorKind::Throttled,
            message: "ThrottlingException: Rate exceeded".to_owned(),
        }));
        let text = "PutParameter: ThrottlingException: Rate exceeded";
        assert_eq!(json!(failed), json!({"outcome": "failed", "error": text}));
        assert_eq!(failed.to_string(), format!("failed: {text}"));
    }
}
