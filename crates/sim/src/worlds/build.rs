//! Pieces that worlds are made of.

use crate::plain::{HOOK, LOGS, WEB, daemon, plain, step};
use crate::scenario::{
    Daemon, FaultSpec, HookSpec, HostSpec, Ms, SECOND, Scenario, Step, TaskSpec, Trouble, What,
};

/// The hook's event, as EventBridge names it.
pub(super) const HOOK_EVENT: &str = "Lifecycle Action";

pub(super) const INSTANCE_EVENT: &str = "Container Instance";

pub(super) const TASK_EVENT: &str = "Task State";

/// The moment at which most drains begin.
pub(super) const START: Ms = 10 * SECOND;

/// Machines with these tasks and one daemon each, and nothing that happens.
pub(super) fn machines(count: usize, tasks: &[TaskSpec]) -> Scenario {
    let mut scenario = plain(1);
    scenario.hosts = vec![machine(tasks); count];
    scenario
}

/// One machine that the group takes away.
pub(super) fn scaled_in(tasks: &[TaskSpec]) -> Scenario {
    let mut scenario = machines(1, tasks);
    scenario.steps = vec![step(START, What::ScaleIn(0))];
    scenario
}

/// A machine with these tasks and one daemon.
pub(super) fn machine(tasks: &[TaskSpec]) -> HostSpec {
    HostSpec {
        group: Some(0),
        cluster: Some(0),
        tasks: tasks.to_vec(),
        daemons: vec![daemon(LOGS)],
        ..HostSpec::default()
    }
}

/// A task of a service that takes so long from its SIGTERM to its end.
pub(super) fn stops_in(stop: Ms) -> TaskSpec {
    TaskSpec {
        service: Some(WEB),
        stop,
        ..TaskSpec::default()
    }
}

/// A task of no service, which ends at that time and not before.
pub(super) fn job_until(ends: Ms) -> TaskSpec {
    TaskSpec {
        service: None,
        ends: Some(ends),
        ..TaskSpec::default()
    }
}

/// A task that no one stops: its service has no room to replace it.
pub(super) fn endless() -> TaskSpec {
    TaskSpec {
        stays: true,
        ..TaskSpec::default()
    }
}

/// A daemon task with our sidecar, and its flush.
pub(super) fn flushes_in(service: usize, flush: Ms) -> Daemon {
    Daemon {
        flush,
        ..daemon(service)
    }
}

/// The only hook of the only group has this time-out.
pub(super) fn heartbeat(scenario: &mut Scenario, timeout: Ms) {
    scenario.groups[0].hooks = vec![hook(timeout)];
}

/// Our hook, with another time-out.
pub(super) fn hook(timeout: Ms) -> HookSpec {
    crate::plain::hook(HOOK, timeout)
}

/// A setting of the coordinator.
pub(super) fn set(scenario: &mut Scenario, name: &str, value: &str) {
    scenario.settings.insert(name.to_owned(), value.to_owned());
}

/// A setting of the sidecars.
pub(super) fn set_sidecar(scenario: &mut Scenario, name: &str, value: &str) {
    scenario.sidecar.insert(name.to_owned(), value.to_owned());
}

/// All events of this kind are lost between the two.
pub(super) fn lose(of: &str, from: Ms, to: Ms) -> FaultSpec {
    let of = Some(of.to_owned());
    trouble(Trouble::LoseEvents { of }, u32::MAX, from, to)
}

/// Every event is lost.
pub(super) fn lose_all() -> FaultSpec {
    FaultSpec::default()
}

/// Calls of this operation are throttled, of whichever caller.
pub(super) fn throttle(of: &str) -> Trouble {
    Trouble::Throttle {
        of: Some(of.to_owned()),
        by: None,
    }
}

/// Calls of this operation take effect, and their answer is lost.
pub(super) fn lose_answer(of: &str) -> Trouble {
    Trouble::LoseAnswer {
        of: Some(of.to_owned()),
    }
}

/// Trouble that strikes every time.
pub(super) fn always(what: Trouble) -> FaultSpec {
    FaultSpec {
        what,
        ..FaultSpec::default()
    }
}

/// Trouble that strikes this many times, between the two.
pub(super) fn trouble(what: Trouble, times: u32, from: Ms, to: Ms) -> FaultSpec {
    FaultSpec {
        from,
        to,
        times,
        what,
        ..FaultSpec::default()
    }
}

/// Every machine of a fleet is taken away, one each `every`.
pub(super) fn one_by_one(scenario: &mut Scenario, every: Ms, what: fn(usize) -> What) {
    let hosts = 0..scenario.hosts.len();
    let steps = hosts.map(|host| step(START + every * host as Ms, what(host)));
    let steps: Vec<Step> = steps.collect();
    scenario.steps.extend(steps);
}

/// An operator's order for the first machine.
pub(super) fn order(at: Ms, command: &str, by: Option<&str>) -> Step {
    step(
        at,
        What::Order {
            host: 0,
            command: command.to_owned(),
            by: by.map(str::to_owned),
            why: "ticket 7".to_owned(),
        },
    )
}

/// A record of a drain of this machine that was drained and released at that time, counted from the start of the run,
/// and that has its receipt if it is `over`.
pub(super) fn released_record(cluster: &str, machine: &str, at: i64, over: bool) -> String {
    let clock = |at: i64| crate::wall_clock(0) + jiff::SignedDuration::from_millis(at);
    let mut record = serde_json::json!({
        "schema": 1,
        "state": "released",
        "reason": "drained",
        "remaining": 0,
        "ec2InstanceId": machine,
        "containerInstanceArn":
            format!("arn:aws:ecs:eu-west-1:123456789012:container-instance/{cluster}/{:032x}", 0xffff_u32),
        "drainId": format!("{machine}-before"),
        "startedAt": clock(at - 60_000),
        "drainingConfirmedAt": clock(at - 59_000),
        "updatedAt": clock(at),
        "deadlineAt": clock(at + 3_540_000),
        "releasedAt": clock(at),
        "pollSeconds": 1,
        "heldBy": [],
        "releasedServices": [],
        "sidecars": 1,
        "calls": 20,
    });
    if over {
        record["receiptAt"] = serde_json::json!(clock(at));
    }
    record.to_string()
}
