//! What an event comes in: EventBridge's envelope, SNS and SQS records, or nothing.

use serde_json::Value;

use super::field::{members, quoted, read, text};
use super::{Ignored, Malformed, Parsed, Trigger, command, ecs, hook, spot};

/// One invocation's events.
#[derive(Debug, PartialEq, Eq)]
pub enum Delivery {
    /// One event, as EventBridge or Auto Scaling sends it, or an operator's command.
    Single(Parsed),
    /// SNS records. They succeed or fail together.
    Sns(Vec<Parsed>),
    /// SQS messages. Each succeeds or fails for itself (`ReportBatchItemFailures`).
    Sqs(Vec<SqsMessage>),
}

/// One SQS message.
#[derive(Debug, PartialEq, Eq)]
pub struct SqsMessage {
    /// Named in the partial batch response if the message is to come again.
    pub message_id: String,
    /// Does it come from a FIFO queue? Then whatever failed would stand in front of all that comes after it, so it is left
    /// to the tick.
    pub in_order: bool,
    /// What it holds.
    pub parsed: Parsed,
}

/// Reads an invocation's payload.
#[must_use]
pub fn parse(payload: &Value) -> Delivery {
    let Some(records) = payload.get("Records") else {
        return Delivery::Single(event(payload));
    };
    match records.as_array().map(Vec::as_slice) {
        Some(records @ [first, ..]) if text(first, "eventSource") == Some("aws:sqs") => {
            Delivery::Sqs(records.iter().map(sqs).collect())
        }
        Some(records @ [first, ..]) if text(first, "EventSource") == Some("aws:sns") => {
            Delivery::Sns(records.iter().map(sns).collect())
        }
        _ => Delivery::Single(Err(Malformed::new("Records", "expected records of SQS or SNS"))),
    }
}

fn sqs(record: &Value) -> SqsMessage {
    SqsMessage {
        message_id: text(record, "messageId").unwrap_or_default().to_owned(),
        in_order: record.pointer("/attributes/MessageGroupId").is_some(),
        parsed: body(record),
    }
}

/// A message's body is an event, or an SNS notification that holds one.
fn body(record: &Value) -> Parsed {
    let body = embedded("body", record.get("body"))?;
    match text(&body, "Type") {
        Some("Notification") => event(&embedded("body.Message", body.get("Message"))?),
        _ => event(&body),
    }
}

fn sns(record: &Value) -> Parsed {
    let message = record.get("Sns").and_then(|sns| sns.get("Message"));
    event(&embedded("Sns.Message", message)?)
}

/// JSON inside a text.
fn embedded(field: &str, value: Option<&Value>) -> Result<Value, Malformed> {
    let text = value
        .and_then(Value::as_str)
        .ok_or_else(|| Malformed::new(field, "expected a text that holds JSON"))?;
    serde_json::from_str(text).map_err(|error| Malformed::new(field, &error.to_string()))
}

/// One event, out of its envelope.
fn event(event: &Value) -> Parsed {
    if event.get("detail-type").is_some() {
        return event_bridge(event);
    }
    if event.get("command").is_some() {
        return Ok(Ok(Trigger::Operator(members::<command::Command>("", event)?)));
    }
    if event.get("LifecycleTransition").is_some()
        || event.get("Event").is_some()
        || event.get("Service").is_some()
    {
        return hook::message(event);
    }
    Err(Malformed::new(
        "detail-type",
        "expected an EventBridge event, an Auto Scaling message or a command",
    ))
}

/// By `detail-type`. Our rules send only what we know, but a user's own rule may send more.
fn event_bridge(event: &Value) -> Parsed {
    let kind: String = read("detail-type", &event["detail-type"])?;
    match kind.as_str() {
        "EC2 Instance-terminate Lifecycle Action" => hook::event(event),
        "ECS Task State Change" => ecs::task(event),
        "ECS Container Instance State Change" => ecs::instance(event),
        "EC2 Spot Instance Interruption Warning" => spot::notice(event),
        "Scheduled Event" => Ok(Ok(Trigger::Tick)),
        // The constant input of the heartbeats' schedule, in `template.yaml`.
        "Heartbeats" => Ok(Ok(Trigger::Heartbeats)),
        other => Ok(Err(Ignored(format!(
            "detail-type {} is not handled",
            quoted(other)
        )))),
    }
}
