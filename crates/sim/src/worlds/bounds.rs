//! Bounds: deadlines, time-outs and graces that must fit together.

use super::KnownFault;
use super::build::{
    HOOK_EVENT, START, flushes_in, heartbeat, hook, job_until, lose, machines, scaled_in, set, set_sidecar,
    stops_in, throttle, trouble,
};
use crate::judge::Rule;
use crate::plain::{LOGS, MESH, step};
use crate::scenario::{DaemonStop, HOUR, MINUTE, Ms, SECOND, Scenario, Service, TaskSpec, Trouble, What};

pub(super) const FAULTS: &[KnownFault] = &[
    KnownFault {
        name: "spot-with-tiers",
        what: "At a Spot notice the log router of the last tier is killed with its machine, and the receipt hides it.",
        why: "The release of the first tier moves the deadline beyond the end of the machine.",
        breaks: &[Rule::NeverNotified, Rule::FalseEvidence],
        world: spot_with_tiers,
    },
    KnownFault {
        name: "default-bounds-collide",
        what: "With every default, a drain that reaches its deadline ends because its sidecars give up.",
        why: "The longest drain and the longest hold of a sidecar are both one hour.",
        breaks: &[Rule::GaveUp],
        world: || default_bounds(&[]),
    },
    KnownFault {
        name: "default-bounds-collide-with-tiers",
        what: "With tiers and every default, the daemons of all tiers go in the same second at the deadline.",
        why: "No sidecar's longest hold leaves room for the flush of the tiers after the deadline.",
        breaks: &[Rule::GaveUp],
        world: || default_bounds(&["mesh | logs"]),
    },
    KnownFault {
        name: "longest-hold-of-the-examples-with-tiers",
        what: "With the hold of the examples, 63 minutes then, the sidecars of the last tier give up at the deadline.",
        why: "Two tiers get four minutes after the deadline, and the sidecars hold for three.",
        breaks: &[Rule::GaveUp],
        world: hold_of_the_examples,
    },
    KnownFault {
        name: "flush-longer-than-the-hook",
        what: "A flush that is longer than the hook can wait makes the daemons go before the tasks at once.",
        why: "The deadline is the hook's limit less the flush, which is the moment at which the drain begins.",
        breaks: &[Rule::DaemonBeforeTask],
        world: flush_longer_than_the_hook,
    },
    KnownFault {
        name: "throttled-hook-description",
        what: "One throttled call at the start makes a drain that was to hold for days end after some hours.",
        why: "A heartbeat time-out of 120 s is assumed, and kept in the record for the whole drain.",
        breaks: &[Rule::LetGoWithTasks],
        world: throttled_hook_description,
    },
    KnownFault {
        name: "new-hook-counts-as-short",
        what: "A drain at a hook that is some minutes old ends after some hours, although it was to hold for days.",
        why: "The hooks of a group are believed for ten minutes, and an unknown one is given 120 s.",
        breaks: &[Rule::LetGoWithTasks],
        world: new_hook_counts_as_short,
    },
    KnownFault {
        name: "new-hook-is-not-found",
        what: "The event of a hook that is some minutes old is lost, and the hook runs out with its tasks.",
        why: "The hooks of a group are believed for ten minutes, and no tick looks for others.",
        breaks: &[Rule::HookRanOut, Rule::LateHold],
        world: new_hook_is_not_found,
    },
    KnownFault {
        name: "hook-put-again-in-a-drain",
        what: "A hook is given a shorter time-out in the middle of a drain, and runs out between two heartbeats.",
        why: "The record keeps the time-out that the hook had when the drain began.",
        breaks: &[Rule::HookRanOut],
        world: hook_replaced,
    },
    KnownFault {
        name: "writes-refused",
        what: "Parameter Store takes no write, and a hook is kept alive long after the longest drain.",
        why: "A drain begins with its record, so without one each look begins it again.",
        breaks: &[Rule::HeldTooLong],
        world: writes_refused,
    },
    KnownFault {
        name: "release-refused",
        what: "Parameter Store takes no write after the hold, and the hook is kept long after its sidecars have left.",
        why: "A release waits until it can be written, and the hook waits for the release.",
        breaks: &[Rule::HeldTooLong],
        world: || release_refused(&[]),
    },
    KnownFault {
        name: "release-refused-with-tiers",
        what: "The same happens with tiers, and the first of them begins again in each run.",
        why: "A release waits until it can be written, and the hook waits for the release of the last tier.",
        breaks: &[Rule::HeldTooLong],
        world: || release_refused(&["mesh | logs"]),
    },
    KnownFault {
        name: "braces-in-a-task-group",
        what: "A task whose group holds {{ is running, and its instance is neither held nor let go.",
        why: "Parameter Store refuses {{ in a value, and the record names groups as they are.",
        breaks: &[Rule::HeldTooLong, Rule::LateHold],
        world: braces_in_a_group,
    },
    KnownFault {
        name: "braces-in-an-order",
        what: "An operator's release is refused because its reason holds {{.",
        why: "Parameter Store refuses {{ in a value, and the record keeps the reason as it is.",
        breaks: &[Rule::OrderLost],
        world: braces_in_an_order,
    },
    KnownFault {
        name: "long-record-forgets-who-may-go",
        what: "On a machine with many kinds of tasks the first tier is not released before the last.",
        why: "A record above 4 KB loses the services that may go before the groups that were waited for.",
        breaks: &[Rule::TierOrder],
        world: long_record,
    },
];

