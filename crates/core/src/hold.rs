//! A sidecar's hold, from SIGTERM to its exit, is a protocol without I/O.
//!
//! [`Hold::next`] takes the answer to the last question and gives the next [`Step`]: a question to put, a time to
//! sleep, or the exit. The program puts the questions over HTTP, the simulator to its model; both are loops of a few
//! lines, and everything that decides is here: which question comes when, what is read together, what is asked again
//! alone after a denial, and (in [`crate::hold::state`]) what follows from the answers.
//!
//! ```text
//!            ┌────────────────────────── slept ───────────────────────────┐
//!            ▼                                                            │
//!        ReadTask ─► FindIdentity ─► ReadParameters ─► ReadInstanceMetadata ─► Sleep
//!            │       (until found)   │ denied          (only while it       └► Exit
//!            └► Exit                 ├► the records alone      decides)
//!          (nothing is               ├► each record by ReadParameter
//!           left to protect)         └► the kill switch by ReadParameter
//! ```
//!
//! An answer that does not belong to the last question says nothing (promise P2): the look ends without it.

mod answer;
mod asking;
mod identity;
mod parameters;
mod round;
pub mod state;

use crate::control::Control;
use crate::hold::state::{
    Ask, Decision, HoldObservation, HoldPolicy, HoldState, KillSwitchReading, ProtectedContainers, ReadError,
    Reading, SidecarIdentity, Together,
};
use crate::record::{ParameterPrefix, Record};

pub use answer::{Answer, Moment, Step};
pub use identity::{Identity, Records};
pub use parameters::Parameters;

use round::{Question, Round};

/// A sidecar's hold, from SIGTERM to its exit.
#[derive(Debug)]
pub struct Hold {
    disabled: bool,
    prefix: ParameterPrefix,
    identity: Option<Identity>,
    wait: HoldState,
    /// Whether `GetParameters` was denied for the records alone, so that each is read by `GetParameter`.
    one_by_one: bool,
    question: Question,
    round: Round,
    /// The records' texts as last read, and what they say: most readings find the same.
    last: Option<(Vec<Option<String>>, Reading)>,
    record: Option<Record>,
    control: Option<Control>,
    control_problem: Option<String>,
    reads: u32,
}

impl Hold {
    /// A hold that begins with SIGTERM. Without an identity it asks for it until it is found.
    #[must_use]
    pub fn new(policy: HoldPolicy, prefix: ParameterPrefix, identity: Option<Identity>) -> Self {
        Self {
            disabled: policy.disabled,
            prefix,
            identity,
            wait: HoldState::new(policy),
            one_by_one: false,
            question: Question::None,
            round: Round::default(),
            last: None,
            record: None,
            control: None,
            control_problem: None,
            reads: 0,
        }
    }

    /// Takes in the answer to the last step, which came at this moment, and gives the next step. Moments must not go
    /// back.
    pub fn next(&mut self, now: &Moment, answer: Answer) -> Step {
        match (std::mem::replace(&mut self.question, Question::None), answer) {
            (Question::None, Answer::Nothing) => self.begin(now),
            (Question::Task, Answer::Task(task)) => self.with_task(now, task),
            (Question::Identity, Answer::Identity(found)) => self.with_identity(now, found),
            (Question::Both(records), Answer::Parameters(read)) => self.with_both(now, &records, read),
            (Question::Records(records), Answer::Parameters(read)) => self.with_records(now, &records, read),
            (Question::One(records, left, known), Answer::Parameters(read)) => {
                self.with_one(now, records, left, known, read)
            }
            (Question::Switch, Answer::Parameters(read)) => {
                let control = self.prefix.control_name();
                self.round.switch =
                    self.apply_kill_switch(read.as_ref().ok().and_then(|read| read.text(&control)));
                self.ask_instance(now)
            }
            (Question::Instance, Answer::Instance(target_state)) => {
                self.round.target_state = target_state;
                self.decide(now)
            }
            _ => self.decide(now),
        }
    }

    /// Where the sidecar runs, once that is known.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// The record that was read last, whatever drain it is of.
    #[must_use]
    pub fn record(&self) -> Option<&Record> {
        self.record.as_ref()
    }

    /// What the last reading of the records said, if there was one.
    #[must_use]
    pub fn reading(&self) -> &Reading {
        &self.round.reading
    }

    /// What the kill switch said last.
    #[must_use]
    pub fn control(&self) -> Option<Control> {
        self.control
    }

    /// What is wrong with the text of the kill switch, if the last one could not be understood.
    #[must_use]
    pub fn control_problem(&self) -> Option<&str> {
        self.control_problem.as_deref()
    }

    /// Calls to Parameter Store since SIGTERM.
    #[must_use]
    pub fn reads(&self) -> u32 {
        self.reads
    }

    /// The task first: if nothing is left to protect, no other source need be asked.
    fn begin(&mut self, now: &Moment) -> Step {
        self.round = Round::default();
        if self.disabled {
            return self.decide(now);
        }
        self.question = Question::Task;
        Step::ReadTask
    }

