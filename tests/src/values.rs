//! JSON, as log lines and records are.

use serde_json::Value;

/// Each member of `expected` is in `value`, at every depth of objects; `value` may have others.
#[track_caller]
pub fn assert_has(value: &Value, expected: Value) {
    let Value::Object(members) = &expected else {
        panic!("{expected} names no members")
    };
    for (name, expected) in members {
        match expected {
            Value::Object(_) if value[name].is_object() => assert_has(&value[name], expected.clone()),
            _ => assert_eq!(value[name], *expected, "{name}: {value}"),
        }
    }
}

/// The lines that are JSON.
pub fn json_lines(lines: &[String]) -> Vec<Value> {
    let parsed = lines.iter().map(|line| serde_json::from_str(line));
    parsed.filter_map(Result::ok).collect()
}
