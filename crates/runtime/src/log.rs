//! A line of a log: one JSON object. `docs/log-fields.md` has the events and their fields.

use std::fmt;

use jiff::Timestamp;
use protector_core::level::Level;
use serde_json::{Map, Value};

/// Returns the line of `event` without its end: its time if one is given, its level, its name, then `fields`, a JSON
/// object. `event` is a name of ours that needs no escapes, and no field has the name of what comes before the fields.
#[must_use]
pub fn line(time: Option<Timestamp>, level: Level, event: &str, fields: &Value) -> String {
    let rest = fields.to_string();
    let rest = rest.strip_prefix('{').unwrap_or("}");
    let comma = if rest == "}" { "" } else { "," };
    let (stamp, level) = (Stamp(time), level.name());
    format!("{{{stamp}\"level\":\"{level}\",\"event\":\"{event}\"{comma}{rest}")
}

/// Returns the object of these fields. `json!` would serialize a value that is there already, which takes more code.
#[must_use]
pub fn fields(named: Vec<(&str, Value)>) -> Map<String, Value> {
    let named = named.into_iter().map(|(name, value)| (name.to_owned(), value));
    named.collect()
}

/// The first member of a line that has a time.
struct Stamp(Option<Timestamp>);

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(time) => write!(f, "\"time\":\"{time:.3}\","),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_is_one_json_object() {
        let moment: Timestamp = "2026-11-24T08:00:00.25Z".parse().unwrap();
        for fields in [json!({}), json!({"reason": "released", "code": 0}), Value::Null] {
            for (time, shown) in [
                (None, Value::Null),
                (Some(moment), json!("2026-11-24T08:00:00.250Z")),
            ] {
                let text = line(time, Level::Warn, "exit", &fields);
                assert_eq!(text.matches('\n').count(), 0);
                let value: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(
                    (value["event"].as_str(), value["level"].as_str()),
                    (Some("exit"), Some("warn"))
                );
                assert_eq!((&value["time"], &value["reason"]), (&shown, &fields["reason"]));
            }
        }
    }
}
