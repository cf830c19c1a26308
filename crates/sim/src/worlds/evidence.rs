//! Evidence: what is taken for knowledge, and what receipts say of it.

use super::KnownFault;
use super::build::{START, scaled_in, stops_in, trouble};
use crate::judge::Rule;
use crate::plain::{LOGS, WEB, plain, step};
use crate::scenario::{HOUR, MINUTE, SECOND, Scenario, TaskSpec, Trouble, What};

pub(super) const FAULTS: &[KnownFault] = &[
    KnownFault {
        name: "two-flaps-of-an-agent",
        what: "An agent reconnects twice within a quarter of an hour, and its daemons go before its tasks.",
        why: "Two looks that see it away count as all the time between them, although none was made in between.",
        breaks: &[Rule::FalseZero, Rule::DaemonBeforeTask],
        world: two_flaps,
    },
    KnownFault {
        name: "unprotected-daemon-unseen",
        what: "A sidecar is killed in the middle of a drain, its daemon goes before the tasks, and the receipt says drained.",
        why: "Each look sees that no daemon is left, and nothing of that reaches the record or its receipt.",
        breaks: &[Rule::FalseEvidence],
        world: sidecar_killed,
    },
    KnownFault {
        name: "service-made-again-as-a-daemon",
        what: "A service is created again as a DAEMON service, and the old tasks of that name do not hold any more.",
        why: "How a task is scheduled is asked of the service that has its name now.",
        breaks: &[Rule::FalseZero],
        world: service_recreated,
    },
    KnownFault {
        name: "task-with-the-group-of-a-daemon",
        what: "A standalone task whose group is that of a daemon service does not hold its instance.",
        why: "A task's group is free text, and is believed; ECS does not document that it refuses that prefix.",
        breaks: &[Rule::FalseZero],
        world: group_of_a_daemon,
    },
];

fn two_flaps() -> Scenario {
    let mut scenario = scaled_in(&[stops_in(HOUR), stops_in(HOUR)]);
    scenario.steps.extend([
        step(75 * SECOND, What::AgentDown(0)),
        step(90 * SECOND, What::AgentUp(0)),
        step(795 * SECOND, What::AgentDown(0)),
        step(810 * SECOND, What::AgentUp(0)),
    ]);
    // The tick of second 80 sees the first flap, that of second 800 the second one; those between do not come.
    scenario.faults = vec![trouble(Trouble::LoseTicks, 11, 100 * SECOND, 790 * SECOND)];
    scenario
}

fn sidecar_killed() -> Scenario {
    let mut scenario = scaled_in(&[stops_in(5 * MINUTE), stops_in(5 * MINUTE)]);
    scenario
        .steps
        .push(step(MINUTE, What::KillSidecar { host: 0, daemon: 0 }));
    scenario
}

fn service_recreated() -> Scenario {
    let mut scenario = scaled_in(&[stops_in(5 * MINUTE), stops_in(5 * MINUTE)]);
    // A new environment remembers nothing of the old service.
    scenario.steps.extend([
        step(START + MINUTE, What::RemakeService(WEB)),
        step(START + 65 * SECOND, What::Recycle),
    ]);
    scenario
}

fn group_of_a_daemon() -> Scenario {
    let name = &plain(0).services[LOGS].name;
    scaled_in(&[TaskSpec {
        service: None,
        group: Some(format!("service:{name}")),
        ends: Some(5 * MINUTE),
        ..TaskSpec::default()
    }])
}
