//! What the coordinator measures: the registry of all metrics, and the sheet on which one run notes them.
//!
//! Each run ends with at most a few lines in CloudWatch's Embedded Metric Format, which CloudWatch Logs turns into
//! metrics of the namespace [`NAMESPACE`] without any call of ours
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
//! A run that has measured nothing writes nothing. What to do about each: `docs/operations.md`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use metrique_writer_core::entry::{Entry, EntryWriter};
use metrique_writer_core::format::Format;
use metrique_writer_core::unit::NegativeScale;
use metrique_writer_core::value::{MetricFlags, Value, ValueWriter};
use metrique_writer_core::{Observation, Unit};
use metrique_writer_format_emf::Emf;

/// The namespace of all metrics.
pub const NAMESPACE: &str = "EcsDaemonProtector";

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

            /// What it means.
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
    /// Daemons that run without the protection of their sidecar: how many a check of the instances that do not drain has
    /// found, if any, each that a drain finds, and each whose sidecar ended with 64 or 70, when its task ends.
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

impl Metric {
    fn scale(self) -> Unit {
        match self.unit() {
            "Seconds" => Unit::Second(NegativeScale::One),
            _ => Unit::Count,
        }
    }
}

/// What one run has measured.
#[derive(Debug, Default)]
pub struct Sheet(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    values: BTreeMap<Metric, Vec<f64>>,
    errors: BTreeMap<String, u32>,
}

impl Sheet {
    /// Counts something that has happened.
    pub fn count(&self, metric: Metric, times: usize) {
        if times > 0 {
            self.note(metric, f64::from(u32::try_from(times).unwrap_or(u32::MAX)));
        }
    }

    /// Notes a value.
    pub fn note(&self, metric: Metric, value: f64) {
        self.with(|noted| noted.values.entry(metric).or_default().push(value));
    }

    /// Notes a duration; one that is negative, because clocks differ, is zero.
    pub fn time(&self, metric: Metric, duration: SignedDuration) {
        self.note(metric, duration.as_secs_f64().max(0.0));
    }

    /// Counts errors of a kind.
    pub fn error(&self, kind: &str, times: u32) {
        self.with(|noted| *noted.errors.entry(kind.to_owned()).or_default() += times);
    }

    /// The lines of what was noted since the last time, each a JSON object in the Embedded Metric Format.
    #[must_use]
    pub fn lines(&self, function: &str, request_id: &str, now: Timestamp) -> Vec<String> {
        let Noted { values, errors } = self.with(std::mem::take);
        let page = |kind, values| Page {
            function,
            request_id,
            kind,
            values,
            at: system_time(now),
        };
        let mut lines = Vec::new();
        if !values.is_empty() {
            lines.extend(page(None, values).line());
        }
        for (kind, times) in &errors {
            let values = BTreeMap::from([(Metric::Errors, vec![f64::from(*times)])]);
            lines.extend(page(Some(kind), values).line());
        }
        lines
    }

    /// Forgets what was noted since the last time.
    pub fn discard(&self) {
        drop(self.with(std::mem::take));
    }

    fn with<R>(&self, f: impl FnOnce(&mut Noted) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn system_time(at: Timestamp) -> SystemTime {
    let since = Duration::from_millis(u64::try_from(at.as_millisecond()).unwrap_or_default());
    SystemTime::UNIX_EPOCH + since
}

/// One line.
struct Page<'s> {
    function: &'s str,
    request_id: &'s str,
    kind: Option<&'s String>,
    values: BTreeMap<Metric, Vec<f64>>,
    at: SystemTime,
}

impl Page<'_> {
    fn line(&self) -> Option<String> {
        let mut dimensions = vec![vec![FUNCTION.to_owned()]];
        if self.kind.is_some() {
            dimensions.push(vec![FUNCTION.to_owned(), KIND.to_owned()]);
        }
        let mut text = Vec::new();
        let mut format = Emf::all_validations(NAMESPACE.to_owned(), dimensions);
        format.format(self, &mut text).ok()?;
        Some(String::from_utf8(text).ok()?.trim_end().to_owned())
    }
}

impl Entry for Page<'_> {
    fn write<'a>(&'a self, writer: &mut impl EntryWriter<'a>) {
        writer.timestamp(self.at);
        writer.value("event", "metrics");
        writer.value("requestId", self.request_id);
        writer.value(FUNCTION, self.function);
        if let Some(kind) = self.kind {
            writer.value(KIND, kind.as_str());
        }
        for (metric, values) in &self.values {
            writer.value(metric.name(), &Measured(*metric, values));
        }
    }
}

/// The values of one metric: CloudWatch takes up to 100 in one line, and more are added up here.
struct Measured<'s>(Metric, &'s [f64]);

/// As the format's specification has it.
const VALUES_MAX: usize = 100;

impl Value for Measured<'_> {
    fn write(&self, writer: impl ValueWriter) {
        let Measured(metric, values) = self;
        let (single, rest) = values.split_at(values.len().min(VALUES_MAX - 1));
        let single = single.iter().map(|value| Observation::Floating(*value));
        let rest = (!rest.is_empty()).then(|| Observation::Repeated {
            total: rest.iter().sum(),
            occurrences: rest.len() as u64,
        });
        writer.metric(single.chain(rest), metric.scale(), [], MetricFlags::empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(sheet: &Sheet) -> Vec<serde_json::Value> {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let lines = sheet.lines("protector", "run-1", now);
        lines
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_run_that_measured_nothing_says_nothing() {
        assert!(lines(&Sheet::default()).is_empty());
    }

    #[test]
    fn a_line_is_what_cloudwatch_reads() {
        let sheet = Sheet::default();
        sheet.count(Metric::ApiCalls, 7);
        sheet.count(Metric::Throttles, 0);
        sheet.time(Metric::HoldTime, SignedDuration::from_millis(1500));
        sheet.time(Metric::HoldTime, SignedDuration::from_secs(-1));
        let line = lines(&sheet).remove(0);
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
        assert!(lines(&sheet).is_empty(), "each value is written once");
    }

    #[test]
    fn errors_have_their_kind_as_a_dimension() {
        let sheet = Sheet::default();
        sheet.error("throttled", 2);
        sheet.error("denied", 1);
        let lines = lines(&sheet);
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
        let sheet = Sheet::default();
        for _ in 0..250 {
            sheet.note(Metric::FlushTime, 2.0);
        }
        let line = lines(&sheet).remove(0);
        let numbers = |field: &str| -> Vec<f64> {
            let list = line["FlushTime"][field].as_array().unwrap();
            list.iter().map(|value| value.as_f64().unwrap()).collect()
        };
        assert!(numbers("Values").len() <= VALUES_MAX);
        assert!((numbers("Counts").iter().sum::<f64>() - 250.0).abs() < 1e-9);
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
