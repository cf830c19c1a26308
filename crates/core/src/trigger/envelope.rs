//! An event comes in an envelope: EventBridge's, SNS and SQS records, or none.

use jiff::Timestamp;
use serde_json::Value;

use super::field::{WHOLE_EVENT, members, quoted, read, text};
use super::{Event, IgnoredEvent, Malformed, Parsed, Sender, Trigger, command, ecs, hook, spot};

/// One invocation's events.
#[derive(Debug, PartialEq, Eq)]
pub enum Delivery {
    /// One event, as EventBridge or Auto Scaling sends it, or an operator's command.
    Single(Event),
    /// SNS records. They succeed or fail together.
    Sns(Vec<Event>),
    /// An array of events, as EventBridge Pipes hands them over. They succeed or fail together.
    Events(Vec<Event>),
    /// SQS messages. Each succeeds or fails for itself (`ReportBatchItemFailures`).
    Sqs(Vec<SqsMessage>),
}

/// One SQS message.
#[derive(Debug, PartialEq, Eq)]
pub struct SqsMessage {
    /// Named in the partial batch response if the message is to come again.
    pub message_id: String,
    /// Whether it comes from a FIFO queue. Then whatever failed would stand in front of all that comes after it, so it
    /// is left to the tick.
    pub in_order: bool,
    /// When it was sent to the queue, as the queue says.
    pub sent_at: Option<Timestamp>,
    /// The event that the message holds.
    pub event: Event,
}

/// Reads an invocation's payload.
#[must_use]
pub fn parse(payload: &Value) -> Delivery {
    if let Some(items) = payload.as_array() {
        return array(items);
    }
    let Some(records) = payload.get("Records") else {
        return Delivery::Single(event(payload).into());
    };
    match records.as_array().map(Vec::as_slice) {
        Some([]) => ignored(IgnoredEvent::NoRecords),
        Some(records @ [first, ..]) if text(first, "eventSource") == Some(SQS) => {
            Delivery::Sqs(records.iter().map(sqs).collect())
        }
        Some(records @ [first, ..]) if text(first, "EventSource") == Some("aws:sns") => {
            Delivery::Sns(records.iter().map(|record| sns(record).into()).collect())
        }
        Some(_) => ignored(IgnoredEvent::ForeignRecords),
        None => {
            let malformed = Malformed::new("Records", "expected a list of records");
            Delivery::Single(Event::Malformed(from_its_sender(malformed, payload)))
        }
    }
}

/// What records of SQS say of their source.
const SQS: &str = "aws:sqs";

/// EventBridge Pipes hands over an array, whatever its batch size: events, or the records of its source.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-target.html>
fn array(items: &[Value]) -> Delivery {
    match items.first() {
        None => ignored(IgnoredEvent::NoEvents),
        Some(first) if text(first, "eventSource") == Some(SQS) => {
            Delivery::Sqs(items.iter().map(sqs).collect())
        }
        Some(_) => Delivery::Events(items.iter().map(|one| item(one).into()).collect()),
    }
}

/// An input transformer makes a text of an event.
fn item(item: &Value) -> Parsed {
    match item.as_str() {
        Some(text) => message(WHOLE_EVENT, text),
        None => event(item),
    }
}

fn ignored(reason: IgnoredEvent) -> Delivery {
    Delivery::Single(Event::Ignored(reason))
}

fn sqs(record: &Value) -> SqsMessage {
    SqsMessage {
        message_id: text(record, "messageId").unwrap_or_default().to_owned(),
        sent_at: sent_at(record),
        in_order: record.pointer("/attributes/MessageGroupId").is_some(),
        event: body(record).into(),
    }
}

/// `SentTimestamp`, in milliseconds since 1970.
fn sent_at(record: &Value) -> Option<Timestamp> {
    let millis = record.pointer("/attributes/SentTimestamp")?.as_str()?;
    Timestamp::from_millisecond(millis.parse().ok()?).ok()
}

/// A message's body is an event, or an SNS notification that holds one.
fn body(record: &Value) -> Parsed {
    let body = string("body", record.get("body"))?;
    match serde_json::from_str::<Value>(body) {
        Ok(body) if text(&body, "Type") == Some("Notification") => {
            message("body.Message", string("body.Message", body.get("Message"))?)
        }
        _ => message("body", body),
    }
}

fn sns(record: &Value) -> Parsed {
    let sent = record.get("Sns").and_then(|sns| sns.get("Message"));
    message("Sns.Message", string("Sns.Message", sent)?)
}

fn string<'v>(field: &str, value: Option<&'v Value>) -> Result<&'v str, Malformed> {
    let text = value.and_then(Value::as_str);
    text.ok_or_else(|| Malformed::new(field, "expected a string that contains JSON"))
}

/// The event in a text. A topic or a queue may hold notes for people too; a text that begins like JSON and is not JSON
/// was truncated.
fn message(field: &str, text: &str) -> Parsed {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => event(&value),
        Err(error) if text.trim_start().starts_with(['{', '[']) => {
            Err(Malformed::new(field, &error.to_string()))
        }
        Err(_) => Ok(Event::Ignored(IgnoredEvent::NotAnEvent)),
    }
}

/// One event, out of its envelope.
fn event(event: &Value) -> Parsed {
    by_shape(event).map_err(|malformed| from_its_sender(malformed, event))
}

/// People write orders, and everything else comes from a service. A person who mistypes `command` is a person too.
fn from_its_sender(malformed: Malformed, event: &Value) -> Malformed {
    let sender = match is_order(event) {
        true => Sender::Operator,
        false => Sender::Service,
    };
    Malformed { sender, ..malformed }
}

fn by_shape(event: &Value) -> Parsed {
    if event.get("detail-type").is_some() {
        return event_bridge(event);
    }
    if event.get("command").is_some() {
        let command = members::<command::Command>("", event)?;
        return Ok(Event::Trigger(Trigger::Operator(command)));
    }
    if event.get("LifecycleTransition").is_some()
        || event.get("Event").is_some()
        || event.get("Service").is_some()
    {
        return hook::message(event);
    }
    if is_order(event) {
        return Err(Malformed::new("command", "expected release, hold or extend"));
    }
    Ok(Event::Ignored(IgnoredEvent::UnknownShape))
}

/// Returns whether an operator has written this.
fn is_order(event: &Value) -> bool {
    ["command", "who", "why"]
        .iter()
        .any(|member| event.get(member).is_some())
}

/// By `detail-type`. Our rules send only what we know, but a user's own rule may send more.
fn event_bridge(event: &Value) -> Parsed {
    let kind: String = read("detail-type", &event["detail-type"])?;
    match kind.as_str() {
        "EC2 Instance-terminate Lifecycle Action" => hook::event(event),
        "ECS Task State Change" => ecs::task(event),
        "ECS Container Instance State Change" => ecs::instance(event),
        "EC2 Spot Instance Interruption Warning" => spot::notice(event),
        "EC2 Capacity Reservation Instance Interruption Warning" => spot::reservation(event),
        "Scheduled Event" => Ok(Event::Trigger(Trigger::Tick)),
        // The constant input of the heartbeats' schedule, in `template.yaml`.
        "Heartbeats" => Ok(Event::Trigger(Trigger::Heartbeats)),
        other => Ok(Event::Ignored(IgnoredEvent::DetailType(quoted(other)))),
    }
}
