//! Neighbours: the effect on others if something cannot be done for one instance or task.

use super::KnownFault;
use super::build::{
    INSTANCE_EVENT, START, job_until, lose, machine, machines, scaled_in, set, set_sidecar, stops_in,
};
use crate::judge::Rule;
use crate::plain::{CLUSTER, step};
use crate::scenario::{Cluster, HOUR, Kind, MINUTE, SECOND, Scenario, TaskSpec, What};

pub(super) const FAULTS: &[KnownFault] = &[
    KnownFault {
        name: "external-instance-blinds-the-tick",
        what: "One ECS Anywhere machine is DRAINING, and drains whose events are lost are never taken up.",
        why: "One container instance whose id is no EC2 id makes the description of all of them fail.",
        breaks: &[Rule::RunsFail, Rule::LateHold],
        world: external_instance,
    },
    KnownFault {
        name: "one-refused-stop-keeps-the-others",
        what: "One task may not be stopped, and others of its machine are never asked to stop.",
        why: "The first action that fails ends a plan, and each look begins with the same task.",
        breaks: &[Rule::NotStopped],
        world: refused_stop,
    },
    KnownFault {
        name: "deleted-cluster-keeps-instances-indefinitely",
        what: "A cluster of the settings was deleted, and an instance that is in none is kept to the hook's limit.",
        why: "That a cluster is gone counts as not known, so it is never known that the instance is in none.",
        breaks: &[Rule::HeldTooLong, Rule::RunsFail],
        world: deleted_cluster,
    },
];

fn external_instance() -> Scenario {
    let mut scenario = machines(1, &[stops_in(HOUR)]);
    let mut external = machine(&[stops_in(HOUR)]);
    (external.kind, external.group) = (Kind::External, None);
    scenario.hosts.push(external);
    scenario.steps = vec![
        step(START, What::SetDraining(1)),
        step(2 * MINUTE, What::SetDraining(0)),
    ];
    scenario.faults = vec![lose(INSTANCE_EVENT, 0, HOUR)];
    // Long enough for a tick to find the drain: that it usually is not, is another fault.
    set_sidecar(&mut scenario, "UNKNOWN_GRACE", "3m");
    scenario.limit = 30 * MINUTE;
    scenario
}

fn refused_stop() -> Scenario {
    let job = |may_not_be_stopped| TaskSpec {
        may_not_be_stopped,
        ..job_until(40 * MINUTE)
    };
    let mut scenario = scaled_in(&[job(true), job(false), job(false), job(false)]);
    set(&mut scenario, "STANDALONE_TASKS", "stop");
    scenario
}

fn deleted_cluster() -> Scenario {
    let mut scenario = scaled_in(&[stops_in(20 * SECOND)]);
    scenario.hosts[0].cluster = None;
    scenario.groups[0].hooks[0].heartbeat = 2 * MINUTE;
    let name = "staging";
    scenario.clusters.push(Cluster {
        name: name.to_owned(),
        deleted: true,
    });
    set(&mut scenario, "CLUSTERS", &format!("{CLUSTER}, {name}"));
    scenario.limit = 6 * HOUR;
    scenario
}
