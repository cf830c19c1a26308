//! What wakes the coordinator.

use jiff::Timestamp;
use protector_core::limits::CUT_MARK;
use protector_core::record::Ordered;
use protector_core::trigger::{Command, Delivery, Ignored, Order, Parsed, SqsMessage, Trigger, parse};
use serde_json::{Value, json};

/// An event is a trigger, ignored with a reason, or malformed with the field; the same in each envelope; and nothing
/// that is said of it holds a lifecycle action token.
pub fn events(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let in_sqs = parse(&sqs(text));
    let Ok(payload) = serde_json::from_str::<Value>(text) else {
        assert_no_event(&in_sqs, text);
        return;
    };
    let delivery = parse(&payload);
    let tokens = Tokens::of(&payload);
    each(&delivery).for_each(|parsed| judge(parsed, &tokens));
    each(&in_sqs).for_each(|parsed| judge(parsed, &tokens));
    if let Delivery::Single(parsed) = &delivery
        && payload.get("Records").is_none()
        && payload.get("Type") != Some(&json!("Notification"))
    {
        assert_same_in_every_envelope(text, parsed, &in_sqs);
    }
}

fn sqs(body: &str) -> Value {
    json!({"Records": [{"eventSource": "aws:sqs", "messageId": "m-1", "body": body}]})
}

fn sns(message: &str) -> Value {
    json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": message}}]})
}

/// A text that is no JSON was torn if it begins like JSON, and is a note for people if not.
fn assert_no_event(in_sqs: &Delivery, text: &str) {
    let torn = text.trim_start().starts_with(['{', '[']);
    for parsed in each(in_sqs) {
        let field = parsed.as_ref().err().map(|malformed| malformed.field.as_str());
        assert_eq!(field, torn.then_some("body"));
        assert!(!matches!(parsed, Ok(Ok(_))));
    }
}

fn assert_same_in_every_envelope(text: &str, parsed: &Parsed, in_sqs: &Delivery) {
    let message = |parsed: &Parsed| SqsMessage {
        in_order: false,
        sent_at: None,
        message_id: "m-1".to_owned(),
        parsed: parsed.clone(),
    };
    assert_eq!(in_sqs, &Delivery::Sqs(vec![message(parsed)]));
    assert_eq!(parse(&sns(text)), Delivery::Sns(vec![parsed.clone()]));
    let notification = json!({"Type": "Notification", "Message": text}).to_string();
    assert_eq!(parse(&sqs(&notification)), Delivery::Sqs(vec![message(parsed)]));
}

fn each(delivery: &Delivery) -> Box<dyn Iterator<Item = &Parsed> + '_> {
    match delivery {
        Delivery::Single(parsed) => Box::new(std::iter::once(parsed)),
        Delivery::Sns(all) | Delivery::Events(all) => Box::new(all.iter()),
        Delivery::Sqs(all) => Box::new(all.iter().map(|message| &message.parsed)),
    }
}

fn judge(parsed: &Parsed, tokens: &Tokens) {
    match parsed {
        Ok(Ok(trigger)) => {
            tokens.assert_absent(&format!("{trigger:?}"));
            judge_trigger(trigger);
        }
        Ok(Err(Ignored(reason))) => {
            super::assert_said(reason);
            tokens.assert_absent(reason);
        }
        Err(malformed) => {
            super::assert_said(&malformed.field);
            super::assert_said(&malformed.problem);
            tokens.assert_absent(&malformed.to_string());
            tokens.assert_absent(&format!("{malformed:?}"));
        }
    }
}

fn judge_trigger(trigger: &Trigger) {
    let kind = trigger.kind();
    assert!(["hook", "task", "instance", "spot", "tick", "operator"].contains(&kind));
    let instance = match trigger {
        Trigger::Hook(notice) => &notice.instance,
        Trigger::Instance(change) => &change.instance,
        Trigger::Spot(notice) => &notice.instance,
        Trigger::Operator(command) => {
            judge_command(command);
            &command.instance
        }
        Trigger::Task(_) | Trigger::Tick | Trigger::Heartbeats => return,
    };
    assert_eq!(instance.as_str().parse().as_ref(), Ok(instance));
}

/// What is left of a text, without the mark of a cut.
fn kept(text: &str) -> &str {
    text.strip_suffix(CUT_MARK).unwrap_or(text)
}

/// What is kept of an order fits into a record, whoever wrote it.
fn judge_command(command: &Command) {
    if let Order::Extend(by) = command.order {
        assert!(by.is_positive());
    }
    let ordered = Ordered::new(command, Timestamp::UNIX_EPOCH);
    assert!(command.who.starts_with(kept(&ordered.who)) && command.why.starts_with(kept(&ordered.why)));
    let text = serde_json::to_string(&ordered).unwrap_or_default();
    assert!(
        (1..=600).contains(&text.len()),
        "{} bytes of an order",
        text.len()
    );
}

/// Texts in a payload that stand where a lifecycle action token does, and nowhere else.
struct Tokens(Vec<String>);

impl Tokens {
    fn of(payload: &Value) -> Tokens {
        let (mut tokens, mut others) = (Vec::new(), Vec::new());
        gather(payload, &mut tokens, &mut others);
        tokens.retain(|token| token.len() >= 8 && !others.iter().any(|other| other.contains(token)));
        Tokens(tokens)
    }

    fn assert_absent(&self, said: &str) {
        for token in &self.0 {
            assert!(!said.contains(token), "a token is said: {said}");
        }
    }
}

fn gather(value: &Value, tokens: &mut Vec<String>, others: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                others.push(name.clone());
                match (name.as_str(), member) {
                    ("LifecycleActionToken", Value::String(token)) => tokens.push(token.clone()),
                    ("body" | "Message" | "detail", Value::String(text)) => match inner(text) {
                        Some(inner) => gather(&inner, tokens, others),
                        None => others.push(text.clone()),
                    },
                    (_, member) => gather(member, tokens, others),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, tokens, others)),
        Value::String(text) => others.push(text.clone()),
        scalar => others.push(scalar.to_string()),
    }
}

/// A message in an envelope.
fn inner(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().filter(Value::is_object)
}
