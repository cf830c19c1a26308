//! The functions: the queue of events, asynchronous invocations, and execution environments.
//!
//! Events and the tick come through one FIFO queue with one message group, so that one batch of it is in flight at a
//! time (<https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>). The heartbeats' schedule invokes a function of
//! its own. Wired directly, everything invokes the coordinator
//! (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html>): a failed invocation is tried again after one
//! and two minutes, what is throttled waits, what is older than its age goes to the dead letters. That line is first
//! come, first served here, which is better than what Lambda does.

use std::sync::Arc;

use serde_json::{Value, json};

use super::clock::timestamp;
use super::facts::{Fact, Outcome};
use super::ids::EnvironmentId;
use super::invocation::{Invocation, Message, Payload, Source};
use super::pools::{EnvironmentState, Which};
use super::timers::Due;
use super::world::{Out, World};
use crate::scenario::{self, MINUTE, Ms};

/// A batch has so many messages at the most: the limit for a FIFO queue.
const BATCH: usize = 10;

/// A message that was received this many times without being deleted is a dead letter: `maxReceiveCount` of
/// `template.yaml`.
const RECEIVES_MAX: u32 = 3;

/// From a message that can be received to the function, in milliseconds: AWS states no number.
const POLL: (Ms, Ms) = (10, 60);

impl World {
    /// Something arrives: by the queue, or at the function itself.
    pub(super) fn arrives(&mut self, payload: Payload) {
        let number = self.function.number();
        let queued = self.scenario.function.wiring == scenario::Wiring::Queue
            && matches!(payload.source, Source::Tick | Source::Event(_));
        if queued {
            self.function.events.messages.push_back(Message {
                number,
                source: payload.source,
                event: payload.event,
                receives: 0,
                arrived: self.now,
            });
            return self.poll();
        }
        let which = match payload.source {
            Source::Heartbeats => Which::Heartbeats,
            _ => Which::Coordinator,
        };
        let invocation = Invocation {
            id: number,
            source: payload.source,
            payload: Arc::new(payload.event),
            tries: 0,
            arrived: self.now,
            batch: Vec::new(),
        };
        self.function.pool(which).queue.push_back(invocation);
        self.dispatch(which);
    }

    /// A caller invokes the function, asynchronously.
    pub fn invoke(&mut self, payload: Payload) {
        self.arrives(payload);
    }

    /// The event source mapping receives next, unless it does already, or a batch of the group is in flight.
    fn poll(&mut self) {
        let events = &self.function.events;
        if events.polled || events.in_flight || events.messages.is_empty() {
            return;
        }
        let hidden = events.hidden_until.saturating_sub(self.now);
        self.function.events.polled = true;
        let latency = self.between(POLL.0, POLL.1);
        self.after(hidden + latency, Due::Receives);
    }

    /// Up to ten messages become one invocation.
    pub(super) fn receives(&mut self) {
        let visible_again = self.now + self.scenario.function.timeout;
        let events = &mut self.function.events;
        events.polled = false;
        events.in_flight = true;
        events.hidden_until = visible_again;
        let size = events.messages.len().min(BATCH);
        let batch: Vec<Message> = events.messages.drain(..size).collect();
        let Some(first) = batch.first() else { return };
        let tick = batch.iter().find(|message| message.source == Source::Tick);
        let invocation = Invocation {
            id: first.number,
            source: tick.unwrap_or(first).source.clone(),
            payload: Arc::new(json!({"Records": batch.iter().map(record).collect::<Vec<_>>()})),
            tries: first.receives,
            arrived: first.arrived,
            batch,
        };
        self.function.pool(Which::Coordinator).queue.push_back(invocation);
        self.dispatch(Which::Coordinator);
    }

    /// A batch is deleted, or comes again when it is visible again; after three times it is given up.
    fn received(&mut self, invocation: Invocation, deleted: bool) {
        self.function.events.in_flight = false;
        if deleted {
            self.function.events.hidden_until = self.now;
            return self.poll();
        }
        for mut message in invocation.batch.iter().rev().cloned() {
            message.receives += 1;
            if message.receives < RECEIVES_MAX {
                self.function.events.messages.push_front(message);
            } else {
                let invocation = Invocation {
                    source: message.source.clone(),
                    batch: vec![message],
                    ..invocation.clone()
                };
                self.tell(&Fact::DeadLetter {
                    invocation: &invocation,
                });
            }
        }
        self.poll();
    }

    /// A failed invocation comes again.
    pub(super) fn queued(&mut self, invocation: Invocation) {
        self.function.pending -= 1;
        self.function.pool(Which::Coordinator).queue.push_back(invocation);
        self.dispatch(Which::Coordinator);
    }

    fn dispatch(&mut self, which: Which) {
        let limits = self.scenario.function.clone();
        while let Some(front) = self.function.pool(which).queue.front() {
            let waits = front.batch.is_empty() && !matches!(front.source, Source::Operator(..));
            if waits && self.now - front.arrived > limits.age_max {
                if let Some(invocation) = self.function.pool(which).queue.pop_front() {
                    self.tell(&Fact::DeadLetter {
                        invocation: &invocation,
                    });
                }
                continue;
            }
            let Some(environment) = self.environment(which, &limits) else {
                return;
            };
            let Some(invocation) = self.function.pool(which).queue.pop_front() else {
                return;
            };
            self.start(environment, invocation, &limits);
        }
    }

