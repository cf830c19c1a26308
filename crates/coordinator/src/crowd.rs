//! How many instances drain, and so whether what concerns one waits for what concerns others.

use jiff::SignedDuration;
use protector_core::limits::SHARED_FROM;
use protector_core::limits::coordinator::{
    BEGINNINGS_PER_SECOND, GATHER_SECONDS_MAX, GATHERED_PER_SECOND, TIME_FOR_MANY,
};

use crate::cache::{Beginning, Cache};
use crate::context::RunContext;
use crate::observer::Survey;

/// Says whether a run of the queue gathers what it could do at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crowd<'r> {
    pub(crate) cache: &'r Cache,
    pub(crate) run: &'r RunContext,
}

impl Crowd<'_> {
    /// Returns whether so many instances drain that those of a batch are observed together.
    pub(crate) fn is_crowded(&self) -> bool {
        self.run.intake.is_alone() && !self.gathers().is_zero()
    }

    /// Returns whether drains begin together at the end of a batch: if messages wait behind it, and while many drain, those of
    /// the batch included, since one write then says of all that they are held.
    pub(crate) fn begins_together(&self) -> bool {
        let intake = self.run.intake;
        let in_time = self.run.time_left() >= TIME_FOR_MANY;
        let drains = self.cache.fleet(self.run.now()).drains;
        let many = intake.hooks() > 1 && drains + intake.hooks() >= SHARED_FROM;
        intake.is_alone() && (intake.has_backlog() || (many || self.is_crowded()) && in_time)
    }

    /// Puts the beginning of a drain together with others, if drains begin together.
    pub(crate) fn put_off(&self, beginning: Beginning) -> bool {
        let puts_off = self.begins_together();
        if puts_off {
            self.cache.agenda.add(beginning, self.run.now());
        }
        puts_off
    }

    /// Puts off the beginning of a drain whose instance could not be surveyed with others: it begins with the next
    /// survey.
    pub(crate) fn survey_again(&self, survey: &Survey, beginning: &Beginning) -> bool {
        let postponed = survey.postponed(beginning.instance()).is_some();
        if postponed {
            self.cache.agenda.again(beginning.clone(), self.run.now());
        }
        postponed
    }

    /// While many drain, events gather in the queue for so long after a look: longer while drains begin, since few are
    /// known then of those that are about to.
    pub(crate) fn gathers(&self) -> SignedDuration {
        let drains = self.cache.fleet(self.run.now()).drains + self.cache.agenda.waiting();
        let each_second = match self.cache.agenda.begins(self.run.now()) {
            true => BEGINNINGS_PER_SECOND,
            false => GATHERED_PER_SECOND,
        };
        match i64::try_from(drains / each_second) {
            Ok(seconds) if drains >= SHARED_FROM => {
                SignedDuration::from_secs(seconds.clamp(1, GATHER_SECONDS_MAX))
            }
            _ => SignedDuration::ZERO,
        }
    }
}
