//! What a survey has shown of many instances.

use std::collections::BTreeMap;

use protector_core::ids::{ContainerInstanceArn, InstanceId, InstanceKey};
use protector_core::limits::coordinator::ONE_BY_ONE_MAX;
use protector_core::observation::{Observed, Stored};
use protector_core::plural::counted;
use protector_runtime::guarded::Guarded;

use crate::aws::{AwsError, ErrorKind};
use crate::subject::Shown;

use super::place::Home;

/// What a survey has shown, until the observation of an instance takes its part.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    seen: Guarded<View>,
    /// Instances of which a bundled call has failed, and which are to be surveyed again later, together.
    postponed: BTreeMap<InstanceId, AwsError>,
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
    /// Why instances were not seen: a call that would have answered for them has failed.
    pub(crate) failures: BTreeMap<InstanceId, AwsError>,
}

impl View {
    /// The instances of which anything was seen.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &InstanceKey> {
        let homes = self.homes.values().map(|home| &home.key);
        homes.chain(self.registrations.keys()).chain(self.shown.keys())
    }

    /// Notes that a call has failed that would have answered for these instances.
    pub(crate) fn fail<'i>(&mut self, instances: impl IntoIterator<Item = &'i InstanceId>, why: &AwsError) {
        for instance in instances {
            let known = self.failures.entry(instance.clone());
            known.or_insert_with(|| why.clone());
        }
    }

    /// Of the instances of which a call has failed, those that are not asked for one by one. Throttling must not make
    /// load, so after it that is all of them. Anything else may be the trouble of one instance that keeps others from
    /// their answer, so then some are asked for at once.
    fn take_postponed(&mut self) -> BTreeMap<InstanceId, AwsError> {
        let mut one_by_one = 0..ONE_BY_ONE_MAX;
        let mut failures = std::mem::take(&mut self.failures);
        failures.retain(|_, failure| failure.kind == ErrorKind::Throttled || one_by_one.next().is_none());
        failures
    }
}

impl Survey {
    /// Why the event of a beginning is ignored whose instance is postponed.
    pub(crate) const POSTPONED: &'static str =
        "its instance could not be surveyed: the drain begins with the next survey, at the end of the batch";

    pub(crate) fn new(mut view: View, size: usize) -> Survey {
        Survey {
            postponed: view.take_postponed(),
            seen: Guarded::new(view),
            size,
        }
    }

    /// The number of instances that the events of the run name.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Why an instance is to be surveyed again later, together with others, and not to be asked for by itself now.
    pub(crate) fn postponed(&self, instance: &InstanceId) -> Option<&AwsError> {
        self.postponed.get(instance)
    }

    /// What has postponed instances, in words.
    pub(crate) fn problem(&self) -> Option<String> {
        let failure = self.postponed.values().next()?;
        let instances = counted(self.postponed.len(), "instance");
        Some(format!(
            "the survey of {instances} failed, and is made again later: {failure}"
        ))
    }

    /// Where an instance is registered, if the survey has found it.
    pub(crate) fn take_home(&self, instance: &InstanceId) -> Option<Home> {
        self.seen.lock().homes.remove(instance)
    }

    pub(crate) fn take(&self, key: &InstanceKey) -> Option<Shown> {
        self.seen.lock().shown.remove(key)
    }

    /// Its registrations in the cluster, if the survey has found all of them there.
    pub(crate) fn take_registrations(&self, key: &InstanceKey) -> Option<Vec<ContainerInstanceArn>> {
        self.seen.lock().registrations.remove(key)
    }

    /// What its record says, if the survey has read it.
    pub(crate) fn record(&self, key: &InstanceKey) -> Option<Observed<Stored>> {
        self.seen.lock().shown.get(key)?.record.clone()
    }

    /// Returns whether an instance has been seen.
    pub(crate) fn has(&self, key: &InstanceKey) -> bool {
        self.seen.lock().shown.contains_key(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(number: usize) -> InstanceId {
        format!("i-{number:08x}").parse().unwrap()
    }

    /// A survey of fifty instances, for which a call has failed.
    fn failed(kind: ErrorKind) -> Survey {
        let failure = AwsError {
            operation: "ListContainerInstances",
            kind,
            message: "a test".to_owned(),
        };
        let mut view = View::default();
        view.fail(&(0..50).map(instance).collect::<Vec<_>>(), &failure);
        Survey::new(view, 50)
    }

    #[test]
    fn p10_after_a_survey_that_was_throttled_no_instance_is_asked_for_by_itself() {
        let postponed = |kind| {
            let survey = failed(kind);
            let postponed = |number: &usize| survey.postponed(&instance(*number)).is_some();
            (0..50).filter(postponed).count()
        };
        assert_eq!(postponed(ErrorKind::Throttled), 50);
        // One of them may be the reason.
        assert_eq!(postponed(ErrorKind::Incomplete), 50 - ONE_BY_ONE_MAX);
    }

    #[test]
    fn a_survey_that_failed_has_its_reason() {
        let problem = failed(ErrorKind::Throttled).problem();
        let expected =
            "the survey of 50 instances failed, and is made again later: ListContainerInstances: a test";
        assert_eq!(problem.as_deref(), Some(expected));
        assert_eq!(Survey::default().problem(), None);
    }
}
