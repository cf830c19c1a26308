//! Many at once: quotas that all callers share, and their effect on holds, readings and releases.

use super::KnownFault;
use super::build::{heartbeat, machines, one_by_one, stops_in};
use crate::judge::Rule;
use crate::scenario::{FunctionSpec, HOUR, MINUTE, Ms, SECOND, Scenario, What};

pub(super) const FAULTS: &[KnownFault] = &[
    KnownFault {
        name: "many-at-once",
        what: "A hundred and fifty instances go in one minute; runs fail, calls are throttled, and releases come late.",
        why: "Each execution environment paces its own writes and looks, and forty of them share one quota.",
        breaks: &[Rule::Throttled, Rule::RunsFail, Rule::LateRelease],
        world: || many(150, 40, 5 * MINUTE),
    },
    KnownFault {
        name: "many-at-once-on-two-environments",
        what: "The same fleet on two environments; ticks fail, and a tenth of all calls is throttled.",
        why: "Two environments write faster than is allowed, and a tick waits behind the events of all hooks.",
        breaks: &[Rule::Throttled, Rule::RunsFail],
        world: || many(150, 2, 5 * MINUTE),
    },
    KnownFault {
        name: "many-at-once-on-ten-environments",
        what: "Two hundred instances go in one minute on the recommended ten environments; releases come minutes late.",
        why: "Ten environments write twenty times a second where three are allowed, and events are given up.",
        breaks: &[Rule::LateRelease, Rule::Throttled, Rule::RunsFail],
        world: || many(200, 10, 3 * MINUTE),
    },
    KnownFault {
        name: "hooks-run-out-on-ten-environments",
        what: "Instances with long tasks go in one minute on ten environments, and hooks run out.",
        why: "Looks, readings and heartbeats of ten environments are throttled together, and none goes first.",
        breaks: &[Rule::Throttled],
        world: held,
    },
];

/// So many instances are scaled in within a minute.
fn many(hosts: usize, environments: usize, timeout: Ms) -> Scenario {
    let mut scenario = machines(
        hosts,
        &[stops_in(90 * SECOND), stops_in(2 * MINUTE), stops_in(3 * MINUTE)],
    );
    for (index, host) in scenario.hosts.iter_mut().enumerate() {
        host.tasks[2].stop += SECOND * (index as Ms % 60);
    }
    heartbeat(&mut scenario, timeout);
    scenario.function = FunctionSpec {
        environments,
        ..FunctionSpec::default()
    };
    one_by_one(&mut scenario, MINUTE / hosts as Ms, What::ScaleIn);
    scenario.limit = 20 * MINUTE;
    scenario
}

fn held() -> Scenario {
    let mut scenario = many(300, 10, 2 * MINUTE);
    for host in &mut scenario.hosts {
        host.tasks = vec![stops_in(HOUR)];
    }
    scenario.limit = 6 * MINUTE;
    scenario
}
