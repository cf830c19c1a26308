//! CloudWatch: the alarms of the stack, and metrics. Both are a fixture: tests set them, nothing else changes them.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html>

use crate::live::Live;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The alarms of `template.yaml`, with what they watch.
const ALARMS: &str = include_str!("alarms.json");

/// States of alarms, and values of metrics.
#[derive(Default)]
pub(crate) struct Monitoring(Mutex<Fixture>);

#[derive(Default)]
struct Fixture {
    /// By the name of the alarm; one that is not in it is OK.
    states: BTreeMap<String, (String, Timestamp)>,
    /// By namespace and name, the newest value first.
    metrics: BTreeMap<(String, String), Vec<f64>>,
}

#[derive(Deserialize)]
struct Alarm {
    name: String,
    namespace: String,
    metric: String,
}

impl Monitoring {
    /// An alarm is in this state from now on: `OK`, `ALARM`, `INSUFFICIENT_DATA`.
    pub(crate) fn set_alarm(&self, now: Timestamp, name: &str, state: &str) {
        self.with(|fixture| {
            let state = (state.to_owned(), now);
            fixture.states.insert(name.to_owned(), state)
        });
    }

    /// A metric has had these values, one a period, the newest first.
    pub(crate) fn set_metric(&self, namespace: &str, name: &str, values: &[f64]) {
        let key = (namespace.to_owned(), name.to_owned());
        self.with(|fixture| fixture.metrics.insert(key, values.to_vec()));
    }

    /// `DescribeAlarms`. There are fewer than a page has.
    pub(super) fn alarms(&self, live: &Live, params: &Value) -> Value {
        let all: Vec<Alarm> = serde_json::from_str(ALARMS).unwrap_or_default();
        let names = params["AlarmNames"].as_array();
        let (prefix, state) = (params["AlarmNamePrefix"].as_str(), params["StateValue"].as_str());
        let (region, account) = (live.region(), live.account());
        let shown = all.into_iter().filter_map(|alarm| {
            let Alarm {
                name,
                namespace,
                metric,
            } = alarm;
            let (value, at) = self
                .with(|fixture| fixture.states.get(&name).cloned())
                .unwrap_or_else(|| ("OK".to_owned(), Timestamp::UNIX_EPOCH));
            let asked = names.is_none_or(|names| names.contains(&json!(name)))
                && prefix.is_none_or(|prefix| name.starts_with(prefix))
                && state.is_none_or(|state| state == value);
            asked.then(|| {
                json!({
                    "AlarmName": name,
                    "AlarmArn": format!("arn:aws:cloudwatch:{region}:{account}:alarm:{name}"),
                    "ActionsEnabled": true,
                    "AlarmActions": [],
                    "Namespace": namespace,
                    "MetricName": metric,
                    "StateValue": value,
                    "StateReason": "set by the fixture",
                    "StateUpdatedTimestamp": at.as_second(),
                })
            })
        });
        json!({"MetricAlarms": shown.collect::<Value>(), "CompositeAlarms": []})
    }

    /// `GetMetricData`. A metric that was not set has no values.
    pub(super) fn data(&self, live: &Live, params: &Value) -> Value {
        let none = Vec::new();
        let queries = params["MetricDataQueries"].as_array().unwrap_or(&none);
        let results = queries.iter().map(|query| {
            let stat = &query["MetricStat"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let key = (
                text(&stat["Metric"]["Namespace"]),
                text(&stat["Metric"]["MetricName"]),
            );
            let values = self
                .with(|fixture| fixture.metrics.get(&key).cloned())
                .unwrap_or_default();
            let period = SignedDuration::from_secs(stat["Period"].as_i64().unwrap_or(60));
            let moments = std::iter::successors(Some(live.now()), |at| at.checked_sub(period).ok());
            let moments: Vec<i64> = moments.take(values.len()).map(Timestamp::as_second).collect();
            let label = query["Label"].as_str().map_or(key.1, str::to_owned);
            json!({"Id": query["Id"], "Label": label, "Timestamps": moments, "Values": values,
                "StatusCode": "Complete"})
        });
        json!({"MetricDataResults": results.collect::<Value>(), "Messages": []})
    }

    fn with<R>(&self, f: impl FnOnce(&mut Fixture) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
