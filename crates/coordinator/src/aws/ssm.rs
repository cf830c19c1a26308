//! The records in SSM Parameter Store.

use std::collections::HashMap;

use protector_core::beacon::{Beacon, HeartbeatsBeacon};
use protector_core::observation::Stored;
use protector_core::record::{ParameterPrefix, Record};
use protector_core::shared::SharedRecord;

use super::api::ParameterText;
use super::{Aws, AwsError};

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

impl Listed {
    /// Returns the parameter as a record.
    pub fn stored(&self) -> Stored {
        stored(&self.text, self.version)
    }
}

/// The parameters that are there, of those that were asked for.
#[derive(Debug, Default)]
pub struct Texts(HashMap<String, ParameterText>);

impl Texts {
    /// Takes in further ones.
    pub fn extend(&mut self, more: Texts) {
        self.0.extend(more.0);
    }

    /// The text of one.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|parameter| parameter.value.as_str())
    }

    /// The text of one, and its version.
    pub fn with_version(&self, name: &str) -> Option<(&str, i64)> {
        let parameter = self.0.get(name)?;
        Some((&parameter.value, parameter.version))
    }
}

impl Aws {
    /// Reads up to ten parameters in one call.
    ///
    /// # Errors
    /// The call failed, or the answer does not mention each of them.
    pub async fn get_texts(&self, names: &[String]) -> Result<Texts, AwsError> {
        const OPERATION: &str = "GetParameters";
        let request = self.api.get_parameters(names.to_vec());
        let answer = self.call(OPERATION, request).await?;
        let reported = |name: &&String| {
            let found = answer.found.iter().any(|parameter| parameter.name == **name);
            found || answer.missing.contains(name)
        };
        if let Some(name) = names.iter().find(|name| !reported(name)) {
            return Err(self.incomplete(OPERATION, format!("the response omits {name}")));
        }
        let named = answer.found.into_iter();
        Ok(Texts(
            named
                .map(|parameter| (parameter.name.clone(), parameter))
                .collect(),
        ))
    }

    /// The present versions of at most 10 parameters; those that are gone are left out.
    pub async fn versions(&self, names: &[String]) -> Result<HashMap<String, i64>, AwsError> {
        let request = self.api.get_parameters(names.to_vec());
        let answer = self.call("GetParameters", request).await?;
        let version = |parameter: ParameterText| (parameter.name, parameter.version);
        Ok(answer.found.into_iter().map(version).collect())
    }

    /// The text of one parameter.
    ///
    /// # Errors
    /// The call failed, or there is no such parameter ([`super::ErrorKind::NotFound`]).
    pub async fn get_text(&self, name: &str) -> Result<String, AwsError> {
        let parameter = self.call("GetParameter", self.api.get_parameter(name)).await?;
        Ok(parameter.value)
    }

    /// Reads all parameters under the prefix, every page. The listing is best effort: SSM may leave out or repeat
    /// what changes meanwhile.
    pub async fn list_parameters(&self, prefix: &ParameterPrefix) -> Result<Vec<Listed>, AwsError> {
        let path = prefix.to_string();
        let request = |token| self.api.get_parameters_by_path(&path, token);
        let found = self.pages("GetParametersByPath", request).await?;
        Ok(found.into_iter().map(listed).collect())
    }

    /// Writes a record that includes all that the versions up to `base` say, and returns its version.
    ///
    /// # Errors
    /// The write failed, or may have: timeouts are failures too.
    pub async fn put_record(&self, name: &str, record: &Record, base: i64) -> Result<i64, AwsError> {
        let text = record
            .encode_based_on(base)
            .map_err(|error| self.incomplete("PutParameter", error.to_string()))?;
        self.call("PutParameter", self.api.put_parameter(name, text))
            .await
    }

    /// Writes a shared record that includes all that the versions up to `base` say, and returns its version.
    ///
    /// # Errors
    /// The write failed, or may have: timeouts are failures too.
    pub async fn put_shared(&self, name: &str, record: &SharedRecord, base: i64) -> Result<i64, AwsError> {
        const OPERATION: &str = "PutParameter";
        let text = record.encode_based_on(base).ok_or_else(|| {
            let words = format!("{} instances do not fit into {name}", record.drains.len());
            self.incomplete(OPERATION, words)
        })?;
        self.call(OPERATION, self.api.put_parameter(name, text)).await
    }

    /// Writes the beacon.
    ///
    /// # Errors
    /// The write failed, or may have.
    pub async fn put_beacon(&self, name: &str, beacon: &Beacon) -> Result<i64, AwsError> {
        const OPERATION: &str = "PutParameter";
        let text = beacon
            .encode()
            .map_err(|error| self.incomplete(OPERATION, error.to_string()))?;
        self.call(OPERATION, self.api.put_parameter(name, text)).await
    }

    /// Writes the beacon of the heartbeats.
    ///
    /// # Errors
    /// The write failed, or may have.
    pub async fn put_heartbeats_beacon(
        &self,
        name: &str,
        beacon: &HeartbeatsBeacon,
    ) -> Result<i64, AwsError> {
        self.call("PutParameter", self.api.put_parameter(name, beacon.encode()))
            .await
    }

    /// Deletes at most 10 parameters.
    ///
    /// # Errors
    /// The call failed. Parameters that are gone already are no failure.
    pub async fn delete_parameters(&self, names: &[String]) -> Result<(), AwsError> {
        let request = self.api.delete_parameters(names.to_vec());
        self.call("DeleteParameters", request).await
    }
}

fn listed(parameter: ParameterText) -> Listed {
    Listed {
        name: parameter.name,
        text: parameter.value,
        version: parameter.version,
    }
}

fn stored(text: &str, version: i64) -> Stored {
    Stored {
        record: Record::decode(text),
        version,
    }
}
