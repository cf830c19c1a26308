//! Why the sidecar stays or leaves, in words for the person who reads its lines.

use jiff::SignedDuration;
use protector_core::hold::state::{ExitReason, HoldReason, ReadError};
use protector_core::plural::counted;
use protector_core::record::{HeldBy, Record};

/// What it waits for, and for how long so far.
pub(crate) fn hold(because: HoldReason, record: Option<&Record>, held: SignedDuration) -> String {
    let what = match because {
        HoldReason::TasksRemain => held_by(record),
        HoldReason::NoRecordYet => "waiting for the record of a drain".to_owned(),
        HoldReason::NoRecordYetTerminating => "waiting for a record: the instance is terminating".to_owned(),
        HoldReason::RecordVanished => "the record was not found; it counts as gone if no read finds it for half a minute".to_owned(),
        HoldReason::AnotherDrain => {
            "the record belongs to another registration or another drain; holding until the deadline that was read last"
                .to_owned()
        }
        HoldReason::ReadFailed(error) => format!("holding: {}", read_error(error)),
    };
    format!("{what}, {} s", held.as_secs())
}

/// Why it leaves, and after how long.
pub(crate) fn exit(why: ExitReason, record: Option<&Record>, held: SignedDuration) -> String {
    let what = match why {
        ExitReason::Disabled => "disabled by PROTECTOR_DISABLED",
        ExitReason::ProtectedStopped => "nothing is left to protect",
        ExitReason::Released => return format!("{} after {} s", released(record), held.as_secs()),
        ExitReason::ServiceReleased => "released: the record lists this service",
        ExitReason::KillSwitch => "released: the kill switch says release-all",
        ExitReason::RecordGone => "the record of this drain is gone",
        ExitReason::NotADrain => "no drain: no record appeared",
        ExitReason::NoRecordThoughTerminating => "no record appeared, although the instance is terminating",
        ExitReason::HostGoingDown => "the host is going down",
        ExitReason::MaxHold => "PROTECTOR_MAX_HOLD was reached before a release",
        ExitReason::DeadlinePassed => {
            "the deadline has passed, and no release was recorded: the coordinator is not running"
        }
    };
    format!("{what}, after {} s", held.as_secs())
}

fn released(record: Option<&Record>) -> String {
    let reason = record
        .and_then(|record| record.reason)
        .and_then(|reason| serde_json::to_value(reason).ok());
    match reason.as_ref().and_then(|reason| reason.as_str()) {
        Some(reason) => format!("released: {reason},"),
        None => "released,".to_owned(),
    }
}

fn held_by(record: Option<&Record>) -> String {
    let Some(record) = record.filter(|record| !record.held_by.is_empty()) else {
        return "holding: the record names no task now".to_owned();
    };
    let groups: Vec<String> = record.held_by.iter().map(group).collect();
    let named: u32 = record.held_by.iter().map(|held| held.count).sum();
    let more = match record.remaining.saturating_sub(named) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("held by {}{more}", groups.join(" and "))
}

fn group(held: &HeldBy) -> String {
    let protected = match held.protected {
        0 => String::new(),
        count => format!(" ({count} with scale-in protection)"),
    };
    format!("{} of {}{protected}", counted(held.count, "task"), held.group)
}

fn read_error(error: ReadError) -> &'static str {
    match error {
        ReadError::Failed => "the record could not be read",
        ReadError::NoCredentials => "the agent does not provide credentials",
        ReadError::Denied => "the task role is not allowed to read the record",
        ReadError::Unreadable => "the record cannot be parsed",
        ReadError::UnknownSchema => "the record has another schema version",
        ReadError::Unidentified => "the instance is not known yet",
        ReadError::NotAsked => "the record was not read",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(held_by: &str, remaining: u32) -> Record {
        let text = format!(
            r#"{{"schema":1,"state":"holding","remaining":{remaining},"ec2InstanceId":"i-0123456789abcdef0",
            "containerInstanceArn":"arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/0a1b",
            "drainId":"d","startedAt":"2026-11-24T08:00:00Z","updatedAt":"2026-11-24T08:00:00Z",
            "deadlineAt":"2026-11-24T08:10:00Z","pollSeconds":5,"heldBy":{held_by}}}"#
        );
        Record::decode(&text).unwrap()
    }

    #[test]
    fn a_hold_names_who_holds_and_since_when() {
        let held = SignedDuration::from_secs(41);
        let say =
            |held_by: &str, remaining| hold(HoldReason::TasksRemain, Some(&record(held_by, remaining)), held);
        let web = r#"{"group":"service:web","count":2,"lastStatus":"STOPPING"}"#;
        let job = r#"{"group":"family:job","count":1,"lastStatus":"RUNNING","protected":1}"#;
        assert_eq!(
            say(&format!("[{web}]"), 2),
            "held by 2 tasks of service:web, 41 s"
        );
        assert_eq!(
            say(&format!("[{web},{job}]"), 7),
            "held by 2 tasks of service:web and 1 task of family:job (1 with scale-in protection) and 4 more, 41 s"
        );
        assert_eq!(say("[]", 0), "holding: the record names no task now, 41 s");
    }

    #[test]
    fn an_exit_says_why() {
        let mut record = record("[]", 0);
        record.reason = Some(protector_core::record::ReleaseReason::AgentLost);
        let held = SignedDuration::from_secs(9);
        assert_eq!(
            exit(ExitReason::Released, Some(&record), held),
            "released: agent-lost, after 9 s"
        );
        assert_eq!(
            exit(ExitReason::NotADrain, None, held),
            "no drain: no record appeared, after 9 s"
        );
    }
}
