//! The instance metadata service, version 2.

use std::time::Duration;

use aws_config::imds::Client;
use aws_config::imds::client::error::ImdsError;
use aws_config::provider_config::ProviderConfig;
use protector_core::ids::InstanceId;
use protector_core::wait::Fate;

use super::fault::chain;
use super::{is_true, variable};

/// It is on the same host. A token that does not come back (hop limit) shows as a time-out.
const LIMIT: Duration = Duration::from_secs(1);

const NOT_FOUND: u16 = 404;
const ENDPOINT: &str = "http://169.254.169.254";

/// The instance metadata service, if it may be used.
pub(crate) struct Imds(Result<Client, String>);

impl Imds {
    /// A client. `AWS_EC2_METADATA_DISABLED` and `AWS_EC2_METADATA_SERVICE_ENDPOINT` are obeyed.
    pub(super) fn new(provider: &ProviderConfig) -> Self {
        if is_true("AWS_EC2_METADATA_DISABLED") {
            return Self(Err("AWS_EC2_METADATA_DISABLED is set".to_owned()));
        }
        let endpoint = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned());
        let builder = Client::builder()
            .configure(provider)
            .connect_timeout(LIMIT)
            .read_timeout(LIMIT)
            .operation_attempt_timeout(LIMIT)
            .operation_timeout(LIMIT)
            .max_attempts(1);
        Self(
            builder
                .endpoint(&endpoint)
                .map(|b| b.build())
                .map_err(|e| format!("{endpoint}: {e}")),
        )
    }

    /// The EC2 instance.
    ///
    /// # Errors
    /// A phrase.
    pub(crate) async fn instance_id(&self) -> Result<InstanceId, String> {
        let told = self.get("/latest/meta-data/instance-id").await?;
        told.ok_or("IMDS has no instance id")?
            .trim()
            .parse()
            .map_err(|e| format!("IMDS: {e}"))
    }

    /// What becomes of the instance. Silence is [`Fate::Unknown`], which only leaves the decision to time.
    pub(crate) async fn fate(&self) -> Fate {
        let Ok(target) = self
            .get("/latest/meta-data/autoscaling/target-lifecycle-state")
            .await
        else {
            return Fate::Unknown;
        };
        let spot = self.get("/latest/meta-data/spot/instance-action").await;
        fate(target.as_deref(), matches!(spot, Ok(Some(_))))
    }

    /// Nothing if there is no such item, which is how IMDS says "no": a target state that was never set, no Spot
    /// interruption.
    async fn get(&self, path: &str) -> Result<Option<String>, String> {
        match self.0.as_ref().map_err(String::clone)?.get(path).await {
            Ok(text) => Ok(Some(text.as_ref().to_owned())),
            Err(ImdsError::ErrorResponse(e)) if e.response().status().as_u16() == NOT_FOUND => Ok(None),
            Err(error) => Err(format!("IMDS does not answer: {}", chain(&error))),
        }
    }
}

fn fate(target: Option<&str>, spot: bool) -> Fate {
    match target.map(str::trim) {
        _ if spot => Fate::Leaving,
        Some("Terminated") => Fate::Leaving,
        Some("InService") => Fate::InService,
        _ => Fate::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_target_states_say_something() {
        for (target, spot, expected) in [
            (Some("Terminated"), false, Fate::Leaving),
            (Some("InService"), false, Fate::InService),
            (Some("InService\n"), false, Fate::InService),
            (Some("InService"), true, Fate::Leaving),
            (None, true, Fate::Leaving),
            (None, false, Fate::Unknown),
            (Some("Standby"), false, Fate::Unknown),
            (Some("Warmed:Stopped"), false, Fate::Unknown),
        ] {
            assert_eq!(fate(target, spot), expected, "{target:?} {spot}");
        }
    }
}
