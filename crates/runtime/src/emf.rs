//! Metrics in log lines: CloudWatch's Embedded Metric Format. CloudWatch Logs makes metrics of lines that have a
//! directive, so a program needs neither a client nor a permission for them.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use jiff::Timestamp;
use serde_json::{Value, json};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "EcsDaemonProtector";

/// The member of a line that has its directive.
pub const MEMBER: &str = "_aws";

/// A metric, and its unit.
pub type Definition<'a> = (&'a str, &'a str);

/// Returns the directive of a line that was measured at `at`: which of its members are metrics, and by which sets of
/// other members each of them is counted.
#[must_use]
pub fn directive(at: Timestamp, dimensions: &[&[&str]], metrics: &[Definition<'_>]) -> Value {
    let sets = dimensions
        .iter()
        .map(|set| set.iter().copied().collect::<Value>());
    let metrics = metrics
        .iter()
        .map(|(name, unit)| json!({"Name": *name, "Unit": *unit}));
    json!({
        "Timestamp": at.as_millisecond(),
        "CloudWatchMetrics": [{
            "Namespace": NAMESPACE,
            "Dimensions": sets.collect::<Value>(),
            "Metrics": metrics.collect::<Value>(),
        }],
    })
}
