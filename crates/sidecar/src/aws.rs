//! AWS, as little of it as a sidecar needs. No SDK retries: the wait sets the pace, so that it is one pace.

mod client;
mod clock;
mod credentials;
mod error;
pub(crate) mod ssm;

use aws_config::provider_config::ProviderConfig;
use aws_sdk_ssm::config::{Credentials, RuntimeComponentsBuilder};
use aws_smithy_async::rt::sleep::TokioSleep;
use protector_core::network::Route;
use protector_runtime::error::chain;

pub(crate) use clock::AwsClock;
pub(crate) use error::AwsError;

use client::{Client, EndpointSettings};

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

    /// A client of SSM in this region with these credentials. Makes no call.
    fn client(&self, region: &str, credentials: Credentials) -> Result<Client, AwsError> {
        let settings = EndpointSettings {
            region: region.to_owned(),
            endpoint: endpoint(client::SERVICE),
            fips: is_true("AWS_USE_FIPS_ENDPOINT"),
            dual_stack: is_true("AWS_USE_DUALSTACK_ENDPOINT"),
        };
        let components = RuntimeComponentsBuilder::new("sidecar")
            .with_http_client(Some(self.http.clone()))
            .with_sleep_impl(Some(TokioSleep::new()))
            .with_time_source(Some(self.clock.clone()))
            .with_interceptor(self.clock.clone());
        Client::new(&settings, credentials, components).map_err(|error| {
            AwsError::failed(&chain(&error), "check the AWS_* variables of endpoint and region")
        })
    }
}

/// An endpoint that is set for one service goes before one that is set for all.
fn endpoint(service: &str) -> Option<String> {
    variable(&format!("AWS_ENDPOINT_URL_{service}")).or_else(|| variable("AWS_ENDPOINT_URL"))
}
