//! The event source mapping: a batch of messages as the function gets it, and what its answer means for them.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>

use super::invocation::InvocationOutcome;
use super::queue::Message;
use crate::live::Live;
use serde_json::{Value, json};

/// The message group of `template.yaml`.
const GROUP: &str = "drains";

const QUEUE: &str = "ecs-daemon-protector-events.fifo";

/// The event of a batch. Receipt handles and checksums are left out: the coordinator does not read them.
pub(super) fn event(batch: &[Message], live: &Live) -> Value {
    let records: Vec<Value> = batch.iter().map(|message| record(message, live)).collect();
    json!({"Records": records})
}

fn record(message: &Message, live: &Live) -> Value {
    let (region, account) = (live.region(), live.account());
    json!({
        "messageId": message.id,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": message.receives.to_string(),
            "SentTimestamp": message.sent.as_millisecond().to_string(),
            "MessageGroupId": GROUP,
        },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:{region}:{account}:{QUEUE}"),
        "awsRegion": region,
    })
}

/// The ids of the messages of `batch` that are processed. Only those named in `batchItemFailures` come again; all do if
/// the run failed, or if its answer names one by something that is no id.
pub(super) fn done(batch: &[Message], outcome: &InvocationOutcome) -> Vec<String> {
    let failed = match outcome {
        InvocationOutcome::Returned(answer) => failures(answer),
        _ => None,
    };
    let Some(failed) = failed else {
        return Vec::new();
    };
    let ids = batch.iter().map(|message| message.id.clone());
    ids.filter(|id| !failed.contains(id)).collect()
}

/// What the answer names as failed; `None` if it cannot be read.
fn failures(answer: &Value) -> Option<Vec<String>> {
    match answer.get("batchItemFailures") {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(identifier).collect(),
        Some(_) => None,
    }
}

fn identifier(item: &Value) -> Option<String> {
    let id = item.get("itemIdentifier").and_then(Value::as_str)?;
    (!id.is_empty()).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn batch() -> Vec<Message> {
        let message = |id: &str| Message {
            id: id.to_owned(),
            body: "{}".to_owned(),
            sent: Timestamp::UNIX_EPOCH,
            receives: 2,
        };
        vec![message("a"), message("b")]
    }

    #[test]
    fn what_an_answer_means_for_its_batch() {
        let both: &[&str] = &["a", "b"];
        let cases = [
            (json!(null), both),
            (json!({}), both),
            (json!({"batchItemFailures": null}), both),
            (json!({"batchItemFailures": []}), both),
            (json!({"batchItemFailures": [{"itemIdentifier": "a"}]}), &["b"]),
            (json!({"batchItemFailures": [{"itemIdentifier": ""}]}), &[]),
            (json!({"batchItemFailures": [{"itemIdentifier": null}]}), &[]),
            (json!({"batchItemFailures": [{"messageId": "a"}]}), &[]),
            (json!({"batchItemFailures": "a"}), &[]),
        ];
        for (answer, expected) in cases {
            let found = done(&batch(), &InvocationOutcome::Returned(answer.clone()));
            assert_eq!(found, expected, "{answer}");
        }
    }

    #[test]
    fn a_run_that_failed_has_dealt_with_nothing() {
        let outcomes = [
            InvocationOutcome::Failed(json!({})),
            InvocationOutcome::TimedOut,
            InvocationOutcome::Crashed(137),
            InvocationOutcome::InitFailed(None),
            InvocationOutcome::Unavailable(String::new()),
        ];
        for outcome in outcomes {
            assert!(done(&batch(), &outcome).is_empty(), "{outcome:?}");
        }
    }

    #[test]
    fn the_event_is_that_of_an_event_source_mapping() {
        let (live, _effects) = Live::new(protector_aws_model::WorldConfig::default());
        let event = event(&batch(), &live);
        let record = &event["Records"][0];
        assert_eq!(
            (&record["messageId"], &record["eventSource"]),
            (&json!("a"), &json!("aws:sqs"))
        );
        assert_eq!(record["attributes"]["ApproximateReceiveCount"], "2");
        assert_eq!(record["attributes"]["MessageGroupId"], "drains");
    }
}
