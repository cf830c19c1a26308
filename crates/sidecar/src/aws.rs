//! AWS, as little of it as a sidecar needs. No SDK retries: the wait sets the pace, so that it is one pace.

mod clock;
mod credentials;
mod error;
pub(crate) mod ssm;

use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ssm::config::{Credentials, IdentityCache, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SharedTimeSource;
use protector_core::network::Route;

pub(crate) use clock::AwsClock;
pub(crate) use error::AwsError;

use crate::environment::{is_true, variable};
use crate::net::Http;

/// The parts that all clients share.
pub(crate) struct Aws {
    http: Http,
    provider: ProviderConfig,
    clock: AwsClock,
}

impl Aws {
    /// Credentials come from the agent, which is on the host; all else may go through a proxy. Makes no call.
    pub(crate) fn new() -> Self {
        let http = Http::through_proxy();
        let clock = AwsClock::default();
        let provider = ProviderConfig::empty()
            .with_http_client(Http::direct())
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

    /// How the last call to AWS travelled.
    fn last_route(&self) -> Option<Route> {
        self.http.last_route()
    }

    /// The settings of a client of `service` (as in `AWS_ENDPOINT_URL_<service>`) with these credentials.
    fn sdk_config(&self, service: &str, region: &str, credentials: Credentials) -> SdkConfig {
        let mut builder = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .http_client(self.http.clone())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .time_source(SharedTimeSource::new(self.clock.clone()))
            .retry_config(RetryConfig::disabled())
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
