//! What operators read beside the model: log lines, functions, rules, queues, alarms and metrics.
//!
//! Each call goes through the model first, which has permissions, quotas, faults and the journal. If the model leaves the
//! answer open, it is given here. An operation that is not served is denied.

mod functions;
mod logs;
mod monitoring;
mod pattern;
mod queues;
mod rules;

use crate::lambda::Lambda;
use crate::live::Live;
use monitoring::Monitoring;
use protector_aws_model::faults::errors;
use protector_aws_model::{ApiError, Call, Service};
use serde_json::Value;
use std::sync::Arc;

type ReadAnswer = Result<Value, ApiError>;

/// Everything that is read here.
pub(crate) struct Reads {
    live: Arc<Live>,
    lambda: Arc<Lambda>,
    rules: Vec<rules::Rule>,
    monitoring: Monitoring,
}

impl Reads {
    /// The reads of one account. `patterns` are those by which events reach the coordinator.
    pub(crate) fn new(live: Arc<Live>, lambda: Arc<Lambda>, patterns: &[Value]) -> Reads {
        let rules = rules::of(&live, patterns);
        Reads {
            live,
            lambda,
            rules,
            monitoring: Monitoring::default(),
        }
    }

    /// Alarms and metrics, which tests set.
    pub(crate) fn monitoring(&self) -> &Monitoring {
        &self.monitoring
    }

    /// One call: by the model, and by this module if the model leaves the answer open.
    pub(crate) fn call(&self, call: &Call) -> ReadAnswer {
        match self.live.with(|world, now| world.call(now, call))? {
            Value::Null => self.answer(call),
            answer => Ok(answer),
        }
    }

    fn answer(&self, call: &Call) -> ReadAnswer {
        let params = &call.params;
        match (call.service, call.operation.as_str()) {
            (Service::Logs, "FilterLogEvents") => logs::filter(&self.lambda.log_entries(), params),
            (Service::Lambda, "GetFunctionConfiguration") => functions::configuration(self, params),
            (Service::Lambda, "GetFunctionConcurrency") => functions::concurrency(self, params),
            (Service::Lambda, "ListEventSourceMappings") => functions::event_sources(self, params),
            (Service::Events, "DescribeRule") => rules::describe(&self.rules, params),
            (Service::Events, "ListRuleNamesByTarget") => Ok(rules::by_target(&self.rules, params)),
            (Service::Events, "ListTargetsByRule") => rules::targets(&self.rules, params),
            (Service::Sqs, "GetQueueAttributes") => queues::attributes(self, params),
            (Service::CloudWatch, "DescribeAlarms") => Ok(self.monitoring.alarms(&self.live, params)),
            (Service::CloudWatch, "GetMetricData") => Ok(self.monitoring.data(&self.live, params)),
            _ => Err(errors::denied(call)),
        }
    }
}
