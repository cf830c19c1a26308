//! What the checks that look deeper read, of IAM and EC2.

use crate::account::Account;
use protector_core::ids::{ClusterName, InstanceId, InstanceKey};
use protector_core::record::{DEFAULT_PREFIX, ParameterPrefix};
use protector_diagnosis::doctor::reads::{ClusterReads, DaemonReads};
use protector_diagnosis::doctor::role::{Role, RoleAnswers, RoleQuestions};
use protector_diagnosis::doctor::{CheckId, Selection};
use protector_diagnosis::read::Reading;
use protector_diagnosis::seen::DefinedContainer;
use std::collections::{BTreeMap, BTreeSet};

/// In the place of an instance, where none is known.
const ANY_INSTANCE: &str = "i-0123456789abcdef0";

/// What was asked before: several daemons may have one role.
#[derive(Debug, Default)]
pub(super) struct RoleCache(Vec<(RoleQuestions, Reading<RoleAnswers>)>);

/// Reads what the checks need of a cluster whose daemons are known. `sidecar` is the name of its container.
pub(super) async fn read(
    account: &Account,
    wanted: &Selection,
    sidecar: &str,
    cluster: &mut ClusterReads,
    asked: &mut RoleCache,
) {
    let hosts = hosts(cluster);
    let Some(Ok(daemons)) = &mut cluster.daemons else {
        return;
    };
    let mut instances: BTreeSet<InstanceId> = BTreeSet::new();
    for daemon in daemons {
        let Some(container) = container(daemon, sidecar) else {
            continue;
        };
        let on = instances_of(daemon, &hosts);
        if wanted.wants(CheckId::Policy) {
            let instance = on.iter().chain(hosts.values()).next().cloned();
            let questions = questions(account, daemon, container, &cluster.name, instance);
            daemon.role = match questions {
                Some(questions) => Some(asked.answers(account, questions).await),
                None => None,
            };
        }
        instances.extend(on);
    }
    if wanted.wants(CheckId::HopLimit) {
        let instances: Vec<InstanceId> = instances.into_iter().collect();
        cluster.metadata = Some(account.metadata_options(&instances).await);
    }
}

impl RoleCache {
    async fn answers(&mut self, account: &Account, questions: RoleQuestions) -> Reading<RoleAnswers> {
        if let Some((_, read)) = self.0.iter().find(|(asked, _)| *asked == questions) {
            return read.clone();
        }
        let read = account.simulated(questions.clone()).await;
        self.0.push((questions, read.clone()));
        read
    }
}

/// The EC2 instance of each registration, by its ARN.
fn hosts(cluster: &ClusterReads) -> BTreeMap<String, InstanceId> {
    let hosts = cluster.hosts.iter().flatten();
    hosts
        .map(|host| (host.machine.arn.to_string(), host.machine.instance.clone()))
        .collect()
}

fn container<'a>(daemon: &'a DaemonReads, sidecar: &str) -> Option<&'a DefinedContainer> {
    let definition = daemon.definition.as_ref().ok()?;
    definition.containers.iter().find(|one| one.name == sidecar)
}

/// The instances on which tasks of the daemon run.
fn instances_of(daemon: &DaemonReads, hosts: &BTreeMap<String, InstanceId>) -> BTreeSet<InstanceId> {
    let tasks = daemon.running();
    let on = tasks.filter_map(|task| hosts.get(task.container_instance.as_ref()?.as_str()));
    on.cloned().collect()
}

/// What is asked about a daemon's task role: with the sidecar's own settings, for a role that is fine for another prefix
/// is no help to it. None if there is no role, or if a setting is none.
fn questions(
    account: &Account,
    daemon: &DaemonReads,
    sidecar: &DefinedContainer,
    cluster: &ClusterName,
    instance: Option<InstanceId>,
) -> Option<RoleQuestions> {
    let role = Role::parse(daemon.definition.as_ref().ok()?.task_role.as_deref()?)?;
    let setting = |name: &str| sidecar.environment.get(name).map(String::as_str);
    let prefix: ParameterPrefix = setting("PROTECTOR_PARAMETER_PREFIX")
        .unwrap_or(DEFAULT_PREFIX)
        .parse()
        .ok()?;
    let key = InstanceKey {
        cluster: match setting("PROTECTOR_CLUSTER") {
            Some(name) => ClusterName::from_name_or_arn(name).ok()?,
            None => cluster.clone(),
        },
        instance: instance.or_else(|| ANY_INSTANCE.parse().ok())?,
    };
    Some(RoleQuestions::new(role, &account.region, &prefix, &key))
}
