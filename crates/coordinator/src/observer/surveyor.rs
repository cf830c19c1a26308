//! One look at many instances: what a call can answer for a hundred of them is not asked a hundred times.
//!
//! A batch surveys the instances that it is about to look at. The first look at each takes its part of what was seen.
//! An instance that the answers leave out is looked at by itself. If a call fails, the survey says of which instances
//! nothing was seen because of that: they are surveyed again later, together, since after a call for a hundred that was
//! throttled a hundred calls would be throttled too.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use protector_core::aws::InstanceStatus;
use protector_core::ids::{ClusterName, ContainerInstanceArn, InstanceId, InstanceKey};
use protector_core::limits::DESCRIBE_MAX;
use protector_core::limits::coordinator::{ASKED_BY_NAME_MAX, FEW_INSTANCES, ONE_BY_ONE_MAX};
use protector_core::observation::{ContainerInstance, Observed, Task};

use crate::aws::{AwsError, Described, by_instance, each_until_throttled};
use crate::cache::{Beginning, Cache};
use crate::context::RunContext;
use crate::subject::Shown;

use super::Observer;
use super::place::Home;
use super::survey::{Survey, View};
use super::tasks::{Placed, SurveySubject, TasksOfMany};

/// Surveys many instances at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surveyor<'r> {
    /// Its calls count as what the survey costs.
    pub(super) observer: Observer<'r>,
    pub(super) cache: &'r Cache,
    pub(super) run: &'r RunContext,
}

/// What a cluster has answered about instances.
#[derive(Default)]
struct FoundInCluster {
    described: Vec<Described>,
    /// Instances for which it gave no answer, and why.
    failures: BTreeMap<InstanceId, AwsError>,
}

/// Returns whether all registrations are there, and all tasks that ECS counts after they were listed. AWS does not promise
/// that a listing of many pages, in which tasks come and go, leaves none out: an instance that misses one is observed by
/// itself.
fn is_whole(instances: &[ContainerInstance], arns: &[ContainerInstanceArn], tasks: &[Placed]) -> bool {
    let there = |one: &ContainerInstance| one.status != InstanceStatus::Inactive;
    let counted: u32 = instances.iter().filter_map(|one| one.tasks).sum();
    let alive = tasks
        .iter()
        .filter(|(_, task)| !task.last_status.is_final())
        .count();
    instances.len() == arns.len() && instances.iter().all(there) && alive >= counted as usize
}

/// The tasks, with what is known of the agents of their registrations.
fn with_agents(tasks: Vec<Placed>, instances: &[ContainerInstance]) -> Vec<Task> {
    let away = |arn: &ContainerInstanceArn| {
        let mut own = instances.iter().filter(|one| one.arn == *arn);
        own.any(|one| !one.agent_connected)
    };
    let with_agent = |(arn, task): Placed| Task {
        agent_connected: !away(&arn),
        ..task
    };
    tasks.into_iter().map(with_agent).collect()
}

/// What is reported of instances, by cluster.
fn by_cluster<T>(
    reported: impl IntoIterator<Item = (InstanceKey, T)>,
) -> BTreeMap<ClusterName, Vec<(InstanceKey, T)>> {
    let mut clusters: BTreeMap<ClusterName, Vec<_>> = BTreeMap::new();
    for (key, what) in reported {
        let cluster = clusters.entry(key.cluster.clone()).or_default();
        cluster.push((key, what));
    }
    clusters
}

