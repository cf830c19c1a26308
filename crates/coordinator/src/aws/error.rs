//! What can go wrong with a call, in the few kinds that make a difference.

use std::fmt;

use protector_core::redact::without_tokens;
use serde::Serialize;

/// Kinds of failure; logs and metrics use their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// Too many calls, also after the SDK's own retries.
    Throttled,
    /// The role lacks a permission.
    Denied,
    /// No answer in time, or no connection.
    Timeout,
    /// The service failed by itself.
    Internal,
    /// The thing is not there.
    NotFound,
    /// Auto Scaling waits for no such lifecycle action: it is over.
    #[serde(rename = "already-ended")]
    Over,
    /// The answer did not hold all that was asked for.
    Incomplete,
    /// Anything else.
    Other,
}

impl ErrorKind {
    /// Returns whether it is the ordinary way of AWS to say no.
    #[must_use]
    pub fn is_ordinary(self) -> bool {
        matches!(self, ErrorKind::NotFound | ErrorKind::Over)
    }

    /// Returns whether what was asked for may have been done all the same. The SDK tries a call again and returns the last
    /// error: an attempt before a throttled one may have had no answer. Only what is refused each time was not done.
    #[must_use]
    pub fn is_doubtful(self) -> bool {
        !matches!(self, ErrorKind::Denied | ErrorKind::NotFound | ErrorKind::Over)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsError {
    /// The operation that was called.
    pub operation: &'static str,
    /// The kind.
    pub kind: ErrorKind,
    /// AWS's code and words, without tokens.
    pub message: String,
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.message)
    }
}

impl std::error::Error for AwsError {}

impl AwsError {
    /// A request that the service refused, by AWS's error code and message. The code, and for Auto Scaling the message,
    /// give the kind; lifecycle action tokens are taken out of the message.
    #[must_use]
    pub fn of_service(operation: &'static str, code: &str, message: &str) -> AwsError {
        AwsError {
            operation,
            kind: kind(code, message),
            message: format!("{code}: {}", without_tokens(message)),
        }
    }
}

/// Auto Scaling has one code, `ValidationError`, for all bad input, so its message decides.
fn kind(code: &str, message: &str) -> ErrorKind {
    match code {
        "ValidationError" if message.starts_with("No active Lifecycle Action") => ErrorKind::Over,
        "ThrottlingException" | "Throttling" | "TooManyUpdates" | "RequestLimitExceeded" => {
            ErrorKind::Throttled
        }
        "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" => ErrorKind::Denied,
        "ParameterNotFound" | "ClusterNotFoundException" => ErrorKind::NotFound,
        // Parameter Store, ECS, and Auto Scaling, in this order.
        "InternalServerError" | "ServerException" | "InternalFailure" | "ServiceUnavailable" => {
            ErrorKind::Internal
        }
        _ => ErrorKind::Other,
    }
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
            ErrorKind::Over
        );
        assert_eq!(
            kind("ValidationError", "1 validation error detected"),
            ErrorKind::Other
        );
        assert_eq!(kind("Throttling", "Rate exceeded"), ErrorKind::Throttled);
        assert_eq!(kind("AccessDenied", "User is not authorized"), ErrorKind::Denied);
    }

    #[test]
    fn p8_only_what_is_refused_each_time_was_not_done() {
        let doubtful = |code| AwsError::of_service("PutParameter", code, "").kind.is_doubtful();
        for code in [
            "InternalServerError",
            "ThrottlingException",
            "TooManyUpdates",
            "(no code)",
        ] {
            assert!(doubtful(code), "{code}");
        }
        for code in ["AccessDeniedException", "ParameterNotFound"] {
            assert!(!doubtful(code), "{code}");
        }
    }

    #[test]
    fn each_service_has_its_words_for_an_error_of_its_own() {
        for code in [
            "InternalServerError",
            "ServerException",
            "InternalFailure",
            "ServiceUnavailable",
        ] {
            assert_eq!(kind(code, ""), ErrorKind::Internal, "{code}");
        }
    }
}
