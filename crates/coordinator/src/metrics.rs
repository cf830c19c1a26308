//! What the coordinator measures: the registry of all metrics, and the recorder that collects those of one run.
//!
//! Each run ends with at most a few lines in CloudWatch's Embedded Metric Format ([`protector_runtime::emf`]). A run that
//! has measured nothing writes nothing. What to do about each: `docs/operations.md`.
//!
//! The format is one JSON object, so `serde` writes it; a metrics library would bring a third of the program's crates.

use protector_core::limits::METRIC_VALUES_MAX;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use protector_runtime::emf;
use protector_runtime::guarded::Guarded;
use serde::Serialize;
use serde_json::{Number, Value, json};

use crate::logging::EventName;

/// The dimension of all metrics: the function's name, so that two stacks do not add up.
pub const FUNCTION: &str = "FunctionName";

/// The second dimension of [`Metric::Errors`].
pub const KIND: &str = "Kind";

/// Declares the metrics: name, unit, meaning.
macro_rules! metrics {
    ($($(#[doc = $meaning:literal])* $name:ident in $unit:ident,)*) => {
        /// A metric.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Metric {
            $($(#[doc = $meaning])* $name,)*
        }

        impl Metric {
            /// Every metric there is.
            pub const ALL: &[Metric] = &[$(Metric::$name,)*];

            /// Its name in CloudWatch.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Metric::$name => stringify!($name),)* }
            }

            /// Its unit: `Count` or `Seconds`.
            #[must_use]
            pub fn unit(self) -> &'static str {
                match self { $(Metric::$name => stringify!($unit),)* }
            }

            /// Returns what the metric means.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Metric::$name => concat!($($meaning),*).trim_ascii(),)* }
            }
        }
    };
}

metrics! {
    /// Drains that have a record and no receipt yet. Each tick.
    DrainsInFlight in Count,
    /// Tasks that hold, over all drains. Each tick.
    TasksRemaining in Count,
    /// Age of the oldest drain in flight, 0 if there is none. Each tick.
    OldestDrainAge in Seconds,
    /// The least time until a waiting hook of ours runs out, as the heartbeats' function finds it: its name is the
    /// dimension. Only while one waits.
    HookTimeLeft in Seconds,
    /// Drains that are over. Once for each receipt.
    DrainsEnded in Count,
    /// From the start of a drain to its end.
    DrainTime in Seconds,
    /// From the start of a drain to its release.
    HoldTime in Seconds,
    /// From the release of a drain to its end.
    FlushTime in Seconds,
    /// From the moment at which the last holding task was STOPPED to the write of the release.
    ReleaseLatency in Seconds,
    /// Releases that no longer waited for tasks: by deadline, operator, kill switch or lost agent.
    ForcedReleases in Count,
    /// Drains in which a protected daemon ended while tasks held. Once for each, when it is seen.
    DaemonsGone in Count,
    /// Daemons that run without the protection of their sidecar: how many a check of the instances that do not drain
    /// has found, if any, each that a drain finds, and each whose sidecar ended with 64 or 70, when its task ends.
    UnprotectedDaemons in Count,
    /// AWS calls that were made.
    ApiCalls in Count,
    /// Calls that were throttled, also after the SDK's own tries.
    Throttles in Count,
    /// What went wrong, by kind.
    Errors in Count,
    /// Sidecars that ended with 137: killed, mostly at their stopTimeout while they still held.
    SidecarsKilled in Count,
    /// Sidecars that ended with 10 or 11: they left before a release.
    SidecarsGaveUp in Count,
}

/// Collects what one run measures.
#[derive(Debug, Default)]
pub struct MetricsRecorder(Guarded<Recorded>);

/// What has been recorded since the last lines.
#[derive(Debug, Default)]
struct Recorded {
    values: BTreeMap<Metric, Vec<f64>>,
    errors: BTreeMap<String, u32>,
}

impl MetricsRecorder {
    /// Counts something that has happened; `times` 0 records nothing.
    pub fn count(&self, metric: Metric, times: usize) {
        if times > 0 {
            self.record(metric, f64::from(u32::try_from(times).unwrap_or(u32::MAX)));
        }
    }

    /// Records a value in the metric's unit. CloudWatch refuses values that are not finite, so they are left out.
    pub fn record(&self, metric: Metric, value: f64) {
        if value.is_finite() {
            self.with(|recorded| recorded.values.entry(metric).or_default().push(value));
        }
    }

