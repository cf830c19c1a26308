//! Answers of Parameter Store that lag: a record, or what a shared one says of a machine, is not seen for some seconds.

use super::KnownFault;
use super::build::{START, always, flushes_in, machine, machines, set, stops_in, trouble};
use crate::judge::Rule;
use crate::plain::{LOGS, MESH, step};
use crate::scenario::{DaemonStop, FaultSpec, MINUTE, Ms, SECOND, Scenario, Trouble, What};

/// The faults of this subject.
pub(super) const FAULTS: &[KnownFault] = &[
    KnownFault {
        name: "two-stale-not-founds",
        what: "Two readings in a row do not find a record that is there, and the daemon goes before the tasks.",
        why: "A record that was deleted ends a hold, and the second reading that does not find it is believed.",
        breaks: &[Rule::DaemonBeforeTask],
        world: || not_found(28 * SECOND, 42 * SECOND),
    },
    KnownFault {
        name: "record-not-found-for-long",
        what: "For more than half a minute no reading finds a record that is there, and the daemon goes before the tasks.",
        why: "A record that was deleted ends a hold, after 30 s without it.",
        breaks: &[Rule::DaemonBeforeTask],
        world: || not_found(28 * SECOND, 68 * SECOND),
    },
    KnownFault {
        name: "new-shared-record-not-found-twice",
        what: "Five instances go, and two readings miss their new shared record; daemons go before the tasks.",
        why: "Two readings a second apart are believed, and the answers of Parameter Store lag for longer.",
        breaks: &[Rule::DaemonBeforeTask],
        world: || at_once(5, always(Trouble::StaleParameter), 13_200, 16 * SECOND),
    },
    KnownFault {
        name: "older-shared-text-read-twice",
        what: "A sixth instance joins a shared record; two readings get the text before, and its daemon goes too early.",
        why: "A shared record that does not name the instance counts as a record that was deleted.",
        breaks: &[Rule::DaemonBeforeTask],
        world: one_joins,
    },
    KnownFault {
        name: "moved-to-its-own-record",
        what: "With tiers, a drain moves from a shared record to its own; two stale readings release the second tier.",
        why: "The shared record does not name the instance any more, and a reading that lags does not find its own.",
        breaks: &[Rule::TierOrder],
        world: moved,
    },
    KnownFault {
        name: "shared-record-alone-for-long",
        what: "An instance in a shared record settles again after a minute, and its release comes up to a minute late.",
        why: "Its own record, which never was, is not found, and counts as deleted with all that is known of the drain.",
        breaks: &[Rule::LateRelease],
        world: long_in_shared,
    },
];

/// One machine with a long task, whose record no reading finds between the two.
fn not_found(from: Ms, to: Ms) -> Scenario {
    let mut scenario = crate::plain::fleet(1, 1);
    scenario.hosts[0].tasks = vec![stops_in(5 * MINUTE)];
    // The sidecar reads every five seconds.
    scenario.faults = vec![trouble(Trouble::ParameterNotFound, 99, from, to)];
    scenario
}

/// Machines that go in the same moment, whose daemons get SIGTERM with the tasks.
fn together(count: usize, stop: Ms) -> Scenario {
    let mut scenario = machines(count, &[stops_in(stop)]);
    scenario.aws.daemon_stop = DaemonStop::AtOnce;
    scenario.steps = (0..count).map(|host| step(START, What::ScaleIn(host))).collect();
    scenario
}

fn at_once(count: usize, fault: FaultSpec, from: Ms, to: Ms) -> Scenario {
    let mut scenario = together(count, MINUTE);
    scenario.faults = vec![FaultSpec { from, to, ..fault }];
    scenario
}

fn one_joins() -> Scenario {
    let mut scenario = at_once(6, always(Trouble::StaleParameter), 19 * SECOND, 22 * SECOND);
    scenario.steps[5].at = 16 * SECOND;
    scenario
}

fn moved() -> Scenario {
    let mut scenario = long_in_shared();
    set(&mut scenario, "DAEMON_TIERS", "mesh | logs");
    let once = |from, to| trouble(Trouble::StaleParameter, 1, from, to);
    scenario.faults = vec![once(63_500, 63_950), once(64_250, 64_600)];
    scenario
}

/// The last of five has the shorter tasks, and two daemons.
fn long_in_shared() -> Scenario {
    let mut scenario = together(5, 2 * MINUTE);
    scenario.hosts[4] = machine(&[stops_in(MINUTE)]);
    scenario.hosts[4].daemons = vec![flushes_in(LOGS, 2 * SECOND), flushes_in(MESH, 20 * SECOND)];
    scenario
}
