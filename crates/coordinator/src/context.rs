//! The context of one run: when it is, when it must end, where its events come from, and where its lines go.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use protector_core::limits::BATCH_MAX;
use protector_core::limits::coordinator::{BACKLOG_AGE, RUN_MARGIN};
use protector_core::plan::HeartbeatSender;
use protector_core::trigger::{Event, SqsMessage, Trigger};

use crate::clock::Clock;
use crate::logging::Logger;

/// The context of one run. It says nothing of AWS and nothing of a drain.
#[derive(Debug, Clone)]
pub(crate) struct RunContext {
    /// Where the time comes from.
    pub(crate) clock: Clock,
    /// Where lines go.
    pub(crate) logger: Logger,
    /// Names the run in its lines.
    pub(crate) request_id: String,
    /// When Lambda ends the run.
    pub(crate) deadline: Timestamp,
    /// Where the run's events come from.
    pub(crate) intake: Intake,
}

/// Where a run's events come from, and so what may happen beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intake {
    /// A direct invocation. Other runs may cross this one.
    Direct,
    /// A batch of a queue.
    Queue {
        /// Whether the queue keeps the order of its messages. Then no other run takes events, and everything else waits
        /// until this one is over.
        in_order: bool,
        /// Whether messages wait behind those of the batch. Then the run puts off what can be done for many at once.
        backlog: bool,
        /// For how many instances a hook of the batch waits.
        hooks: usize,
    },
}

impl Intake {
    /// The intake of a run that gets these messages. Others wait behind them if the batch is full, and its messages are
    /// some time old.
    pub(crate) fn of(messages: &[SqsMessage], now: Timestamp) -> Intake {
        let newest = messages.iter().filter_map(|message| message.sent_at).max();
        let age = newest.map(|sent| now.duration_since(sent));
        let hooks = messages.iter().filter_map(|message| match &message.event {
            Event::Trigger(Trigger::Hook(notice)) => Some(&notice.instance),
            _ => None,
        });
        Intake::Queue {
            in_order: messages.iter().any(|message| message.in_order),
            backlog: messages.len() >= BATCH_MAX && age.is_some_and(|age| age > BACKLOG_AGE),
            hooks: hooks.collect::<BTreeSet<_>>().len(),
        }
    }

    /// Returns whether the run is the only one that takes events.
    pub(crate) fn is_alone(self) -> bool {
        matches!(self, Intake::Queue { in_order: true, .. })
    }

    /// Returns whether messages wait behind those of the run.
    pub(crate) fn has_backlog(self) -> bool {
        matches!(self, Intake::Queue { backlog: true, .. })
    }

    /// For how many instances a hook waits of which the run gets to know.
    pub(crate) fn hooks(self) -> usize {
        match self {
            Intake::Queue { hooks, .. } => hooks,
            Intake::Direct => 1,
        }
    }

    /// Who keeps the hooks alive while such a run plans.
    pub(crate) fn heartbeats(self) -> HeartbeatSender {
        match self.is_alone() {
            true => HeartbeatSender::OwnFunction,
            false => HeartbeatSender::Planner,
        }
    }
}

impl RunContext {
    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How long the run may still take.
    pub(crate) fn time_left(&self) -> SignedDuration {
        self.deadline.duration_since(self.now()) - RUN_MARGIN
    }
}

#[cfg(test)]
mod tests {
    use protector_core::trigger::IgnoredEvent;

    use super::*;

    fn message(in_order: bool, sent: i64) -> SqsMessage {
        SqsMessage {
            message_id: "m".to_owned(),
            in_order,
            sent_at: Timestamp::from_second(1_800_000_000 + sent).ok(),
            event: Event::Ignored(IgnoredEvent::NotAnEvent),
        }
    }

    #[test]
    fn messages_wait_behind_a_full_batch_of_old_ones() {
        let now = Timestamp::from_second(1_800_000_010).unwrap();
        for (count, newest, backlog) in [
            (BATCH_MAX, 0, true),
            (BATCH_MAX - 1, 0, false),
            (BATCH_MAX, 9, false),
        ] {
            let old = (1..count).map(|_| message(true, -60));
            let messages: Vec<SqsMessage> = old.chain([message(true, newest)]).collect();
            let intake = Intake::of(&messages, now);
            assert_eq!(
                intake,
                Intake::Queue {
                    in_order: true,
                    backlog,
                    hooks: 0
                },
                "{count} {newest}"
            );
            assert_eq!(intake.has_backlog(), backlog);
        }
    }

    #[test]
    fn only_a_queue_that_keeps_its_order_leaves_a_run_alone() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let ordered = Intake::of(&[message(true, 0)], now);
        let unordered = Intake::of(&[message(false, 0)], now);
        assert!(ordered.is_alone() && !unordered.is_alone() && !Intake::Direct.is_alone());
        assert_eq!(ordered.heartbeats(), HeartbeatSender::OwnFunction);
        assert_eq!(unordered.heartbeats(), HeartbeatSender::Planner);
        assert_eq!(Intake::Direct.heartbeats(), HeartbeatSender::Planner);
    }
}
