//! The coordinator's answer to an order.

use protector_core::limits::{MESSAGE_CHARS_MAX, cut};
use serde_json::Value;

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OrderAnswer {
    /// It was carried out.
    Done,
    /// It changed nothing, and this is why.
    Ignored(String),
    /// The answer says neither.
    Unclear(String),
}

impl OrderAnswer {
    /// Reads an answer: `{"instances":[{"order":{"outcome":"done"}, …}]}` or `{"instances":[],"ignored":[{"reason"}]}`.
    pub(super) fn of(answer: &Value) -> OrderAnswer {
        if let Some(reason) = answer["ignored"][0]["reason"].as_str() {
            return OrderAnswer::Ignored(reason.to_owned());
        }
        let line = &answer["instances"][0];
        let order = &line["order"];
        match (order["outcome"].as_str(), order["message"].as_str()) {
            (Some("done"), _) => OrderAnswer::Done,
            (Some("ignored"), message) => {
                OrderAnswer::Ignored(message.unwrap_or("no reason given").to_owned())
            }
            _ => OrderAnswer::Unclear(unclear(line)),
        }
    }
}

/// What the coordinator said of the instance, where it did not say what became of the order.
fn unclear(line: &Value) -> String {
    let texts = |member: &str| {
        let list = line[member].as_array().into_iter().flatten();
        list.filter_map(Value::as_str)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let said: Vec<String> = ["failures", "messages"].into_iter().flat_map(texts).collect();
    match said.is_empty() {
        true => "the coordinator did not say what became of it".to_owned(),
        false => cut(&said.join("; "), MESSAGE_CHARS_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_says_what_became_of_the_order() {
        let ignored = |text: &str| OrderAnswer::Ignored(text.to_owned());
        for (answer, outcome) in [
            (
                json!({"instances": [{"order": {"outcome": "done"}}]}),
                OrderAnswer::Done,
            ),
            (
                json!({"instances": [], "ignored": [{"reason": "the instance does not drain"}]}),
                ignored("the instance does not drain"),
            ),
            (
                json!({"instances": [{"order": {"outcome": "ignored", "message": "dry run"}}]}),
                ignored("dry run"),
            ),
            (
                json!({"instances": [{"verdict": "unknown", "failures": ["ListTasks: denied"], "messages": ["holds"]}]}),
                OrderAnswer::Unclear("ListTasks: denied; holds".to_owned()),
            ),
            (
                json!(null),
                OrderAnswer::Unclear("the coordinator did not say what became of it".to_owned()),
            ),
        ] {
            assert_eq!(OrderAnswer::of(&answer), outcome, "{answer}");
        }
    }
}
