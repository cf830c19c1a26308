//! Sidecars on real agents: ends that are not reported, an agent that is away or busy, and lines that are still on
//! their way.

use super::KnownFault;
use super::build::stops_in;
use crate::judge::Rule;
use crate::plain::{fleet, step};
use crate::scenario::{DaemonStop, Delivery, MINUTE, SECOND, Scenario, What, Wiring};

pub(super) const FAULTS: &[KnownFault] = &[
    KnownFault {
        name: "sidecar-restart-too-early",
        what: "A sidecar that crashes in its first minute is not started again, and its daemon goes first in every drain.",
        why: "The agent restarts only what has run for restartAttemptPeriod, and nothing checks whether the sidecar still runs.",
        breaks: &[Rule::UnprotectedUnseen],
        world: restart_too_early,
    },
    KnownFault {
        name: "sidecar-crash-while-the-agent-is-away",
        what: "A sidecar that crashes during an upgrade of the agent is not started again, and nothing says so.",
        why: "The agent that comes back only notes that the container has ended, and nothing checks whether it still runs.",
        breaks: &[Rule::UnprotectedUnseen],
        world: crash_while_away,
    },
    KnownFault {
        name: "wrong-setting-unseen",
        what: "A sidecar with a wrong setting ends at once, its daemon is unprotected, and the receipt says all was well.",
        why: "A task with a container of the sidecar's name counts as protected, whether or not that container runs.",
        breaks: &[Rule::UnprotectedUnseen],
        world: wrong_setting,
    },
    KnownFault {
        name: "sidecar-image-cannot-be-pulled",
        what: "The sidecar's image cannot be pulled, the daemon runs without it, and the receipt says all was well.",
        why: "A task with a container of the sidecar's name counts as protected, whether or not that container runs.",
        breaks: &[Rule::UnprotectedUnseen],
        world: no_image,
    },
    KnownFault {
        name: "unprotected-long-before-a-drain",
        what: "A sidecar ends in its first minute, and no log line says so before its instance drains, hours or days later.",
        why: "Nothing looks at the daemons of an instance that does not drain.",
        breaks: &[Rule::UnprotectedUnseen],
        world: long_before,
    },
    KnownFault {
        name: "unprotected-and-stopped-first",
        what: "An instance is set DRAINING, its daemon is asked to stop at once, and no log line says that it had no sidecar.",
        why: "After the stop order a sidecar that has ended is the usual end of a hold, and the first look comes after it.",
        breaks: &[Rule::UnprotectedUnseen],
        world: notified_first,
    },
    KnownFault {
        name: "host-going-down-while-the-agent-is-away",
        what: "The agent is away while a sidecar's credentials end, and the sidecar leaves although its record holds.",
        why: "Silence of the agent is taken for the end of the host, also after a hold of this drain was read.",
        breaks: &[Rule::DaemonBeforeTask],
        world: agent_away,
    },
    KnownFault {
        name: "agent-answers-429",
        what: "A neighbour asks the agent too often, its credentials end, and the sidecar leaves although its record holds.",
        why: "An answer of 429 or 503 counts like no answer, and no answer for a minute counts as the end of the host.",
        breaks: &[Rule::DaemonBeforeTask],
        world: agent_busy,
    },
    KnownFault {
        name: "stopped-is-not-delivered",
        what: "A log router that is a few seconds behind is asked to stop with the last lines still in its sockets.",
        why: "The release follows the last STOPPED at once, and STOPPED says nothing of what a router has yet to read.",
        breaks: &[Rule::LinesLost],
        world: not_delivered,
    },
    KnownFault {
        name: "pipes-array",
        what: "Events that come through EventBridge Pipes are called malformed and answered as done.",
        why: "An array of events is no shape that is known.",
        breaks: &[Rule::FalseAlarm, Rule::LateHold],
        world: pipes,
    },
    KnownFault {
        name: "ten-copies-in-one-batch",
        what: "Ten copies of one event in a batch of SQS cost many times the writes of one.",
        why: "Every message of a batch gets a look of its own, all at once.",
        breaks: &[Rule::Budget],
        world: ten_copies,
    },
];

/// No task holds in this world and the next five, so no daemon can go before a task in them.
fn restart_too_early() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.hosts[0].tasks.clear();
    scenario.steps = vec![
        step(20 * SECOND, What::KillSidecar { host: 0, daemon: 0 }),
        step(2 * MINUTE, What::ScaleIn(0)),
    ];
    scenario
}

fn long_before() -> Scenario {
    let mut scenario = restart_too_early();
    scenario.steps[1].at = 25 * MINUTE;
    scenario
}

fn notified_first() -> Scenario {
    let mut scenario = long_before();
    scenario.aws.daemon_stop = DaemonStop::AtOnce;
    scenario.hosts[0].daemons[0].flush = 30 * SECOND;
    scenario.steps[1].what = What::SetDraining(0);
    scenario
}

fn crash_while_away() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.hosts[0].tasks.clear();
    scenario.steps = vec![
        step(80 * SECOND, What::AgentDown(0)),
        step(85 * SECOND, What::KillSidecar { host: 0, daemon: 0 }),
        step(95 * SECOND, What::AgentUp(0)),
        step(4 * MINUTE, What::ScaleIn(0)),
    ];
    scenario
}

fn wrong_setting() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.hosts[0].tasks.clear();
    scenario.hosts[0].daemons[0].wrong_setting = true;
    scenario.steps = vec![step(2 * MINUTE, What::ScaleIn(0))];
    scenario
}

fn no_image() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.hosts[0].tasks.clear();
    scenario.hosts[0].daemons[0].no_image = true;
    scenario.steps = vec![step(2 * MINUTE, What::ScaleIn(0))];
    scenario
}

/// Held from 10 s on; the credentials end at 345 s, and could have been renewed from 45 s on.
fn credentials_end(away: What, back: What) -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.hosts[0].tasks = vec![stops_in(9 * MINUTE); 2];
    scenario.hosts[0].daemons[0].credentials_end = Some(345 * SECOND);
    scenario.steps = vec![
        step(10 * SECOND, What::ScaleIn(0)),
        step(40 * SECOND, away),
        step(440 * SECOND, back),
    ];
    scenario
}

fn agent_away() -> Scenario {
    credentials_end(What::AgentDown(0), What::AgentUp(0))
}

fn agent_busy() -> Scenario {
    credentials_end(What::AgentBusy(0), What::AgentCalm(0))
}

/// A receiver of 1 MB/s has three to four seconds of lines before it when the container ends.
fn not_delivered() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.hosts[0].daemons[0].behind = 4 * SECOND;
    scenario
}

fn pipes() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.function.wiring = Wiring::Direct;
    scenario.function.delivery = Delivery::Pipes;
    scenario.steps = vec![step(25 * SECOND, What::ScaleIn(0))];
    scenario
}

fn ten_copies() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.function.wiring = Wiring::Direct;
    scenario.function.delivery = Delivery::Queue { copies: 10 };
    scenario
}
