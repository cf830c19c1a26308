//! The AWS account that a person looks at: the SDK's clients, how fast they may be asked, and what came of each call.
//!
//! Each call is paced and, with `-v`, reported. A call that fails is a gap of the answer and ends no command:
//! what else is known is still worth showing.

mod args;
mod auto_scaling;
mod body;
mod classic;
mod clock;
mod cloudwatch;
mod ec2;
mod ecs;
mod events;
mod gap;
mod iam;
mod lambda;
mod load_balancing;
mod logs;
#[cfg(test)]
mod permissions;
mod query;
mod rate_limit;
mod sqs;
mod ssm;
mod time;

pub(crate) use args::{AccountArgs, ClusterArgs, query};
pub(crate) use cloudwatch::{MetricRequest, Statistic};
pub(crate) use ecs::{MachinesOf, TasksOf};
pub(crate) use lambda::Answered;

use crate::look;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::{ProvideRegion, RegionProviderChain};
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use clock::Skew;
use gap::gap;
use jiff::{SignedDuration, Timestamp};
use protector_core::record::ParameterPrefix;
use protector_diagnosis::read::{Gap, Reading};
use query::QueryClient;
use rate_limit::RateLimiter;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A connection takes milliseconds inside a region, and some 300 ms across the world.
const CONNECT: Duration = Duration::from_secs(3);

/// One try of a call.
const ATTEMPT: Duration = Duration::from_secs(8);

/// Tries of a call, with the SDK's back-off and jitter.
const TRIES: u32 = 3;

/// The instance metadata service is asked for credentials once, and for so long: elsewhere than on EC2 nothing answers.
const IMDS: Duration = Duration::from_secs(1);

/// How many calls a second go to each service, so that a person who looks takes little from the sidecars, which share
/// the account's quotas (40 reads a second of SSM, 20 of most reads of ECS). The simulator of IAM publishes no quota.
const PER_SECOND: [(&str, u32); 3] = [("ssm", SSM_PER_SECOND), ("ecs", 5), ("iam", 2)];

/// The same for SSM, whose pages decide how often a fleet can be read.
pub(crate) const SSM_PER_SECOND: u32 = 2;

/// So many calls go at once before the rate counts: those of one screen.
const BURST: u32 = 10;

/// The account.
///
/// Two of them may share its clients and its rate limits, see [`Account::aside`]; each has its own gaps.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    ecs: aws_sdk_ecs::Client,
    ssm: aws_sdk_ssm::Client,
    auto_scaling: aws_sdk_autoscaling::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    events: aws_sdk_eventbridge::Client,
    lambda: aws_sdk_lambda::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    load_balancing: aws_sdk_elasticloadbalancingv2::Client,
    sqs: aws_sdk_sqs::Client,
    sts: aws_sdk_sts::Client,
    query: QueryClient,
    pub(crate) prefix: ParameterPrefix,
    pub(crate) region: String,
    /// The profile, if one was named.
    pub(crate) profile: Option<String>,
    /// Whether the endpoint is this machine.
    pub(crate) is_local: bool,
    skew: Skew,
    verbose: bool,
    /// How fast each service may be asked.
    limiters: Arc<Mutex<BTreeMap<&'static str, RateLimiter>>>,
    /// The reads that have failed.
    gaps: Arc<Mutex<Vec<Gap>>>,
}

/// Why no account can be looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccountError {
    #[error("no region: give --region, or set AWS_REGION or the profile's region")]
    NoRegion,
}

