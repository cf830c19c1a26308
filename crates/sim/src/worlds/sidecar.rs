//! Sidecars: what they believe, read and wait for.

use super::KnownFault;
use super::build::{
    INSTANCE_EVENT, START, flushes_in, job_until, lose, lose_all, machines, one_by_one, scaled_in, set,
    stops_in, trouble,
};
use crate::judge::Rule;
use crate::model::record_name;
use crate::plain::{LOGS, step};
use crate::scenario::{DaemonStop, HOUR, MINUTE, SECOND, Scenario, Trouble, What};

pub(super) const FAULTS: &[KnownFault] = &[
    KnownFault {
        name: "lost-event-of-a-drain-by-hand",
        what: "An operator sets an instance DRAINING, its one event is lost, and its daemon goes before the tasks.",
        why: "The sidecar waits for a record for 15 s, and the tick that makes up for the event comes once a minute.",
        breaks: &[Rule::DaemonBeforeTask],
        world: by_hand,
    },
    KnownFault {
        name: "hundred-drains-by-script",
        what: "A script sets a hundred instances DRAINING, and most of their daemons go before the tasks.",
        why: "Two or three records can be written in a second, and a sidecar waits for its own for 15 s.",
        breaks: &[Rule::DaemonBeforeTask],
        world: by_script,
    },
    KnownFault {
        name: "switch-unread-with-another-schema",
        what: "The kill switch does not reach a sidecar whose record is of another version while the function is dead.",
        why: "A sidecar reads the switch only when its own record holds and can be read.",
        breaks: &[Rule::SwitchIgnored],
        world: another_schema,
    },
    KnownFault {
        name: "switch-unread-with-an-unreadable-record",
        what: "The kill switch does not reach a sidecar whose record cannot be read while the function is dead.",
        why: "A sidecar reads the switch only when its own record holds and can be read.",
        breaks: &[Rule::SwitchIgnored],
        world: unreadable,
    },
    KnownFault {
        name: "switch-unread-when-the-record-is-denied",
        what: "The kill switch does not reach a sidecar that is denied its record.",
        why: "A sidecar reads the switch only when its own record holds and can be read.",
        breaks: &[Rule::SwitchIgnored],
        world: denied,
    },
    KnownFault {
        name: "host-clock-ahead",
        what: "A host's clock is three minutes ahead, and its sidecar gives up long before the deadline.",
        why: "The deadline of the record is held against the wall clock of the host.",
        breaks: &[Rule::DaemonBeforeTask, Rule::GaveUp],
        world: clock_ahead,
    },
    KnownFault {
        name: "sidecar-restarted-after-the-release",
        what: "A sidecar that starts between the release and its SIGTERM holds until its machine is gone.",
        why: "A release that lies there when a sidecar starts is taken for a leftover of an earlier drain.",
        breaks: &[Rule::NeverNotified],
        world: restarted,
    },
    KnownFault {
        name: "flush-begins-before-the-reading",
        what: "In a large drain a daemon is cut off in its flush, although it needs less than it is given.",
        why: "The flush window begins with the write of the release, and sidecars read it up to 36 s later.",
        breaks: &[Rule::FlushCutShort],
        world: read_late,
    },
];

fn by_hand() -> Scenario {
    let mut scenario = machines(1, &[stops_in(30 * SECOND), job_until(90 * SECOND)]);
    // A moment after a tick.
    scenario.steps = vec![step(21 * SECOND, What::SetDraining(0))];
    scenario.faults = vec![lose(INSTANCE_EVENT, 0, MINUTE)];
    scenario
}

fn by_script() -> Scenario {
    let mut scenario = machines(100, &[stops_in(5 * MINUTE)]);
    one_by_one(&mut scenario, 50, What::SetDraining);
    scenario
}

/// The kill switch is thrown in the middle of a drain.
fn switched(at: u64) -> crate::scenario::Step {
    step(at, What::Control(Some("{\"mode\":\"release-all\"}".to_owned())))
}

/// A drain without a hook, so that no end of a wait ends it, for a quarter of an hour.
fn drained_by_hand() -> Scenario {
    let mut scenario = machines(1, &[stops_in(30 * MINUTE)]);
    scenario.steps = vec![step(START, What::SetDraining(0))];
    scenario.limit = 15 * MINUTE;
    scenario
}

fn another_schema() -> Scenario {
    let mut scenario = drained_by_hand();
    let text = "{\"schema\":2,\"phase\":\"hold\"}".to_owned();
    scenario.parameters = vec![(record_name(&scenario, 0), text)];
    scenario.steps.push(switched(5 * MINUTE));
    scenario.faults = dead_function();
    scenario
}

/// A function that no event reaches: the way out must not need it.
fn dead_function() -> Vec<crate::scenario::FaultSpec> {
    vec![lose_all(), trouble(Trouble::LoseTicks, u32::MAX, 0, HOUR)]
}

fn unreadable() -> Scenario {
    let mut scenario = drained_by_hand();
    scenario.parameters = vec![(record_name(&scenario, 0), "{\"schema\":1,".to_owned())];
    scenario.steps.push(switched(5 * MINUTE));
    scenario.faults = dead_function();
    scenario
}

fn denied() -> Scenario {
    let mut scenario = drained_by_hand();
    scenario.hosts[0].daemons[0].denied = true;
    scenario.steps.push(switched(5 * MINUTE));
    scenario
}

fn clock_ahead() -> Scenario {
    let mut scenario = scaled_in(&[stops_in(10 * MINUTE)]);
    set(&mut scenario, "MAX_DRAIN", "4m");
    scenario.hosts[0].clock_skew = 180_000;
    scenario
}

fn restarted() -> Scenario {
    let mut scenario = scaled_in(&[stops_in(20 * SECOND)]);
    set(&mut scenario, "LINGER", "0s");
    // Seed 1: the release is written at 36.2 s, and the agent stops the task at 36.4 s.
    scenario.aws.daemon_stop = DaemonStop::WhenAllStopped;
    scenario.aws.event_delay_max = 200;
    let restart = What::RestartSidecar { host: 0, daemon: 0 };
    scenario.steps.push(step(36_300, restart));
    scenario
}

fn read_late() -> Scenario {
    // Sixty machines with ten sidecars each read every 30 s.
    let mut scenario = machines(60, &[stops_in(40 * MINUTE)]);
    for host in &mut scenario.hosts {
        host.daemons = vec![flushes_in(LOGS, 110 * SECOND); 10];
    }
    scenario.hosts[0].tasks = vec![stops_in(5 * MINUTE)];
    // How often so many sidecars may read is another question.
    scenario.aws.quota_percent = 500;
    scenario.function.environments = 1;
    one_by_one(&mut scenario, SECOND, What::ScaleIn);
    scenario.limit = 15 * MINUTE;
    scenario
}