fn spot_with_tiers() -> Scenario {
    let mut scenario = machines(1, &[stops_in(20 * SECOND), job_until(HOUR)]);
    set(&mut scenario, "DAEMON_TIERS", "mesh | logs");
    scenario.hosts[0].daemons = vec![flushes_in(MESH, 90 * SECOND), flushes_in(LOGS, 5 * SECOND)];
    scenario.steps = vec![step(START, What::SpotNotice(0))];
    scenario
}

fn default_bounds(tiers: &[&str]) -> Scenario {
    let mut scenario = scaled_in(&[stops_in(5 * SECOND), job_until(3 * HOUR)]);
    scenario.sidecar.clear();
    scenario.hosts[0].daemons = vec![flushes_in(LOGS, 5 * SECOND)];
    for tiers in tiers {
        set(&mut scenario, "DAEMON_TIERS", tiers);
        scenario.hosts[0].daemons.push(flushes_in(MESH, 110 * SECOND));
    }
    scenario
}

/// `PROTECTOR_MAX_HOLD` and `stopTimeout` of the sidecar in `examples/`.
const EXAMPLES_HOLD: &str = "2h";
const EXAMPLES_STOP_TIMEOUT: Ms = 7500 * SECOND;

fn hold_of_the_examples() -> Scenario {
    let mut scenario = default_bounds(&["mesh | logs"]);
    set_sidecar(&mut scenario, "MAX_HOLD", EXAMPLES_HOLD);
    scenario.hosts[0].daemons[0].sidecar_stop_timeout = EXAMPLES_STOP_TIMEOUT;
    scenario.hosts[0].daemons[1].sidecar_stop_timeout = EXAMPLES_STOP_TIMEOUT;
    // A daemon of the first tier hangs, and ticks come a moment too early for the deadline and for the second tier.
    scenario.hosts[0].daemons[1].flush = 10 * MINUTE;
    scenario.hosts[0].daemons[1].stop_timeout = 10 * MINUTE;
    scenario.function.first_tick = 9_900;
    scenario
}

fn flush_longer_than_the_hook() -> Scenario {
    let mut scenario = scaled_in(&[stops_in(10 * MINUTE)]);
    heartbeat(&mut scenario, 2 * MINUTE);
    set(&mut scenario, "DAEMON_STOP", "200m");
    scenario
}

/// A task that no one stops, and a setting by which it holds for as long as its hook can wait.
fn holds_indefinitely() -> Scenario {
    let endless = TaskSpec {
        stays: true,
        ..stops_in(SECOND)
    };
    let mut scenario = scaled_in(&[endless]);
    heartbeat(&mut scenario, HOUR);
    set(&mut scenario, "ON_DEADLINE", "hold");
    set_sidecar(&mut scenario, "MAX_HOLD", "48h");
    scenario.hosts[0].daemons[0].sidecar_stop_timeout = 60 * HOUR;
    scenario.aws.daemon_stop = DaemonStop::AtOnce;
    scenario.limit = 5 * HOUR;
    scenario
}

fn throttled_hook_description() -> Scenario {
    let mut scenario = holds_indefinitely();
    // As often as the SDK tries one call.
    scenario.faults = vec![trouble(throttle("DescribeLifecycleHooks"), 3, 0, MINUTE)];
    scenario
}

