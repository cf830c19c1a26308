//! A structure is read out of JSON, with errors that name the field.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Malformed;
use crate::limits::{QUOTED_CHARS_MAX, cut};

/// The path of the whole event, where no field of it is at fault.
pub(super) const WHOLE_EVENT: &str = "whole-event";

/// Reads `value`, which is at `path` of the event (empty for the event itself).
pub(super) fn read<T: DeserializeOwned>(path: &str, value: &Value) -> Result<T, Malformed> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let inner = error.path().to_string();
        let problem = error.into_inner().to_string();
        let field = missing(&problem).unwrap_or(if inner == "." { "" } else { &inner });
        Malformed::new(&join(path, field), &problem)
    })
}

/// Reads a structure from an object. serde would also take a list of the members' values, and quote a text whole, which
/// may be a message that holds a lifecycle action token.
pub(super) fn members<T: DeserializeOwned>(path: &str, value: &Value) -> Result<T, Malformed> {
    if value.is_object() {
        read(path, value)
    } else {
        Err(Malformed::new(&join(path, ""), "expected an object"))
    }
}

/// A foreign text in quotation marks, cut to a length that is safe to log.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", cut(text, QUOTED_CHARS_MAX))
}

/// serde reports a missing field at its parent; its message names it.
fn missing(problem: &str) -> Option<&str> {
    problem.strip_prefix("missing field `")?.split('`').next()
}

fn join(path: &str, field: &str) -> String {
    match (path, field) {
        ("", "") => WHOLE_EVENT.to_owned(),
        ("", only) | (only, "") => only.to_owned(),
        (path, field) => format!("{path}.{field}"),
    }
}

/// The text of a member, if it is there and is one.
pub(super) fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member).and_then(Value::as_str)
}