impl Surveyor<'_> {
    /// Surveys instances whose drains begin: where they are, and what their records say. Tasks are looked at when
    /// DRAINING has settled: until then they only come and go.
    pub(crate) async fn beginnings(&self, beginnings: &[Beginning]) -> Survey {
        let mut anywhere: BTreeSet<InstanceId> = BTreeSet::new();
        let mut in_cluster: BTreeMap<ClusterName, BTreeSet<InstanceId>> = BTreeMap::new();
        for beginning in beginnings {
            let instance = beginning.instance().clone();
            match beginning {
                Beginning::Draining(change) => {
                    let instances = in_cluster.entry(change.cluster.clone()).or_default();
                    instances.insert(instance);
                }
                Beginning::Hook(_) | Beginning::Spot(_) => drop(anywhere.insert(instance)),
            }
        }
        self.survey_new(anywhere, in_cluster).await
    }

    /// The same of instances for which hooks wait, as the tick has found them.
    pub(crate) async fn waiting(&self, instances: BTreeSet<InstanceId>) -> Survey {
        self.survey_new(instances, BTreeMap::new()).await
    }

    async fn survey_new(
        &self,
        anywhere: BTreeSet<InstanceId>,
        in_cluster: BTreeMap<ClusterName, BTreeSet<InstanceId>>,
    ) -> Survey {
        let mut view = View::default();
        let size = anywhere.len() + in_cluster.values().map(BTreeSet::len).sum::<usize>();
        if size > FEW_INSTANCES {
            let anywhere: Vec<InstanceId> = anywhere.into_iter().collect();
            self.find_waiting(&anywhere, &mut view).await;
            for (cluster, instances) in in_cluster {
                let instances: Vec<InstanceId> = instances.into_iter().collect();
                self.find_draining(&cluster, &instances, &mut view).await;
            }
        }
        self.cache
            .share_calls(view.keys(), self.observer.aws.meter.total());
        Survey::new(view, size)
    }

    /// Instances that are DRAINING in a cluster: all their registrations there, and what their records say.
    async fn find_draining(&self, cluster: &ClusterName, wanted: &[InstanceId], view: &mut View) {
        let at = self.run.now();
        let FoundInCluster { described, failures } = self.find_in(cluster, wanted).await;
        let found = by_instance(cluster, described);
        let arns = |instances: &[ContainerInstance]| instances.iter().map(|one| one.arn.clone()).collect();
        let registrations = found.iter().map(|(key, all)| (key.clone(), arns(all)));
        view.registrations.extend(registrations);
        view.failures.extend(failures);
        self.show_beginning(found.into_iter().collect(), at, view).await;
    }

    /// All registrations of these instances in a cluster, described: for a hundred instances all of them, or none.
    async fn find_in(&self, cluster: &ClusterName, wanted: &[InstanceId]) -> FoundInCluster {
        let mut found = FoundInCluster::default();
        let find = async |some: &[InstanceId]| self.find_some_in(cluster, some).await;
        for (some, answer) in each_until_throttled(wanted.chunks(DESCRIBE_MAX), find).await {
            match answer {
                Ok(described) => found.described.extend(described),
                Err(failure) => {
                    let why = |instance: &InstanceId| (instance.clone(), failure.clone());
                    found.failures.extend(some.iter().map(why));
                }
            }
        }
        found
    }

    async fn find_some_in(
        &self,
        cluster: &ClusterName,
        wanted: &[InstanceId],
    ) -> Result<Vec<Described>, AwsError> {
        let listed = self.observer.aws.find_instances(cluster, wanted).await;
        let clusters = self.observer.clusters();
        let arns = clusters.unless_gone(cluster, listed)?;
        clusters.describe(cluster, &arns).await
    }

    /// Shows instances whose drains begin. Of many the tasks are read later: a shared record has no counts. Not of one that ECS
    /// may keep itself: its tasks show whether it does. If that is not known of many, most of them are ours.
    async fn show_beginning(
        &self,
        described: Vec<(InstanceKey, Vec<ContainerInstance>)>,
        at: Timestamp,
        view: &mut View,
    ) {
        let later = || Observed::Unknown("they are read when DRAINING has settled".to_owned());
        // A record of its own says how many tasks hold, and must not say none before they were read.
        let shared = self.observer.executor.shares(described.len());
        let mut shown = self.with_records(described, at, view).await;
        if shared {
            let unclear = |one: &ContainerInstance| self.cache.foreign.is_unclear(&one.arn);
            let mut one_by_one = 0..ONE_BY_ONE_MAX;
            let later_ones = shown.values_mut().filter(|shown| {
                let unclear = shown.instances.iter().any(unclear);
                !unclear || one_by_one.next().is_none()
            });
            later_ones.for_each(|shown| shown.tasks = Some(later()));
        }
        view.shown.extend(shown);
    }

    async fn find_waiting(&self, wanted: &[InstanceId], view: &mut View) {
        if wanted.is_empty() {
            return;
        }
        let asking = self.observer.clusters();
        let clusters = match asking.watched().await {
            Ok(clusters) => clusters,
            Err(failure) => return view.fail(wanted, &failure),
        };
        let at = self.run.now();
        let mut found: BTreeMap<InstanceId, Vec<(ClusterName, ContainerInstance)>> = BTreeMap::new();
        let mut unasked: BTreeMap<InstanceId, AwsError> = BTreeMap::new();
        let asked = asking.ask_each(&clusters, async |cluster| self.find_in(cluster, wanted).await);
        for (cluster, answer) in clusters.iter().zip(asked.await) {
            for one in answer.described {
                let there = found.entry(one.instance).or_default();
                there.push((cluster.clone(), one.container_instance));
            }
            unasked.extend(answer.failures);
        }
        let mut subjects = Vec::new();
        for (instance, there) in found {
            let clusters: BTreeSet<&ClusterName> = there.iter().map(|(cluster, _)| cluster).collect();
            // A machine has one agent: where it is connected, no other cluster counts.
            if there.iter().any(|(_, one)| one.agent_connected) {
                unasked.remove(&instance);
            }
            // One that is registered in several clusters is rare, and none of them may be overlooked.
            let Some(cluster) = clusters
                .first()
                .filter(|_| clusters.len() == 1 && !unasked.contains_key(&instance))
            else {
                continue;
            };
            let cluster = (*cluster).clone();
            let key = InstanceKey { cluster, instance };
            let instances: Vec<ContainerInstance> = there.into_iter().map(|(_, one)| one).collect();
            subjects.push((key, instances));
        }
        let home = |(key, instances): &(InstanceKey, Vec<ContainerInstance>)| {
            let registrations = instances.iter().map(|one| one.arn.clone()).collect();
            let home = Home {
                key: key.clone(),
                registrations,
            };
            (key.instance.clone(), home)
        };
        view.homes = subjects.iter().map(home).collect();
        view.failures.extend(unasked);
        self.show_beginning(subjects, at, view).await;
    }

    /// What their records say of instances that were just described. Those of a cluster whose records cannot be read are
    /// left out.
    async fn with_records(
        &self,
        described: Vec<(InstanceKey, Vec<ContainerInstance>)>,
        at: Timestamp,
        view: &mut View,
    ) -> BTreeMap<InstanceKey, Shown> {
        let mut shown = BTreeMap::new();
        let records = self.observer.records();
        for (cluster, described) in by_cluster(described) {
            let shared = |key: &InstanceKey| self.cache.store.is_shared(key);
            let unknown: Vec<InstanceKey> = described
                .iter()
                .map(|(key, _)| key.clone())
                .filter(|key| !shared(key))
                .collect();
            let read = match unknown.is_empty() && self.observer.kill_switch().is_fresh() {
                true => Ok(Vec::new()),
                false if unknown.len() > ASKED_BY_NAME_MAX => records.list(&cluster, &unknown).await,
                false => records.read_all(&cluster, &unknown).await,
            };
            let read = match read {
                Ok(read) => read,
                Err(failure) => {
                    view.fail(described.iter().map(|(key, _)| &key.instance), &failure);
                    continue;
                }
            };
            let mut read: BTreeMap<InstanceKey, _> = unknown.into_iter().zip(read).collect();
            for (key, instances) in described {
                let arns: Vec<ContainerInstanceArn> = instances.iter().map(|one| one.arn.clone()).collect();
                let record = match read.remove(&key) {
                    Some(own) => records.with_shared(&key, &arns, own),
                    None => self
                        .cache
                        .store
                        .known(&key)
                        .map_or(Observed::Absent, Observed::Present),
                };
                let all = Shown {
                    at: Some(at),
                    record: Some(record),
                    instances,
                    ..Shown::default()
                };
                shown.insert(key, all);
            }
        }
        shown
    }

    /// Surveys instances whose look is due: their registrations, records and tasks.
    pub(crate) async fn due(&self, due: &[SurveySubject]) -> Survey {
        let mut view = View::default();
        if due.len() > FEW_INSTANCES {
            for (cluster, due) in by_cluster(due.iter().cloned()) {
                let instances: Vec<InstanceId> = due.iter().map(|(key, _)| key.instance.clone()).collect();
                if let Err(failure) = self.look_around(&cluster, due, &mut view).await {
                    view.fail(&instances, &failure);
                }
            }
        }
        let drains = due.iter().map(|(key, _)| key);
        self.cache.share_calls(drains, self.observer.aws.meter.total());
        Survey::new(view, due.len())
    }

    async fn look_around(
        &self,
        cluster: &ClusterName,
        mut due: Vec<SurveySubject>,
        view: &mut View,
    ) -> Result<(), AwsError> {
        let at = self.run.now();
        let TasksOfMany { mut tasks, unlisted } = self.observer.tasks().of_many(cluster, &due).await?;
        due.retain(|(key, _)| !unlisted.contains_key(key));
        for (key, failure) in &unlisted {
            view.fail([&key.instance], failure);
        }
        // After the tasks: an instance with more of them now than were seen was not seen completely.
        let arns: Vec<ContainerInstanceArn> = due.iter().flat_map(|(_, arns)| arns.clone()).collect();
        let mut described = by_instance(cluster, self.observer.clusters().describe(cluster, &arns).await?);
        let mut whole = Vec::new();
        for (key, arns) in due {
            let own = tasks.remove(&key).unwrap_or_default();
            match described.remove(&key) {
                Some(instances) if is_whole(&instances, &arns, &own) => whole.push((key, instances, own)),
                _ => {}
            }
        }
        let subjects = whole
            .iter()
            .map(|(key, instances, _)| (key.clone(), instances.clone()));
        let mut shown = self.with_records(subjects.collect(), at, view).await;
        for (key, instances, own) in whole {
            if let Some(shown) = shown.get_mut(&key) {
                shown.tasks = Some(Observed::Present(with_agents(own, &instances)));
            }
        }
        view.shown.extend(shown);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, arn, draining, key};

    fn instance(number: u32, status: &str, tasks: Option<u32>) -> ContainerInstance {
        ContainerInstance {
            status: status.to_owned().into(),
            agent_connected: number != 2,
            tasks,
            ..draining(number)
        }
    }

    fn task(number: u32, status: &str) -> Task {
        Task {
            last_status: status.to_owned().into(),
            ..testing::task(number)
        }
    }

    #[test]
    fn p1_an_instance_that_misses_a_task_that_ecs_counts_was_not_seen_whole() {
        let draining = |tasks| [instance(1, "DRAINING", tasks)];
        let (alive, ended) = ((arn(1), task(1, "RUNNING")), (arn(1), task(2, "STOPPED")));
        let both = [alive, ended];
        assert!(is_whole(&draining(Some(1)), &[arn(1)], &both));
        assert!(!is_whole(&draining(Some(2)), &[arn(1)], &both), "one is missing");
        assert!(is_whole(&draining(None), &[arn(1)], &both), "no run has counted");
        assert!(
            is_whole(&draining(Some(0)), &[arn(1)], &both),
            "it has ended since"
        );
    }

    #[test]
    fn p1_an_instance_that_misses_a_registration_was_not_seen_whole() {
        let (one, gone) = (instance(1, "DRAINING", None), instance(2, "INACTIVE", None));
        let arns = [arn(1), arn(2)];
        assert!(!is_whole(std::slice::from_ref(&one), &arns, &[]));
        assert!(!is_whole(&[one, gone], &arns, &[]));
    }

    #[test]
    fn p2_a_task_of_an_agent_that_is_away_is_reported_as_such() {
        let instances = [instance(1, "DRAINING", None), instance(2, "DRAINING", None)];
        let tasks = with_agents(
            vec![(arn(1), task(1, "RUNNING")), (arn(2), task(2, "RUNNING"))],
            &instances,
        );
        let connected: Vec<bool> = tasks.iter().map(|task| task.agent_connected).collect();
        assert_eq!(connected, [true, false]);
    }

    #[test]
    fn what_a_survey_has_shown_is_taken_once() {
        let key = key(1);
        let mut view = View::default();
        view.shown.insert(key.clone(), Shown::default());
        let survey = Survey::new(view, 3);
        assert!(survey.has(&key) && survey.size() == 3);
        assert!(
            survey.take(&key).is_some() && survey.take(&key).is_none(),
            "a second look asks again"
        );
    }
}
