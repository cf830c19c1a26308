//! The queue of the coordinator's events: an SQS FIFO queue with one message group.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html>:
//! while messages of a group are in flight, no others of it can be received. With one group that is the whole queue.
//! Pure: every moment is an argument.

use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;

/// Two messages with the same body are one if the second comes so soon after the first: content-based deduplication.
const DEDUPLICATED: SignedDuration = SignedDuration::from_mins(5);

/// How the queue is set; the values of `template.yaml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// A message that was received and not deleted can be received again after this.
    pub(super) visibility: SignedDuration,
    /// A message is received so often at most; then it is a dead letter.
    pub(super) receives: u32,
    /// Most messages of one batch.
    pub(super) batch: usize,
    /// A message that is older is dropped.
    pub(super) retention: SignedDuration,
}

impl Limits {
    /// Those of `template.yaml`, with this visibility timeout.
    pub(super) fn with_visibility(visibility: SignedDuration) -> Limits {
        Limits {
            visibility,
            receives: 3,
            batch: 10,
            retention: SignedDuration::from_secs(3600),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// `messageId`.
    pub(super) id: String,
    /// The event, as EventBridge has sent it.
    pub(super) body: String,
    /// When it came.
    pub(super) sent: Timestamp,
    /// How often it was received.
    pub(super) receives: u32,
}

/// The queue: first what is in flight, then what waits, in the order in which it came.
#[derive(Debug, Default)]
pub(super) struct Queue {
    messages: VecDeque<Message>,
    in_flight: usize,
    visible: Option<Timestamp>,
    recent: VecDeque<(Timestamp, String)>,
    sent: u64,
    dead: Vec<Message>,
}

impl Queue {
    /// A message comes. It is dropped if one with the same body came less than five minutes ago.
    pub(super) fn send(&mut self, now: Timestamp, body: String) {
        self.recent
            .retain(|(at, _)| now.duration_since(*at) < DEDUPLICATED);
        if self.recent.iter().any(|(_, known)| *known == body) {
            return;
        }
        self.recent.push_back((now, body.clone()));
        self.sent += 1;
        self.messages.push_back(Message {
            id: format!("00000000-0000-4000-9000-{:012x}", self.sent),
            body,
            sent: now,
            receives: 0,
        });
    }

    /// The next batch, in order. Empty while another one is in flight, or if nothing waits.
    pub(super) fn receive(&mut self, now: Timestamp, limits: Limits) -> Vec<Message> {
        if self.visible.is_some_and(|visible| now < visible) {
            return Vec::new();
        }
        self.give_up(now, limits);
        self.in_flight = self.messages.len().min(limits.batch);
        let batch = self.messages.iter_mut().take(self.in_flight);
        batch.for_each(|message| message.receives += 1);
        self.visible =
            (self.in_flight > 0).then(|| now.checked_add(limits.visibility).unwrap_or(Timestamp::MAX));
        self.messages.iter().take(self.in_flight).cloned().collect()
    }

    /// What has become too old is dropped; what was received too often is a dead letter.
    fn give_up(&mut self, now: Timestamp, limits: Limits) {
        self.messages
            .retain(|message| now.duration_since(message.sent) <= limits.retention);
        let (dead, left) = self
            .messages
            .drain(..)
            .partition::<Vec<_>, _>(|message| message.receives >= limits.receives);
        self.dead.extend(dead);
        self.messages.extend(left);
    }

    /// The consumer has processed these. When nothing is in flight any more, the next batch can be received.
    pub(super) fn delete(&mut self, ids: &[String]) {
        let before = self.messages.len();
        self.messages.retain(|message| !ids.contains(&message.id));
        self.in_flight = self.in_flight.saturating_sub(before - self.messages.len());
        if self.in_flight == 0 {
            self.visible = None;
        }
    }

    /// When what is in flight can be received again; `None` if nothing is.
    pub(super) fn visible(&self) -> Option<Timestamp> {
        self.visible
    }

    /// How many messages are neither deleted nor dead.
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// How many messages are in flight.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Messages that were received too often.
    pub(super) fn dead(&self) -> &[Message] {
        &self.dead
    }

    /// All messages are gone; dead letters are in another queue.
    pub(super) fn purge(&mut self) {
        self.messages.clear();
        self.in_flight = 0;
        self.visible = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_767_600_000 + second).unwrap()
    }

    fn limits() -> Limits {
        Limits::with_visibility(SignedDuration::from_secs(60))
    }

    fn queue(messages: usize) -> Queue {
        let mut queue = Queue::default();
        (0..messages).for_each(|number| queue.send(at(0), number.to_string()));
        queue
    }

    fn bodies(messages: &[Message]) -> Vec<&str> {
        messages.iter().map(|message| message.body.as_str()).collect()
    }

    fn ids(messages: &[Message]) -> Vec<String> {
        messages.iter().map(|message| message.id.clone()).collect()
    }

    #[test]
    fn a_batch_has_ten_in_order_and_nothing_else_is_received_meanwhile() {
        let mut queue = queue(12);
        let first = queue.receive(at(1), limits());
        assert_eq!(bodies(&first), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
        queue.send(at(2), "late".to_owned());
        assert!(queue.receive(at(2), limits()).is_empty());
        queue.delete(&ids(&first));
        assert_eq!(bodies(&queue.receive(at(3), limits())), ["10", "11", "late"]);
    }

    #[test]
    fn what_was_not_deleted_blocks_the_group_and_comes_again_in_its_place() {
        let mut queue = queue(11);
        let first = queue.receive(at(0), limits());
        queue.delete(&ids(&first[1..]));
        assert!(queue.receive(at(59), limits()).is_empty());
        let second = queue.receive(at(60), limits());
        assert_eq!(bodies(&second), ["0", "10"]);
        assert_eq!([second[0].receives, second[1].receives], [2, 1]);
    }

    #[test]
    fn after_three_receives_it_is_a_dead_letter_and_the_queue_goes_on() {
        let mut queue = queue(1);
        for run in 0..3 {
            assert_eq!(queue.receive(at(run * 60), limits()).len(), 1);
        }
        queue.send(at(179), "next".to_owned());
        assert_eq!(bodies(&queue.receive(at(180), limits())), ["next"]);
        assert_eq!(bodies(queue.dead()), ["0"]);
    }

    #[test]
    fn the_same_event_twice_in_five_minutes_is_one() {
        let mut queue = Queue::default();
        let times = [0, 299, 300];
        times
            .into_iter()
            .for_each(|second| queue.send(at(second), "same".to_owned()));
        assert_eq!(queue.len(), 2);
    }

    #[test]
    fn what_is_older_than_an_hour_is_dropped() {
        let mut queue = queue(1);
        queue.send(at(60), "younger".to_owned());
        assert_eq!(bodies(&queue.receive(at(3601), limits())), ["younger"]);
        assert!(queue.dead().is_empty());
    }

    #[test]
    fn a_purge_ends_what_is_in_flight() {
        let mut queue = queue(3);
        queue.receive(at(0), limits());
        queue.purge();
        queue.send(at(1), "new".to_owned());
        assert_eq!(bodies(&queue.receive(at(1), limits())), ["new"]);
    }

    proptest! {
        /// For any sequence of runs, messages come in order, at most three times, and end as deleted or dead.
        #[test]
        fn nothing_is_lost_reordered_or_received_too_often(
            count in 1_usize..40, outcomes in prop::collection::vec(any::<u16>(), 200),
        ) {
            let mut queue = queue(count);
            let (mut now, mut deleted) = (0, Vec::new());
            for outcome in outcomes {
                let batch = queue.receive(at(now), limits());
                let numbers: Vec<usize> = batch.iter().map(|message| message.body.parse().unwrap()).collect();
                prop_assert!(numbers.is_sorted());
                prop_assert!(batch.len() <= 10 && batch.iter().all(|message| message.receives <= 3));
                let done: Vec<Message> =
                    batch.into_iter().enumerate().filter(|(place, _)| outcome >> place & 1 == 1).map(|(_, one)| one).collect();
                queue.delete(&ids(&done));
                deleted.extend(done);
                now += 60;
            }
            prop_assert_eq!(queue.len(), 0, "every message ended");
            prop_assert_eq!(deleted.len() + queue.dead().len(), count);
        }
    }
}
