//! The records in SSM Parameter Store.

use std::collections::HashMap;

use protector_core::observation::{Seen, Stored};
use protector_core::record::{ParameterPrefix, Record};

use super::api::ParameterText;
use super::{Aws, Failure, Kind};

/// A parameter of the listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Its version.
    pub version: i64,
}

impl Aws {
    /// Reads a record, and with it another parameter's text, in one call.
    ///
    /// # Errors
    /// The call failed, or the answer does not tell of both.
    pub async fn get_with(&self, name: &str, other: &str) -> Result<(Seen<Stored>, Seen<String>), Failure> {
        const OPERATION: &str = "GetParameters";
        let request = self.api.get_parameters(vec![name.to_owned(), other.to_owned()]);
        let answer = self.counted(OPERATION, request.await)?;
        let find = |wanted: &str| {
            let found = answer.found.iter().find(|parameter| parameter.name == wanted);
            let missing = answer.missing.iter().any(|name| name == wanted);
            match (found, missing) {
                (Some(parameter), _) => Ok(Seen::Yes(parameter)),
                (None, true) => Ok(Seen::Absent),
                (None, false) => Err(self.incomplete(OPERATION, format!("the answer leaves out {wanted}"))),
            }
        };
        let text = |parameter: &ParameterText| parameter.value.clone();
        Ok((find(name)?.map(stored), find(other)?.map(text)))
    }

    /// The present versions of at most 10 parameters; those that are gone are left out.
    ///
    /// # Errors
    /// The call failed.
    pub async fn versions(&self, names: &[String]) -> Result<HashMap<String, i64>, Failure> {
        let request = self.api.get_parameters(names.to_vec());
        let answer = self.counted("GetParameters", request.await)?;
        let version = |parameter: ParameterText| (parameter.name, parameter.version);
        Ok(answer.found.into_iter().map(version).collect())
    }

    /// Reads one parameter.
    pub async fn get_parameter(&self, name: &str) -> Seen<Stored> {
        match self.counted("GetParameter", self.api.get_parameter(name).await) {
            Ok(parameter) => Seen::Yes(stored(&parameter)),
            Err(failure) if failure.kind == Kind::NotFound => Seen::Absent,
            Err(failure) => Seen::Unknown(failure.to_string()),
        }
    }

    /// The text of one parameter.
    ///
    /// # Errors
    /// The call failed, or there is no such parameter ([`Kind::NotFound`]).
    pub async fn get_text(&self, name: &str) -> Result<String, Failure> {
        let parameter = self.counted("GetParameter", self.api.get_parameter(name).await)?;
        Ok(parameter.value)
    }

    /// Reads all parameters under the prefix, every page. The listing is best effort: SSM may leave out or repeat
    /// what changes meanwhile.
    ///
    /// # Errors
    /// Any page could not be read.
    pub async fn list_parameters(&self, prefix: &ParameterPrefix) -> Result<Vec<Listed>, Failure> {
        let path = prefix.to_string();
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let request = self.api.get_parameters_by_path(&path, token);
            let page = self.counted("GetParametersByPath", request.await)?;
            found.extend(page.items.into_iter().map(listed));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(found);
            }
        }
    }

    /// Writes a record and gives back its version.
    ///
    /// # Errors
    /// The write failed, or may have: time-outs are failures too.
    pub async fn put_record(&self, name: &str, record: &Record) -> Result<i64, Failure> {
        let text = record
            .encode()
            .map_err(|error| self.incomplete("PutParameter", error.to_string()))?;
        self.counted("PutParameter", self.api.put_parameter(name, text).await)
    }

    /// Deletes at most 10 parameters.
    ///
    /// # Errors
    /// The call failed. Parameters that are gone already are no failure.
    pub async fn delete_parameters(&self, names: &[String]) -> Result<(), Failure> {
        let request = self.api.delete_parameters(names.to_vec());
        self.counted("DeleteParameters", request.await)
    }
}

fn listed(parameter: ParameterText) -> Listed {
    Listed {
        name: parameter.name,
        text: parameter.value,
        version: parameter.version,
    }
}

fn stored(parameter: &ParameterText) -> Stored {
    Stored {
        record: Record::decode(&parameter.value),
        version: parameter.version,
    }
}
