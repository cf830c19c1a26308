//! What the sidecar says: one JSON object per line on standard output.

use std::io::Write;
use std::os::fd::AsFd;

use jiff::Timestamp;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
pub(crate) use protector_core::level::Level;
use protector_core::limits::sidecar::LOG_WRITE_TIMEOUT_MS;
use protector_core::limits::{MESSAGE_CHARS_MAX, cut};
use protector_core::record::Record;
use protector_runtime::emf;
use protector_runtime::log::{fields, line};
use serde_json::{Map, Value, json};

/// Lines below this level are left out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Logger(pub(crate) Level);

impl Logger {
    /// Says that `event` happened. `fields` is a JSON object.
    pub(crate) fn log(self, level: Level, event: &str, fields: &Value) {
        if level >= self.0 {
            write(level, event, fields);
        }
    }
}

/// Says a line that no level leaves out: the last one.
pub(crate) fn log_always(level: Level, event: &str, fields: &Value) {
    write(level, event, fields);
}

/// Writes without ever blocking for long: a log driver that has stopped reading must not turn into a hold without end
/// (promise P3), so then the line is lost. A pipe that polls writable takes 4096 bytes, more than a line has.
fn write(level: Level, event: &str, fields: &Value) {
    let mut line = line(Some(Timestamp::now()), level, event, fields);
    line.push('\n');
    let stdout = std::io::stdout();
    let room = {
        let mut fds = [PollFd::new(stdout.as_fd(), PollFlags::POLLOUT)];
        poll(&mut fds, PollTimeout::from(LOG_WRITE_TIMEOUT_MS))
    };
    if room.is_ok_and(|ready| ready > 0) {
        // Standard output is closed, and there is no other channel to report that.
        let _ = stdout.lock().write_all(line.as_bytes());
    }
}

/// What a person wants to know of a record. Neither `drainId` nor `lifecycle`: both hold a token that entitles its
/// bearer to end the hook.
pub(crate) fn summary(record: Option<&Record>) -> Value {
    let Some(record) = record else {
        return Value::Null;
    };
    json!({
        "state": record.state,
        "remaining": record.remaining,
        "reason": record.reason,
        "startedAt": record.started_at,
        "updatedAt": record.updated_at,
        "deadlineAt": record.deadline_at,
        "releasedAt": record.released_at,
        "heldBy": record.held_by,
        "releasedServices": record.released_services.len(),
    })
}

/// Makes a metric of the line of an exit without a release: its members beside the fields of the line.
pub(crate) fn unreleased_exit(reason: Value, now: Timestamp) -> Map<String, Value> {
    const NAME: &str = "UnreleasedExits";
    let dimensions = vec![Value::Array(vec![]), vec![Value::from("Reason")].into()];
    let directive = emf::directive(now, dimensions, vec![emf::definition(NAME, "Count")]);
    fields(vec![
        (emf::MEMBER, directive),
        ("Reason", reason),
        (NAME, 1.into()),
    ])
}

/// Cuts a text that came from elsewhere.
pub(crate) fn short(text: &str) -> String {
    cut(text, MESSAGE_CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_has_no_token() {
        let token = "71514b9d-6a40-4b26-8523-05e7ee35fa40";
        let text = format!(
            r#"{{"schema":1,"state":"holding","remaining":4,"ec2InstanceId":"i-0123456789abcdef0",
            "containerInstanceArn":"arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/0a1b",
            "drainId":"{token}","startedAt":"2026-11-24T08:00:00Z","updatedAt":"2026-11-24T08:00:00Z",
            "deadlineAt":"2026-11-24T08:10:00Z","pollSeconds":5,"lifecycle":{{"autoScalingGroupName":"blue",
            "lifecycleHookName":"drain","lifecycleActionToken":"{token}","heartbeatSeconds":900,
            "heartbeatAt":"2026-11-24T08:00:00Z","globalDeadlineAt":"2026-11-25T08:00:00Z"}}}}"#
        );
        let said = summary(Some(&Record::decode(&text).unwrap())).to_string();
        assert!(
            !said.contains("71514b9d") && said.contains("\"remaining\":4"),
            "{said}"
        );
    }

    #[test]
    fn an_exit_without_a_release_is_a_metric_by_reason_and_of_all() {
        let now: Timestamp = "2026-11-24T08:00:00Z".parse().unwrap();
        let members = Value::Object(unreleased_exit(json!("max-hold"), now));
        let directive = &members["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(members["_aws"]["Timestamp"], 1_795_507_200_000_i64);
        assert_eq!(directive["Dimensions"], json!([[], ["Reason"]]));
        for name in ["Reason", "UnreleasedExits"] {
            assert!(!members[name].is_null(), "{name} is named and has a value");
        }
        assert_eq!(directive["Metrics"][0]["Name"], "UnreleasedExits");
    }

    #[test]
    fn foreign_text_is_cut() {
        assert_eq!(short(&"é".repeat(5000)).chars().count(), MESSAGE_CHARS_MAX);
    }
}