    fn with_task(&mut self, now: &Moment, task: ProtectedContainers) -> Step {
        self.round.task = task;
        if task == ProtectedContainers::Stopped {
            return self.decide(now);
        }
        if self.identity.is_some() {
            return self.ask_parameters(now);
        }
        self.question = Question::Identity;
        Step::FindIdentity
    }

    fn with_identity(&mut self, now: &Moment, found: Result<Identity, ReadError>) -> Step {
        match found {
            Ok(identity) => {
                self.identity = Some(identity);
                self.ask_parameters(now)
            }
            Err(error) => {
                self.round.reading = Reading::Failed(error);
                match self.wait.asks(false, now.since_sigterm) {
                    Ask::Switch => self.ask_kill_switch(),
                    Ask::Both | Ask::Record | Ask::Nothing => self.decide(now),
                }
            }
        }
    }

    fn with_both(&mut self, now: &Moment, records: &Records, read: Result<Parameters, ReadError>) -> Step {
        match read {
            Ok(read) => {
                let control = self.prefix.control_name();
                self.round.together = Together::Answered;
                self.round.switch = self.apply_kill_switch(read.text(&control));
                self.understand(records, &read);
                self.ask_instance(now)
            }
            Err(ReadError::Denied) => {
                self.round.together = Together::Denied;
                self.ask_records(records.clone())
            }
            Err(error) => {
                self.round.together = Together::Answered;
                self.round.switch = KillSwitchReading::Unclear;
                self.round.reading = Reading::Failed(error);
                self.ask_instance(now)
            }
        }
    }

    fn with_records(&mut self, now: &Moment, records: &Records, read: Result<Parameters, ReadError>) -> Step {
        match read {
            Ok(read) => self.understand(records, &read),
            Err(ReadError::Denied) => {
                self.one_by_one = true;
                return self.ask_records(records.clone());
            }
            Err(error) => self.round.reading = Reading::Failed(error),
        }
        self.after_records(now)
    }

    fn with_one(
        &mut self,
        now: &Moment,
        records: Records,
        left: Vec<String>,
        mut known: Parameters,
        read: Result<Parameters, ReadError>,
    ) -> Step {
        match read {
            Ok(read) => known.extend(read),
            Err(error) => {
                self.round.reading = Reading::Failed(error);
                return self.after_records(now);
            }
        }
        if !left.is_empty() {
            return self.ask_next(records, left, known);
        }
        self.understand(&records, &known);
        self.after_records(now)
    }

    /// The switch alone, if the call for all of them was denied in this look.
    fn after_records(&mut self, now: &Moment) -> Step {
        match self.round.together {
            Together::Denied => self.ask_kill_switch(),
            Together::NotAsked | Together::Answered => self.ask_instance(now),
        }
    }

    /// What the records say. One that was not answered for is no absence (promise P2).
    fn understand(&mut self, records: &Records, read: &Parameters) {
        let (Some(texts), Some(identity)) = (records.texts(read), &self.identity) else {
            self.round.reading = Reading::Failed(ReadError::Failed);
            return;
        };
        let reading = match self.last.take().filter(|(known, _)| *known == texts) {
            Some((_, reading)) => reading,
            None => identity.reading(&texts),
        };
        if let Reading::Record(record) = &reading {
            self.record = Some((**record).clone());
        }
        self.last = Some((texts, reading.clone()));
        self.round.reading = reading;
    }

    /// What the kill switch says: its text, nothing in it if there is no such parameter, or nothing if it was not read.
    fn apply_kill_switch(&mut self, text: Option<Option<&str>>) -> KillSwitchReading {
        self.control_problem = None;
        match text.map(|text| text.map_or(Ok(Control::On), Control::decode)) {
            Some(Ok(mode)) => {
                self.control = Some(mode);
                KillSwitchReading::Says(mode)
            }
            Some(Err(problem)) => {
                self.control_problem = Some(problem);
                KillSwitchReading::Unclear
            }
            None => KillSwitchReading::Unclear,
        }
    }

    fn known(&self) -> SidecarIdentity {
        let known = self.identity.as_ref().map(|identity| &identity.known);
        known.cloned().unwrap_or_default()
    }

    fn decide(&mut self, now: &Moment) -> Step {
        self.question = Question::None;
        let seen = HoldObservation {
            since_sigterm: now.since_sigterm,
            sigterm_at: now.sigterm_at,
            host_clock: now.host_clock,
            reading: self.round.reading.clone(),
            kill_switch: self.round.switch,
            together: self.round.together,
            task: self.round.task,
            target_state: self.round.target_state,
            jitter: now.jitter,
        };
        match self.wait.next(&self.known(), &seen) {
            Decision::Exit(why) => Step::Exit(why),
            Decision::Sleep {
                duration,
                reason: because,
            } => Step::Sleep {
                duration,
                reason: because,
            },
        }
    }
}

#[cfg(test)]
mod tests;
