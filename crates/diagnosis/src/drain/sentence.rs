//! A drain in words, for one line of a table or a log.

use protector_core::record::{HeldBy, Record, ReleaseReason};

use super::{Drain, DrainState, Hold, Looked, Risk};

/// The name of a group without its kind, `web` for `service:web`.
#[must_use]
pub fn group_name(group: &str) -> &str {
    group
        .strip_prefix("service:")
        .or_else(|| group.strip_prefix("family:"))
        .unwrap_or(group)
}

/// What the tasks of a group do: `3 web stopping`, `game protected`, `nightly-etl standalone`.
fn held(held: &HeldBy) -> String {
    let count = match held.count {
        1 => String::new(),
        count => format!("{count} "),
    };
    let name = group_name(&held.group);
    let what = match (held.protected, held.last_status.as_str()) {
        (1.., _) => " protected".to_owned(),
        (0, "RUNNING") if !held.group.starts_with("service:") => " standalone".to_owned(),
        (0, "RUNNING") => String::new(),
        (0, status) => format!(" {}", status.to_lowercase()),
    };
    format!("{count}{name}{what}")
}

/// The same after a look at the tasks: `3 web stopping`, `search without room`.
fn cause(hold: &Hold) -> String {
    let count = match hold.tasks {
        1 => String::new(),
        count => format!("{count} "),
    };
    format!("{count}{} {}", group_name(&hold.group), hold.cause.text())
}

/// Who holds a drain by a look at its tasks; none if that has shown no one.
fn seen(looked: &Looked) -> Option<String> {
    let names = |groups: &[String]| {
        let names: Vec<&str> = groups.iter().map(|group| group_name(group)).collect();
        names.join(", ")
    };
    match (looked.holds.as_slice(), looked.flushing.as_slice()) {
        ([], []) => None,
        ([], daemons) => Some(format!("flushing: {}", names(daemons))),
        (holds, _) => Some(holds.iter().map(cause).collect::<Vec<_>>().join(", ")),
    }
}

/// The word for a reason of a release, as the record writes it.
#[must_use]
pub fn reason(reason: ReleaseReason) -> &'static str {
    match reason {
        ReleaseReason::Drained => "drained",
        ReleaseReason::Deadline => "deadline",
        ReleaseReason::Operator => "operator",
        ReleaseReason::Cancelled => "cancelled",
        ReleaseReason::AgentLost => "agent lost",
    }
}

fn released(record: &Record) -> String {
    record.reason.map_or_else(String::new, |why| {
        let forced = if why.is_forced() { ", forced" } else { "" };
        format!("released ({}{forced})", reason(why))
    })
}

impl Drain {
    /// Who holds it, or what it waits for.
    #[must_use]
    pub fn held_by(&self) -> String {
        let Some(record) = &self.record else {
            if self.state == DrainState::NotKnown {
                return "not known: the records were not read".to_owned();
            }
            return match self.unreadable {
                Some(_) => "record cannot be read: not held".to_owned(),
                None => "no record: not held".to_owned(),
            };
        };
        let seen = self.looked.as_ref().and_then(seen);
        match self.state {
            DrainState::Done => format!("{}, over", released(record)),
            _ if seen.is_some() => seen.unwrap_or_default(),
            DrainState::Released => format!("{}, flushing", released(record)),
            DrainState::NotKnown | DrainState::NoRecord | DrainState::Holding => {
                match record.held_by.as_slice() {
                    [] if record.draining_confirmed_at.is_none() => "waits for DRAINING".to_owned(),
                    [] if record.remaining == 0 => "no task: released soon".to_owned(),
                    [] => "tasks that were not counted yet".to_owned(),
                    groups => {
                        let counted: u32 = groups.iter().map(|group| group.count).sum();
                        let mut parts: Vec<String> = groups.iter().map(held).collect();
                        if let more @ 1.. = record.remaining.saturating_sub(counted) {
                            parts.push(format!("{more} more"));
                        }
                        parts.join(", ")
                    }
                }
            }
        }
    }

