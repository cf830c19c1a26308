//! Which tasks hold, by the rules of the coordinator.
//!
//! Of its settings a person's tool knows those that the beacon has. `IGNORE_GROUPS`, `STANDALONE_TASKS` and
//! `SIDECAR_CONTAINER` are not among them and count as not set, so a task may be taken for one that holds and is not; the
//! record's count shows that.

use protector_core::aws::Scheduling;
use protector_core::beacon::Beacon;
use protector_core::holding::{Free, Judgement, judge};
use protector_core::ids::ServiceName;
use protector_core::observation::{Container, Task, execution_end};
use protector_core::policy::Policy;
use protector_core::settings::coordinator::CoordinatorSettings;

use super::reads::InstanceReads;
use crate::seen::SeenTask;

/// The coordinator's settings, as far as its beacon has them; the others are the defaults.
pub(super) fn policy(beacon: Option<&Beacon>) -> Option<Policy> {
    let default = CoordinatorSettings::read(&|_| None, []).ok()?.policy;
    let Some(beacon) = beacon else {
        return Some(default);
    };
    Some(Policy {
        max_drain: beacon.max_drain,
        daemon_stop: beacon.daemon_stop,
        agent_lost: beacon.agent_lost,
        tiers: tiers(beacon).unwrap_or_default(),
        ..default
    })
}

/// The order of the daemons as the setting writes it.
fn tiers(beacon: &Beacon) -> Option<protector_core::tiers::Tiers> {
    let tiers = beacon.tiers.as_ref()?.iter();
    let written: Vec<String> = tiers
        .map(|tier| tier.iter().map(ServiceName::as_str).collect::<Vec<_>>().join(","))
        .collect();
    written.join("|").parse().ok()
}

/// The tasks of an instance, sorted by what they mean for its drain.
pub(super) struct Sorted<'a> {
    /// Tasks that hold.
    pub(super) holding: Vec<&'a SeenTask>,
    /// Daemon and protected tasks that have not ended.
    pub(super) daemons: Vec<&'a SeenTask>,
}

pub(super) fn sorted<'a>(tasks: &'a [SeenTask], reads: &InstanceReads, policy: &Policy) -> Sorted<'a> {
    let mut sorted = Sorted {
        holding: Vec::new(),
        daemons: Vec::new(),
    };
    for task in tasks {
        match judge(&as_observed(task, reads), policy) {
            Judgement::Holds(_) => sorted.holding.push(task),
            Judgement::Free(Free::Daemon | Free::Protected) => sorted.daemons.push(task),
            Judgement::Free(_) => {}
        }
    }
    sorted
}

/// How a task is scheduled; not known if its service could not be read, or if it has no group.
fn scheduling(task: &SeenTask, reads: &InstanceReads) -> Scheduling {
    match (&task.group, task.service()) {
        (_, Some(name)) => match reads.services.get(name) {
            Some(Ok(service)) => service.scheduling,
            Some(Err(_)) | None => Scheduling::Unknown,
        },
        (Some(_), None) => Scheduling::Standalone,
        (None, None) => Scheduling::Unknown,
    }
}

/// A task as the coordinator would see it.
fn as_observed(task: &SeenTask, reads: &InstanceReads) -> Task {
    let containers = task.containers.iter().filter_map(|container| {
        let name = container.name.parse().ok()?;
        Some(Container::named(name))
    });
    let protected_until = reads.protections.as_ref().ok().and_then(|all| all.get(&task.arn));
    Task {
        arn: task.arn.clone(),
        group: task.group.clone(),
        last_status: task.last_status.clone(),
        stopping: task.stopping,
        agent_connected: task.connected.unwrap_or(true),
        scheduling: scheduling(task, reads),
        containers: containers.collect(),
        unprotected_before: None,
        execution_stopped_at: execution_end(task.execution_stopped_at, task.containers.len()),
        stopped_at: task.stopped_at,
        protected_until: protected_until.copied().flatten(),
    }
}
