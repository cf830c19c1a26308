//! An observation is what the coordinator has seen of one instance, in our own types.
//!
//! A thing is seen, seen to be absent, or not known. Every read error makes it unknown, never smaller (P2).

mod hook;
mod registrations;
mod task;

use jiff::Timestamp;

use crate::ids::{ClusterName, InstanceKey};
use crate::record::{DecodeError, Lifecycle, Record};

pub use hook::{Hook, HookAction};
pub use registrations::{ContainerInstance, Registrations, is_machine_gone};
pub use task::{Container, Task, containers_ended_at, execution_end};

/// The outcome of looking for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observed<T> {
    /// It is there.
    Present(T),
    /// It is not there, according to AWS.
    Absent,
    /// We do not know: the read failed, or only a part of it came back. Holds why.
    Unknown(String),
}

impl<T> Observed<T> {
    /// The same of something made from it.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Observed<U> {
        match self {
            Observed::Present(thing) => Observed::Present(f(thing)),
            Observed::Absent => Observed::Absent,
            Observed::Unknown(why) => Observed::Unknown(why),
        }
    }

    /// The thing, if it was seen.
    pub fn as_yes(&self) -> Option<&T> {
        match self {
            Observed::Present(thing) => Some(thing),
            Observed::Absent | Observed::Unknown(_) => None,
        }
    }
}

/// One look at one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The key of the instance.
    pub key: InstanceKey,
    /// When the look began: nothing in it is older.
    pub at: Timestamp,
    /// Its record. Read before ECS is asked, so that the record never knows more than the tasks show.
    pub record: Observed<Stored>,
    /// It as a member of its cluster.
    pub instance: Observed<Registrations>,
    /// What is known of the tasks on it.
    pub tasks: SeenTasks,
    /// The hook of ours that waits for it.
    pub hook: Hook,
    /// The same instance in other watched clusters: nearly always in none.
    pub elsewhere: Vec<Elsewhere>,
}

impl Observation {
    /// Returns whether the instance is seen to be in service.
    #[must_use]
    pub fn serves(&self) -> bool {
        self.instance.as_yes().is_some_and(Registrations::serves)
    }

    /// The same, when Auto Scaling has said that the hooks of the record wait again: the waits that its drain knew are over,
    /// and no event has named the new ones.
    #[must_use]
    pub fn of_another_wait(self, now: Timestamp) -> Observation {
        let hooks = self.record.readable().into_iter().flat_map(Record::lifecycles);
        let again = |hook: &Lifecycle| HookAction {
            token: None,
            since: now,
            ..HookAction::from(hook)
        };
        Observation {
            hook: Hook::Waiting(hooks.map(again).collect()),
            record: self.record.map(|stored| Stored {
                record: stored.record.map(|record| record.outlived(now)),
                ..stored
            }),
            ..self
        }
    }
}

/// The same instance in another watched cluster. Its hooks wait for the drain there too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// The cluster in which it was looked for.
    pub cluster: ClusterName,
    /// What was seen there.
    pub seen: SeenElsewhere,
}

/// What was seen of an instance in another cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeenElsewhere {
    /// A drain, as its record has it: for the hooks that wait now, or one of long ago.
    Drain(Box<Record>),
    /// It is registered there, and no record says that it drains.
    NotBegun,
    /// It is not registered there.
    Nowhere,
    /// It is not known. Holds why.
    Unknown(String),
}

/// What is known of the tasks of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeenTasks {
    /// As they were read: all tasks whose status is not final, and maybe some stopped ones.
    Read(Observed<Vec<Task>>),
    /// They were not read. The drain is released, no task held then, and ECS has reported since that every daemon is
    /// STOPPED, one event for each.
    Flushed,
}

impl SeenTasks {
    /// The tasks, if they were read.
    #[must_use]
    pub fn as_read(&self) -> Option<&Vec<Task>> {
        match self {
            SeenTasks::Read(tasks) => tasks.as_yes(),
            SeenTasks::Flushed => None,
        }
    }
}

impl From<Observed<Vec<Task>>> for SeenTasks {
    fn from(read: Observed<Vec<Task>>) -> Self {
        SeenTasks::Read(read)
    }
}

/// A parameter as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its text, decoded.
    pub record: Result<Record, DecodeError>,
    /// Its version: the next write makes the next number, unless another writer writes between.
    pub version: i64,
}

impl Stored {
    /// The record, if its text could be read.
    #[must_use]
    pub fn readable(&self) -> Option<&Record> {
        self.record.as_ref().ok()
    }
}

impl Observed<Stored> {
    /// The record, if there is one, and its text could be read.
    #[must_use]
    pub fn readable(&self) -> Option<&Record> {
        self.as_yes().and_then(Stored::readable)
    }
}
