//! Errors of the APIs.

/// An error in the words of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// For example `ThrottlingException`.
    pub code: &'static str,
    /// The message.
    pub message: String,
    /// Whether the SDK tries again.
    pub retryable: bool,
}

impl CallError {
    /// An error that is final.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> CallError {
        CallError {
            code,
            message: message.into(),
            retryable: false,
        }
    }
}
