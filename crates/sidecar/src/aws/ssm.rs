//! The record's parameter, read with `GetParameter`.

use std::time::SystemTime;

use aws_sdk_ssm::Client;
use protector_core::record::ParameterPrefix;
use protector_core::wait::{Reading, Trouble};
use tokio::time::timeout;

use super::{ATTEMPT_LIMIT, Aws, Fault, credentials};
use crate::place::Place;

/// Reads one parameter, again and again. Credentials are kept while they last.
pub(crate) struct Parameter {
    name: String,
    region: String,
    permission: String,
    client: Option<Client>,
    expiry: Option<SystemTime>,
}

impl Parameter {
    /// The parameter of the instance. Makes no call.
    pub(crate) fn of(place: &Place, prefix: &ParameterPrefix) -> Self {
        Self {
            name: place.parameter(prefix),
            region: place.region.clone(),
            permission: place.permission(prefix),
            client: None,
            expiry: None,
        }
    }

    /// Reads it once, in no more than [`ATTEMPT_LIMIT`].
    ///
    /// # Errors
    /// Whatever is neither a text nor `ParameterNotFound`.
    pub(crate) async fn read(&mut self, aws: &Aws) -> Result<Reading, Fault> {
        let name = self.name.clone();
        let text = self.text(aws, &name).await?;
        Ok(text.map_or(Reading::NotFound, |text| Reading::of_text(&text)))
    }

    /// Reads any parameter with the same client: its text, if there is one.
    ///
    /// # Errors
    /// As for [`Parameter::read`].
    pub(crate) async fn text(&mut self, aws: &Aws, name: &str) -> Result<Option<String>, Fault> {
        let text = timeout(ATTEMPT_LIMIT, self.read_at_leisure(aws, name)).await;
        text.unwrap_or_else(|_| {
            let detail = format!("no answer within {} s", ATTEMPT_LIMIT.as_secs());
            Err(Fault::failed(&detail, &self.way_there()))
        })
    }

    async fn read_at_leisure(&mut self, aws: &Aws, name: &str) -> Result<Option<String>, Fault> {
        let client = self.client(aws).await?;
        match client.get_parameter().name(name).send().await {
            Ok(answer) => Ok(Some(
                answer
                    .parameter
                    .and_then(|parameter| parameter.value)
                    .unwrap_or_default(),
            )),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_parameter_not_found()) =>
            {
                Ok(None)
            }
            Err(error) => Err(self.fault(Fault::of_call(&error, &self.permission, &self.way_there()))),
        }
    }

    /// The client, with new credentials when it is time. If there are none, the old ones serve to their end.
    async fn client(&mut self, aws: &Aws) -> Result<Client, Fault> {
        let now = SystemTime::now();
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

    async fn new_client(&mut self, aws: &Aws) -> Result<Client, Fault> {
        let credentials = credentials::load(&aws.provider).await?;
        self.expiry = credentials.expiry();
        Ok(Client::new(&aws.sdk_config("SSM", &self.region, credentials)))
    }

    /// Credentials that were refused are not used again.
    fn fault(&mut self, fault: Fault) -> Fault {
        if fault.trouble == Trouble::NoCredentials {
            self.client = None;
        }
        fault
    }

    fn way_there(&self) -> String {
        format!(
            "let the task reach ssm.{}.amazonaws.com, port 443 (NAT gateway or VPC endpoint)",
            self.region
        )
    }
}
