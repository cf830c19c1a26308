//! What has changed between two looks at a fleet, for a log that a person follows.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use protector_core::ids::InstanceKey;
use protector_core::record::Record;
use serde::Serialize;

use crate::command::Invocation;
use crate::drain::{Drain, DrainState, reason};
use crate::time_format::{clock, span};

/// A drain that only waits is named again after so long.
const STILL: SignedDuration = SignedDuration::from_mins(1);

/// One line about one drain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// When it was seen.
    pub at: Timestamp,
    /// What kind of change it is.
    pub event: ChangeKind,
    /// The cluster.
    pub cluster: String,
    /// The instance.
    pub instance: String,
    /// The same in words.
    pub message: String,
}

/// The kind of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// The drain was seen for the first time.
    Seen,
    /// Other tasks hold it.
    Tasks,
    /// Nothing has changed for a minute.
    Still,
    /// It needs a person, or does not any more.
    Risk,
    /// Its daemons were released.
    Released,
    /// It is over.
    Done,
    /// It is not there any more, and its end was not seen.
    Gone,
}

/// What was said of each drain, and when.
#[derive(Debug, Clone, Default)]
pub struct Follower {
    invocation: Invocation,
    known: BTreeMap<InstanceKey, Known>,
    gone: BTreeMap<InstanceKey, Over>,
}

/// How a drain that was followed has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Over {
    /// Its tasks have ended, or it was cancelled.
    Plain,
    /// Something else than its tasks ended the hold.
    Forced,
    /// It is not there any more, and was not seen to be released.
    NotSeen,
}

#[derive(Debug, Clone)]
struct Known {
    said_at: Timestamp,
    drain: Drain,
}

impl Follower {
    /// Follows drains for a person who has called the tool with these options.
    #[must_use]
    pub fn new(invocation: Invocation) -> Follower {
        Follower {
            invocation,
            ..Follower::default()
        }
    }

    /// What there is to say of the drains as they are now. `complete` is false if a read has failed: what is missing may
    /// still be there.
    pub fn changes(&mut self, drains: &[&Drain], complete: bool, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        for drain in drains {
            let known = self.known.get(&drain.key);
            let Some((event, message)) = change(known, drain, &self.invocation, now) else {
                continue;
            };
            changes.push(line(&drain.key, event, message, now));
            let said = Known {
                said_at: now,
                drain: (*drain).clone(),
            };
            self.known.insert(drain.key.clone(), said);
        }
        if complete {
            changes.extend(self.gone(drains, now));
        }
        changes
    }

    /// How these drains have ended: the worst of them; nothing while one of them goes on.
    #[must_use]
    pub fn over(&self, keys: &[InstanceKey]) -> Option<Over> {
        let mut worst = Over::Plain;
        for key in keys {
            let over = match (self.known.get(key), self.gone.get(key)) {
                (Some(known), _) if known.drain.state == DrainState::Done => ended(&known.drain),
                (Some(_), _) => return None,
                (None, Some(over)) => *over,
                (None, None) => Over::NotSeen,
            };
            worst = worst.max(over);
        }
        Some(worst)
    }

    /// A record is removed when its drain is over. So a drain that was released has ended, and one that held was not seen
    /// to end.
    fn gone(&mut self, drains: &[&Drain], now: Timestamp) -> Vec<Change> {
        let there = |key: &InstanceKey| drains.iter().any(|drain| drain.key == *key);
        let gone: Vec<InstanceKey> = self.known.keys().filter(|key| !there(key)).cloned().collect();
        let mut changes = Vec::new();
        for key in gone {
            let Some(known) = self.known.remove(&key) else {
                continue;
            };
            let over = match known.drain.state {
                DrainState::Released | DrainState::Done => ended(&known.drain),
                DrainState::NotKnown | DrainState::NoRecord | DrainState::Holding => Over::NotSeen,
            };
            match (known.drain.state, over) {
                (DrainState::Done, _) => {}
                (_, Over::NotSeen) => {
                    let text = "no longer there; its end was not seen".to_owned();
                    changes.push(line(&key, ChangeKind::Gone, text, now));
                }
                (_, Over::Plain | Over::Forced) => {
                    let text = format!("done: {}; its record was removed", known.drain.held_by());
                    changes.push(line(&key, ChangeKind::Done, text, now));
                }
            }
            self.gone.insert(key, over);
        }
        changes
    }
}

