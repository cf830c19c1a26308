//! The store: a program reads, changes and writes a parameter, and does not learn that another wrote it meanwhile.

use super::KnownFault;
use super::build::{flushes_in, lose_answer, order, released_record, scaled_in, set, stops_in, trouble};
use crate::judge::Rule;
use crate::model::record_name;
use crate::plain::{CLUSTER, LOGS, MESH, step};
use crate::scenario::{self, CallerKind, MINUTE, Ms, SECOND, Scenario, Trouble, What, Wiring};

pub(super) const FAULTS: &[KnownFault] = &[
    KnownFault {
        name: "hold-deleted-with-the-old-record",
        what: "An instance that was drained before is drained again, and its daemons go before the tasks.",
        why: "The tick deletes an old record by its name, and a new drain has written under that name meanwhile.",
        breaks: &[Rule::TakenBack, Rule::DaemonBeforeTask],
        world: hold_deleted,
    },
    KnownFault {
        name: "order-lost-when-a-count-crosses-it",
        what: "An operator's release is answered, and the drain holds on as if nothing had been ordered.",
        why: "A count is written over it, and a repair that cannot read what it wrote over repairs nothing.",
        breaks: &[Rule::TakenBack, Rule::OrderLost],
        world: order_crossed,
    },
    KnownFault {
        name: "order-lost-by-a-kill",
        what: "An operator's release is answered and lost, because the function was killed at that moment.",
        why: "What a count was written over is put back by a second call, which a kill can prevent.",
        breaks: &[Rule::TakenBack, Rule::OrderLost],
        world: order_killed,
    },
    KnownFault {
        name: "order-lost-in-a-repair",
        what: "An operator extends a drain and then releases it; the release is answered, and lost.",
        why: "The write of a repair is not checked for another writer between it and its reading.",
        breaks: &[Rule::TakenBack, Rule::OrderLost],
        world: order_lost_in_a_repair,
    },
    KnownFault {
        name: "spot-notice-lost-when-a-count-crosses-it",
        what: "A Spot notice comes in the middle of a drain, and the daemons get no SIGTERM before the machine is taken.",
        why: "A count is written over the notice, and a repair that cannot read what it wrote over repairs nothing.",
        breaks: &[Rule::NeverNotified],
        world: notice_crossed,
    },
    KnownFault {
        name: "one-stale-not-found",
        what: "A drain that was released holds again, with a new deadline and without the order that it had.",
        why: "One reading that does not find the record is believed, although reads of Parameter Store may lag.",
        breaks: &[Rule::TakenBack],
        world: stale_not_found,
    },
    KnownFault {
        name: "tiers-taken-back-by-a-count",
        what: "The first tier was let go, and holds again a moment later.",
        why: "Of two texts of one record the later one counts, but for a few fields, and the tiers are none of them.",
        breaks: &[Rule::TakenBack],
        world: tiers_crossed,
    },
];

fn hold_deleted() -> Scenario {
    let mut scenario = scaled_in(&[stops_in(5 * MINUTE)]);
    scenario.steps = vec![step(80_050, What::ScaleIn(0))];
    scenario.aws.daemon_stop = scenario::DaemonStop::AtOnce;
    // It becomes ten minutes old between the ticks of second 20 and second 80.
    let text = released_record(CLUSTER, "i-00000000000000001", -530_000, true);
    scenario.parameters = vec![(record_name(&scenario, 0), text)];
    // The answer is lost, and the SDK asks again five seconds later.
    let lost = lose_answer("DeleteParameters");
    scenario.faults = vec![trouble(lost, 1, 80 * SECOND, 90 * SECOND)];
    scenario
}

fn throttle(of: &str, times: u32, from: Ms, to: Ms) -> scenario::FaultSpec {
    let what = Trouble::Throttle {
        of: Some(of.to_owned()),
        by: Some(CallerKind::Coordinator),
    };
    trouble(what, times, from, to)
}

/// The tick at which the first heartbeat of a hook of a quarter of an hour is due: it writes that down, and a count.
const TICK: Ms = 500 * SECOND;

/// A drain that holds, and in which a tick's write is throttled once: it comes up to a second after its reading.
fn slow_write(seed: u64) -> Scenario {
    let mut scenario = scaled_in(&[stops_in(30 * MINUTE), stops_in(30 * MINUTE)]);
    scenario.seed = seed;
    scenario.faults = vec![throttle("PutParameter", 1, TICK, TICK + 400)];
    scenario
}

fn order_crossed() -> Scenario {
    crossed(1)
}

fn crossed(seed: u64) -> Scenario {
    // Seed 1: the order is written while the tick waits to write its count once more.
    let mut scenario = slow_write(seed);
    scenario.function.wiring = Wiring::Direct;
    scenario.steps.push(order(TICK + 10, "release", None));
    // As often as the SDK tries one call.
    scenario
        .faults
        .push(throttle("GetParameter", 3, TICK, TICK + MINUTE));
    scenario
}

fn order_killed() -> Scenario {
    killed(1)
}

fn killed(seed: u64) -> Scenario {
    // Seed 1: the tick is killed between the write of its count and the reading of what it wrote over.
    let mut scenario = slow_write(seed);
    set(&mut scenario, "UNPROTECTED_CHECK", "0s");
    scenario.function.wiring = Wiring::Direct;
    scenario.steps.push(order(TICK + 10, "release", None));
    scenario
        .faults
        .push(trouble(Trouble::Crash, 1, TICK + 800, TICK + 2 * SECOND));
    scenario
}