impl Account {
    /// The account that options and environment name. No connection is made yet.
    pub(crate) async fn open(args: &AccountArgs) -> Result<Account, AccountError> {
        let config = config(args).await;
        let region = config.region().ok_or(AccountError::NoRegion)?.to_string();
        let skew = Skew::default();
        let ssm = aws_sdk_ssm::config::Builder::from(&config).interceptor(skew.clone());
        let ecs = aws_sdk_ecs::config::Builder::from(&config).interceptor(skew.clone());
        Ok(Account {
            ecs: aws_sdk_ecs::Client::from_conf(ecs.build()),
            ssm: aws_sdk_ssm::Client::from_conf(ssm.build()),
            auto_scaling: aws_sdk_autoscaling::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            events: aws_sdk_eventbridge::Client::new(&config),
            lambda: aws_sdk_lambda::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            load_balancing: aws_sdk_elasticloadbalancingv2::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
            query: QueryClient::new(&config),
            prefix: args.prefix.clone(),
            region,
            profile: args.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok()),
            is_local: config.endpoint_url().is_some_and(is_loopback),
            skew,
            verbose: args.verbose,
            limiters: Arc::default(),
            gaps: Arc::default(),
        })
    }

    /// The same account for reads beside those of this one: both together keep the rate limits, and what fails there is no gap
    /// here.
    pub(crate) fn aside(&self) -> Account {
        Account {
            gaps: Arc::default(),
            ..self.clone()
        }
    }

    /// Makes a call when it is its turn, and notes it if it fails.
    async fn call<T, E>(
        &self,
        call: &'static str,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Reading<T>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let slot = self.slot(call);
        tokio::time::sleep_until(slot).await;
        let began = Instant::now();
        let outcome = request.await.map_err(|error| gap(call, &error));
        if self.verbose {
            let word = outcome.as_ref().err().map_or("ok", |gap| gap.code.as_str());
            let millis = began.elapsed().as_millis();
            look::stderr_line(&format!("{call} {word} {millis} ms"));
        }
        if let Err(gap) = &outcome {
            locked(&self.gaps).push(gap.clone());
        }
        outcome
    }

    /// Every page of a list, each a call of its own. `send` gets the token of a page, and `read` gives its items and the
    /// token of the next one.
    ///
    /// The SDK's paginators do not serve here: a call waits for its turn before it is made, and a paginator says only then
    /// that there is no further page.
    async fn pages<P, E, F, I: IntoIterator>(
        &self,
        call: &'static str,
        send: impl Fn(Option<String>) -> F,
        read: impl Fn(P) -> (I, Option<String>),
    ) -> Reading<Vec<I::Item>>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Future<Output = Result<P, SdkError<E, HttpResponse>>>,
    {
        let (mut found, mut token) = (Vec::new(), None);
        loop {
            let (items, next) = read(self.call(call, send(token)).await?);
            found.extend(items);
            token = next.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(found);
            }
        }
    }

    /// The reads that have failed since this was last asked, each call with each code once.
    pub(crate) fn take_gaps(&self) -> Vec<Gap> {
        let mut gaps = std::mem::take(&mut *locked(&self.gaps));
        gaps.sort_by(|a, b| (a.call, &a.code).cmp(&(b.call, &b.code)));
        gaps.dedup_by(|a, b| (a.call, &a.code) == (b.call, &b.code));
        gaps
    }

    /// When the next call to a service may go.
    fn slot(&self, call: &'static str) -> Instant {
        let now = Instant::now();
        let service = call.split_once(':').map_or(call, |(service, _)| service);
        let Some((_, per_second)) = PER_SECOND.iter().find(|(name, _)| *name == service) else {
            return now;
        };
        let mut limiters = locked(&self.limiters);
        let limiter = limiters
            .entry(service)
            .or_insert_with(|| RateLimiter::new(*per_second, BURST));
        limiter.reserve(now)
    }

    /// The time, as AWS has it: the local clock, corrected if it is off by more than five seconds.
    pub(crate) fn now(&self) -> Timestamp {
        self.skew.now()
    }

    /// How far the local clock is off, if that matters.
    pub(crate) fn clock_error(&self) -> Option<SignedDuration> {
        self.skew.error()
    }

    /// Who asks: account and ARN.
    pub(crate) async fn caller(&self) -> Reading<Caller> {
        let answer = self
            .call("sts:GetCallerIdentity", self.sts.get_caller_identity().send())
            .await?;
        Ok(Caller {
            account: answer.account.unwrap_or_default(),
            arn: answer.arn.unwrap_or_default(),
        })
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The account's number.
    pub(crate) account: String,
    /// A user, or a session of a role.
    pub(crate) arn: String,
}