fn line(key: &InstanceKey, event: ChangeKind, message: String, now: Timestamp) -> Change {
    Change {
        at: now,
        event,
        cluster: key.cluster.to_string(),
        instance: key.instance.to_string(),
        message,
    }
}

fn change(
    known: Option<&Known>,
    drain: &Drain,
    invocation: &Invocation,
    now: Timestamp,
) -> Option<(ChangeKind, String)> {
    let Some(known) = known else {
        return Some((ChangeKind::Seen, whole(drain, now)));
    };
    let before = &known.drain;
    if before.state != drain.state {
        let kind = match drain.state {
            DrainState::Released => ChangeKind::Released,
            DrainState::Done => ChangeKind::Done,
            DrainState::Holding | DrainState::NoRecord | DrainState::NotKnown => ChangeKind::Tasks,
        };
        return Some((kind, whole(drain, now)));
    }
    if before.risk != drain.risk {
        let text = match drain.warning() {
            Some((text, command)) => {
                let command = invocation.of(&drain.key.cluster).complete(&command);
                format!("needs you: {text}: {command}")
            }
            None => format!("needs you no more: {}", drain.held_by()),
        };
        return Some((ChangeKind::Risk, text));
    }
    if drain.state == DrainState::Done {
        return None;
    }
    if before.left() != drain.left() || before.held_by() != drain.held_by() {
        return Some((ChangeKind::Tasks, whole(drain, now)));
    }
    let still = now.duration_since(known.said_at) >= STILL;
    still.then(|| (ChangeKind::Still, format!("still {}", whole(drain, now))))
}

fn whole(drain: &Drain, now: Timestamp) -> String {
    match (drain.state, &drain.record) {
        (DrainState::Holding, Some(record)) => holding(drain, record, now),
        (DrainState::Released, Some(record)) => format!("{}{}", drain.held_by(), after(record)),
        (DrainState::Done, Some(record)) => done(record),
        _ => drain.held_by(),
    }
}

fn holding(drain: &Drain, record: &Record, now: Timestamp) -> String {
    let left = drain
        .left()
        .map_or_else(String::new, |(left, _)| format!("{left} left: "));
    format!(
        "holding, {left}{}; deadline {}",
        drain.held_by(),
        clock(record.deadline_at, now)
    )
}

fn after(record: &Record) -> String {
    record.released_at.map_or_else(String::new, |at| {
        format!(" after {}", span(at.duration_since(record.started_at)))
    })
}

fn done(record: &Record) -> String {
    let forced = record.reason.is_some_and(|why| why.is_forced());
    let why = record.reason.map_or("?", reason);
    let waited: u32 = record.waited.iter().map(|group| group.count).sum();
    let tasks = protector_core::plural::counted(waited, "task");
    let how = if forced { "forced" } else { "not forced" };
    format!(
        "done: released ({why}){}. Waited for {tasks}, {} left, {how}.",
        after(record),
        record.remaining
    )
}

