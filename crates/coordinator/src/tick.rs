//! The schedule: finds what events have lost, and does what is due.

use std::collections::{BTreeMap, HashMap};

use futures_util::{StreamExt, stream};
use protector_core::ids::{ClusterName, ContainerInstanceArn, InstanceId, InstanceKey};
use protector_core::limits::{DELETE_PARAMETERS_MAX, RECORD_KEPT};
use protector_core::observation::{Hook, HookAction, Seen};
use protector_core::record::{Lifecycle, Record};
use serde_json::json;

use crate::aws::{Described, Failure, Listed, ScalingInstance};
use crate::coordinator::Coordinator;
use crate::handler::Handled;
use crate::observe::Subject;
use crate::say::Level;

/// So many instances are looked at at once: some 6 calls each keep below the burst of the ECS read bucket (100).
const CONCURRENCY: usize = 8;

/// What the tick has found, by instance.
#[derive(Default)]
struct Found {
    /// Instances that need a look.
    subjects: BTreeMap<InstanceKey, Subject>,
    /// Instances for which a hook waits, in no cluster that was seen yet.
    waiting: HashMap<InstanceId, HookAction>,
    /// What could not be found out.
    problems: Vec<String>,
}

impl Coordinator {
    /// Adopts what nobody told us of, reconciles it all, deletes what is old.
    pub(crate) async fn tick(&self) -> Handled {
        let me = self.metered();
        let (records, draining, waiting) = tokio::join!(
            me.aws.list_parameters(&me.policy.prefix),
            me.draining(),
            me.waiting_instances()
        );
        let mut found = Found::default();
        found.draining(draining);
        found.waiting(waiting);
        let old = match found.take(records) {
            Some(listed) => me.records(&mut found, listed).await,
            None => Vec::new(),
        };
        let instances = found.subjects.len() + found.waiting.len();
        let failed = self.reconcile_all(&mut found).await;
        let deleted = me.delete(&old, &mut found).await;
        me.say_tick(&found, instances, deleted);
        match failed.into_iter().next().or(found.problems.into_iter().next()) {
            Some(problem) => Handled::Failed(problem),
            None => Handled::Done(json!({"instances": instances, "deleted": deleted})),
        }
    }

    /// DRAINING instances of every cluster, and what could not be found out: one bad cluster hides none of the others.
    async fn draining(&self) -> (Vec<(ClusterName, Described)>, Vec<Failure>) {
        let clusters = match self.clusters().await {
            Ok(clusters) => clusters,
            Err(failure) => return (Vec::new(), vec![failure]),
        };
        let (mut draining, mut failures) = (Vec::new(), Vec::new());
        for cluster in clusters {
            match self.draining_in(&cluster).await {
                Ok(found) => draining.extend(found.into_iter().map(|found| (cluster.clone(), found))),
                Err(failure) => failures.push(failure),
            }
        }
        (draining, failures)
    }

    async fn draining_in(&self, cluster: &ClusterName) -> Result<Vec<Described>, Failure> {
        let arns = self.aws.list_draining(cluster).await?;
        self.memory.listed(cluster, &arns, self.now());
        self.aws.describe_instances(cluster, &arns).await
    }

    /// Instances of our groups for which a hook of ours waits.
    async fn waiting_instances(&self) -> Result<Vec<(InstanceId, HookAction)>, Failure> {
        let mut waiting = Vec::new();
        for instance in self.aws.list_waiting(&self.policy.auto_scaling_groups).await? {
            waiting.extend(
                self.hook_of(&instance)
                    .await?
                    .map(|action| (instance.instance, action)),
            );
        }
        Ok(waiting)
    }

    /// Which hook waits Auto Scaling does not say. A group usually has one of ours; of several the first is taken,
    /// unless the record knows better.
    async fn hook_of(&self, instance: &ScalingInstance) -> Result<Option<HookAction>, Failure> {
        let first = self.hooks(&instance.group).await?.into_iter().min();
        Ok(first.map(|(hook, heartbeat_seconds)| HookAction {
            group: instance.group.clone(),
            hook,
            token: None,
            heartbeat_seconds,
            since: self.now(),
        }))
    }

    /// Minds the kill switch, which is in the same listing, and adds the instances that have a record; gives back the
    /// names of records that are old.
    async fn records(&self, found: &mut Found, listed: Vec<Listed>) -> Vec<String> {
        let control_name = self.policy.prefix.control_name();
        let control = listed.iter().find(|parameter| parameter.name == control_name);
        self.heed_control(control.map(|parameter| parameter.text.as_str()));
        let keyed = |Listed { name, text }: Listed| {
            Some((
                self.policy.prefix.key_of(&name)?,
                name,
                Record::decode(&text).ok(),
            ))
        };
        let records: Vec<_> = listed.into_iter().filter_map(keyed).collect();
        let hooks = self.hooks_of_records(found, &records).await;
        let mut old = Vec::new();
        for (key, name, record) in records {
            let listed = found.subjects.get(&key).map(|subject| subject.arn.clone());
            let draining = listed.is_some();
            let arn = match listed {
                Some(arn) => arn,
                None => self.locate_in(&key.cluster, &key.instance).await,
            };
            if self.is_old(&arn, record.as_ref(), draining) {
                old.push(name);
                continue;
            }
            let hook = found.hook_for(&key.instance, record.as_ref(), &hooks);
            found.subjects.insert(
                key.clone(),
                Subject {
                    hook,
                    ..Subject::new(key, arn)
                },
            );
        }
        old
    }

