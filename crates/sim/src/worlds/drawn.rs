//! What the drawn worlds have found.

use super::{Fault, State};
use crate::generate::{LOGS, daemon, fleet, step};
use crate::judge::Rule;
use crate::scenario::{self, HOUR, MINUTE, Ms, SECOND, Scenario, Task, Trouble, What, Wiring};

/// The faults of this subject.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "release-overwritten-by-a-count",
        what: "A record that says released says holding again for a moment, and tiers or sidecars see it.",
        why: "A tick that was slow writes the count that it read before the release; the repair comes after the write.",
        breaks: &[Rule::TakenBack],
        state: State::Fixed,
        world: || crossed(17 * SECOND),
    },
    Fault {
        name: "late-retry-of-a-write",
        what: "A record that says released says holding again, after an answer of Parameter Store was lost.",
        why: "The SDK sends the text of a write again seconds later, whatever another run has written meanwhile.",
        breaks: &[Rule::TakenBack],
        state: State::Fixed,
        world: || retried(11 * SECOND),
    },
    Fault {
        name: "sidecar-gives-up-before-a-late-release",
        what: "At the deadline the sidecars give up with code 11, although the coordinator is well.",
        why: "Sidecars wait for 60 s after the deadline, and the tick that releases may come 60 s and a moment after it.",
        breaks: &[Rule::GaveUp],
        state: State::Fixed,
        world: || late_tick(1),
    },
    Fault {
        name: "order-answered-while-observing",
        what: "An operator's release is answered with \"released\", and nothing was done.",
        why: "While the kill switch says observe, an order is planned, answered, and neither carried out nor kept.",
        breaks: &[Rule::OrderLost],
        state: State::Fixed,
        world: observing,
    },
    Fault {
        name: "drain-by-hand-while-reads-are-throttled",
        what: "Somebody sets DRAINING while Parameter Store throttles; the daemon goes before the tasks.",
        why: "The first run fails for one read, its next try comes a minute later, and the sidecar waits for 15 s.",
        breaks: &[Rule::DaemonBeforeTask],
        state: State::Open,
        world: throttled_by_hand,
    },
    Fault {
        name: "settle-longer-than-a-run-waits",
        what: "With a settle window above 20 s each release waits for the next tick, up to a minute.",
        why: "A run waits for the end of the settle window for at most 20 s.",
        breaks: &[Rule::LateRelease],
        state: State::Fixed,
        world: long_settle,
    },
    Fault {
        name: "stale-status-twice-cancels",
        what: "ECS shows the instance ACTIVE for some seconds after DRAINING was set; daemons go, and the hook is completed.",
        why: "Two looks a settle window apart that see ACTIVE cancel the drain, also while a hook of ours waits.",
        breaks: &[Rule::DaemonBeforeTask, Rule::FalseEvidence],
        state: State::Fixed,
        world: stale_status,
    },
    Fault {
        name: "one-settle-window-delays-the-others",
        what: "With one environment, the release of an instance waits while another one's settle window passes.",
        why: "A run waits for up to 20 s for the end of a settle window, and keeps its environment meanwhile.",
        breaks: &[Rule::LateRelease],
        state: State::Fixed,
        world: settle_in_the_way,
    },
];

/// A tick whose listing of groups gets no answer for a while: it goes by the record that it read at its start.
fn crossed(first_tick: Ms) -> Scenario {
    let mut scenario = quick(first_tick);
    scenario.faults.push(scenario::Fault {
        from: 0,
        to: 50 * SECOND,
        what: Trouble::LoseAnswer {
            of: Some("DescribeAutoScalingGroups".to_owned()),
        },
        ..scenario::Fault::default()
    });
    scenario
}

/// Tasks that stop at once, and two environments.
fn quick(first_tick: Ms) -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.function.environments = 2;
    scenario.function.first_tick = first_tick;
    for task in &mut scenario.hosts[0].tasks {
        (task.stop, task.told) = (SECOND, Some(SECOND));
    }
    scenario
}

