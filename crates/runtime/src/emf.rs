//! Metrics in log lines: CloudWatch's Embedded Metric Format. CloudWatch Logs makes metrics of lines that have a
//! directive, so a program needs neither a client nor a permission for them.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use jiff::Timestamp;
use serde_json::Value;

use crate::log::fields;

/// The namespace of all metrics.
pub const NAMESPACE: &str = "EcsDaemonProtector";

/// The member of a line that has its directive.
pub const MEMBER: &str = "_aws";

/// Returns the definition of a metric, for a directive.
#[must_use]
pub fn definition(name: &str, unit: &str) -> Value {
    fields(vec![("Name", name.into()), ("Unit", unit.into())]).into()
}

/// Returns the directive of a line that was measured at `at`: which of its members are metrics, each with its
/// [`definition`], and by which sets of other members they are counted, each a list of names.
#[must_use]
pub fn directive(at: Timestamp, dimensions: Vec<Value>, metrics: Vec<Value>) -> Value {
    let ours = fields(vec![
        ("Namespace", NAMESPACE.into()),
        ("Dimensions", dimensions.into()),
        ("Metrics", metrics.into()),
    ]);
    let at = at.as_millisecond().into();
    fields(vec![
        ("Timestamp", at),
        ("CloudWatchMetrics", vec![Value::Object(ours)].into()),
    ])
    .into()
}
