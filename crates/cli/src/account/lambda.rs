//! The coordinator's function.

use super::Account;
use aws_smithy_types::Blob;
use protector_diagnosis::doctor::reads::EventSource;
use protector_diagnosis::read::Reading;
use serde_json::Value;
use std::collections::BTreeMap;

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

    pub(crate) async fn variables(&self, function: &str) -> Reading<BTreeMap<String, String>> {
        let request = self.lambda.get_function_configuration().function_name(function);
        let answer = self
            .call("lambda:GetFunctionConfiguration", request.send())
            .await?;
        let variables = answer.environment.and_then(|environment| environment.variables);
        Ok(variables.unwrap_or_default().into_iter().collect())
    }

    /// The reserved concurrency of a function, if there is one.
    pub(crate) async fn reserved_concurrency(&self, function: &str) -> Reading<Option<u32>> {
        let request = self.lambda.get_function_concurrency().function_name(function);
        let answer = self.call("lambda:GetFunctionConcurrency", request.send()).await?;
        let reserved = answer.reserved_concurrent_executions;
        Ok(reserved.and_then(|count| u32::try_from(count).ok()))
    }

    /// The queues and streams from which a function takes.
    pub(crate) async fn event_sources(&self, function: &str) -> Reading<Vec<EventSource>> {
        let request = self.lambda.list_event_source_mappings().function_name(function);
        let send = |marker| request.clone().set_marker(marker).send();
        self.pages("lambda:ListEventSourceMappings", send, |page| {
            let mappings = page.event_source_mappings.unwrap_or_default().into_iter();
            let sources = mappings.filter_map(|one| {
                Some(EventSource {
                    id: one.uuid?,
                    queue: one.event_source_arn?,
                    state: one.state.unwrap_or_default(),
                })
            });
            (sources, page.next_marker)
        })
        .await
    }
}
