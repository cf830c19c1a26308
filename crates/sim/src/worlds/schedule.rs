//! The schedule: what a tick does first, and what comes too late for that.

use super::KnownFault;
use super::build::{
    HOOK_EVENT, START, TASK_EVENT, heartbeat, lose, machines, one_by_one, released_record, scaled_in,
    stops_in, trouble,
};
use crate::judge::Rule;
use crate::plain::{CLUSTER, step};
use crate::scenario::{CallerKind, HOUR, MINUTE, SECOND, Scenario, Trouble, What};

pub(super) const FAULTS: &[KnownFault] = &[
    KnownFault {
        name: "tick-behind-receipts",
        what: "Many drains end at once, and the hook of another one runs out with its tasks alive.",
        why: "The tick looks at ended drains first, and their receipts wait for writes while they hold its permits.",
        breaks: &[Rule::RunsFail],
        world: behind_receipts,
    },
    KnownFault {
        name: "adopt-200-without-events",
        what: "The events of many hooks are lost, and their instances are let go with tasks alive.",
        why: "The tick finds and holds them as fast as records can be written, and heartbeats them no sooner.",
        breaks: &[Rule::RunsFail],
        world: adopt,
    },
    KnownFault {
        name: "heartbeats-in-one-burst",
        what: "In a fleet that drains instance by instance, a hook runs out that was held well all the time.",
        why: "All heartbeats that a tick finds due are sent at once, and those that Auto Scaling throttles are given up.",
        breaks: &[Rule::Throttled],
        world: burst,
    },
    KnownFault {
        name: "fresh-environment-600",
        what: "Lambda replaces the function in a large drain, and hooks run out that were held well before.",
        why: "A new environment gives each drain a full observation before its heartbeat, in the order of their ids.",
        breaks: &[Rule::Throttled, Rule::RunsFail],
        world: fresh,
    },
    KnownFault {
        name: "tick-behind-deletions",
        what: "Hundreds of old records become due for deletion, and a release waits for minutes.",
        why: "The tick deletes before anything else, one call after the other, at the pace of a small quota.",
        breaks: &[Rule::LateRelease],
        world: behind_deletions,
    },
    KnownFault {
        name: "failed-ticks-pile-up",
        what: "While AWS is slow three ticks run each minute, at the same time and with three times the calls.",
        why: "A tick that fails for one throttled call is tried again by Lambda, a minute later and two.",
        breaks: &[Rule::TicksOverlap],
        world: pile_up,
    },
];

/// Records of machines that are gone, drained and released at that time.
fn gone(scenario: &mut Scenario, count: u32, at: i64, over: bool) {
    for number in 1..=count {
        let machine = format!("i-{:017x}", 0x10_0000 + number);
        let name = format!("/ecs-daemon-protector/{CLUSTER}/{machine}");
        let text = released_record(CLUSTER, &machine, at, over);
        scenario.parameters.push((name, text));
    }
}

fn behind_receipts() -> Scenario {
    let mut scenario = scaled_in(&[stops_in(20 * MINUTE)]);
    // Of a burst of four writes AWS throttles one. Whether its retries are throttled too is drawn.
    scenario.seed = 2;
    heartbeat(&mut scenario, 2 * MINUTE);
    gone(&mut scenario, 300, -30_000, false);
    // The run of the hook's event is over before the tick, and in another environment.
    scenario.steps.push(step(19 * SECOND, What::Recycle));
    scenario
}

fn adopt() -> Scenario {
    let mut scenario = machines(200, &[stops_in(20 * MINUTE)]);
    heartbeat(&mut scenario, 2 * MINUTE);
    one_by_one(&mut scenario, 20, What::ScaleIn);
    scenario.faults = vec![lose(HOOK_EVENT, 0, HOUR)];
    scenario.limit = 5 * MINUTE;
    scenario
}

fn burst() -> Scenario {
    let mut scenario = machines(400, &[stops_in(HOUR)]);
    heartbeat(&mut scenario, 3 * MINUTE);
    scenario.function.environments = 1;
    // Which heartbeat comes last is random.
    scenario.seed = 13;
    one_by_one(&mut scenario, 1500, What::ScaleIn);
    scenario.limit = 9 * MINUTE;
    scenario
}

fn fresh() -> Scenario {
    let mut scenario = machines(600, &[stops_in(HOUR)]);
    heartbeat(&mut scenario, 3 * MINUTE);
    // Auto Scaling must not be the cause of late heartbeats.
    scenario.aws.scaling_percent = 500;
    scenario.function.environments = 1;
    // Which heartbeat comes last is random.
    scenario.seed = 13;
    one_by_one(&mut scenario, 2 * SECOND, What::ScaleIn);
    scenario.steps.push(step(12 * MINUTE, What::Recycle));
    scenario.limit = 15 * MINUTE;
    scenario
}

fn behind_deletions() -> Scenario {
    let mut scenario = scaled_in(&[stops_in(130 * SECOND)]);
    // Half of the quotas: ten records a second can be deleted. They are ten minutes old at second 185.
    scenario.aws.quota_percent = 50;
    gone(&mut scenario, 600, -415_000, true);
    scenario.faults = vec![lose(TASK_EVENT, START, HOUR)];
    scenario
}

fn pile_up() -> Scenario {
    let mut scenario = scaled_in(&[stops_in(10 * MINUTE)]);
    let throttle = Trouble::Throttle {
        of: Some("DescribeAutoScalingGroups".to_owned()),
        by: Some(CallerKind::Coordinator),
    };
    scenario.faults = vec![trouble(throttle, u32::MAX, MINUTE, 6 * MINUTE)];
    scenario
}
