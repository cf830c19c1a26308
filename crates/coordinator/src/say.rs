//! What the coordinator says: one JSON line per event on standard output, which Lambda sends to CloudWatch Logs.
//!
//! Fields are documented in `docs/log-fields.md`. Nothing that is said holds a lifecycle action token.

use std::io::Write;

use serde_json::{Map, Value, json};

/// How important a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For developers.
    Trace,
    /// Events that led to nothing.
    Debug,
    /// The course of each drain.
    Info,
    /// Something that a person should know of.
    Warn,
    /// Something that failed.
    Error,
}

impl Level {
    /// The words of the setting `LOG`.
    pub const CHOICES: &[(&str, Level)] = &[
        ("info", Level::Info),
        ("error", Level::Error),
        ("warn", Level::Warn),
        ("debug", Level::Debug),
        ("trace", Level::Trace),
    ];

    fn name(self) -> &'static str {
        Level::CHOICES
            .iter()
            .find(|(_, level)| *level == self)
            .map_or("info", |(name, _)| name)
    }
}

/// Says things at or above a level.
#[derive(Debug, Clone, Copy)]
pub struct Voice {
    /// The least level that is said.
    pub least: Level,
}

impl Voice {
    /// Says one line: level, event, and `fields`, a JSON object.
    pub fn say(&self, level: Level, event: &str, fields: Value) {
        if level < self.least {
            return;
        }
        let mut line = Map::new();
        line.insert("level".to_owned(), json!(level.name()));
        line.insert("event".to_owned(), json!(event));
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        // Standard output is all that there is; if it is gone, nobody can be told.
        let _ = writeln!(std::io::stdout().lock(), "{}", Value::Object(line));
    }
}
