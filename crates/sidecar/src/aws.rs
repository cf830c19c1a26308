//! AWS, as little of it as a sidecar needs. No SDK retries: the wait sets the pace, so that it is one pace.

mod clock;
mod credentials;
mod fault;
pub(crate) mod ssm;

use std::time::Duration;

use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ssm::config::{Credentials, IdentityCache, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

pub(crate) use clock::AwsClock;
pub(crate) use fault::Fault;

use crate::environment::{is_true, variable};

/// A connection inside a region takes milliseconds.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// One call with all that belongs to it, credentials too.
pub(crate) const ATTEMPT_LIMIT: Duration = Duration::from_secs(5);

/// What all clients share.
pub(crate) struct Aws {
    http: SharedHttpClient,
    provider: ProviderConfig,
    clock: AwsClock,
}

impl Aws {
    /// One HTTP client for everything. Makes no call.
    pub(crate) fn new() -> Self {
        let tls = Provider::Rustls(CryptoMode::Ring);
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls)
            .build_https();
        let clock = AwsClock::default();
        let provider = ProviderConfig::empty()
            .with_http_client(http.clone())
            .with_sleep_impl(TokioSleep::new())
            .with_time_source(clock.clone());
        Self {
            http,
            provider,
            clock,
        }
    }

    /// The clock of AWS, as far as it has answered.
    pub(crate) fn clock(&self) -> &AwsClock {
        &self.clock
    }

    /// The settings of a client of `service` (as in `AWS_ENDPOINT_URL_<service>`) with these credentials.
    fn sdk_config(&self, service: &str, region: &str, credentials: Credentials) -> SdkConfig {
        let time_out = TimeoutConfig::builder()
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(ATTEMPT_LIMIT)
            .build();
        let mut builder = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .http_client(self.http.clone())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .time_source(SharedTimeSource::new(self.clock.clone()))
            .retry_config(RetryConfig::disabled())
            .timeout_config(time_out)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .identity_cache(IdentityCache::no_cache())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .use_fips(is_true("AWS_USE_FIPS_ENDPOINT"))
            .use_dual_stack(is_true("AWS_USE_DUALSTACK_ENDPOINT"));
        builder.set_endpoint_url(endpoint(service));
        builder.build()
    }
}

/// An endpoint that is set for one service goes before one that is set for all.
fn endpoint(service: &str) -> Option<String> {
    variable(&format!("AWS_ENDPOINT_URL_{service}")).or_else(|| variable("AWS_ENDPOINT_URL"))
}
