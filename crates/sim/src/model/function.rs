//! The function: its queue of asynchronous invocations and its execution environments.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html>: a failed invocation is tried again after one and
//! two minutes, what is throttled waits, what is older than its age goes to the dead letters. The queue here is first
//! come, first served, which is kinder than Lambda.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;

use super::facts::{Fact, Outcome};
use super::world::{Due, Out, World};
use crate::scenario::{self, MINUTE, Ms};

/// An execution environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvironmentId(pub u32);

/// Where an invocation comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The schedule.
    Tick,
    /// An event of this detail type.
    Event(&'static str),
    /// An operator, who waits for the answer: for this machine, this command.
    Operator(super::world::HostId, String),
    /// Something else.
    Foreign,
}

/// What is invoked with.
#[derive(Debug, Clone)]
pub struct Payload {
    /// Where it comes from.
    pub source: Source,
    /// The payload.
    pub event: Value,
}

/// One invocation.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Its number.
    pub id: u64,
    /// Where it comes from.
    pub source: Source,
    /// Its payload.
    pub payload: Arc<Value>,
    /// How often it was tried before.
    pub tries: u32,
    /// When it arrived first.
    pub arrived: Ms,
}

#[derive(Debug)]
enum State {
    New,
    Idle(Ms),
    Busy(Box<Invocation>, Ms),
    Ended,
}

#[derive(Debug)]
pub(super) struct Function {
    environments: Vec<State>,
    queue: VecDeque<Invocation>,
    count: u64,
    /// Retries that are still to come.
    pending: u32,
    live: usize,
    /// Idle environments, the last used one at the end.
    idle: Vec<EnvironmentId>,
}

impl Function {
    pub(super) fn new(_: &scenario::Function) -> Function {
        Function {
            environments: Vec::new(),
            queue: VecDeque::new(),
            count: 0,
            pending: 0,
            live: 0,
            idle: Vec::new(),
        }
    }

    /// Does anything but the schedule run, wait, or come again?
    pub(super) fn works(&self) -> bool {
        let is_tick = |invocation: &Invocation| invocation.source == Source::Tick;
        let busy = |state: &State| matches!(state, State::Busy(invocation, _) if !is_tick(invocation));
        self.pending > 0 || !self.queue.iter().all(is_tick) || self.environments.iter().any(busy)
    }
}

impl World {
    /// Something arrives at the function.
    pub(super) fn arrives(&mut self, payload: Payload) {
        self.function.count += 1;
        let invocation = Invocation {
            id: self.function.count,
            source: payload.source,
            payload: Arc::new(payload.event),
            tries: 0,
            arrived: self.now,
        };
        self.function.queue.push_back(invocation);
        self.dispatch();
    }

    /// Somebody invokes the function, asynchronously.
    pub fn invoke(&mut self, payload: Payload) {
        self.arrives(payload);
    }

    /// A failed invocation comes again.
    pub(super) fn queued(&mut self, invocation: Invocation) {
        self.function.pending -= 1;
        self.function.queue.push_back(invocation);
        self.dispatch();
    }

    fn dispatch(&mut self) {
        let limits = self.scenario.function.clone();
        while let Some(front) = self.function.queue.front() {
            let old = self.now - front.arrived > limits.age_max;
            if old && !matches!(front.source, Source::Operator(..)) {
                if let Some(invocation) = self.function.queue.pop_front() {
                    self.tell(&Fact::DeadLetter {
                        invocation: &invocation,
                    });
                }
                continue;
            }
            let environment = match self.function.idle.pop() {
                Some(environment) => environment,
                None if self.function.live < limits.environments => {
                    self.function.live += 1;
                    self.function.environments.push(State::New);
                    EnvironmentId(self.function.environments.len() as u32 - 1)
                }
                None => return,
            };
            let Some(invocation) = self.function.queue.pop_front() else {
                return;
            };
            self.start(environment, invocation, &limits);
        }
    }

    fn start(&mut self, environment: EnvironmentId, invocation: Invocation, limits: &scenario::Function) {
        let now = self.now;
        let index = environment.0 as usize;
        let idle_for = match self.function.environments[index] {
            State::Idle(since) => Some(now - since),
            State::New => None,
            State::Busy(..) | State::Ended => return,
        };
        let cold = idle_for.is_none();
        let dead_connections = match (limits.connections_die_after, idle_for) {
            (Some(after), Some(idle)) => idle >= after,
            _ => false,
        };
        self.function.environments[index] = State::Busy(Box::new(invocation.clone()), now);
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
        let idle = State::Idle(now);
        let State::Busy(invocation, since) = std::mem::replace(&mut self.function.environments[index], idle)
        else {
            return;
        };
        let ended = matches!(outcome, Outcome::TimedOut | Outcome::Crashed);
        if ended {
            self.function.environments[index] = State::Ended;
            self.function.live -= 1;
            self.outs.push_back(Out::End(environment));
        } else {
            self.function.idle.push(environment);
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
        let again = matches!(invocation.source, Source::Event(_)) && answer.contains("\"itemIdentifier\"");
        if outcome != Outcome::Answered || again {
            self.failed(*invocation);
        }
        self.dispatch();
    }

    /// Asynchronous invocations are tried again; an operator is told.
    fn failed(&mut self, mut invocation: Invocation) {
        if matches!(invocation.source, Source::Operator(..)) {
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
        let state = &self.function.environments[environment.0 as usize];
        if matches!(state, State::Busy(invocation, _) if invocation.id == id) {
            self.finished(environment, Outcome::TimedOut, "Task timed out");
        }
    }

    /// An environment that nobody has needed for a while ends.
    pub(super) fn idle(&mut self, environment: EnvironmentId, since: Ms) {
        let index = environment.0 as usize;
        if matches!(self.function.environments[index], State::Idle(at) if at == since) {
            self.end(environment);
        }
    }

    fn end(&mut self, environment: EnvironmentId) {
        self.function.environments[environment.0 as usize] = State::Ended;
        self.function.idle.retain(|idle| *idle != environment);
        self.function.live -= 1;
        self.outs.push_back(Out::End(environment));
    }

    /// Lambda replaces the environments that are idle.
    pub(super) fn recycle(&mut self) {
        for environment in self.function.idle.clone() {
            self.end(environment);
        }
        self.tell(&Fact::Recycled);
    }
}
