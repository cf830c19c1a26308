//! What can go wrong with a call, in the few kinds that make a difference.

use std::fmt;

use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use serde::{Serialize, Serializer};

use super::Aws;

/// Kinds of failure; logs and metrics use their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Too many calls, also after the SDK's own retries.
    Throttled,
    /// The role lacks a permission.
    Denied,
    /// No answer in time, or no connection.
    Timeout,
    /// The thing is not there.
    NotFound,
    /// Auto Scaling waits for no such lifecycle action: it is over.
    Over,
    /// The answer did not hold all that was asked for.
    Incomplete,
    /// Anything else.
    Other,
}

impl Kind {
    /// The kind's name, as logs and metrics have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Throttled => "throttled",
            Kind::Denied => "denied",
            Kind::Timeout => "timeout",
            Kind::NotFound => "not-found",
            Kind::Over => "over",
            Kind::Incomplete => "incomplete",
            Kind::Other => "other",
        }
    }

    /// Is it the ordinary way of AWS to say no?
    #[must_use]
    pub fn is_ordinary(self) -> bool {
        matches!(self, Kind::NotFound | Kind::Over)
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What was called.
    pub operation: &'static str,
    /// The kind.
    pub kind: Kind,
    /// AWS's code and words, without tokens.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.message)
    }
}

impl std::error::Error for Failure {}

impl Aws {
    /// Judges the outcome of a call that was counted.
    pub(super) fn judged<T, E, R>(
        &self,
        operation: &'static str,
        outcome: Result<T, SdkError<E, R>>,
    ) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: fmt::Debug,
    {
        self.meter.call(operation);
        outcome.map_err(|error| {
            let failure = judge(operation, &error);
            self.meter.failure(failure.kind);
            failure
        })
    }

    /// An answer that is not all that was asked for.
    pub(super) fn incomplete(&self, operation: &'static str, message: String) -> Failure {
        self.meter.failure(Kind::Incomplete);
        Failure {
            operation,
            kind: Kind::Incomplete,
            message,
        }
    }
}

fn judge<E, R>(operation: &'static str, error: &SdkError<E, R>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: fmt::Debug,
{
    let unanswered = matches!(error, SdkError::TimeoutError(_) | SdkError::DispatchFailure(_));
    let Some(service) = error.as_service_error().filter(|_| !unanswered) else {
        let kind = if unanswered { Kind::Timeout } else { Kind::Other };
        return Failure {
            operation,
            kind,
            message: chain(error),
        };
    };
    let code = service.code().unwrap_or("(no code)");
    let words = service.message().unwrap_or_default();
    Failure {
        operation,
        kind: kind(code, words),
        message: format!("{code}: {}", without_tokens(words)),
    }
}

/// Auto Scaling has one code, `ValidationError`, for all bad input, so its words decide.
fn kind(code: &str, words: &str) -> Kind {
    match code {
        "ValidationError" if words.starts_with("No active Lifecycle Action") => Kind::Over,
        "ThrottlingException" | "Throttling" | "TooManyUpdates" | "RequestLimitExceeded" => Kind::Throttled,
        "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" => Kind::Denied,
        "ParameterNotFound" | "ClusterNotFoundException" => Kind::NotFound,
        _ => Kind::Other,
    }
}

/// The words of every cause: the outermost of the SDK's errors says little.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push(error.to_string());
        cause = error.source();
    }
    words.join(": ")
}

/// Auto Scaling's errors quote the lifecycle action token, which entitles its bearer to end the wait.
fn without_tokens(words: &str) -> String {
    let is_token = |word: &str| word.len() >= 36 && word.matches('-').count() == 4 && !word.starts_with("i-");
    let shown = words
        .split(' ')
        .map(|word| if is_token(word) { "(token)" } else { word });
    shown.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_that_is_over_is_known_by_its_words() {
        assert_eq!(
            kind(
                "ValidationError",
                "No active Lifecycle Action found with instance ID i-1"
            ),
            Kind::Over
        );
        assert_eq!(
            kind("ValidationError", "1 validation error detected"),
            Kind::Other
        );
        assert_eq!(kind("Throttling", "Rate exceeded"), Kind::Throttled);
        assert_eq!(kind("AccessDenied", "User is not authorized"), Kind::Denied);
    }

    #[test]
    fn tokens_are_not_repeated() {
        let words = "No active Lifecycle Action found with token 630aa23f-48eb-45e7-aba6-799ea6093a0f";
        assert_eq!(
            without_tokens(words),
            "No active Lifecycle Action found with token (token)"
        );
    }
}
