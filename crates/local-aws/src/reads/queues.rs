//! SQS: how many messages are in the queues of the stack.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html>

use super::{ReadAnswer, Reads};
use crate::lambda::queues;
use protector_aws_model::ApiError;
use serde_json::{Map, Value, json};

/// Two weeks, in seconds; that of the events is an hour.
const KEPT: &str = "1209600";

/// `GetQueueAttributes`.
pub(super) fn attributes(reads: &Reads, params: &Value) -> ReadAnswer {
    let url = params["QueueUrl"].as_str().unwrap_or_default();
    let name = url.rsplit('/').next().unwrap_or_default();
    let Some((visible, in_flight)) = reads.lambda.messages(name) else {
        let message = "The specified queue does not exist.";
        return Err(ApiError::new("QueueDoesNotExist", message, 400));
    };
    let retention = if name == queues::EVENTS { "3600" } else { KEPT };
    let all = [
        ("ApproximateNumberOfMessages", visible.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", in_flight.to_string()),
        ("ApproximateNumberOfMessagesDelayed", "0".to_owned()),
        ("MessageRetentionPeriod", retention.to_owned()),
        (
            "QueueArn",
            queues::arn(reads.live.region(), reads.live.account(), name),
        ),
    ];
    let wanted: Vec<&str> = params["AttributeNames"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let asked = all
        .into_iter()
        .filter(|(name, _)| wanted.contains(name) || wanted.contains(&"All"));
    let attributes: Map<String, Value> = asked
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    Ok(json!({"Attributes": attributes}))
}
