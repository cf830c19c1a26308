//! The state of the functions: their queues, and their execution environments.

use std::collections::VecDeque;

use super::ids::EnvironmentId;
use super::invocation::{Invocation, Message, Source};
use crate::scenario::{self, Ms};

/// What an execution environment does.
#[derive(Debug)]
pub(super) enum EnvironmentState {
    New,
    Idle(Ms),
    Busy(Box<Invocation>, Ms),
    Ended,
}

/// Which function: each has execution environments of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Coordinator,
    Heartbeats,
}

/// One of the two functions.
#[derive(Debug, Default)]
pub(super) struct Pool {
    pub(super) queue: VecDeque<Invocation>,
    pub(super) live: usize,
    /// Idle environments, the last used one at the end.
    pub(super) idle: Vec<EnvironmentId>,
}

/// The queue of events, of one message group: SQS hands out no message of it while others are in flight.
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>
#[derive(Debug, Default)]
pub(super) struct Events {
    pub(super) messages: VecDeque<Message>,
    /// The event source mapping is about to receive.
    pub(super) polled: bool,
    pub(super) in_flight: bool,
    /// Messages that were received and not deleted are visible again from here on.
    pub(super) hidden_until: Ms,
}

/// Both functions, with the queue of the coordinator.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) environments: Vec<(Which, EnvironmentState)>,
    pub(super) pools: [Pool; 2],
    pub(super) events: Events,
    pub(super) count: u64,
    /// Retries that are still to come.
    pub(super) pending: u32,
}

impl Function {
    pub(super) fn new(_: &scenario::FunctionSpec) -> Function {
        Function {
            environments: Vec::new(),
            pools: [Pool::default(), Pool::default()],
            events: Events::default(),
            count: 0,
            pending: 0,
        }
    }

    pub(super) fn pool(&mut self, which: Which) -> &mut Pool {
        &mut self.pools[which as usize]
    }

    pub(super) fn number(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// Returns whether anything but the schedules runs, waits, or is to be retried.
    pub(super) fn works(&self) -> bool {
        let of_schedule = |source: &Source| matches!(source, Source::Tick | Source::Heartbeats);
        let busy = |(_, state): &(Which, EnvironmentState)| match state {
            EnvironmentState::Busy(invocation, _) => {
                let batch = &invocation.batch;
                !of_schedule(&invocation.source) || !batch.iter().all(|message| of_schedule(&message.source))
            }
            _ => false,
        };
        let waits = |invocation: &Invocation| !of_schedule(&invocation.source);
        self.pending > 0
            || self.pools.iter().any(|pool| pool.queue.iter().any(waits))
            || self
                .events
                .messages
                .iter()
                .any(|message| !of_schedule(&message.source))
            || self.environments.iter().any(busy)
    }
}