    /// Records a duration; one that is negative, because clocks differ, is zero.
    pub fn record_duration(&self, metric: Metric, duration: SignedDuration) {
        self.record(metric, duration.as_secs_f64().max(0.0));
    }

    /// Counts errors of a kind.
    pub fn count_errors(&self, kind: &str, times: u32) {
        self.with(|recorded| *recorded.errors.entry(kind.to_owned()).or_default() += times);
    }

    /// The lines of what has been recorded since the last call, each a JSON object in the Embedded Metric Format.
    #[must_use]
    pub fn lines(&self, function: &str, request_id: &str, now: Timestamp) -> Vec<String> {
        let Recorded { values, errors } = self.with(std::mem::take);
        let mut lines = Vec::new();
        if !values.is_empty() {
            let dimensions = BTreeMap::from([(FUNCTION, function)]);
            lines.extend(EmfLine::new(request_id, now, dimensions, &values).text());
        }
        for (kind, times) in &errors {
            let dimensions = BTreeMap::from([(FUNCTION, function), (KIND, kind.as_str())]);
            let values = BTreeMap::from([(Metric::Errors, vec![f64::from(*times)])]);
            lines.extend(EmfLine::new(request_id, now, dimensions, &values).text());
        }
        lines
    }

    /// Discards what has been recorded since the last lines.
    pub fn discard(&self) {
        drop(self.with(std::mem::take));
    }

    fn with<R>(&self, f: impl FnOnce(&mut Recorded) -> R) -> R {
        f(&mut self.0.lock())
    }
}

/// One line of the Embedded Metric Format: the directive names the members that are metrics and dimensions.
#[derive(Serialize)]
struct EmfLine<'r> {
    #[serde(rename = "_aws")]
    directive: Value,
    event: EventName,
    #[serde(rename = "requestId")]
    request_id: &'r str,
    #[serde(flatten)]
    dimensions: BTreeMap<&'static str, &'r str>,
    #[serde(flatten)]
    values: BTreeMap<&'static str, Values>,
}

/// The values of one metric. Several are a list, with the number of times that each was seen.
#[derive(Serialize)]
#[serde(untagged)]
enum Values {
    One(Number),
    #[serde(rename_all = "PascalCase")]
    Several {
        values: Vec<Number>,
        counts: Vec<u64>,
    },
}

impl<'r> EmfLine<'r> {
    fn new(
        request_id: &'r str,
        now: Timestamp,
        dimensions: BTreeMap<&'static str, &'r str>,
        values: &BTreeMap<Metric, Vec<f64>>,
    ) -> EmfLine<'r> {
        let metrics = values
            .keys()
            .map(|metric| emf::definition(metric.name(), metric.unit()));
        EmfLine {
            directive: emf::directive(now, dimension_sets(&dimensions), metrics.collect()),
            event: EventName::Metrics,
            request_id,
            dimensions,
            values: values
                .iter()
                .map(|(metric, values)| (metric.name(), Values::of(values)))
                .collect(),
        }
    }

    fn text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }
}

/// By function, and where there is a second dimension by both: an alarm on the function alone must see every error.
fn dimension_sets(dimensions: &BTreeMap<&'static str, &str>) -> Vec<Value> {
    match dimensions.contains_key(KIND) {
        true => vec![json!([FUNCTION]), json!([FUNCTION, KIND])],
        false => vec![json!([FUNCTION])],
    }
}

impl Values {
    /// More values than a line takes are one more, their mean, as often as they are many: sum and count stay true.
    fn of(recorded: &[f64]) -> Values {
        if let [value] = recorded {
            return Values::One(number(*value));
        }
        let (single, rest) = recorded.split_at(recorded.len().min(METRIC_VALUES_MAX - 1));
        let mut values: Vec<Number> = single.iter().copied().map(number).collect();
        let mut counts = vec![1; single.len()];
        if !rest.is_empty() {
            let count = u32::try_from(rest.len()).unwrap_or(u32::MAX);
            values.push(number(rest.iter().sum::<f64>() / f64::from(count)));
            counts.push(u64::from(count));
        }
        Values::Several { values, counts }
    }
}

