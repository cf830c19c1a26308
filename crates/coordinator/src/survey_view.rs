//! What a survey has shown of many instances.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use protector_core::ids::{InstanceId, InstanceKey};

use crate::place::Home;
use crate::subject::Shown;

/// What a survey has shown, until the observation of an instance takes its part.
#[derive(Debug, Default)]
pub struct Survey {
    seen: Mutex<View>,
    size: usize,
}

/// What was seen of each instance.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) homes: BTreeMap<InstanceId, Home>,
    pub(crate) shown: BTreeMap<InstanceKey, Shown>,
}

impl Survey {
    pub(crate) fn new(view: View, size: usize) -> Survey {
        Survey {
            seen: Mutex::new(view),
            size,
        }
    }

    /// The number of instances that the events of the run name.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Where an instance is registered, if the survey has found it.
    pub fn take_home(&self, instance: &InstanceId) -> Option<Home> {
        self.lock().homes.remove(instance)
    }

    /// What was seen of an instance.
    pub fn take(&self, key: &InstanceKey) -> Option<Shown> {
        self.lock().shown.remove(key)
    }

    /// Has an instance been seen?
    pub fn has(&self, key: &InstanceKey) -> bool {
        self.lock().shown.contains_key(key)
    }

    fn lock(&self) -> MutexGuard<'_, View> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
