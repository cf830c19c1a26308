//! Systems Manager's Parameter Store: versions, hierarchies, limits.
//!
//! Limits and errors are those of the `ssm` service model, 2014-11-06, and of
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html>.
//! Served are String parameters' needs: no KMS, labels, policies, or allowed patterns; input that asks for one
//! of these is refused rather than ignored.

mod delete;
mod name;
mod parameter;
mod put;
mod read;

use super::ApiError;
use super::params::{Params, client, unknown_operation};
use jiff::Timestamp;
use parameter::Parameter;
use serde_json::Value;
use std::collections::BTreeMap;

/// The parameters of one account and region.
#[derive(Clone, Debug)]
pub(crate) struct Ssm {
    region: String,
    account: String,
    parameters: BTreeMap<String, Parameter>,
    changes: Vec<ParameterChange>,
}

/// A parameter was written or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParameterChange {
    pub(crate) name: String,
    /// The version written, from 1; of a deleted parameter, the last.
    pub(crate) version: u64,
    /// The value written; none if the parameter was deleted.
    pub(crate) value: Option<String>,
}

impl Ssm {
    /// An empty store.
    pub(crate) fn new(region: &str, account: &str) -> Ssm {
        Ssm {
            region: region.to_owned(),
            account: account.to_owned(),
            parameters: BTreeMap::new(),
            changes: Vec::new(),
        }
    }

    /// Does one operation. An operation that is not served is an `UnknownOperationException`.
    pub(crate) fn call(
        &mut self,
        now: Timestamp,
        operation: &str,
        params: &Value,
    ) -> Result<Value, ApiError> {
        match operation {
            "PutParameter" => self.put(now, Params(params)),
            "DeleteParameter" => self.delete(Params(params)),
            "DeleteParameters" => self.delete_many(Params(params)),
            _ => self.read(operation, Params(params), 0),
        }
    }

    /// Does a read as it would have been answered before the last write of each parameter: Parameter Store
    /// does not document that a read sees the write before it. An operation that is not a read is done as usual.
    pub(crate) fn call_stale(
        &mut self,
        now: Timestamp,
        operation: &str,
        params: &Value,
    ) -> Result<Value, ApiError> {
        match operation {
            "GetParameter" | "GetParameters" | "GetParametersByPath" => {
                self.read(operation, Params(params), 1)
            }
            _ => self.call(now, operation, params),
        }
    }

    /// What was written and deleted since the last time.
    pub(crate) fn take_changes(&mut self) -> Vec<ParameterChange> {
        std::mem::take(&mut self.changes)
    }

    /// The latest value of a parameter.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.parameters
            .get(name)?
            .latest()
            .map(|version| version.value.as_str())
    }

    fn read(&self, operation: &str, params: Params<'_>, lag: usize) -> Result<Value, ApiError> {
        match operation {
            "GetParameter" => self.get(params, lag),
            "GetParameters" => self.get_many(params, lag),
            "GetParametersByPath" => self.get_by_path(params, lag),
            _ => Err(unknown_operation(operation)),
        }
    }
}

fn invalid(message: impl Into<String>) -> ApiError {
    client("ValidationException", message)
}

/// Both operations that can miss a parameter give this error without a message.
fn not_found() -> ApiError {
    client("ParameterNotFound", "")
}

#[cfg(test)]
mod tests;
