//! What a survey has shown of many instances.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use protector_core::ids::{ContainerInstanceArn, InstanceId, InstanceKey};
use protector_core::observation::{Observed, Stored};

use crate::subject::Shown;

use super::place::Home;

/// What a survey has shown, until the observation of an instance takes its part.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    seen: Mutex<View>,
    size: usize,
}

/// What was seen of each instance.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// Where instances are, found in all clusters.
    pub(crate) homes: BTreeMap<InstanceId, Home>,
    /// All registrations of instances in one cluster.
    pub(crate) registrations: BTreeMap<InstanceKey, Vec<ContainerInstanceArn>>,
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
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Where an instance is registered, if the survey has found it.
    pub(crate) fn take_home(&self, instance: &InstanceId) -> Option<Home> {
        self.lock().homes.remove(instance)
    }

    pub(crate) fn take(&self, key: &InstanceKey) -> Option<Shown> {
        self.lock().shown.remove(key)
    }

    /// Its registrations in the cluster, if the survey has found all of them there.
    pub(crate) fn take_registrations(&self, key: &InstanceKey) -> Option<Vec<ContainerInstanceArn>> {
        self.lock().registrations.remove(key)
    }

    /// What its record says, if the survey has read it.
    pub(crate) fn record(&self, key: &InstanceKey) -> Option<Observed<Stored>> {
        self.lock().shown.get(key)?.record.clone()
    }

    /// Returns whether an instance has been seen.
    pub(crate) fn has(&self, key: &InstanceKey) -> bool {
        self.lock().shown.contains_key(key)
    }

    fn lock(&self) -> MutexGuard<'_, View> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
