//! The records in SSM Parameter Store.

use std::collections::HashMap;

use aws_sdk_ssm::types::{Parameter, ParameterType};
use protector_core::observation::{Seen, Stored};
use protector_core::record::{ParameterPrefix, Record};

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
        let outcome = self.ssm.get_parameters().names(name).names(other).send().await;
        let answer = self.judged(OPERATION, outcome)?;
        let find = |wanted: &str| {
            let found = answer.parameters().iter().find(|p| p.name() == Some(wanted));
            let missing = answer.invalid_parameters().iter().any(|name| name == wanted);
            match (found, missing) {
                (Some(parameter), _) => Ok(Seen::Yes(parameter)),
                (None, true) => Ok(Seen::Absent),
                (None, false) => Err(self.incomplete(OPERATION, format!("the answer leaves out {wanted}"))),
            }
        };
        let text = |parameter: &Parameter| parameter.value().unwrap_or_default().to_owned();
        Ok((find(name)?.map(stored), find(other)?.map(text)))
    }

    /// The present versions of at most 10 parameters; those that are gone are left out.
    ///
    /// # Errors
    /// The call failed.
    pub async fn versions(&self, names: &[String]) -> Result<HashMap<String, i64>, Failure> {
        let request = self.ssm.get_parameters().set_names(Some(names.to_vec()));
        let answer = self.judged("GetParameters", request.send().await)?;
        let version = |parameter: &Parameter| Some((parameter.name.clone()?, parameter.version));
        Ok(answer.parameters().iter().filter_map(version).collect())
    }

    /// Reads one parameter.
    pub async fn get_parameter(&self, name: &str) -> Seen<Stored> {
        let outcome = self.ssm.get_parameter().name(name).send().await;
        match self.judged("GetParameter", outcome) {
            Ok(answer) => answer
                .parameter
                .as_ref()
                .map_or(Seen::Absent, |parameter| Seen::Yes(stored(parameter))),
            Err(failure) if failure.kind == Kind::NotFound => Seen::Absent,
            Err(failure) => Seen::Unknown(failure.to_string()),
        }
    }

    /// The text of one parameter.
    ///
    /// # Errors
    /// The call failed, or there is no such parameter ([`Kind::NotFound`]).
    pub async fn get_text(&self, name: &str) -> Result<String, Failure> {
        let outcome = self.ssm.get_parameter().name(name).send().await;
        let answer = self.judged("GetParameter", outcome)?;
        Ok(answer
            .parameter
            .and_then(|parameter| parameter.value)
            .unwrap_or_default())
    }

    /// Reads all parameters under the prefix, every page. The listing is best effort: SSM may leave out or repeat
    /// what changes meanwhile.
    ///
    /// # Errors
    /// Any page could not be read.
    pub async fn list_parameters(&self, prefix: &ParameterPrefix) -> Result<Vec<Listed>, Failure> {
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let request = self
                .ssm
                .get_parameters_by_path()
                .path(prefix.to_string())
                .recursive(true);
            let outcome = request.set_next_token(token).send().await;
            let page = self.judged("GetParametersByPath", outcome)?;
            found.extend(page.parameters().iter().filter_map(listed));
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
        let request = self
            .ssm
            .put_parameter()
            .name(name)
            .value(text)
            .r#type(ParameterType::String);
        let outcome = request.overwrite(true).send().await;
        Ok(self.judged("PutParameter", outcome)?.version)
    }

    /// Deletes at most 10 parameters.
    ///
    /// # Errors
    /// The call failed. Parameters that are gone already are no failure.
    pub async fn delete_parameters(&self, names: &[String]) -> Result<(), Failure> {
        let outcome = self
            .ssm
            .delete_parameters()
            .set_names(Some(names.to_vec()))
            .send()
            .await;
        self.judged("DeleteParameters", outcome).map(|_| ())
    }
}

fn listed(parameter: &Parameter) -> Option<Listed> {
    Some(Listed {
        name: parameter.name.clone()?,
        text: parameter.value.clone().unwrap_or_default(),
        version: parameter.version,
    })
}

fn stored(parameter: &Parameter) -> Stored {
    Stored {
        record: Record::decode(parameter.value().unwrap_or_default()),
        version: parameter.version,
    }
}
