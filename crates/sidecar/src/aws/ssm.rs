//! Parameters: several with `GetParameters`, one with `GetParameter`.

use std::time::SystemTime;

use aws_sdk_ssm::operation::get_parameter::{GetParameter, GetParameterInput};
use aws_sdk_ssm::operation::get_parameters::{GetParameters, GetParametersInput};
use aws_smithy_types::error::operation::BuildError;
use protector_core::hold;
use protector_core::hold::state::ReadError;
use protector_core::limits::sidecar::CALL_TIMEOUT;
use protector_core::network::{self, Route, Unreachable};
use protector_core::record::ParameterPrefix;
use protector_runtime::error::chain;
use tokio::time::timeout;

use super::client::{CallError, Client};
use super::{Aws, AwsError, credentials, error};
use crate::identity::{self, Place};

/// Reads parameters, again and again. Credentials are kept while they last.
pub(crate) struct Parameters {
    placed: bool,
    region: String,
    permission: String,
    client: Option<Client>,
    expiry: Option<SystemTime>,
}

impl Parameters {
    /// Those that a sidecar at this place reads. Makes no call.
    pub(crate) fn of(place: &Place, prefix: &ParameterPrefix) -> Self {
        Self {
            placed: true,
            ..Self::new(&place.region, identity::permission_at(place, prefix))
        }
    }

    /// Returns whether it is known on which instance this is, and so what permission is missing.
    pub(crate) fn are_placed(&self) -> bool {
        self.placed
    }

    /// Those of a sidecar that does not know its instance: the kill switch. Makes no call.
    pub(crate) fn in_region(region: &str, prefix: &ParameterPrefix) -> Self {
        Self::new(region, identity::permission(None, region, "*", prefix))
    }

    fn new(region: &str, permission: String) -> Self {
        Self {
            placed: false,
            region: region.to_owned(),
            permission,
            client: None,
            expiry: None,
        }
    }

    /// Reads several in one call, in no more than [`CALL_TIMEOUT`]. IAM authorizes each name, and one that is not
    /// allowed denies all of them. An answer without one of the names is an error: that is no absence (promise P2).
    pub(crate) async fn together(
        &mut self,
        aws: &Aws,
        names: &[String],
    ) -> Result<hold::Parameters, AwsError> {
        let asked = timeout(CALL_TIMEOUT, self.ask_together(aws, names)).await;
        whole(asked.unwrap_or_else(|_| Err(self.late(aws)))?, names)
    }

    /// Reads one by itself, in no more than [`CALL_TIMEOUT`]. Whatever is neither a text nor `ParameterNotFound` is
    /// an error.
    pub(crate) async fn alone(&mut self, aws: &Aws, name: &str) -> Result<hold::Parameters, AwsError> {
        let asked = timeout(CALL_TIMEOUT, self.ask_alone(aws, name)).await;
        let text = asked.unwrap_or_else(|_| Err(self.late(aws)))?;
        Ok([(name.to_owned(), text)].into_iter().collect())
    }

    async fn ask_together(&mut self, aws: &Aws, names: &[String]) -> Result<hold::Parameters, AwsError> {
        let client = self.client(aws).await?;
        let input = GetParametersInput::builder().set_names(Some(names.to_vec()));
        let input = input.build().map_err(|error| unasked(&error))?;
        let answer = client.call::<GetParameters>(input).await;
        let answer = answer.map_err(|error| self.fault(aws, &error))?;
        let found = answer.parameters.unwrap_or_default().into_iter();
        let found = found.filter_map(|parameter| Some((parameter.name?, parameter.value)));
        let absent = answer.invalid_parameters.unwrap_or_default().into_iter();
        // A parameter without a value is no absence: an empty text cannot be understood, and so it holds.
        let found = found.map(|(name, value)| (name, Some(value.unwrap_or_default())));
        Ok(absent.map(|name| (name, None)).chain(found).collect())
    }

