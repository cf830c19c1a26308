//! `DeleteParameter` and `DeleteParameters`.

use super::{ParameterChange, Ssm, invalid, not_found};
use crate::ApiError;
use crate::constraints::at_most_items;
use crate::params::Params;
use serde_json::{Value, json};

/// `DeleteParameters` takes so many names.
const NAMES_MAX: usize = 10;

impl Ssm {
    /// Deletes one parameter with all its versions.
    pub(super) fn delete(&mut self, params: Params<'_>) -> Result<Value, ApiError> {
        let name = params
            .text("Name")
            .ok_or_else(|| invalid("Parameter name must not be empty."))?;
        match self.remove(name) {
            true => Ok(json!({})),
            false => Err(not_found()),
        }
    }

    /// Deletes several parameters. The answer lists the names that do not exist, which is not an error.
    pub(super) fn delete_many(&mut self, params: Params<'_>) -> Result<Value, ApiError> {
        let names = params.texts("Names");
        at_most_items(&names, "names", NAMES_MAX).map_err(invalid)?;
        if names.is_empty() {
            return Err(invalid("names must have at least one member"));
        }
        let (deleted, wrong): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| self.remove(name));
        Ok(json!({"DeletedParameters": deleted, "InvalidParameters": wrong}))
    }

    fn remove(&mut self, name: &str) -> bool {
        let Some(parameter) = self.parameters.remove(name) else {
            return false;
        };
        let version = parameter.latest().map_or(0, |version| version.number);
        self.changes.push(ParameterChange {
            name: name.to_owned(),
            version,
            value: None,
        });
        true
    }
}