    /// Auto Scaling's word on the instances whose record names a hook and that no group listing has shown waiting.
    async fn hooks_of_records(
        &self,
        found: &mut Found,
        records: &[(InstanceKey, String, Option<Record>)],
    ) -> Option<HashMap<InstanceId, ScalingInstance>> {
        let hooked = records
            .iter()
            .filter(|(_, _, record)| record.as_ref().is_some_and(|record| record.lifecycle.is_some()));
        let asked: Vec<InstanceId> = hooked
            .map(|(key, ..)| key.instance.clone())
            .filter(|instance| !found.waiting.contains_key(instance))
            .collect();
        let answer = self.aws.describe_scaling_instances(&asked).await;
        found.take(answer)
    }

    /// A record is old some minutes after its drain was over, unless its instance still drains: one whose instance is
    /// gone, and one of a drain that was undone. A record that nobody can read is kept: it may be of another version.
    fn is_old(&self, arn: &Seen<ContainerInstanceArn>, record: Option<&Record>, draining: bool) -> bool {
        let over = |record: &Record| {
            record.is_released() && self.now().duration_since(record.updated_at) >= RECORD_KEPT
        };
        let ended = |record: &Record| over(record) && record.receipt_at.is_some() && !draining;
        match arn {
            Seen::Absent => record.is_some_and(over),
            Seen::Yes(_) => record.is_some_and(ended),
            Seen::Unknown(_) => false,
        }
    }

    async fn reconcile_all(&self, found: &mut Found) -> Vec<String> {
        let subjects = std::mem::take(&mut found.subjects);
        let waiting = std::mem::take(&mut found.waiting);
        let placed = stream::iter(subjects.into_values())
            .map(|subject| async move { self.reconciled("tick", &subject).await })
            .buffer_unordered(CONCURRENCY);
        let mut handled: Vec<Handled> = placed.collect().await;
        let unplaced = stream::iter(waiting)
            .map(|(instance, action)| async move { self.waiting("tick", &instance, action).await })
            .buffer_unordered(CONCURRENCY);
        handled.extend(unplaced.collect::<Vec<_>>().await);
        let problem = |handled| match handled {
            Handled::Failed(problem) => Some(problem),
            _ => None,
        };
        handled.into_iter().filter_map(problem).collect()
    }

    async fn delete(&self, old: &[String], found: &mut Found) -> usize {
        let mut deleted = 0;
        if self.only_looks() {
            return deleted;
        }
        for names in old.chunks(DELETE_PARAMETERS_MAX) {
            match self.aws.delete_parameters(names).await {
                Ok(()) => deleted += names.len(),
                Err(failure) => found.problems.push(failure.to_string()),
            }
        }
        deleted
    }

    fn say_tick(&self, found: &Found, instances: usize, deleted: usize) {
        let level = if found.problems.is_empty() {
            Level::Debug
        } else {
            Level::Error
        };
        let fields = json!({
            "requestId": self.request_id,
            "instances": instances,
            "deletedRecords": deleted,
            "problems": found.problems,
            "calls": self.aws.meter.calls(),
        });
        self.voice.say(level, "tick", fields);
    }
}

impl Found {
    /// The answer, or a problem noted: what one API does not tell, the others still do.
    fn take<T>(&mut self, answer: Result<T, Failure>) -> Option<T> {
        answer
            .map_err(|failure| self.problems.push(failure.to_string()))
            .ok()
    }

    fn draining(&mut self, (draining, failures): (Vec<(ClusterName, Described)>, Vec<Failure>)) {
        self.problems.extend(failures.iter().map(ToString::to_string));
        for (cluster, described) in draining {
            let key = InstanceKey {
                cluster,
                instance: described.instance,
            };
            let arn = Seen::Yes(described.container_instance.arn);
            let subject = Subject::new(key.clone(), arn);
            self.subjects.insert(key, subject);
        }
    }

    /// A hook goes to its instance if that is DRAINING; otherwise the instance is still to be found.
    fn waiting(&mut self, answer: Result<Vec<(InstanceId, HookAction)>, Failure>) {
        for (instance, action) in self.take(answer).unwrap_or_default() {
            match self
                .subjects
                .values_mut()
                .find(|subject| subject.key.instance == instance)
            {
                Some(subject) => subject.hook = Hook::Waiting(action),
                None => drop(self.waiting.insert(instance, action)),
            }
        }
    }

    /// What is known of the hook for which a record was written.
    fn hook_for(
        &mut self,
        instance: &InstanceId,
        record: Option<&Record>,
        states: &Option<HashMap<InstanceId, ScalingInstance>>,
    ) -> Hook {
        if let Some(action) = self.waiting.remove(instance) {
            return Hook::Waiting(action);
        }
        let announced = self
            .subjects
            .values()
            .find(|subject| subject.key.instance == *instance);
        if let Some(Hook::Waiting(action)) = announced.map(|subject| &subject.hook) {
            return Hook::Waiting(action.clone());
        }
        match (record.and_then(|record| record.lifecycle.as_ref()), states) {
            (None, _) => Hook::None,
            (Some(_), None) => Hook::Unknown("Auto Scaling could not be asked".to_owned()),
            (Some(hook), Some(states)) if states.get(instance).is_some_and(ScalingInstance::is_leaving) => {
                Hook::Waiting(action_of(hook))
            }
            (Some(_), Some(_)) => Hook::Over,
        }
    }
}

/// The wait that a record tells of.
fn action_of(hook: &Lifecycle) -> HookAction {
    HookAction {
        group: hook.auto_scaling_group_name.clone(),
        hook: hook.lifecycle_hook_name.clone(),
        token: hook.lifecycle_action_token.clone(),
        heartbeat_seconds: hook.heartbeat_seconds,
        since: hook.heartbeat_at,
    }
}
