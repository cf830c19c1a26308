//! Shared records: while many instances drain, one parameter says of many of them that they are held, or released.
//!
//! A cluster has up to [`SHARED_RECORDS`](crate::limits::SHARED_RECORDS) of them beside the records of single instances, so that a sidecar asks for
//! all that may describe its instance in one `GetParameters` (ten names: its own record, the kill switch, and these). A
//! shared record says what a sidecar needs and what a new execution environment must know to go on; who holds, and
//! since when, is not in it. Two of them merge in any order, any number of times: facts only grow.
//!
//! Its fields are here, its name in `name`, its text in `text`, `wave` and `token`, what fits into it in `room`, its
//! merge in `merge`.

mod merge;
mod name;
mod room;
mod text;
mod token;
mod wave;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::ids::{ContainerInstanceArn, InstanceId};
use crate::record::{Record, ReleaseReason, SHARED_DRAIN, State};

pub use merge::together;

/// The number of characters of a registration's ARN that distinguish it from another one of the same instance: 16 of
/// its 128 random bits.
const REGISTRATION_CHARS: usize = 4;

/// What a shared record says of the drain of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedDrain {
    /// The end of the registration's ARN: whose drain it is, in the instance's present life.
    pub registration: String,
    /// When the drain began, to the second.
    pub started_at: Timestamp,
    /// When the daemons are released at the latest, to the second.
    pub deadline_at: Timestamp,
    /// When and why they were released.
    pub released: Option<(Timestamp, ReleaseReason)>,
}

/// A shared record as its readers understand it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedRecord {
    /// When its text was made.
    pub updated_at: Timestamp,
    /// How often a sidecar should read, in seconds.
    pub poll_seconds: u32,
    /// The drains, by instance.
    pub drains: BTreeMap<InstanceId, SharedDrain>,
}

/// To the second: a drain is known by when it began, and a shared record has no room for more.
pub(crate) fn to_the_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// The part of a registration's ARN that a shared record names it by.
fn short(arn: &ContainerInstanceArn) -> &str {
    let id = arn.as_str().rsplit('/').next().unwrap_or_default();
    id.get(..REGISTRATION_CHARS).unwrap_or(id)
}

impl SharedDrain {
    /// What a shared record says of this drain, if it can say all that its readers must know. It cannot for a drain
    /// that several registrations have, for one of several clusters, that lets its daemons go tier by tier, or that a
    /// person or a Spot notice has changed.
    #[must_use]
    pub fn of(record: &Record) -> Option<SharedDrain> {
        let plain = record.other_registrations.is_empty()
            && record.other_clusters.is_empty()
            && record.releasing.is_none()
            && record.released_services.is_empty()
            && record.spot_notice_at.is_none()
            && record.ordered.is_none();
        plain.then(|| SharedDrain::unchecked(record))
    }

    /// What a shared record says of a drain that was released, whatever else its own record says of it.
    #[must_use]
    pub fn of_release(record: &Record) -> Option<SharedDrain> {
        Some(SharedDrain::unchecked(record)).filter(|drain| drain.released.is_some())
    }

    /// What a shared record can say of a drain, whether or not that is all that its readers must know.
    fn unchecked(record: &Record) -> SharedDrain {
        SharedDrain {
            registration: short(&record.container_instance_arn).to_owned(),
            started_at: to_the_second(record.started_at),
            deadline_at: to_the_second(record.deadline_at),
            released: record.released_at.map(to_the_second).zip(record.reason),
        }
    }

    /// Returns whether it is the release of an operator's command, or may be: in the last shared record those stay until
    /// their drains are over, beside what the drains' own records say.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        self.released
            .is_some_and(|(_, reason)| reason == ReleaseReason::Operator)
    }

    /// Returns whether it is of this registration.
    #[must_use]
    pub fn is_of(&self, arn: &ContainerInstanceArn) -> bool {
        self.registration == short(arn)
    }
}

impl SharedRecord {
    /// One that holds no drain yet.
    #[must_use]
    pub fn empty(at: Timestamp) -> SharedRecord {
        SharedRecord {
            updated_at: at,
            poll_seconds: 0,
            drains: BTreeMap::new(),
        }
    }

    /// The drain of an instance as a record, as far as the shared record describes it, under the ARN of its
    /// registration. Of another one than `arn` it says nothing; without an `arn` the record has one that is made up
    /// from what it says.
    #[must_use]
    pub fn record(&self, instance: &InstanceId, arn: Option<&ContainerInstanceArn>) -> Option<Record> {
        let drain = self.drains.get(instance)?;
        let arn = match arn {
            Some(arn) => Some(arn.clone()).filter(|arn| drain.is_of(arn))?,
            None => format!("{UNKNOWN_REGISTRATION}{}", drain.registration)
                .parse()
                .ok()?,
        };
        Some(Record {
            state: drain.released.map_or(State::Holding, |_| State::Released),
            reason: drain.released.map(|(_, reason)| reason),
            released_at: drain.released.map(|(at, _)| at),
            updated_at: self.updated_at,
            ..Record::first(
                instance.clone(),
                arn,
                drain_id(instance, drain.started_at),
                drain.started_at,
                drain.deadline_at,
                self.poll_seconds,
            )
        })
    }
}

/// An ARN for a registration of which only the end is known.
const UNKNOWN_REGISTRATION: &str = "arn:aws:ecs:unknown:000000000000:container-instance/";

/// Returns whether an ARN was made up for a registration of which only the end is known: it can be asked for nowhere.
#[must_use]
pub fn is_made_up(arn: &ContainerInstanceArn) -> bool {
    arn.as_str().starts_with(UNKNOWN_REGISTRATION)
}

/// Names a drain of which only a shared record is known.
fn drain_id(instance: &InstanceId, started_at: Timestamp) -> String {
    format!("{SHARED_DRAIN}{instance}-{started_at}")
}

#[cfg(test)]
mod tests;
