//! The coordinator's function.

use super::Account;
use aws_smithy_types::Blob;
use protector_diagnosis::read::Reading;
use serde_json::Value;

/// What the function answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answered {
    /// It ran, and this is its answer.
    Done(Value),
    /// It failed; this is why, in its own words.
    Failed(String),
}

impl Account {
    /// Invokes the function and waits for its answer.
    ///
    /// # Errors
    /// The gap.
    pub(crate) async fn invoke(&self, function: &str, payload: &Value) -> Reading<Answered> {
        let request = self
            .lambda
            .invoke()
            .function_name(function)
            .payload(Blob::new(payload.to_string()));
        let answer = self.call("lambda:InvokeFunction", request.send()).await?;
        let body = answer.payload.map(Blob::into_inner).unwrap_or_default();
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        Ok(match answer.function_error {
            None => Answered::Done(value),
            Some(kind) => {
                let words = value["errorMessage"].as_str();
                Answered::Failed(words.unwrap_or(&kind).to_owned())
            }
        })
    }
}