fn ended(drain: &Drain) -> Over {
    let record = drain.record.as_ref();
    let forced = record
        .and_then(|record| record.reason)
        .is_some_and(|why| why.is_forced());
    if forced { Over::Forced } else { Over::Plain }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drain::{Coordinator, Parts};
    use crate::testing::{at, key, record, recorded};
    use protector_core::record::{HeldBy, ReleaseReason, State, Waited};

    fn drain(record: Record, now: i64) -> Drain {
        let recorded = recorded(record);
        let parts = Parts {
            recorded: Some(&recorded),
            ..Parts::default()
        };
        Drain::of(key(), &parts, Coordinator::default(), at(now))
    }

    fn held(count: u32) -> Record {
        Record {
            remaining: count,
            held_by: vec![HeldBy {
                group: "service:web".to_owned(),
                count,
                last_status: "STOPPING".to_owned(),
                protected: 0,
                protected_until: None,
            }],
            waited: vec![Waited {
                group: "service:web".to_owned(),
                count: 3,
                until: None,
            }],
            ..record()
        }
    }

    #[test]
    fn each_change_is_said_once_and_a_wait_every_minute() {
        let mut follower = Follower::default();
        let mut say = |record: Record, now: i64| {
            let drain = drain(record, now);
            let changes = follower.changes(&[&drain], true, at(now));
            changes
                .into_iter()
                .map(|change| (change.event, change.message))
                .collect::<Vec<_>>()
        };
        let released = Record {
            state: State::Released,
            reason: Some(ReleaseReason::Drained),
            released_at: Some(at(130)),
            remaining: 0,
            ..held(1)
        };
        let over = Record {
            receipt_at: Some(at(140)),
            ..released.clone()
        };
        assert_eq!(
            say(held(3), 5),
            [(
                ChangeKind::Seen,
                "holding, 3 left: 3 web stopping; deadline 04:00:00Z".to_owned()
            )]
        );
        assert_eq!(say(held(3), 10), []);
        assert_eq!(
            say(held(1), 20),
            [(
                ChangeKind::Tasks,
                "holding, 1 left: web stopping; deadline 04:00:00Z".to_owned()
            )]
        );
        assert_eq!(say(held(1), 79), []);
        assert_eq!(
            say(held(1), 80),
            [(
                ChangeKind::Still,
                "still holding, 1 left: web stopping; deadline 04:00:00Z".to_owned()
            )]
        );
        assert_eq!(
            say(released, 131),
            [(
                ChangeKind::Released,
                "released (drained), flushing after 2m10s".to_owned()
            )]
        );
        assert_eq!(
            say(over.clone(), 141),
            [(
                ChangeKind::Done,
                "done: released (drained) after 2m10s. Waited for 3 tasks, 0 left, not forced.".to_owned()
            )]
        );
        assert_eq!(say(over, 500), [], "what is over stays over");
    }

    #[test]
    fn what_a_failed_read_leaves_out_is_not_gone() {
        let mut follower = Follower::default();
        let one = drain(held(1), 0);
        assert_eq!(follower.changes(&[&one], true, at(0)).len(), 1);
        assert_eq!(follower.changes(&[], false, at(5)), []);
        let gone = follower.changes(&[], true, at(10));
        assert_eq!(gone.len(), 1);
        assert_eq!(gone[0].event, ChangeKind::Gone);
        assert_eq!(follower.changes(&[], true, at(15)), []);
    }

    fn released(reason: ReleaseReason) -> Record {
        Record {
            state: State::Released,
            reason: Some(reason),
            released_at: Some(at(50)),
            ..record()
        }
    }

    #[test]
    fn a_wait_is_over_when_each_drain_is() {
        for (reason, over) in [
            (ReleaseReason::Drained, Over::Plain),
            (ReleaseReason::Deadline, Over::Forced),
        ] {
            let mut follower = Follower::default();
            let keys = [key()];
            let mut look = |record: Option<Record>, now: i64| {
                let drain = record.map(|record| drain(record, now));
                let drains: Vec<&Drain> = drain.iter().collect();
                follower.changes(&drains, true, at(now));
                follower.over(&keys)
            };
            assert_eq!(look(Some(held(1)), 0), None);
            assert_eq!(look(Some(released(reason)), 51), None, "its daemons flush");
            let done = Record {
                receipt_at: Some(at(60)),
                ..released(reason)
            };
            assert_eq!(look(Some(done), 61), Some(over));
            assert_eq!(look(None, 120), Some(over), "the record is removed in the end");
        }
    }

    #[test]
    fn a_record_that_is_removed_between_two_looks_was_over_if_it_was_released() {
        let end_of = |last: Record| {
            let mut follower = Follower::default();
            let one = drain(last, 51);
            follower.changes(&[&one], true, at(51));
            let changes = follower.changes(&[], true, at(56));
            (follower.over(&[key()]), changes[0].event)
        };
        let drained = end_of(released(ReleaseReason::Drained));
        assert_eq!(drained, (Some(Over::Plain), ChangeKind::Done));
        assert_eq!(end_of(held(1)), (Some(Over::NotSeen), ChangeKind::Gone));
        assert_eq!(Follower::default().over(&[key()]), Some(Over::NotSeen));
        assert_eq!(Follower::default().over(&[]), Some(Over::Plain));
    }
}