/// The group has no hook of ours when the first tick asks, and a minute later it has this one.
fn with_a_new_hook(mut scenario: Scenario, timeout: Ms) -> Scenario {
    scenario.groups[0].hooks = Vec::new();
    let hook = hook(timeout);
    scenario.steps = vec![
        step(MINUTE, What::AddHook { group: 0, hook }),
        step(2 * MINUTE, What::ScaleIn(0)),
    ];
    scenario
}

fn new_hook_counts_as_short() -> Scenario {
    with_a_new_hook(holds_indefinitely(), HOUR)
}

fn new_hook_is_not_found() -> Scenario {
    let mut scenario = with_a_new_hook(scaled_in(&[stops_in(10 * MINUTE)]), 7 * MINUTE);
    scenario.faults = vec![lose(HOOK_EVENT, 0, HOUR)];
    scenario
}

fn hook_replaced() -> Scenario {
    let mut scenario = scaled_in(&[stops_in(30 * MINUTE)]);
    let put = What::PutHook {
        group: 0,
        hook: 0,
        heartbeat: 2 * MINUTE,
    };
    scenario.steps.push(step(MINUTE, put));
    scenario
}

fn writes_refused() -> Scenario {
    let mut scenario = scaled_in(&[stops_in(20 * SECOND)]);
    set(&mut scenario, "MAX_DRAIN", "5m");
    scenario.faults = vec![trouble(Trouble::RefuseWrites, u32::MAX, 0, 10 * HOUR)];
    // A tick that fails and comes again is another fault.
    scenario.function.retries = 0;
    scenario.limit = HOUR;
    scenario
}

/// The hold is written within seconds, and nothing after that.
fn release_refused(tiers: &[&str]) -> Scenario {
    let mut scenario = scaled_in(&[job_until(2 * HOUR)]);
    set(&mut scenario, "MAX_DRAIN", "10m");
    scenario.hosts[0].daemons = vec![flushes_in(LOGS, 5 * SECOND)];
    for tiers in tiers {
        set(&mut scenario, "DAEMON_TIERS", tiers);
        scenario.hosts[0].daemons.push(flushes_in(MESH, 5 * SECOND));
    }
    scenario.faults = vec![trouble(Trouble::RefuseWrites, u32::MAX, MINUTE, 10 * HOUR)];
    scenario.limit = 2 * HOUR;
    scenario
}

/// A template whose placeholder was not replaced.
const BRACES: &str = "{{ dag_id }}";

fn braces_in_a_group() -> Scenario {
    let task = TaskSpec {
        group: Some(BRACES.to_owned()),
        ..job_until(4 * MINUTE)
    };
    let mut scenario = scaled_in(&[task, stops_in(HOUR)]);
    set(&mut scenario, "MAX_DRAIN", "10m");
    // The group of a task that has ended is not named any more; this one outlives the drain.
    scenario.hosts[0].tasks[0].ends = Some(2 * HOUR);
    scenario.limit = HOUR;
    scenario
}

fn braces_in_an_order() -> Scenario {
    let mut scenario = scaled_in(&[stops_in(10 * MINUTE)]);
    let order = What::Order {
        host: 0,
        command: "release".to_owned(),
        by: None,
        why: format!("see {BRACES}"),
    };
    scenario.steps.push(step(2 * MINUTE, order));
    scenario
}

fn long_record() -> Scenario {
    let job = |number: usize| TaskSpec {
        group: Some(format!("family:payment-gateway-notification-worker-{number:02}")),
        ..job_until(MINUTE + 36 * SECOND * number as Ms)
    };
    // A write names five groups, and comes every three minutes: in time all of the forty are named.
    let jobs: Vec<TaskSpec> = (0..40).map(job).collect();
    let mut scenario = scaled_in(&jobs);
    // At the deadline five groups are still named, and the record is as full as it can be.
    set(&mut scenario, "MAX_DRAIN", "22m");
    let scanner = "vulnerability-scanner-of-the-security-team";
    scenario.services.push(Service {
        name: scanner.to_owned(),
        daemon: true,
    });
    set(&mut scenario, "DAEMON_TIERS", &format!("mesh, {scanner} | logs"));
    scenario.hosts[0].daemons = vec![
        flushes_in(MESH, 30 * SECOND),
        flushes_in(LOGS, 5 * SECOND),
        flushes_in(MESH + 1, 30 * SECOND),
    ];
    scenario
}
