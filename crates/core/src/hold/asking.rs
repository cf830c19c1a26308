//! The hold asks Parameter Store for all names at once, and for less where its role allows less.

use super::Hold;
use super::answer::{Moment, Step};
use super::identity::Records;
use super::parameters::Parameters;
use super::round::Question;
use super::state::Ask;

impl Hold {
    pub(super) fn ask_parameters(&mut self, now: &Moment) -> Step {
        let Some(identity) = &self.identity else {
            return self.decide(now);
        };
        let records = identity.records(&self.prefix);
        match self.wait.asks(true, now.since_sigterm) {
            Ask::Both => {
                let names = identity.names(&self.prefix);
                self.question = Question::Both(records);
                self.read_several(names)
            }
            Ask::Record => self.ask_records(records),
            Ask::Switch => self.ask_kill_switch(),
            Ask::Nothing => self.decide(now),
        }
    }

    /// The records without the switch: in one call, or one by one where the role has `GetParameter` alone.
    pub(super) fn ask_records(&mut self, records: Records) -> Step {
        if self.one_by_one {
            let left = records.names();
            return self.ask_next(records, left, Parameters::default());
        }
        let names = records.names();
        self.question = Question::Records(records);
        self.read_several(names)
    }

    pub(super) fn ask_next(&mut self, records: Records, mut left: Vec<String>, known: Parameters) -> Step {
        let name = left.remove(0);
        self.question = Question::One(records, left, known);
        self.read_one(name)
    }

    pub(super) fn ask_kill_switch(&mut self) -> Step {
        self.question = Question::Switch;
        self.read_one(self.prefix.control_name())
    }

    pub(super) fn ask_instance(&mut self, now: &Moment) -> Step {
        if !self.wait.wants_target_state(&self.known(), &self.round.reading) {
            return self.decide(now);
        }
        self.question = Question::Instance;
        Step::ReadInstanceMetadata
    }

    fn read_several(&mut self, names: Vec<String>) -> Step {
        self.reads = self.reads.saturating_add(1);
        Step::ReadParameters(names)
    }

    fn read_one(&mut self, name: String) -> Step {
        self.reads = self.reads.saturating_add(1);
        Step::ReadParameter(name)
    }
}
