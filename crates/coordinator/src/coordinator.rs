//! The coordinator of one execution environment.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use protector_core::beacon::Deployment;
use protector_core::policy::Policy;
use protector_core::trigger::{Delivery, parse};
use serde_json::Value;

use crate::aws::{Aws, ErrorKind};
use crate::batch::BatchHandler;
use crate::cache::Cache;
use crate::clock::Clock;
use crate::context::{Intake, RunContext};
use crate::handler::Handler;
use crate::logging::Logger;
use crate::metrics::Metric;
use crate::observer::Survey;
use crate::router::Router;

/// What an execution environment has for all its runs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Coordinator {
    /// The operator's choices.
    pub policy: Arc<Policy>,
    /// Access to AWS.
    pub aws: Aws,
    /// What is remembered from run to run.
    pub cache: Arc<Cache>,
    /// Where lines go.
    pub logger: Logger,
    /// Where the time comes from.
    pub clock: Clock,
}

/// One invocation of the function, without its payload.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Names the run in its lines.
    pub request_id: String,
    /// When Lambda ends the run.
    pub deadline: Timestamp,
    /// Where the run executes, for the beacon; none if no tool looks for it.
    pub deployment: Option<Deployment>,
}

impl Coordinator {
    /// A coordinator that remembers nothing yet. Its pace is that of the throughput that the policy says.
    #[must_use]
    pub fn new(policy: Policy, aws: Aws, logger: Logger, clock: Clock) -> Coordinator {
        let throughput = policy.parameter_throughput;
        Coordinator {
            policy: Arc::new(policy),
            aws: aws.paced(throughput),
            cache: Arc::new(Cache::new(throughput)),
            logger,
            clock,
        }
    }

    /// Handles an invocation's payload. Lambda returns the answer.
    ///
    /// # Errors
    /// Something failed that a retry may fix, or an operator's command is malformed: Lambda tries
    /// asynchronous events again, and an operator sees the words.
    pub async fn handle(&self, invocation: Invocation, payload: &Value) -> Result<Value, String> {
        let delivery = parse(payload);
        let intake = match &delivery {
            Delivery::Sqs(messages) => Intake::of(messages, self.clock.now()),
            Delivery::Single(_) | Delivery::Sns(_) | Delivery::Events(_) => Intake::Direct,
        };
        let run = RunContext {
            clock: self.clock.clone(),
            logger: self.logger.clone(),
            request_id: invocation.request_id,
            deadline: invocation.deadline,
            intake,
        };
        let survey = Survey::default();
        let deployment = invocation.deployment.as_ref();
        let router = Router::new(&self.aws, &self.cache, &self.policy, &run, &survey, deployment);
        let answer = match delivery {
            Delivery::Single(event) => Handler { router }.single(event).await,
            Delivery::Sns(events) | Delivery::Events(events) => Handler { router }.together(events).await,
            Delivery::Sqs(messages) => Ok(BatchHandler { router }.handle(messages).await),
        };
        self.log_metrics(&run);
        answer
    }

    /// Says what the run has measured. Once, at its end: Lambda freezes the process with the answer.
    fn log_metrics(&self, run: &RunContext) {
        let metrics = &self.cache.metrics;
        let counts = self.aws.meter.take();
        let calls: u32 = counts.calls.values().sum();
        metrics.count(Metric::ApiCalls, calls as usize);
        for (kind, times) in counts
            .failures
            .into_iter()
            .filter(|(kind, _)| !kind.is_ordinary())
        {
            metrics.count_errors(&kind.to_string(), times);
            if kind == ErrorKind::Throttled {
                metrics.count(Metric::Throttles, times as usize);
            }
        }
        if !self.logger.writes_metrics() {
            return metrics.discard();
        }
        for line in metrics.lines(function_name(), &run.request_id, run.now()) {
            self.logger.log_line(&line);
        }
    }
}

/// The function's name, or what a local run is called. Lambda sets it once for the life of the process.
fn function_name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|_| "coordinator".to_owned())
    })
}
