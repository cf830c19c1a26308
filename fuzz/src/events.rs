//! The events that invoke the coordinator.

use jiff::Timestamp;
use protector_core::limits::CUT_MARK;
use protector_core::record::Ordered;
use protector_core::trigger::{Command, Delivery, Event, Order, SqsMessage, Trigger, parse};
use serde_json::{Value, json};

/// An event is a trigger, ignored with a reason, or malformed with the field; the same in each envelope; and no text
/// about it holds a lifecycle action token.
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
    each(&delivery).for_each(judge);
    each(&in_sqs).for_each(judge);
    assert_no_token_is_said(&payload, text);
    // A list is a batch, also an empty one: what is the same in each envelope is an event.
    if let Delivery::Single(event) = &delivery
        && !payload.is_array()
        && payload.get("Records").is_none()
        && payload.get("Type") != Some(&json!("Notification"))
    {
        assert_same_in_every_envelope(text, event, &in_sqs);
    }
}

fn sqs(body: &str) -> Value {
    json!({"Records": [{"eventSource": "aws:sqs", "messageId": "m-1", "body": body}]})
}

fn sns(message: &str) -> Value {
    json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": message}}]})
}

/// A text that is not JSON counts as torn JSON if it begins like JSON, and as a note for people if not.
fn assert_no_event(in_sqs: &Delivery, text: &str) {
    let torn = text.trim_start().starts_with(['{', '[']);
    for event in each(in_sqs) {
        let field = event.malformed().map(|malformed| malformed.field.as_str());
        assert_eq!(field, torn.then_some("body"));
        assert!(!matches!(event, Event::Trigger(_)));
    }
}

fn assert_same_in_every_envelope(text: &str, event: &Event, in_sqs: &Delivery) {
    let message = |event: &Event| SqsMessage {
        in_order: false,
        sent_at: None,
        message_id: "m-1".to_owned(),
        event: event.clone(),
    };
    assert_eq!(in_sqs, &Delivery::Sqs(vec![message(event)]));
    assert_eq!(parse(&sns(text)), Delivery::Sns(vec![event.clone()]));
    let notification = json!({"Type": "Notification", "Message": text}).to_string();
    assert_eq!(parse(&sqs(&notification)), Delivery::Sqs(vec![message(event)]));
}

fn each(delivery: &Delivery) -> Box<dyn Iterator<Item = &Event> + '_> {
    match delivery {
        Delivery::Single(event) => Box::new(std::iter::once(event)),
        Delivery::Sns(all) | Delivery::Events(all) => Box::new(all.iter()),
        Delivery::Sqs(all) => Box::new(all.iter().map(|message| &message.event)),
    }
}

fn judge(event: &Event) {
    match event {
        Event::Trigger(trigger) => judge_trigger(trigger),
        Event::Ignored(why) => super::assert_said(&why.to_string()),
        Event::Malformed(malformed) => {
            super::assert_said(&malformed.field);
            super::assert_said(&malformed.problem);
        }
    }
}

fn judge_trigger(trigger: &Trigger) {
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

/// The parts of an order that are kept fit into a record, regardless of its sender.
fn judge_command(command: &Command) {
    if let Order::Extend(by) = command.order {
        assert!(by.is_positive());
    }
    let ordered = Ordered::new(
        command.order.name(),
        &command.who,
        &command.why,
        Timestamp::UNIX_EPOCH,
    );
    assert!(command.who.starts_with(kept(&ordered.who)) && command.why.starts_with(kept(&ordered.why)));
    let text = serde_json::to_string(&ordered).unwrap_or_default();
    assert!(
        (1..=600).contains(&text.len()),
        "{} bytes of an order",
        text.len()
    );
}

/// A token that no input holds by accident. (The input's own token may be any text, so also one that the program
/// writes.)
const PLANTED: &str = "5ca1ab1e-0bad-4dad-8bad-f00dba5eba11";

/// The value in the place of a lifecycle action token, valid or not, is never written.
fn assert_no_token_is_said(payload: &Value, text: &str) {
    if text.contains(PLANTED) {
        return;
    }
    for token in [PLANTED.to_owned(), format!("{PLANTED} ")] {
        let mut planted = payload.clone();
        if !plant(&mut planted, &token) {
            return;
        }
        for delivery in [parse(&planted), parse(&sqs(&planted.to_string()))] {
            let said = format!("{delivery:?}");
            assert!(!said.contains(PLANTED), "a token is said: {said}");
            for malformed in each(&delivery).filter_map(Event::malformed) {
                assert!(
                    !malformed.to_string().contains(PLANTED),
                    "a token is said: {malformed}"
                );
            }
        }
    }
}

/// Puts `token` wherever a payload has one, also in the texts that hold messages. Returns whether there was one.
fn plant(value: &mut Value, token: &str) -> bool {
    match value {
        Value::Object(members) => {
            let mut found = false;
            for (name, member) in members {
                found |= match (name.as_str(), &mut *member) {
                    ("LifecycleActionToken", Value::String(old)) => {
                        token.clone_into(old);
                        true
                    }
                    ("body" | "Message" | "detail", Value::String(text)) => plant_in_text(text, token),
                    (_, member) => plant(member, token),
                };
            }
            found
        }
        Value::Array(items) => items
            .iter_mut()
            .fold(false, |found, item| plant(item, token) | found),
        _ => false,
    }
}

fn plant_in_text(text: &mut String, token: &str) -> bool {
    let Ok(mut inner) = serde_json::from_str::<Value>(text) else {
        return false;
    };
    let found = plant(&mut inner, token);
    if found {
        *text = inner.to_string();
    }
    found
}
