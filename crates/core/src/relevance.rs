//! Some events of container instances need an observation; the others are ignored.
//!
//! ECS sends an event whenever the free resources of an instance change, and every run gets the event of DRAINING, mostly
//! because one of ours has just set it. So only what is news costs a call.

use jiff::Timestamp;

use crate::aws::InstanceStatus;
use crate::ids::ContainerInstanceArn;
use crate::limits::RELEASE_BEFORE_SIGTERM_MAX;
use crate::plan::Verdict;
use crate::record::Record;

/// What an execution environment knows of a container instance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KnownInstance {
    /// A drain of it is known.
    pub drains: bool,
    /// It is not served.
    pub foreign: bool,
    /// Its drain has ended a while ago.
    pub ended: bool,
    /// It belongs to an instance that [registers again](registers_again).
    pub registers_again: bool,
}

/// Whether an event needs an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relevance {
    /// No, for this reason.
    Ignored(&'static str),
    /// A drain may begin or end with it.
    Relevant,
}

/// Decides about the event of a container instance that has this status now: only the first sight of DRAINING counts.
#[must_use]
pub fn of_change(status: &InstanceStatus, known: KnownInstance) -> Relevance {
    match status {
        InstanceStatus::Draining if known.drains => {
            Relevance::Ignored("the drain is known; the events of its tasks trigger the next look")
        }
        _ if known.foreign => Relevance::Ignored("the container instance is not served"),
        _ if known.ended => Relevance::Ignored("the drain has ended"),
        InstanceStatus::Active if !known.drains && !known.registers_again => {
            Relevance::Ignored("the container instance does not drain")
        }
        _ => Relevance::Relevant,
    }
}

/// Returns whether an instance registers again, under this name, after its release, and before its hook is completed.
/// Without a look the end of its daemons would complete the hook by what was seen before.
#[must_use]
pub fn registers_again(record: &Record, registration: &ContainerInstanceArn) -> bool {
    let waits = record.lifecycle.is_some() && record.receipt_at.is_none();
    record.is_released() && waits && !record.names(registration)
}

/// What the record of an instance says of a registration that is DRAINING.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordedDrain {
    /// Its drain has ended.
    Ended,
    /// Its drain goes on, and stands there. The next of its tasks that ends triggers a full observation.
    GoesOn(Verdict),
    /// Nothing: its drain begins, or begins again.
    None,
}

/// Reads a record for the event that a registration is DRAINING. An instance whose drain our hook has ended goes for good;
/// a released one that another actor drains may drain again.
#[must_use]
pub fn recorded_drain(record: &Record, registration: &ContainerInstanceArn, now: Timestamp) -> RecordedDrain {
    // The same container instance may come back from a warm pool, and drain again.
    let age = record.receipt_at.map(|at| now.duration_since(at));
    let is_long_over = age.is_some_and(|age| age > RELEASE_BEFORE_SIGTERM_MAX);
    let counts = record.lifecycle.is_some() || !record.is_released();
    match record.names(registration) && counts && !is_long_over && !record.is_outlived() {
        false => RecordedDrain::None,
        true if record.receipt_at.is_some() => RecordedDrain::Ended,
        true => RecordedDrain::GoesOn(record.reason.map_or(Verdict::Holding, Verdict::Released)),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::record::ReleaseReason;
    use crate::testing::{arn, at, holding, released};

    fn known(text: &str) -> KnownInstance {
        KnownInstance {
            drains: text.contains("drains"),
            foreign: text.contains("foreign"),
            ended: text.contains("ended"),
            registers_again: text.contains("again"),
        }
    }

    #[test]
    fn p10_only_what_is_news_needs_an_observation() {
        let ignored = Relevance::Ignored;
        let (foreign, ended) = ("the container instance is not served", "the drain has ended");
        let drains_not = "the container instance does not drain";
        let drain_known = "the drain is known; the events of its tasks trigger the next look";
        for (status, what, expected) in [
            ("DRAINING", "", Relevance::Relevant),
            ("DRAINING", "drains", ignored(drain_known)),
            ("DRAINING", "foreign", ignored(foreign)),
            ("DRAINING", "ended", ignored(ended)),
            ("DRAINING", "again", Relevance::Relevant),
            ("ACTIVE", "", ignored(drains_not)),
            ("ACTIVE", "drains", Relevance::Relevant),
            ("ACTIVE", "again", Relevance::Relevant),
            ("ACTIVE", "drains foreign", ignored(foreign)),
            ("ACTIVE", "again ended", ignored(ended)),
            ("INACTIVE", "", Relevance::Relevant),
            ("INACTIVE", "drains", Relevance::Relevant),
            ("DEREGISTERING", "", Relevance::Relevant),
            ("INACTIVE", "ended", ignored(ended)),
        ] {
            let status = status.to_owned().into();
            assert_eq!(of_change(&status, known(what)), expected, "{status} {what}");
        }
    }

    #[test]
    fn a_new_name_after_the_release_is_news_until_the_hook_is_completed() {
        assert!(registers_again(&released(1), &arn(2)));
        assert!(!registers_again(&released(1), &arn(1)), "the same registration");
        assert!(!registers_again(&holding(1), &arn(2)), "it holds");
        let ended = Record {
            receipt_at: Some(at(90)),
            ..released(1)
        };
        assert!(!registers_again(&ended, &arn(2)), "the hook is completed");
        let unhooked = Record {
            lifecycle: None,
            ..released(1)
        };
        assert!(!registers_again(&unhooked, &arn(2)), "no hook waits");
    }

    #[test]
    fn a_record_answers_for_the_drain_of_its_own_registrations() {
        let of = |record: &Record| recorded_drain(record, &arn(1), at(100));
        assert_eq!(of(&holding(1)), RecordedDrain::GoesOn(Verdict::Holding));
        let drained = Verdict::Released(ReleaseReason::Drained);
        assert_eq!(of(&released(1)), RecordedDrain::GoesOn(drained));
        assert_eq!(recorded_drain(&holding(1), &arn(2), at(100)), RecordedDrain::None);
        let unhooked = Record {
            lifecycle: None,
            ..released(1)
        };
        assert_eq!(
            of(&unhooked),
            RecordedDrain::None,
            "another actor may drain it again"
        );
    }

    #[test]
    fn a_drain_that_was_over_for_long_may_begin_again() {
        let ended = Record {
            receipt_at: Some(at(0)),
            ..released(1)
        };
        let after = |age: SignedDuration| recorded_drain(&ended, &arn(1), at(age.as_secs()));
        assert_eq!(after(RELEASE_BEFORE_SIGTERM_MAX), RecordedDrain::Ended);
        let longer = RELEASE_BEFORE_SIGTERM_MAX + SignedDuration::from_secs(1);
        assert_eq!(after(longer), RecordedDrain::None);
        let back = ended.clone().outlived(at(60));
        assert_eq!(
            recorded_drain(&back, &arn(1), at(61)),
            RecordedDrain::None,
            "at once, if the instance was in service since"
        );
    }
}