fn order_lost_in_a_repair() -> Scenario {
    repaired(14)
}

fn repaired(seed: u64) -> Scenario {
    // Seed 14: the release is written between the reading of a repair and its write.
    let mut scenario = slow_write(seed);
    set(&mut scenario, "UNPROTECTED_CHECK", "0s");
    scenario.function.wiring = Wiring::Direct;
    scenario.steps.push(order(TICK + 10, "extend", Some("10m")));
    scenario.steps.push(order(TICK + 500, "release", None));
    scenario
        .faults
        .push(throttle("PutParameter", 2, TICK + 600, TICK + 2 * SECOND));
    scenario
}

fn notice_crossed() -> Scenario {
    // Seed 1: the notice is written while the tick waits to write its count once more.
    let mut scenario = slow_write(1);
    scenario.steps.push(step(TICK - 200, What::SpotNotice(0)));
    scenario
        .faults
        .push(throttle("GetParameter", 3, TICK, TICK + MINUTE));
    scenario
}

fn stale_not_found() -> Scenario {
    let mut scenario = scaled_in(&[stops_in(30 * SECOND)]);
    scenario.hosts[0].daemons = vec![flushes_in(LOGS, 20 * SECOND)];
    // The daemon is gone at that time, and the run that its end begins reads the record.
    scenario.faults = vec![trouble(Trouble::ParameterNotFound, 1, 55 * SECOND, 75 * SECOND)];
    scenario
}

fn tiers_crossed() -> Scenario {
    // Seed 13: the last task ends just after the tick has seen it alive.
    let mut scenario = slow_write(13);
    set(&mut scenario, "LINGER", "0s");
    scenario.aws.event_delay_max = 200;
    set(&mut scenario, "DAEMON_TIERS", "mesh | logs");
    scenario.hosts[0].daemons = vec![flushes_in(MESH, 30 * SECOND), flushes_in(LOGS, 5 * SECOND)];
    scenario.hosts[0].tasks.truncate(1);
    scenario.hosts[0].tasks[0].service = None;
    scenario.hosts[0].tasks[0].ends = Some(TICK - 600);
    scenario
}

#[cfg(test)]
mod crossings {
    //! Orders that cross the writes of other runs, at many moments and in both wirings. A seed decides how long each call
    //! takes, so each of these worlds is a race of its own.

    use super::*;
    use crate::judge::{self, Judged, Rule};
    use crate::run::Options;

    const SEEDS: u64 = 60;

    /// An order to hold on, which a count crosses.
    fn held(seed: u64) -> Scenario {
        let mut scenario = slow_write(seed);
        scenario.steps.push(order(TICK + 10, "hold", None));
        scenario
            .faults
            .push(throttle("GetParameter", 3, TICK, TICK + MINUTE));
        scenario
    }

    /// More time, and then more of it, while the function is killed.
    fn extended(seed: u64) -> Scenario {
        let mut scenario = killed(seed);
        scenario.steps.pop();
        scenario.steps.push(order(TICK + 10, "extend", Some("10m")));
        scenario
    }

    /// Two operators at once.
    fn both(seed: u64) -> Scenario {
        let mut scenario = slow_write(seed);
        scenario.steps.push(order(TICK + 10, "extend", Some("10m")));
        scenario.steps.push(order(TICK + 10, "release", None));
        scenario
            .faults
            .push(throttle("PutParameter", 2, TICK, TICK + 2 * SECOND));
        scenario
    }

    fn judged(scenario: &Scenario) -> Judged {
        judge::run(scenario, Options::default()).unwrap()
    }

    #[test]
    fn p8_no_order_is_lost_whatever_it_crosses() {
        let worlds = [
            ("crossed", crossed as fn(u64) -> Scenario),
            ("killed", killed),
            ("repaired", repaired),
            ("held", held),
            ("extended", extended),
            ("both", both),
        ];
        let mut lost = Vec::new();
        for (name, world) in worlds {
            for wiring in [Wiring::Direct, Wiring::Queue] {
                for seed in 1..=SEEDS {
                    let mut scenario = world(seed);
                    scenario.function.wiring = wiring;
                    for step in &mut scenario.steps {
                        if step.at >= TICK {
                            step.at += seed * 25;
                        }
                    }
                    for violation in judged(&scenario).violations {
                        // An operator whose own run is killed has no answer, and knows that.
                        let refused = violation.what.contains("refused");
                        let of_orders = matches!(violation.rule, Rule::TakenBack | Rule::OrderLost);
                        if of_orders && !refused {
                            lost.push(format!("{name} {wiring:?} {seed}: {violation}"));
                        }
                    }
                }
            }
        }
        assert!(lost.is_empty(), "{} of them: {lost:#?}", lost.len());
    }
}

#[cfg(test)]
mod search {
    //! Which seeds show a race: `cargo test -p protector-sim seeds_that_show -- --ignored --nocapture`.

    use super::*;

    #[test]
    #[ignore = "a search, and no test"]
    fn seeds_that_show_a_race() {
        for (name, world) in [
            ("crossed", crossed as fn(u64) -> Scenario),
            ("killed", killed),
            ("repaired", repaired),
        ] {
            for seed in 1..400 {
                let judged = crate::judge::run(&world(seed), crate::run::Options::default()).unwrap();
                let breaks = |rule| judged.violations.iter().any(|violation| violation.rule == rule);
                if breaks(Rule::TakenBack) && breaks(Rule::OrderLost) {
                    println!("{name} {seed}");
                }
            }
        }
    }
}
