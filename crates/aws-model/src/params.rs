//! Reading the input of a call.

use super::ApiError;
use serde_json::Value;

/// The input of a call; members that are absent or of another type are none.
#[derive(Clone, Copy)]
pub(crate) struct Params<'a>(pub(crate) &'a Value);

impl<'a> Params<'a> {
    /// A text, not empty.
    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        self.0[name].as_str().filter(|text| !text.is_empty())
    }

    /// A text that must be there.
    pub(crate) fn required(self, name: &str) -> Result<&'a str, ApiError> {
        self.text(name)
            .ok_or_else(|| invalid(format!("{name} cannot be blank.")))
    }

    /// A list of texts; none if absent.
    pub(crate) fn texts(self, name: &str) -> Vec<&'a str> {
        self.list(name).iter().filter_map(Value::as_str).collect()
    }

    /// A list; empty if absent.
    pub(crate) fn list(self, name: &str) -> &'a [Value] {
        self.0[name].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn number(self, name: &str) -> Option<i64> {
        self.0[name].as_i64()
    }

    /// True or false; false if absent.
    pub(crate) fn flag(self, name: &str) -> bool {
        self.0[name].as_bool().unwrap_or_default()
    }
}

/// `InvalidParameterException`.
pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
    client("InvalidParameterException", message)
}

/// An error that is the caller's fault, status 400.
pub(crate) fn client(code: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(code, message, 400)
}

/// Whether an error is that of [`unknown_operation`].
pub(crate) fn is_unknown(error: &ApiError) -> bool {
    error.code == UNKNOWN_OPERATION
}

const UNKNOWN_OPERATION: &str = "UnknownOperationException";

/// There is no such operation, or the model does not have it.
pub(crate) fn unknown_operation(operation: &str) -> ApiError {
    client(UNKNOWN_OPERATION, format!("no operation {operation}"))
}
