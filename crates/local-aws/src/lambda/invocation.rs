//! One run of the function, and how it ended.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// An invocation that is over.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Invocation {
    /// Name of the function.
    pub function: &'static str,
    /// `Lambda-Runtime-Aws-Request-Id`.
    pub request_id: String,
    /// What it was invoked with.
    pub event: Value,
    /// How often the first message of a batch was received; 1 for all else.
    pub attempt: u32,
    /// When the function got it.
    pub started: Timestamp,
    /// From then to its end.
    pub duration: Duration,
    /// From the start of the process to its first request for work, if this invocation needed a new process.
    pub init: Option<Duration>,
    /// How it ended.
    pub outcome: InvocationOutcome,
}

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum InvocationOutcome {
    /// The function returned this.
    Returned(Value),
    /// The function reported this error.
    Failed(Value),
    /// Lambda killed the function at its deadline.
    TimedOut,
    /// The process ended with this exit code, 137 if it was killed.
    Crashed(i32),
    /// The process did not get as far as asking for work: the error it reported, if it did.
    InitFailed(Option<Value>),
    /// There is no function, or its process cannot be started.
    Unavailable(String),
}

impl InvocationOutcome {
    /// Whether Lambda counts it as done. The messages of a batch come again otherwise.
    pub fn is_success(&self) -> bool {
        matches!(self, InvocationOutcome::Returned(_))
    }
}

impl Invocation {
    pub(super) fn without_function(
        function: &'static str,
        event: Value,
        attempt: u32,
        now: Timestamp,
    ) -> Invocation {
        Invocation {
            function,
            request_id: String::new(),
            event,
            attempt,
            started: now,
            duration: Duration::ZERO,
            init: None,
            outcome: InvocationOutcome::Unavailable("no function is deployed".to_owned()),
        }
    }
}
