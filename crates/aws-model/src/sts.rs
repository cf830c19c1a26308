//! STS: who is calling.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>

use super::params::unknown_operation;
use super::scope::Scope;
use super::{ApiError, Call};
use serde_json::{Value, json};

/// Answers a call. A principal is the name of its access key, and is shown as a user of the account.
pub(super) fn call(scope: &Scope, call: &Call) -> Result<Value, ApiError> {
    match call.operation.as_str() {
        "GetCallerIdentity" => Ok(json!({
            "Arn": format!("arn:aws:iam::{}:user/{}", scope.account, call.principal),
            "UserId": call.principal,
            "Account": scope.account,
        })),
        operation => Err(unknown_operation(operation)),
    }
}
