//! Observing: where instances are, what is on them, what their records say. Every failure makes a part of an observation
//! unknown, never smaller.
//!
//! [`Observer`] observes one instance; its parts each read one kind of thing, and [`surveyor`] reads for many at once.

mod clusters;
mod elsewhere;
mod hooks;
mod kill_switch;
mod place;
mod records;
mod survey;
mod surveyor;
mod tasks;

use std::collections::BTreeSet;

use protector_core::aws::InstanceStatus;
use protector_core::ids::{ClusterName, ContainerInstanceArn, InstanceId, InstanceKey};
use protector_core::observation::{
    ContainerInstance, Elsewhere, Hook, Observation, Observed, Registrations, SeenElsewhere, SeenTasks,
    Stored, is_machine_gone,
};
use protector_core::policy::Policy;
use protector_core::record::Record;

use crate::aws::{Aws, AwsError, ScalingInstance};
use crate::cache::Cache;
use crate::context::RunContext;
use crate::executor::Executor;
use crate::subject::{KnownRegistrations, Registered};

pub(crate) use clusters::Clusters;
pub(crate) use hooks::Hooks;
pub(crate) use kill_switch::KillSwitchReader;
pub(crate) use place::{Home, Place, Whereabouts};
pub(crate) use records::Records;
pub(crate) use survey::Survey;
pub(crate) use surveyor::Surveyor;
pub(crate) use tasks::{Tasks, scheduled};

/// Observes instances.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observer<'r> {
    aws: &'r Aws,
    cache: &'r Cache,
    policy: &'r Policy,
    run: &'r RunContext,
    /// What the run has seen of many instances at once.
    survey: &'r Survey,
    /// Writes what was found to be missing in the text of a record.
    executor: Executor<'r>,
}

