//! Access to AWS, and how the SDK is configured.

use protector_core::limits::coordinator::{
    ATTEMPT_TIMEOUT, CONNECT_TIMEOUT, CONNECTION_IDLE_MAX, OPERATION_TIMEOUT, TRIES,
};
use protector_core::throughput::ParameterThroughput;
use std::sync::Arc;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use tokio::time::Instant;

use super::api::{Answer, Api, Page};
use super::quota::Quotas;
use super::sdk::Sdk;
use super::{AwsError, ErrorKind, Meter};

/// Access to AWS. Cheap to clone; a clone made by [`Aws::metered`] counts for itself.
#[derive(Debug, Clone)]
pub struct Aws {
    /// The implementation that answers the requests.
    pub(super) api: Arc<dyn Api>,
    /// The meter of all calls.
    pub meter: Arc<Meter>,
    quotas: Arc<Quotas>,
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
            quotas: Arc::default(),
        }
    }

    /// The same access, with the calls of Parameter Store at the pace of this throughput.
    #[must_use]
    pub fn paced(self, throughput: ParameterThroughput) -> Aws {
        Aws {
            quotas: Arc::new(Quotas::new(throughput)),
            ..self
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

    /// From now on this many hooks are completed in a second, so that heartbeats, which share their quota, have what they
    /// need.
    pub fn pace_completions(&self, per_second: f64) {
        self.quotas.pace_completions(per_second);
    }

    /// If a completion is to be put off, returns how long.
    pub(crate) fn put_off_completion(&self) -> Option<Duration> {
        self.quotas.put_off_completion(Instant::now())
    }

    /// Makes a call when it is its turn, and counts it by its outcome.
    pub(super) async fn call<T>(
        &self,
        operation: &'static str,
        request: Answer<'_, T>,
    ) -> Result<T, AwsError> {
        self.quotas.acquire(operation).await;
        let outcome = request.await;
        self.meter.call(operation);
        outcome.inspect_err(|failure| {
            self.meter.failure(failure.kind);
            if failure.kind == ErrorKind::Throttled {
                self.quotas.throttled(operation);
            }
        })
    }

    /// Every page of a listing.
    pub(super) async fn pages<'a, T>(
        &self,
        operation: &'static str,
        request: impl Fn(Option<String>) -> Answer<'a, Page<T>>,
    ) -> Result<Vec<T>, AwsError> {
        let (mut items, mut token) = (Vec::new(), None);
        loop {
            let page = self.call(operation, request(token)).await?;
            items.extend(page.items);
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(items);
            }
        }
    }

    /// An answer that is not all that was asked for.
    pub(super) fn incomplete(&self, operation: &'static str, message: String) -> AwsError {
        self.meter.failure(ErrorKind::Incomplete);
        AwsError {
            operation,
            kind: ErrorKind::Incomplete,
            message,
        }
    }
}

/// Asks for each of these, one after another: what fails for one is not known of it alone. After a call that was
/// throttled the others are not asked for, and fail in the same way.
pub(crate) async fn each_until_throttled<I: Copy, T>(
    items: impl Iterator<Item = I>,
    ask: impl AsyncFn(I) -> Result<T, AwsError>,
) -> Vec<(I, Result<T, AwsError>)> {
    let mut answers = Vec::new();
    let mut throttled: Option<AwsError> = None;
    for item in items {
        let answer = match &throttled {
            Some(failure) => Err(failure.clone()),
            None => ask(item).await,
        };
        if let Err(failure) = &answer
            && failure.kind == ErrorKind::Throttled
        {
            throttled = Some(failure.clone());
        }
        answers.push((item, answer));
    }
    answers
}

async fn configuration() -> SdkConfig {
    let credentials = EnvironmentVariableCredentialsProvider::new();
    loader().credentials_provider(credentials).load().await
}

fn loader() -> ConfigLoader {
    let http = aws_smithy_http_client::Builder::new()
        .pool_idle_timeout(CONNECTION_IDLE_MAX)
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_config::Region;
    use aws_sdk_ecs::config::Credentials;

    use super::*;

    const ANSWER: &str = "{\"clusterArns\":[]}";

    /// Answers every request on every connection, and counts the connections.
    fn serve(listener: TcpListener, connections: Arc<AtomicUsize>) {
        for stream in listener.incoming().flatten() {
            connections.fetch_add(1, Ordering::SeqCst);
            std::thread::spawn(move || while answer(&stream).is_ok() {});
        }
    }

    fn answer(stream: &TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        reader.read_exact(&mut vec![0; length])?;
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\r\n",
            ANSWER.len()
        );
        (&*stream).write_all(format!("{head}{ANSWER}").as_bytes())
    }

    #[tokio::test]
    async fn p7_a_connection_that_was_idle_for_long_is_not_used_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        std::thread::spawn(move || serve(listener, counted));
        let config = loader()
            .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
            .region(Region::new("eu-west-1"))
            .endpoint_url(format!("http://{address}"));
        let aws = Aws::new(&config.load().await);
        let connections = || connections.load(Ordering::SeqCst);
        for _ in 0..2 {
            assert_eq!(aws.list_clusters().await.unwrap(), []);
            assert_eq!(connections(), 1);
        }
        tokio::time::pause();
        tokio::time::advance(CONNECTION_IDLE_MAX + Duration::from_secs(1)).await;
        tokio::time::resume();
        assert_eq!(aws.list_clusters().await.unwrap(), []);
        assert_eq!(connections(), 2);
    }
}
