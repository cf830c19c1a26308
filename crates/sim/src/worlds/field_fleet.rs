//! Fleets: what breaks first when many machines drain at once, by number.

use super::KnownFault;
use super::build::{HOOK_EVENT, lose, set, stops_in};
use crate::judge::Rule;
use crate::plain::{HOOK, LOGS, MESH, daemon, fleet, hook};
use crate::scenario::{MINUTE, Ms, SECOND, Scenario};

pub(super) const FAULTS: &[KnownFault] = &[
    KnownFault {
        name: "five-at-once-wait-for-the-tick",
        what: "Five instances drain at once, and a release waits for the next tick, most of a minute.",
        why: "The environment that ran the tick believes for 90 s that what did not drain then does not drain now.",
        breaks: &[Rule::LateRelease],
        world: five_at_once,
    },
    KnownFault {
        name: "each-environment-has-its-own-pace",
        what: "With sixty drains at once Parameter Store throttles a good part of all writes.",
        why: "Each execution environment writes at the pace that the account allows for all of them.",
        breaks: &[Rule::Throttled],
        world: || fleet(1, 60),
    },
    KnownFault {
        name: "unreserved-concurrency",
        what: "With the default concurrency a hundred drains throttle one another, and events are given up.",
        why: "Every event gets an environment of its own, and none knows of the others' calls.",
        breaks: &[Rule::LateRelease],
        world: unreserved,
    },
    KnownFault {
        name: "heartbeats-of-100-steady-drains",
        what: "A hundred drains that only wait cost a heartbeat each in nearly every minute.",
        why: "A heartbeat is noted only if a write is free at that instant, and is otherwise sent again by every tick.",
        breaks: &[Rule::Budget],
        world: steady_drains,
    },
    KnownFault {
        name: "looks-cost-more-in-a-fleet",
        what: "A drain among a hundred costs several times the calls of one alone.",
        why: "Each event of an instance is a full observation of four calls, and whatever was throttled is looked at again.",
        breaks: &[Rule::LateRelease],
        world: || fleet(1, 100),
    },
    KnownFault {
        name: "the-tick-waits-behind-events",
        what: "With one environment the tick comes so late that hooks run out before a heartbeat is sent.",
        why: "The tick stands in the same line as the events of the drains.",
        breaks: &[Rule::LateRelease],
        world: tick_waits,
    },
    KnownFault {
        name: "hundreds-of-sidecars-read-too-often",
        what: "Seven hundred sidecars read more often than Parameter Store allows.",
        why: "Early records ask for a reading each second and are corrected last, and the longest interval is 30 s.",
        breaks: &[Rule::Throttled],
        world: many_sidecars,
    },
    KnownFault {
        name: "no-heartbeat-before-the-first-record",
        what: "Hooks whose events were lost run out while they wait for their first record.",
        why: "Instances without a record are looked up all at once, and a heartbeat comes only after a look that succeeds.",
        breaks: &[Rule::RunsFail],
        world: no_first_record,
    },
];

/// The race depends on latencies; with this seed the tick comes between a drain's beginning and its last task's end.
fn five_at_once() -> Scenario {
    let mut scenario = fleet(2, 5);
    set(&mut scenario, "LINGER", "0s");
    // In this run an event comes too late for its release.
    scenario.seed = 7;
    scenario
}

fn unreserved() -> Scenario {
    let mut scenario = fleet(1, 100);
    scenario.function.environments = 1000;
    scenario
}

fn steady_drains() -> Scenario {
    let mut scenario = fleet(1, 100);
    for host in &mut scenario.hosts {
        host.tasks = vec![stops_in(20 * MINUTE)];
    }
    scenario
}

fn tick_waits() -> Scenario {
    let mut scenario = fleet(1, 150);
    scenario.function.environments = 1;
    scenario.groups[0].hooks = vec![hook(HOOK, 2 * MINUTE)];
    scenario
}

fn many_sidecars() -> Scenario {
    let mut scenario = fleet(1, 250);
    for host in &mut scenario.hosts {
        host.tasks = vec![stops_in(5 * MINUTE)];
        host.daemons = vec![daemon(LOGS), daemon(MESH), daemon(MESH)];
    }
    scenario
}

fn no_first_record() -> Scenario {
    let mut scenario = fleet(1, 200);
    for host in &mut scenario.hosts {
        host.tasks = vec![stops_in(5 * MINUTE)];
    }
    scenario.groups[0].hooks = vec![hook(HOOK, 2 * MINUTE)];
    scenario.faults = vec![lose(HOOK_EVENT, 0, Ms::MAX)];
    scenario.function.first_tick = 20 * SECOND;
    scenario
}
