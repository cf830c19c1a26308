//! Access to AWS, and how the SDK is configured.

use std::sync::Arc;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::api::Api;
use super::sdk::Sdk;
use super::{Failure, Kind, Meter};

/// A connection inside a region takes milliseconds.
const CONNECT: Duration = Duration::from_secs(2);

/// One try. The slowest of our calls, a full page of DescribeTasks, takes well under a second.
const ATTEMPT: Duration = Duration::from_secs(5);

/// All tries of one call: a run of some ten calls stays inside the function's 60 s even if one of them is slow.
const OPERATION: Duration = Duration::from_secs(15);

/// Tries of one call, with exponential back-off and full jitter (the SDK's standard mode). What fails three times is
/// left to the next event or tick.
const TRIES: u32 = 3;

/// Access to AWS. Cheap to clone; a clone made by [`Aws::metered`] counts for itself.
#[derive(Debug, Clone)]
pub struct Aws {
    /// What answers the requests.
    pub(super) api: Arc<dyn Api>,
    /// What has been called.
    pub meter: Arc<Meter>,
}

impl Aws {
    /// The SDK with the function's environment: its role's credentials, region, and the standard endpoint and FIPS
    /// variables. No connection is made before the first call.
    pub async fn from_environment() -> Aws {
        Aws::new(&configuration().await)
    }

    /// The SDK with this configuration.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Aws {
        Aws::with_api(Arc::new(Sdk::new(config)))
    }

    /// Access through anything that answers requests: the SDK, or a model of AWS in a simulation.
    #[must_use]
    pub fn with_api(api: Arc<dyn Api>) -> Aws {
        Aws {
            api,
            meter: Arc::default(),
        }
    }

    /// The same access with a meter of their own, which counts for this one's too.
    #[must_use]
    pub fn metered(&self) -> Aws {
        Aws {
            meter: Arc::new(Meter::within(self.meter.clone())),
            ..self.clone()
        }
    }

    /// Counts a call by its outcome.
    pub(super) fn counted<T>(
        &self,
        operation: &'static str,
        outcome: Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.meter.call(operation);
        outcome.inspect_err(|failure| self.meter.failure(failure.kind))
    }

    /// An answer that is not all that was asked for.
    pub(super) fn incomplete(&self, operation: &'static str, message: String) -> Failure {
        self.meter.failure(Kind::Incomplete);
        Failure {
            operation,
            kind: Kind::Incomplete,
            message,
        }
    }
}

async fn configuration() -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
        .load()
        .await
}