impl<'r> Observer<'r> {
    pub(crate) fn new(
        aws: &'r Aws,
        cache: &'r Cache,
        policy: &'r Policy,
        run: &'r RunContext,
        survey: &'r Survey,
    ) -> Observer<'r> {
        let executor = Executor::new(aws, cache, policy, run).for_many(survey.size());
        Observer {
            aws,
            cache,
            policy,
            run,
            survey,
            executor,
        }
    }

    /// The same, with calls counted by another meter.
    pub(crate) fn counting<'a>(&self, aws: &'a Aws) -> Observer<'a>
    where
        'r: 'a,
    {
        Observer {
            aws,
            executor: self.executor.counting(aws),
            ..*self
        }
    }

    /// The same, with a survey of what it is about to observe.
    pub(crate) fn surveyed<'a>(&self, survey: &'a Survey) -> Observer<'a>
    where
        'r: 'a,
    {
        Observer {
            survey,
            executor: self.executor.for_many(survey.size()),
            ..*self
        }
    }

    pub(crate) fn clusters(&self) -> Clusters<'r> {
        Clusters {
            aws: self.aws,
            cache: self.cache,
            policy: self.policy,
            run: self.run,
        }
    }

    pub(crate) fn tasks(&self) -> Tasks<'r> {
        Tasks {
            aws: self.aws,
            cache: self.cache,
            policy: self.policy,
            run: self.run,
        }
    }

    /// The hooks of Auto Scaling groups.
    pub(crate) fn hooks(&self) -> Hooks<'r> {
        Hooks {
            aws: self.aws,
            cache: self.cache,
            policy: self.policy,
            run: self.run,
        }
    }

    pub(crate) fn kill_switch(&self) -> KillSwitchReader<'r> {
        KillSwitchReader {
            aws: self.aws,
            cache: self.cache,
            prefix: &self.policy.prefix,
            run: self.run,
        }
    }

    pub(crate) fn records(&self) -> Records<'r> {
        Records {
            aws: self.aws,
            cache: self.cache,
            prefix: &self.policy.prefix,
            run: self.run,
            executor: self.executor,
        }
    }

    /// Makes one survey of many instances. All that `aws` counts is divided among those that the survey is about.
    pub(crate) fn surveyor<'a>(&self, aws: &'a Aws) -> Surveyor<'a>
    where
        'r: 'a,
    {
        Surveyor {
            observer: self.counting(aws),
            cache: self.cache,
            run: self.run,
        }
    }

    pub(crate) fn survey(&self) -> &'r Survey {
        self.survey
    }

    /// Finds an EC2 instance in the clusters that are watched. One that is to be surveyed again is not asked for.
    pub(crate) async fn locate(&self, instance: &InstanceId) -> Place {
        if let Some(failure) = self.survey.postponed(instance) {
            return Place::Unknown(failure.to_string());
        }
        if let Some(home) = self.survey.take_home(instance) {
            return Place::In(home.into());
        }
        let aws = self.aws.metered();
        let place = self.counting(&aws).clusters().locate(instance).await;
        if let Place::In(there) = &place {
            self.cache.share_calls(there.keys(), aws.meter.total());
        }
        place
    }

    /// The record of an instance, which a survey may have read.
    pub(crate) async fn record(&self, key: &InstanceKey, arns: &[ContainerInstanceArn]) -> Observed<Stored> {
        match self.survey.record(key) {
            Some(record) => record,
            None => self.records().read(key, arns).await,
        }
    }

    /// Looks at everything: first the record, then ECS, so that the record never knows more than the tasks show.
    pub(crate) async fn observe(&self, subject: &Registered) -> Observation {
        if let Some(failure) = self.survey.postponed(&subject.key.instance) {
            return self.unsurveyed(subject, failure);
        }
        let shown = &subject.shown;
        let at = shown.at.unwrap_or_else(|| self.run.now());
        let mut record = match &shown.record {
            Some(record) => record.clone(),
            None => self.records().read(&subject.key, subject.arns()).await,
        };
        let mut instance = self.see_registrations(subject, record.readable()).await;
        // If it cannot be read again, the drain begins: holding is safe.
        if shown.record.is_none()
            && self.may_be_missed(&record, &instance)
            && let Observed::Present(stored) = self.records().read(&subject.key, subject.arns()).await
        {
            record = Observed::Present(stored);
            instance = self.see_registrations(subject, record.readable()).await;
        }
        let tasks = match (instance.as_yes(), &shown.tasks) {
            (None, _) => SeenTasks::Read(Observed::Absent),
            (Some(instance), _) if shown.flushed && is_drained(&record, instance) => SeenTasks::Flushed,
            (Some(_), Some(tasks)) => SeenTasks::Read(tasks.clone()),
            (Some(instance), None) => {
                let tasks = self.tasks();
                SeenTasks::Read(tasks.of_one(&subject.key.cluster, instance, &record).await)
            }
        };
        let (instance, tasks) = match instance
            .as_yes()
            .is_some_and(|instance| self.is_foreign(instance))
        {
            true => (Observed::Absent, SeenTasks::Read(Observed::Absent)),
            false => (instance, tasks),
        };
        let elsewhere = self.elsewhere(subject, record.readable()).await;
        let hook = self.hook(subject, record.readable(), instance.as_yes()).await;
        Observation {
            key: subject.key.clone(),
            at,
            record,
            instance,
            tasks,
            hook,
            elsewhere,
        }
    }

    /// Returns whether a reading that finds no record may have missed it. What drains already has one, unless another actor has
    /// begun that drain, and an environment that has not listed the drains yet cannot know.
    fn may_be_missed(&self, record: &Observed<Stored>, instance: &Observed<Registrations>) -> bool {
        let drains = instance.as_yes().is_some_and(Registrations::is_draining);
        *record == Observed::Absent && drains && !self.cache.knows_the_fleet(self.run.now())
    }

    /// Of an instance that is to be surveyed again, what a listing has shown of it: it makes no call. Nothing can be
    /// released by it, and a hook that waits still gets its heartbeats.
    fn unsurveyed(&self, subject: &Registered, failure: &AwsError) -> Observation {
        let shown = &subject.shown;
        let why = failure.to_string();
        let unread = || Observed::Unknown(why.clone());
        let record = shown.record.clone().unwrap_or_else(unread);
        let drains = |one: &ContainerInstance| one.status == InstanceStatus::Draining;
        let instances = shown
            .instances
            .iter()
            .all(drains)
            .then(|| shown.instances.clone());
        let recorded = record.readable().map(|record| &record.container_instance_arn);
        let seen = instances.and_then(|instances| Registrations::of(instances, recorded));
        let (instance, tasks) = match seen {
            Some(instance) => (Observed::Present(instance), Observed::Unknown(why)),
            None => (Observed::Unknown(why), Observed::Absent),
        };
        let unseen = |cluster: &ClusterName| Elsewhere {
            cluster: cluster.clone(),
            seen: SeenElsewhere::Unknown(failure.to_string()),
        };
        let elsewhere = elsewhere::named(subject, record.readable());
        Observation {
            key: subject.key.clone(),
            at: shown.at.unwrap_or_else(|| self.run.now()),
            elsewhere: elsewhere.into_iter().map(unseen).collect(),
            record,
            instance,
            tasks: SeenTasks::Read(tasks),
            hook: subject.hook.clone(),
        }
    }

    /// Returns whether its tasks have shown that an instance is none of ours.
    fn is_foreign(&self, instance: &Registrations) -> bool {
        let mut all = instance.all();
        all.any(|one| self.cache.foreign.is_foreign(&one.arn))
    }

    /// What is known of the instance's hooks.
    async fn hook(
        &self,
        subject: &Registered,
        record: Option<&Record>,
        instance: Option<&Registrations>,
    ) -> Hook {
        if !subject.hook.is_in_question(record, instance) {
            return subject.hook.clone();
        }
        let instance = &subject.key.instance;
        match self
            .aws
            .describe_scaling_instances(std::slice::from_ref(instance))
            .await
        {
            Err(failure) => Hook::Unknown(failure.to_string()),
            Ok(states) if states.get(instance).is_some_and(ScalingInstance::is_leaving) => Hook::None,
            Ok(_) => Hook::Over,
        }
    }

    /// All registrations of the instance. Those that the trigger and the record name are described; unless they show a
    /// drain that goes its usual way, ECS is asked for others too. So an instance is gone only if two different
    /// questions say so: events of an earlier registration come late, and listings lag.
    async fn see_registrations(
        &self,
        subject: &Registered,
        record: Option<&Record>,
    ) -> Observed<Registrations> {
        let (complete, named) = match &subject.registrations {
            KnownRegistrations::All(arns) => (true, arns),
            KnownRegistrations::Some(arns) => (false, arns),
        };
        let recorded = record.into_iter().flat_map(Record::registrations);
        let arns: BTreeSet<ContainerInstanceArn> = named.iter().chain(recorded).cloned().collect();
        let seen = self
            .describe_more(subject, subject.shown.instances.clone(), &arns)
            .await;
        let seen = match seen {
            Ok(seen) if !complete && !is_as_recorded(&seen, record) => {
                self.describe_others(subject, seen).await
            }
            seen => seen,
        };
        match seen {
            Err(why) => Observed::Unknown(why),
            Ok(mut seen) => {
                let inactive = |one: &ContainerInstance| one.status == InstanceStatus::Inactive;
                seen.retain(|one| !inactive(one));
                if record.is_some_and(|record| is_machine_gone(record, &seen)) {
                    return Observed::Absent;
                }
                let recorded = record.map(|record| &record.container_instance_arn);
                Registrations::of(seen, recorded).map_or(Observed::Absent, Observed::Present)
            }
        }
    }

    async fn describe_others(
        &self,
        subject: &Registered,
        seen: Vec<ContainerInstance>,
    ) -> Result<Vec<ContainerInstance>, String> {
        match self
            .clusters()
            .locate_in(&subject.key.cluster, &subject.key.instance)
            .await
        {
            Ok(arns) => {
                self.describe_more(subject, seen, &arns.into_iter().collect())
                    .await
            }
            Err(why) => Err(why),
        }
    }

    /// What was seen, and those of `arns` that were not.
    async fn describe_more(
        &self,
        subject: &Registered,
        mut seen: Vec<ContainerInstance>,
        arns: &BTreeSet<ContainerInstanceArn>,
    ) -> Result<Vec<ContainerInstance>, String> {
        let known = |arn: &ContainerInstanceArn| seen.iter().any(|one| one.arn == *arn);
        let asked: Vec<ContainerInstanceArn> = arns.iter().filter(|arn| !known(arn)).cloned().collect();
        let answer = self.clusters().describe(&subject.key.cluster, &asked).await;
        let found = answer.map_err(|failure| failure.to_string())?;
        let own = found
            .into_iter()
            .filter(|found| found.instance == subject.key.instance);
        seen.extend(own.map(|found| found.container_instance));
        Ok(seen)
    }
}

/// Returns whether the drain of this instance, in its present life, is released, and no task held it then. After a
/// forced release tasks may hold on, and their count must not be guessed.
fn is_drained(record: &Observed<Stored>, instance: &Registrations) -> bool {
    let record = record.readable();
    record.is_some_and(|record| {
        record.is_released() && record.remaining == 0 && instance.all().all(|one| record.names(&one.arn))
    })
}

/// Returns whether these registrations go the usual way of their drain, so that there is no reason to look for others.
fn is_as_recorded(seen: &[ContainerInstance], record: Option<&Record>) -> bool {
    let usual = |one: &ContainerInstance| one.status == InstanceStatus::Draining && one.agent_connected;
    let named = |one: &ContainerInstance| record.is_some_and(|record| record.names(&one.arn));
    !seen.is_empty() && seen.iter().all(named) && seen.iter().any(usual)
}
