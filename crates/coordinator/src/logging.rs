//! The log of the coordinator: one JSON line per event on standard output, which Lambda sends to CloudWatch Logs.
//!
//! `log_line` and `instance_line` have the fields of each event. No line holds a lifecycle action token.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

pub use protector_core::level::Level;
use protector_runtime::log::line;
use serde::Serialize;

/// The event of a line: it decides which fields the line has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EventName {
    Instance,
    Receipt,
    Control,
    Ignored,
    Unprotected,
    ProtectionCheck,
    Tick,
    Beacon,
    Heartbeats,
    /// Its line is in the Embedded Metric Format, which [`metrics`](crate::metrics) writes.
    Metrics,
    Malformed,
    Failed,
    NotDeleted,
    InvalidSetting,
    Crashed,
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// The fields of a line, and the event that they belong to.
pub(crate) trait Line: Serialize {
    fn event(&self) -> EventName;
}

/// Says things at or above a level. Cheap to clone.
#[derive(Clone)]
pub struct Logger {
    least: Level,
    metrics: bool,
    line: Arc<dyn Fn(&str) + Send + Sync>,
}

impl fmt::Debug for Logger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logger")
            .field("least", &self.least)
            .finish_non_exhaustive()
    }
}

impl Logger {
    /// Says what is at least so important on standard output.
    #[must_use]
    pub fn new(least: Level) -> Logger {
        // Standard output is the only channel; if it is closed, the failure cannot be reported.
        Logger::with_sink(least, |line| drop(writeln!(std::io::stdout().lock(), "{line}")))
    }

    /// Says it to `line`, which gets each line without its end.
    pub fn with_sink(least: Level, line: impl Fn(&str) + Send + Sync + 'static) -> Logger {
        Logger {
            least,
            metrics: true,
            line: Arc::new(line),
        }
    }

    /// The same, for a sink that has no use for metrics: they are not even formatted.
    #[must_use]
    pub fn without_metrics(self) -> Logger {
        Logger {
            metrics: false,
            ..self
        }
    }

    /// Returns whether metrics are written.
    #[must_use]
    pub fn writes_metrics(&self) -> bool {
        self.metrics
    }

    /// Says a whole line as it is, whatever the least level: metrics.
    pub fn log_line(&self, line: &str) {
        (self.line)(line);
    }

    /// Says one line: level, event, and its fields, sorted by their names.
    pub(crate) fn log(&self, level: Level, said: &impl Line) {
        if level >= self.least {
            let fields = serde_json::to_value(said).unwrap_or_default();
            // Lambda stamps each line with its time.
            (self.line)(&line(None, level, &said.event().to_string(), &fields));
        }
    }
}
