//! An exit before SIGTERM, because the sidecar cannot do its work: it is delayed while the agent would not restart it.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use protector_core::early_exit::{self, Next, Surroundings};
use serde_json::{Value, json};

use crate::logging::{self, Level};
use crate::signal::{self, Pending};
use crate::task_metadata;

/// When this process image began. Not asked for by the process that waits before its signal.
static STARTED: OnceLock<Instant> = OnceLock::new();

/// Notes the start of the process.
pub(crate) fn process_started() {
    STARTED.get_or_init(Instant::now);
}

/// Logs `fields` (reason and code) in an `exit-delayed` line while the exit is delayed, and returns when it is due: at
/// once outside an ECS task and after SIGTERM.
pub(crate) fn wait_until_due(fields: &Value) {
    let Ok(pending) = Pending::new() else {
        // Without a descriptor SIGTERM would not be noticed; to be deaf to it is worse than not to be restarted.
        return;
    };
    while !signal::has_been_taken() && !pending.now() {
        let Next::LogAndWait { exit_in, pause } = early_exit::next(surroundings(), uptime()) else {
            return;
        };
        log(fields, exit_in);
        pending.within(pause.unsigned_abs());
    }
}

fn surroundings() -> Surroundings {
    match task_metadata::address() {
        Some(_) => Surroundings::EcsTask,
        None => Surroundings::Elsewhere,
    }
}

fn uptime() -> SignedDuration {
    let uptime = STARTED.get().map_or(Duration::ZERO, Instant::elapsed);
    SignedDuration::try_from(uptime).unwrap_or(SignedDuration::MAX)
}

fn log(fields: &Value, exit_in: SignedDuration) {
    let mut fields = fields.clone();
    if let Value::Object(map) = &mut fields {
        let seconds = exit_in.as_millis_f64().round() / 1000.0;
        map.insert("exitInSeconds".to_owned(), json!(seconds));
    }
    logging::log_always(Level::Error, "exit-delayed", &fields);
}