    /// An idle environment, or a new one if there may be one more.
    fn environment(&mut self, which: Which, limits: &scenario::FunctionSpec) -> Option<EnvironmentId> {
        let number = self.function.environments.len() as u32;
        let pool = self.function.pool(which);
        if let Some(environment) = pool.idle.pop() {
            return Some(environment);
        }
        if pool.live >= limits.environments {
            return None;
        }
        pool.live += 1;
        self.function.environments.push((which, EnvironmentState::New));
        Some(EnvironmentId(number))
    }

    fn start(&mut self, environment: EnvironmentId, invocation: Invocation, limits: &scenario::FunctionSpec) {
        let now = self.now;
        let index = environment.0 as usize;
        let idle_for = match self.function.environments[index].1 {
            EnvironmentState::Idle(since) => Some(now - since),
            EnvironmentState::New => None,
            EnvironmentState::Busy(..) | EnvironmentState::Ended => return,
        };
        let cold = idle_for.is_none();
        let dead_connections = match (limits.connections_die_after, idle_for) {
            (Some(after), Some(idle)) if idle >= after => Some(idle),
            _ => None,
        };
        self.function.environments[index].1 = EnvironmentState::Busy(Box::new(invocation.clone()), now);
        self.tell(&Fact::Runs {
            environment,
            cold,
            invocation: &invocation,
        });
        let init = if cold { limits.cold_start } else { 0 };
        self.after(init + limits.timeout, Due::TimedOut(environment, invocation.id));
        self.outs.push_back(Out::Run {
            environment,
            cold,
            dead_connections,
            invocation,
        });
    }

    /// An invocation has ended.
    pub fn finished(&mut self, environment: EnvironmentId, outcome: Outcome, answer: &str) {
        let now = self.now;
        let index = environment.0 as usize;
        let idle = EnvironmentState::Idle(now);
        let (which, state) = &mut self.function.environments[index];
        let which = *which;
        let EnvironmentState::Busy(invocation, since) = std::mem::replace(state, idle) else {
            return;
        };
        let ended = matches!(outcome, Outcome::TimedOut | Outcome::Crashed);
        if ended {
            self.function.environments[index].1 = EnvironmentState::Ended;
            self.function.pool(which).live -= 1;
            self.outs.push_back(Out::End(environment));
        } else {
            self.function.pool(which).idle.push(environment);
            self.after(self.scenario.function.idle, Due::Idle(environment, now));
        }
        self.tell(&Fact::Ran {
            environment,
            invocation: &invocation,
            outcome,
            billed: now - since,
            answer,
        });
        // A batch says which of its messages are to come again.
        let again = matches!(invocation.source, Source::Event(_) | Source::Tick)
            && answer.contains("\"itemIdentifier\"");
        let well = outcome == Outcome::Answered && !again;
        match (invocation.batch.is_empty(), well) {
            (false, deleted) => self.received(*invocation, deleted),
            (true, false) => self.failed(*invocation),
            (true, true) => {}
        }
        self.dispatch(which);
    }

    /// Asynchronous invocations are tried again, except those of the heartbeats' schedule; an operator gets the error.
    fn failed(&mut self, mut invocation: Invocation) {
        if matches!(invocation.source, Source::Operator(..) | Source::Heartbeats) {
            return;
        }
        if invocation.tries >= self.scenario.function.retries {
            return self.tell(&Fact::DeadLetter {
                invocation: &invocation,
            });
        }
        invocation.tries += 1;
        self.function.pending += 1;
        let wait = MINUTE * u64::from(invocation.tries);
        self.after(wait, Due::Again(Box::new(invocation)));
    }

    pub(super) fn timed_out(&mut self, environment: EnvironmentId, id: u64) {
        let (_, state) = &self.function.environments[environment.0 as usize];
        if matches!(state, EnvironmentState::Busy(invocation, _) if invocation.id == id) {
            self.finished(environment, Outcome::TimedOut, "Task timed out");
        }
    }

    /// An environment ends if no invocation has needed it for a while.
    pub(super) fn idle(&mut self, environment: EnvironmentId, since: Ms) {
        let index = environment.0 as usize;
        if matches!(self.function.environments[index].1, EnvironmentState::Idle(at) if at == since) {
            self.end(environment);
        }
    }

    fn end(&mut self, environment: EnvironmentId) {
        let (which, state) = &mut self.function.environments[environment.0 as usize];
        *state = EnvironmentState::Ended;
        let which = *which;
        let pool = self.function.pool(which);
        pool.idle.retain(|idle| *idle != environment);
        pool.live -= 1;
        self.outs.push_back(Out::End(environment));
    }

    /// Lambda replaces the environments that are idle.
    pub(super) fn recycle(&mut self) {
        let idle: Vec<EnvironmentId> = self
            .function
            .pools
            .iter()
            .flat_map(|pool| pool.idle.clone())
            .collect();
        for environment in idle {
            self.end(environment);
        }
        self.tell(&Fact::Recycled);
    }
}

/// A message as Lambda hands it over.
fn record(message: &Message) -> Value {
    let sent = timestamp(message.arrived).as_millisecond().to_string();
    json!({
        "messageId": message.number.to_string(),
        "eventSource": "aws:sqs",
        "attributes": {"ApproximateReceiveCount": (message.receives + 1).to_string(), "MessageGroupId": "drains", "SentTimestamp": sent},
        "body": message.event.to_string(),
    })
}