/// Whole numbers without a decimal point: counts are whole.
fn number(value: f64) -> Number {
    /// The largest range in which every whole number is one of `f64`: 2 to the 53rd.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let whole = (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as i64);
    whole
        .map(Number::from)
        .or_else(|| Number::from_f64(value))
        .unwrap_or_else(|| Number::from(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(recorder: &MetricsRecorder) -> Vec<serde_json::Value> {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let lines = recorder.lines("protector", "run-1", now);
        lines
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_run_that_measured_nothing_says_nothing() {
        assert!(lines(&MetricsRecorder::default()).is_empty());
    }

    #[test]
    fn a_line_is_what_cloudwatch_reads() {
        let recorder = MetricsRecorder::default();
        recorder.count(Metric::ApiCalls, 7);
        recorder.count(Metric::Throttles, 0);
        recorder.record_duration(Metric::HoldTime, SignedDuration::from_millis(1500));
        recorder.record_duration(Metric::HoldTime, SignedDuration::from_secs(-1));
        let line = lines(&recorder).remove(0);
        let expected = serde_json::json!({
            "_aws": {
                "Timestamp": 1_800_000_000_000_u64,
                "CloudWatchMetrics": [{
                    "Namespace": "EcsDaemonProtector",
                    "Dimensions": [["FunctionName"]],
                    "Metrics": [{"Name": "HoldTime", "Unit": "Seconds"}, {"Name": "ApiCalls", "Unit": "Count"}],
                }],
            },
            "event": "metrics",
            "requestId": "run-1",
            "FunctionName": "protector",
            "HoldTime": {"Values": [1.5, 0], "Counts": [1, 1]},
            "ApiCalls": 7,
        });
        assert_eq!(line, expected);
        assert!(lines(&recorder).is_empty(), "each value is written once");
    }

    #[test]
    fn errors_have_their_kind_as_a_dimension() {
        let recorder = MetricsRecorder::default();
        recorder.count_errors("throttled", 2);
        recorder.count_errors("denied", 1);
        let lines = lines(&recorder);
        let kinds: Vec<_> = lines
            .iter()
            .map(|line| (&line["Kind"], &line["Errors"]))
            .collect();
        assert_eq!(
            kinds,
            [
                (&serde_json::json!("denied"), &serde_json::json!(1)),
                (&serde_json::json!("throttled"), &serde_json::json!(2))
            ]
        );
        let dimensions = &lines[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"];
        assert_eq!(
            *dimensions,
            serde_json::json!([["FunctionName"], ["FunctionName", "Kind"]])
        );
    }

    #[test]
    fn more_values_than_a_line_takes_are_added_up() {
        let recorder = MetricsRecorder::default();
        for _ in 0..250 {
            recorder.record(Metric::FlushTime, 2.0);
        }
        let line = lines(&recorder).remove(0);
        let numbers = |field: &str| -> Vec<f64> {
            let list = line["FlushTime"][field].as_array().unwrap();
            list.iter().map(|value| value.as_f64().unwrap()).collect()
        };
        assert!(numbers("Values").len() <= METRIC_VALUES_MAX);
        assert!((numbers("Counts").iter().sum::<f64>() - 250.0).abs() < 1e-9);
    }

    #[test]
    fn the_sum_and_the_number_of_many_values_stay_true() {
        let recorder = MetricsRecorder::default();
        for value in 0..250_u32 {
            recorder.record(Metric::FlushTime, f64::from(value) / 4.0);
        }
        let line = lines(&recorder).remove(0);
        let numbers = |field: &str| -> Vec<f64> {
            let list = line["FlushTime"][field].as_array().unwrap();
            list.iter().map(|value| value.as_f64().unwrap()).collect()
        };
        let weighted = numbers("Values").into_iter().zip(numbers("Counts"));
        let sum: f64 = weighted.map(|(value, count)| value * count).sum();
        assert!((sum - 249.0 * 250.0 / 2.0 / 4.0).abs() < 1e-6, "{sum}");
        assert!((numbers("Counts").iter().sum::<f64>() - 250.0).abs() < 1e-9);
    }

    #[test]
    fn a_value_that_is_no_number_is_left_out() {
        let recorder = MetricsRecorder::default();
        recorder.record(Metric::DrainTime, f64::NAN);
        recorder.record(Metric::DrainTime, f64::INFINITY);
        assert!(lines(&recorder).is_empty());
    }

    #[test]
    fn every_metric_is_documented_for_operators() {
        let page = include_str!("../../../docs/operations.md");
        for metric in Metric::ALL {
            let row = format!(
                "| `{}` | {} | {} |",
                metric.name(),
                metric.unit(),
                metric.meaning()
            );
            assert!(page.contains(&row), "docs/operations.md lacks the row\n{row}");
        }
    }
}