    /// Why its hold ends when it does, and how long such holds take; nothing without a look at its tasks.
    #[must_use]
    pub fn why(&self) -> Option<String> {
        let looked = self.looked.as_ref().filter(|_| self.is_open())?;
        let usual = looked
            .usual
            .map(|usual| format!("usually {} in all", usual.about()));
        let parts: Vec<String> = looked.because.iter().cloned().chain(usual).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// Why it needs a person, in a sentence, and the command that helps further; nothing if it does not.
    #[must_use]
    pub fn warning(&self) -> Option<(String, String)> {
        let instance = &self.key.instance;
        let explain = format!("protectorctl explain {instance}");
        Some(match self.risk {
            Risk::None => return None,
            Risk::Late => (
                "its deadline has passed and it still holds: the coordinator does not act".to_owned(),
                "protectorctl doctor --only coordinator".to_owned(),
            ),
            Risk::Hook => (self.hook_warning(), explain),
            Risk::NoRecord => match &self.unreadable {
                Some(problem) => (format!("its record cannot be read: {problem}"), explain),
                None => (
                    "it drains without a record, so its daemons are not held; a new drain has one within 90 s"
                        .to_owned(),
                    "protectorctl doctor".to_owned(),
                ),
            },
            Risk::Agent => (
                "its agent does not answer: what its tasks do is not known".to_owned(),
                explain,
            ),
            Risk::Mode => (
                "its hook waits, and the kill switch keeps the coordinator from acting".to_owned(),
                "protectorctl mode on".to_owned(),
            ),
        })
    }

    fn hook_warning(&self) -> String {
        match self.first_hook() {
            Some(hook) if hook.timeout_seconds < protector_core::limits::HOOK_HEARTBEAT_MIN_SECONDS => {
                format!(
                    "its hook may run out: a HeartbeatTimeout of {} s is less than two runs of the heartbeats need",
                    hook.timeout_seconds
                )
            }
            _ => "its hook may run out before the next heartbeat".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drain::{Coordinator, Parts};
    use crate::testing::{at, key, record, recorded};
    use protector_core::record::State;

    fn group(group: &str, count: u32, last_status: &str, protected: u32) -> HeldBy {
        HeldBy {
            group: group.to_owned(),
            count,
            last_status: last_status.to_owned(),
            protected,
            protected_until: None,
        }
    }

    fn drain(record: Record) -> Drain {
        let recorded = recorded(record);
        let parts = Parts {
            recorded: Some(&recorded),
            ..Parts::default()
        };
        Drain::of(key(), &parts, Coordinator::default(), at(60))
    }

    #[test]
    fn who_holds_is_said_by_group() {
        let held = |held_by: Vec<HeldBy>, remaining| {
            drain(Record {
                held_by,
                remaining,
                ..record()
            })
            .held_by()
        };
        for (groups, remaining, text) in [
            (vec![group("service:web", 3, "STOPPING", 0)], 3, "3 web stopping"),
            (
                vec![
                    group("family:nightly-etl", 1, "RUNNING", 0),
                    group("service:game", 1, "RUNNING", 1),
                ],
                2,
                "nightly-etl standalone, game protected",
            ),
            (vec![group("service:web", 2, "RUNNING", 0)], 7, "2 web, 5 more"),
            (vec![], 0, "no task: released soon"),
            (vec![], 4, "tasks that were not counted yet"),
        ] {
            assert_eq!(held(groups, remaining), text);
        }
    }

    #[test]
    fn what_comes_after_the_hold_is_said_too() {
        let released = Record {
            state: State::Released,
            reason: Some(ReleaseReason::Deadline),
            released_at: Some(at(50)),
            ..record()
        };
        assert_eq!(
            drain(released.clone()).held_by(),
            "released (deadline, forced), flushing"
        );
        let over = Record {
            receipt_at: Some(at(55)),
            reason: Some(ReleaseReason::Drained),
            ..released
        };
        assert_eq!(drain(over).held_by(), "released (drained), over");
        let new = Record {
            draining_confirmed_at: None,
            ..record()
        };
        assert_eq!(drain(new).held_by(), "waits for DRAINING");
        let absent = Drain::of(key(), &Parts::default(), Coordinator::default(), at(0));
        assert_eq!(absent.held_by(), "no record: not held");
    }
}
