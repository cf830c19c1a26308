//! One invocation: its delivery, and the answer to it.

use futures_util::future::join_all;
use protector_core::trigger::{Event, Sender};
use serde_json::{Value, json};

use crate::handled::Handled;
use crate::router::Router;

/// Handles an invocation that is no batch of a queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Handler<'r> {
    pub(crate) router: Router<'r>,
}

impl Handler<'_> {
    /// A person who invokes the function gets an error for a mistake; EventBridge would only send it again.
    pub(crate) async fn single(&self, event: Event) -> Result<Value, String> {
        match self.router.event(event).await {
            Handled::Malformed(malformed) if malformed.sender == Sender::Operator => {
                Err(malformed.to_string())
            }
            handled => all(vec![handled]),
        }
    }

    /// Events that succeed or fail together. Equal ones cost one look.
    pub(crate) async fn together(&self, events: Vec<Event>) -> Result<Value, String> {
        let mut different: Vec<Event> = Vec::new();
        for event in events {
            if !(event.is_idempotent() && different.contains(&event)) {
                different.push(event);
            }
        }
        all(join_all(different.into_iter().map(|event| self.router.event(event))).await)
    }
}

/// The answer to events that succeed or fail together: the lines of the instances that were looked at, and, if there
/// were any, the orders that change nothing. Those are no instances, so that no answer to them looks like a success.
fn all(handled: Vec<Handled>) -> Result<Value, String> {
    let (mut lines, mut ignored, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for handled in handled {
        match handled {
            Handled::Done(line) => lines.push(line),
            Handled::OrderIgnored(why) => ignored.push(why),
            Handled::Failed(problem) => problems.push(problem),
            Handled::Ignored | Handled::Malformed(_) => {}
        }
    }
    if !problems.is_empty() {
        return Err(problems.join("; "));
    }
    let mut answer = json!({"instances": lines});
    if !ignored.is_empty() {
        answer["ignored"] = Value::Array(ignored);
    }
    Ok(answer)
}