impl Caller {
    /// The name by which colleagues know the caller: the session's, or the user's.
    pub(crate) fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn)
    }
}

fn is_loopback(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    ["127.", "localhost", "[::1]"]
        .iter()
        .any(|local| host.starts_with(local))
}

async fn config(args: &AccountArgs) -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    // Each part of the SDK must know which HTTP client to use.
    let provider = ProviderConfig::default().with_http_client(http.clone());
    let imds = || {
        imds::Client::builder()
            .configure(&provider)
            .max_attempts(1)
            .connect_timeout(IMDS)
            .read_timeout(IMDS)
            .build()
    };
    let region = region(args, &provider, imds()).await;
    let imds = imds();
    let provider = provider.with_region(region.clone());
    let mut credentials = DefaultCredentialsChain::builder()
        .configure(provider)
        .imds_client(imds);
    if let Some(profile) = &args.profile {
        credentials = credentials.profile_name(profile);
    }
    credentials.set_region(region.clone());
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
        .region(Fixed(region))
        .credentials_provider(credentials.build().await);
    if let Some(profile) = &args.profile {
        loader = loader.profile_name(profile);
    }
    if let Ok(name) = AppName::new("protectorctl") {
        loader = loader.app_name(name);
    }
    loader.load().await
}

/// The region that is named, or that the environment, the profile, or the machine says.
async fn region(args: &AccountArgs, provider: &ProviderConfig, imds: imds::Client) -> Option<Region> {
    if let Some(region) = &args.region {
        return Some(Region::new(region.clone()));
    }
    let mut profile = ProfileFileRegionProvider::builder().configure(provider);
    if let Some(name) = &args.profile {
        profile = profile.profile_name(name);
    }
    let machine = ImdsRegionProvider::builder()
        .configure(provider)
        .imds_client(imds);
    RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(profile.build())
        .or_else(machine.build())
        .region()
        .await
}

/// A region that is known, or known not to be set.
#[derive(Debug)]
struct Fixed(Option<Region>);

impl ProvideRegion for Fixed {
    fn region(&self) -> aws_config::meta::region::future::ProvideRegion<'_> {
        aws_config::meta::region::future::ProvideRegion::ready(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_on_this_machine_is_local() {
        for (url, local) in [
            ("http://127.0.0.1:4566", true),
            ("http://localhost:4566", true),
            ("http://[::1]:4566", true),
            ("https://ecs.eu-west-1.amazonaws.com", false),
            ("https://vpce-127.example.com", false),
        ] {
            assert_eq!(is_loopback(url), local, "{url}");
        }
    }

    #[tokio::test]
    async fn reads_beside_others_keep_the_pace_with_them_and_have_their_own_gaps() {
        let args = AccountArgs {
            region: Some("eu-west-1".to_owned()),
            profile: None,
            prefix: protector_core::record::DEFAULT_PREFIX.parse().unwrap(),
            timeout: Duration::ZERO,
            verbose: false,
        };
        let account = Account::open(&args).await.unwrap();
        let aside = account.aside();
        let first = account.slot("ecs:ListTasks");
        for _ in 1..BURST {
            account.slot("ecs:ListTasks");
        }
        // The burst is spent, whichever of the two asks next.
        assert!(aside.slot("ecs:ListTasks") >= first + Duration::from_millis(200));
        locked(&aside.gaps).push(Gap {
            call: "ecs:ListTasks",
            kind: protector_diagnosis::read::GapKind::Throttled,
            code: "ThrottlingException".to_owned(),
            message: String::new(),
        });
        assert_eq!((account.take_gaps().len(), aside.take_gaps().len()), (0, 1));
    }

    #[test]
    fn a_caller_is_known_by_the_name_of_the_session() {
        for (arn, name) in [
            ("arn:aws:sts::123456789012:assumed-role/admin/ana", "ana"),
            ("arn:aws:iam::123456789012:user/team/ben", "ben"),
            ("arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:root"),
        ] {
            let caller = Caller {
                account: String::new(),
                arn: arn.to_owned(),
            };
            assert_eq!(caller.name(), name);
        }
    }
}