/// Writes take effect, and for two minutes their answers are lost.
fn retried(first_tick: Ms) -> Scenario {
    let mut scenario = quick(first_tick);
    scenario.faults.push(scenario::Fault {
        from: 0,
        to: 2 * MINUTE,
        what: Trouble::LoseAnswer {
            of: Some("PutParameter".to_owned()),
        },
        ..scenario::Fault::default()
    });
    scenario
}

/// A task that nobody stops, and a tick that comes a moment before the deadline.
fn late_tick(seed: u64) -> Scenario {
    let mut scenario = fleet(seed, 1);
    scenario.settings.insert("MAX_DRAIN".to_owned(), "5m".to_owned());
    scenario.function.environments = 1;
    scenario.function.first_tick = 14_800;
    scenario.hosts[0].tasks.push(endless());
    // Daemons are told to stop with the replicas, so that they are held at the deadline.
    scenario.aws.daemon_stop = scenario::DaemonStop::AtOnce;
    scenario
}

fn endless() -> Task {
    Task {
        stays: true,
        ..Task::default()
    }
}

/// A drawn world, made as small as it gets.
fn stale_status() -> Scenario {
    Scenario::from_json(include_str!("stale-status.json")).unwrap_or_default()
}

/// The second instance goes while the last task of the first one ends.
fn settle_in_the_way() -> Scenario {
    let mut scenario = fleet(1, 2);
    scenario.settings.insert("SETTLE".to_owned(), "19s".to_owned());
    scenario.function.environments = 1;
    scenario.hosts[1].tasks.clear();
    for task in &mut scenario.hosts[0].tasks {
        task.stop = 40 * SECOND;
    }
    scenario.steps = vec![
        step(10 * SECOND, What::ScaleIn(0)),
        step(52 * SECOND, What::ScaleIn(1)),
    ];
    scenario
}

fn observing() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.hosts[0].tasks.push(Task {
        service: None,
        ends: Some(20 * MINUTE),
        ..Task::default()
    });
    let text = "{\"mode\":\"observe\"}".to_owned();
    scenario.steps.push(step(2 * MINUTE, What::Control(Some(text))));
    let order = What::Order {
        host: 0,
        command: "release".to_owned(),
        by: None,
        why: "ticket 7".to_owned(),
    };
    scenario.steps.push(step(4 * MINUTE, order));
    scenario
}

fn throttled_by_hand() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.hosts[0].daemons = vec![daemon(LOGS)];
    scenario.hosts[0].tasks = vec![
        Task {
            stop: 40 * SECOND,
            ..Task::default()
        };
        2
    ];
    scenario.steps = vec![
        step(25 * SECOND, What::SetDraining(0)),
        step(4 * MINUTE, What::ScaleIn(0)),
    ];
    scenario.faults.push(scenario::Fault {
        from: 25 * SECOND,
        to: MINUTE,
        what: Trouble::Throttle {
            of: Some("GetParameters".to_owned()),
            by: None,
        },
        ..scenario::Fault::default()
    });
    scenario.limit = HOUR;
    scenario.function.wiring = Wiring::Direct;
    scenario
}

fn long_settle() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.settings.insert("SETTLE".to_owned(), "25s".to_owned());
    scenario.function.first_tick = 9 * SECOND;
    scenario.hosts[0].tasks.clear();
    scenario
}

#[cfg(test)]
mod search {
    //! Which moments show a race: `cargo test -p protector-sim search -- --ignored --nocapture`.

    use super::*;

    #[test]
    #[ignore = "a search, and no test"]
    fn moments_that_show_a_race() {
        for (name, world) in [("crossed", crossed as fn(Ms) -> Scenario), ("retried", retried)] {
            for first_tick in (10_000..30_000).step_by(100) {
                let judged = crate::judge::run(&world(first_tick), crate::play::Options::default());
                if let Some(violation) = judged.unwrap().violations.first() {
                    println!("{name} {first_tick}: {violation}");
                }
            }
        }
    }
}