    async fn ask_alone(&mut self, aws: &Aws, name: &str) -> Result<Option<String>, AwsError> {
        let client = self.client(aws).await?;
        let input = GetParameterInput::builder().name(name);
        let input = input.build().map_err(|error| unasked(&error))?;
        match client.call::<GetParameter>(input).await {
            Ok(answer) => {
                let text = answer.parameter.and_then(|parameter| parameter.value);
                Ok(Some(text.unwrap_or_default()))
            }
            Err(error) if error::is_not_found(&error) => Ok(None),
            Err(error) => Err(self.fault(aws, &error)),
        }
    }

    /// The client, with new credentials when it is time. If there are none, the old ones serve to their end.
    async fn client(&mut self, aws: &Aws) -> Result<Client, AwsError> {
        let now = aws.clock().or_host();
        if let Some(client) = &self.client
            && !credentials::are_ending(self.expiry, now)
        {
            return Ok(client.clone());
        }
        let client = match (self.new_client(aws).await, &self.client) {
            (Err(_), Some(old)) if self.expiry.is_some_and(|end| end > now) => old.clone(),
            (fresh, _) => fresh?,
        };
        self.client = Some(client.clone());
        Ok(client)
    }

    async fn new_client(&mut self, aws: &Aws) -> Result<Client, AwsError> {
        let credentials = credentials::load(&aws.provider).await?;
        self.expiry = credentials.expiry();
        aws.client(&self.region, credentials)
    }

    /// What went wrong with a call. Credentials that were refused are not used again.
    fn fault(&mut self, aws: &Aws, error: &CallError) -> AwsError {
        let unreachable = self.not_reached(aws, Unreachable::Cut);
        let fault = AwsError::of_call(error, &self.permission, &unreachable);
        if fault.kind == ReadError::NoCredentials {
            self.client = None;
        }
        fault
    }

    fn late(&self, aws: &Aws) -> AwsError {
        let detail = format!("no response within {} s", CALL_TIMEOUT.as_secs());
        AwsError::failed(&detail, &self.not_reached(aws, Unreachable::TimedOut))
    }

    /// The hint for a call that failed in this way. The route is that of the last call, if there was one.
    fn not_reached(&self, aws: &Aws, seen: Unreachable) -> String {
        let usual = || Route {
            endpoint: format!("ssm.{}.amazonaws.com:443", self.region),
            proxy: None,
        };
        network::hint(seen, &aws.last_route().unwrap_or_else(usual))
    }
}

/// A request that cannot be written, which these always can.
fn unasked(error: &BuildError) -> AwsError {
    AwsError::failed(&chain(error), "nothing; the call is retried")
}

/// The answer, if it mentions each of these names.
fn whole(read: hold::Parameters, names: &[String]) -> Result<hold::Parameters, AwsError> {
    match names.iter().find(|name| read.text(name).is_none()) {
        None => Ok(read),
        Some(name) => {
            let detail = format!("the response of GetParameters omits {name}");
            Err(AwsError::failed(&detail, "nothing; the call is retried"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p2_an_answer_that_leaves_a_name_out_is_a_failure() {
        let names = ["/p/control", "/p/prod/i-1"].map(str::to_owned);
        let read = |texts: &[(&str, Option<&str>)]| {
            let reported = texts
                .iter()
                .map(|(name, text)| ((*name).to_owned(), text.map(str::to_owned)));
            whole(reported.collect(), &names)
        };
        let all = read(&[("/p/control", None), ("/p/prod/i-1", Some("{}"))]).unwrap();
        assert_eq!(
            (all.text("/p/control"), all.text("/p/prod/i-1")),
            (Some(None), Some(Some("{}")))
        );
        let fault = read(&[("/p/control", None)]).unwrap_err();
        assert_eq!(fault.kind, ReadError::Failed);
        assert!(fault.detail.contains("/p/prod/i-1"), "{}", fault.detail);
    }
}
