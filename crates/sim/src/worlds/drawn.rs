//! What the drawn worlds have found.

use super::KnownFault;
use super::build::{
    HOOK_EVENT, always, endless, job_until, lose, lose_all, lose_answer, order, set, set_sidecar, stops_in,
    throttle, trouble,
};
use crate::judge::Rule;
use crate::plain::{LOGS, MESH, daemon, fleet, step};
use crate::scenario::{self, HOUR, MINUTE, Ms, SECOND, Scenario, TaskSpec, Trouble, What};

pub(super) const FAULTS: &[KnownFault] = &[
    KnownFault {
        name: "agent-data-wiped-after-the-release",
        what: "An agent loses its data in the flush of its daemons, new tasks come, and the hook is completed.",
        why: "A drain that is released is brought to its end, whatever registers under its instance meanwhile.",
        breaks: &[Rule::LetGoWithTasks],
        world: wiped_in_the_flush,
    },
    KnownFault {
        name: "agent-data-wiped-at-the-completion",
        what: "An agent loses its data in the second in which its hook is completed, and new tasks are let go.",
        why: "No event has reported the new registration yet, and a completion does not ask ECS once more.",
        breaks: &[Rule::LetGoWithTasks],
        world: wiped_at_the_completion,
    },
    KnownFault {
        name: "spot-notice-delays-the-others",
        what: "While a Spot instance is in its last minute, another drain is held late.",
        why: "The run that waits for the deadline of a machine that is taken keeps all other events waiting.",
        breaks: &[Rule::LateHold],
        world: spot_delays_others,
    },
    KnownFault {
        name: "lost-spot-notice",
        what: "The one event of a Spot notice is lost, and the machine is taken without a hold.",
        why: "No listing of ECS or Auto Scaling tells of a notice, so the tick does not find it.",
        breaks: &[Rule::LateHold],
        world: spot_unheard,
    },
    KnownFault {
        name: "writes-refused-in-a-new-environment",
        what: "Lambda replaces the function while Parameter Store takes no write, and a hook is kept for too long.",
        why: "Without a record only the environment remembers since when a hook waits.",
        breaks: &[Rule::HeldTooLong],
        world: refused_and_recycled,
    },
    KnownFault {
        name: "writes-refused-while-an-empty-instance-drains",
        what: "Parameter Store takes no write, and an instance that is DRAINING without a task costs calls each minute.",
        why: "A drain that cannot be recorded is begun again by each tick, also if it has nothing to protect.",
        breaks: &[Rule::IdleCost],
        world: refused_and_empty,
    },
    KnownFault {
        name: "hook-unseen-in-a-crowd",
        what: "While others drain and Parameter Store takes no write, a hook gets heartbeats far past MAX_DRAIN.",
        why: "While many drain, a tick leaves known instances to a common look, which does not know what Auto Scaling lists.",
        breaks: &[Rule::HeldTooLong],
        world: refused_in_a_crowd,
    },
    KnownFault {
        name: "ended-drain-in-a-shared-record",
        what: "An instance that a person drains with others stays DRAINING, and each minute costs a call more.",
        why: "Each batch reads a shared record as long as it names a drain, also one that is over.",
        breaks: &[Rule::IdleCost],
        world: drained_by_hand_with_others,
    },
    KnownFault {
        name: "long-settle-delays-a-hold",
        what: "While a settle window of over 10 s passes, the drain of another instance begins late.",
        why: "A batch waits for the end of the window, and meanwhile receives no event.",
        breaks: &[Rule::LateHold],
        world: settle_before_a_hold,
    },
    KnownFault {
        name: "long-settle-delays-a-release",
        what: "With a settle window of over 11 s a release waits for the next tick while another instance drains.",
        why: "A batch waits for the end of the window for so long only, since the other drain may have an event to come.",
        breaks: &[Rule::LateRelease],
        world: settle_beside_a_drain,
    },
    KnownFault {
        name: "settle-longer-than-a-batch-waits",
        what: "With a settle window above half a minute each release waits for the next tick.",
        why: "A batch of the queue waits for the end of a settle window for so long at the most.",
        breaks: &[Rule::LateRelease],
        world: settle_by_hand,
    },
    KnownFault {
        name: "longest-hold-below-the-drain",
        what: "A sidecar gives up in the middle of a drain, because its MAX_HOLD is shorter than MAX_DRAIN.",
        why: "Nothing compares the settings of the sidecars with those of the coordinator before a drain.",
        breaks: &[Rule::GaveUp],
        world: short_hold,
    },
    KnownFault {
        name: "release-overwritten-by-a-count",
        what: "A record that says released says holding again for a moment, and tiers or sidecars see it.",
        why: "A tick that was slow writes the count that it read before the release; the repair comes after the write.",
        breaks: &[Rule::TakenBack],
        world: || crossed(17 * SECOND),
    },
    KnownFault {
        name: "late-retry-of-a-write",
        what: "A record that says released says holding again, after an answer of Parameter Store was lost.",
        why: "The SDK sends the text of a write again seconds later, whatever another run has written meanwhile.",
        breaks: &[Rule::TakenBack],
        world: || retried(11 * SECOND),
    },
    KnownFault {
        name: "sidecar-gives-up-before-a-late-release",
        what: "At the deadline the sidecars give up with code 11, although the coordinator is well.",
        why: "Sidecars wait for 60 s after the deadline, and the tick that releases may come 60 s and a moment after it.",
        breaks: &[Rule::GaveUp],
        world: || late_tick(1),
    },
    KnownFault {
        name: "order-answered-while-observing",
        what: "An operator's release is answered with \"released\", and nothing was done.",
        why: "While the kill switch says observe, an order is planned, answered, and neither carried out nor kept.",
        breaks: &[Rule::OrderLost],
        world: observing,
    },
    KnownFault {
        name: "drain-by-hand-while-reads-are-throttled",
        what: "An operator sets DRAINING while Parameter Store throttles; the daemon goes before the tasks.",
        why: "The first run fails for one read, its next try comes a minute later, and the sidecar waits for 15 s.",
        breaks: &[Rule::DaemonBeforeTask],
        world: throttled_by_hand,
    },
    KnownFault {
        name: "settle-longer-than-a-run-waits",
        what: "With a settle window above 20 s each release waits for the next tick, up to a minute.",
        why: "A run waits for the end of the settle window for at most 20 s.",
        breaks: &[Rule::LateRelease],
        world: long_settle,
    },
    KnownFault {
        name: "stale-status-twice-cancels",
        what: "ECS shows the instance ACTIVE for some seconds after DRAINING was set; daemons go, and the hook is completed.",
        why: "Two looks a settle window apart that see ACTIVE cancel the drain, also while a hook of ours waits.",
        breaks: &[Rule::DaemonBeforeTask, Rule::FalseEvidence],
        world: stale_status,
    },
    KnownFault {
        name: "one-settle-window-delays-the-others",
        what: "With one environment, the release of an instance waits while another one's settle window passes.",
        why: "A run waits for up to 20 s for the end of a settle window, and keeps its environment meanwhile.",
        breaks: &[Rule::LateRelease],
        world: settle_in_the_way,
    },
    KnownFault {
        name: "agent-away-between-tiers",
        what: "An agent is away while the first tier may go, and all daemons get SIGTERM in the second in which it is back.",
        why: "The time of a tier runs out while no agent is there to order its daemons to stop.",
        breaks: &[Rule::TierOrder],
        world: away_between_tiers,
    },
    KnownFault {
        name: "late-event-lingers-again",
        what: "While a batch waits for one instance, the last task of another ends; its daemons stay for LINGER twice.",
        why: "LINGER is counted from the moment at which the event is received, and not from the end of the task.",
        breaks: &[Rule::LateRelease],
        world: late_event,
    },
    KnownFault {
        name: "order-answered-as-failed",
        what: "An operator's release is answered with an error, and the daemons go all the same.",
        why: "A heartbeat of the same run was throttled, and the answer is about all that the run has done.",
        breaks: &[Rule::DaemonBeforeTask],
        world: ordered_while_heartbeats_fail,
    },
    KnownFault {
        name: "shared-order-answered-as-failed",
        what: "An operator's release is answered with an error, and the daemons go all the same.",
        why: "It is in a shared record, which sidecars obey, and its write into the drain's own record was throttled.",
        breaks: &[Rule::DaemonBeforeTask],
        world: ordered_while_writes_fail,
    },
    KnownFault {
        name: "shared-release-unseen-by-a-new-environment",
        what: "Lambda replaces the function, and a drain that was released in a shared record is held again.",
        why: "The first tick of a new environment goes by the drain's own record, which was written before.",
        breaks: &[Rule::TakenBack],
        world: released_in_a_shared_record,
    },
    KnownFault {
        name: "order-after-the-end-in-a-new-environment",
        what: "An operator's order for a drain that is over makes a new drain, and the old one gets a receipt without its hook.",
        why: "A shared record mentions no hook, and a run that did not ask for one writes the receipt of its drain.",
        breaks: &[Rule::TakenBack],
        world: ordered_after_the_end,
    },
    KnownFault {
        name: "settle-of-a-crowd-waits-for-the-tick",
        what: "Of five instances that drain at different times, the release of one that has settled waits for the next tick.",
        why: "While records are shared a batch waits for LINGER only, and trusts that another drain has an event to come.",
        breaks: &[Rule::LateRelease],
        world: || drawn(include_str!("settle-of-a-crowd.json")),
    },
    KnownFault {
        name: "settle-of-a-crowd-after-a-burst",
        what: "Of five instances or more, the release of one without a task waits for the next tick, if many events come and then none.",
        why: "After five messages in 11 s a batch waits for LINGER only, and the next message does not come.",
        breaks: &[Rule::LateRelease],
        world: || drawn(include_str!("settle-of-a-crowd-after-a-burst.json")),
    },
    KnownFault {
        name: "managed-instance-in-a-crowd",
        what: "Others drain while ECS drains a Managed Instance and its provider cannot be asked for: it gets a record.",
        why: "While records are shared an instance begins to drain before its tasks are described.",
        breaks: &[Rule::NotOurs],
        world: || drawn(include_str!("managed-in-a-crowd.json")),
    },
    KnownFault {
        name: "ended-drain-begins-again-in-a-new-environment",
        what: "Lambda replaces the function, and a drain that is over begins again while another actor's hook keeps its instance.",
        why: "A shared record does not say that a drain has its receipt.",
        breaks: &[Rule::TakenBack],
        world: || drawn(include_str!("ended-and-begun-again.json")),
    },
    KnownFault {
        name: "phantoms-of-an-instance-that-stays-cost-calls",
        what: "An instance that a person has drained stays, with tasks of an earlier registration: each minute costs six calls more.",
        why: "An instance that shows tasks gets a full observation each minute, also when its drain was released long ago.",
        breaks: &[Rule::IdleCost],
        world: || drawn(include_str!("phantoms-that-stay.json")),
    },
    KnownFault {
        name: "root-volume-replaced-after-a-deadline",
        what: "An instance whose drain had ended at its deadline comes back with a new root volume; a person drains it, and its daemons go before its tasks.",
        why: "The release is taken for one of the new registration, and a drain by hand begins none after a deadline.",
        breaks: &[Rule::DaemonBeforeTask],
        world: || drawn(include_str!("root-volume-replaced-after-a-deadline.json")),
    },
    KnownFault {
        name: "notice-after-a-root-volume-was-replaced",
        what: "EC2 takes an instance back that has come back with a new root volume after a deadline, and no hold is ever written.",
        why: "The same.",
        breaks: &[Rule::LateHold],
        world: || drawn(include_str!("notice-after-a-root-volume-was-replaced.json")),
    },
    KnownFault {
        name: "ignored-order-answered-as-failed",
        what: "An order to hold comes after the release, and is answered as failed since another write of its run is throttled.",
        why: "An order that changes nothing has its answer only if all else succeeds.",
        breaks: &[Rule::OrderLost],
        world: || drawn(include_str!("ignored-order-answered-as-failed.json")),
    },
    KnownFault {
        name: "active-during-a-notice",
        what: "A person sets an instance ACTIVE that EC2 takes back: its drain is cancelled, and its daemons go before its tasks.",
        why: "ACTIVE counts as the end of a drain unless a hook waits.",
        breaks: &[Rule::DaemonBeforeTask],
        world: || drawn(include_str!("active-during-a-notice.json")),
    },
    KnownFault {
        name: "wait-after-a-cancelled-drain",
        what: "A hook runs out, the instance is in service again, and its next wait, whose event is lost, is completed by the drain before.",
        why: "A wait without a name is taken for that of a drain which was cancelled since no hook waited.",
        breaks: &[Rule::NeverNotified, Rule::LetGoWithTasks],
        world: || drawn(include_str!("wait-after-a-cancelled-drain.json")),
    },
    KnownFault {
        name: "new-registration-while-auto-scaling-cannot-be-asked",
        what: "A new environment sets an instance DRAINING that is in service with a new root volume.",
        why: "While Auto Scaling cannot be asked the hook of the last drain counts as waiting.",
        breaks: &[Rule::NotOurs],
        world: || {
            drawn(include_str!(
                "new-registration-while-auto-scaling-cannot-be-asked.json"
            ))
        },
    },
    KnownFault {
        name: "second-attempt-without-the-hook",
        what: "The record of a drain cannot be written at once, and its hold waits for the second tick.",
        why: "The next attempt looks at the instance without the hook for which the first one had begun.",
        breaks: &[Rule::LateHold],
        world: || drawn(include_str!("second-attempt-without-the-hook.json")),
    },
    KnownFault {
        name: "throttled-count-fails-a-tick",
        what: "Counts that only people read are throttled, and the tick fails.",
        why: "A count gives way to other writes of ours, and not to those of others.",
        breaks: &[Rule::RunsFail],
        world: || drawn(include_str!("throttled-count-fails-a-tick.json")),
    },
    KnownFault {
        name: "repair-based-on-too-little",
        what: "A record is repaired, and the texts after it claim to include less than they do.",
        why: "What was missed once is missed until a text is read that says otherwise.",
        breaks: &[Rule::FalseBasis],
        world: || drawn(include_str!("repair-based-on-too-little.json")),
    },
    KnownFault {
        name: "ordered-after-its-return-in-a-new-environment",
        what: "An operator orders a hold of an instance that has come back, and it is set DRAINING although it is in service.",
        why: "Auto Scaling is asked only about a drain that was seen DRAINING, which another environment knows.",
        breaks: &[Rule::NotOurs],
        world: || drawn(include_str!("ordered-after-its-return-in-a-new-environment.json")),
    },
    KnownFault {
        name: "hook-after-the-release-by-hand",
        what: "The event of a hook comes when the drain that a person began is released, and the drain begins again.",
        why: "A release without a hook ends the drain also for a hook that had waited before.",
        breaks: &[Rule::TakenBack],
        world: || drawn(include_str!("hook-after-the-release-by-hand.json")),
    },
    KnownFault {
        name: "one-not-found-in-a-new-environment",
        what: "A new environment does not find the record of a drain once, and the drain begins again although it is released.",
        why: "One reading is believed by an environment that has listed no drains yet.",
        breaks: &[Rule::TakenBack],
        world: || drawn(include_str!("one-not-found-in-a-new-environment.json")),
    },
    KnownFault {
        name: "one-tick-before-the-limit-of-the-hook",
        what: "A task runs on to the limit of its hook, and the hook ends by that limit before it is completed.",
        why: "Time for one tick is kept free, and a drain without events needs two: one that releases, and one that completes.",
        breaks: &[Rule::HeldTooLong],
        world: || drawn(include_str!("one-tick-before-the-limit-of-the-hook.json")),
    },
    KnownFault {
        name: "back-under-another-registration-unnoticed",
        what: "An instance comes back with a new root volume, and a reading that lags shows a sidecar the release of the drain before.",
        why: "The tick describes only the registrations that the record names, and does not note that the instance is in service.",
        breaks: &[Rule::DaemonBeforeTask],
        world: || drawn(include_str!("back-under-another-registration-unnoticed.json")),
    },
    KnownFault {
        name: "left-behind-beside-one-in-service",
        what: "An agent has lost its data in a drain that was undone: its earlier registration costs seven calls in each minute.",
        why: "One registration that is DRAINING makes the instance drain, also without an agent beside one in service.",
        breaks: &[Rule::IdleCost],
        world: || drawn(include_str!("left-behind-beside-one-in-service.json")),
    },
];

/// A drawn world, made as small as it gets.
fn drawn(text: &str) -> Scenario {
    Scenario::from_json(text).unwrap_or_default()
}

/// A tick whose listing of groups gets no answer for a while: it goes by the record that it read at its start.
fn crossed(first_tick: Ms) -> Scenario {
    let mut scenario = quick(first_tick);
    let lost = lose_answer("DescribeAutoScalingGroups");
    scenario.faults = vec![trouble(lost, u32::MAX, 0, 50 * SECOND)];
    scenario
}

/// Tasks that stop at once, and two environments.
fn quick(first_tick: Ms) -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.function.environments = 2;
    scenario.function.first_tick = first_tick;
    for task in &mut scenario.hosts[0].tasks {
        (task.stop, task.notified) = (SECOND, Some(SECOND));
    }
    scenario
}

/// Writes take effect, and for two minutes their answers are lost.
fn retried(first_tick: Ms) -> Scenario {
    let mut scenario = quick(first_tick);
    scenario.faults = vec![trouble(lose_answer("PutParameter"), u32::MAX, 0, 2 * MINUTE)];
    scenario
}

/// A task that no one stops, and a tick that comes a moment before the deadline.
fn late_tick(seed: u64) -> Scenario {
    let mut scenario = fleet(seed, 1);
    set(&mut scenario, "MAX_DRAIN", "5m");
    scenario.function.environments = 1;
    scenario.function.first_tick = 14_800;
    scenario.hosts[0].tasks.push(endless());
    // ECS stops the daemons with the replicas, so that they are held at the deadline.
    scenario.aws.daemon_stop = scenario::DaemonStop::AtOnce;
    scenario
}

/// A drawn world, made as small as it gets.
fn stale_status() -> Scenario {
    Scenario::from_json(include_str!("stale-status.json")).unwrap_or_default()
}

/// The second instance goes while the last task of the first one ends.
fn settle_in_the_way() -> Scenario {
    let mut scenario = fleet(1, 2);
    set(&mut scenario, "SETTLE", "19s");
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
    scenario.hosts[0].tasks.push(job_until(20 * MINUTE));
    let text = "{\"mode\":\"observe\"}".to_owned();
    scenario.steps.push(step(2 * MINUTE, What::Control(Some(text))));
    scenario.steps.push(order(4 * MINUTE, "release", None));
    scenario
}

fn throttled_by_hand() -> Scenario {
    let mut scenario = fleet(1, 1);
    // Whether the coordinator or the sidecar reads first when it can is drawn.
    scenario.seed = 15;
    // Its calls would shift what the seed draws.
    set(&mut scenario, "UNPROTECTED_CHECK", "0s");
    scenario.hosts[0].daemons = vec![daemon(LOGS)];
    scenario.hosts[0].tasks = vec![stops_in(40 * SECOND); 2];
    scenario.steps = vec![
        step(25 * SECOND, What::SetDraining(0)),
        step(4 * MINUTE, What::ScaleIn(0)),
    ];
    scenario.faults = vec![trouble(throttle("GetParameters"), u32::MAX, 25 * SECOND, MINUTE)];
    scenario.limit = HOUR;
    scenario
}

/// The agent goes away when the last task has ended, and comes back a minute after it. Daemons have 40 s.
fn away_between_tiers() -> Scenario {
    let mut scenario = fleet(1, 1);
    set(&mut scenario, "DAEMON_TIERS", "mesh | logs");
    set(&mut scenario, "DAEMON_STOP", "40s");
    scenario.hosts[0].daemons = vec![daemon(LOGS), daemon(MESH)];
    scenario.hosts[0].tasks = vec![job_until(MINUTE)];
    scenario.steps = vec![
        step(10 * SECOND, What::ScaleIn(0)),
        step(63 * SECOND, What::AgentDown(0)),
        step(150 * SECOND, What::AgentUp(0)),
    ];
    scenario
}

/// The last task of one instance ends while a batch waits for the settle window of another.
fn late_event() -> Scenario {
    let mut scenario = fleet(1, 2);
    set(&mut scenario, "LINGER", "11s");
    scenario.hosts[0].tasks = vec![job_until(32 * SECOND)];
    scenario.hosts[1].tasks.clear();
    scenario.steps = vec![
        step(5 * SECOND, What::ScaleIn(0)),
        step(31 * SECOND, What::ScaleIn(1)),
    ];
    scenario
}

/// A job runs for twenty minutes, and its instance's release is ordered after two.
fn released_by_order() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.hosts[0].tasks.push(job_until(20 * MINUTE));
    scenario.steps = vec![
        step(10 * SECOND, What::ScaleIn(0)),
        order(2 * MINUTE, "release", None),
    ];
    scenario
}

/// The second text that the order writes, in the drain's own record, is throttled three times.
fn ordered_while_writes_fail() -> Scenario {
    let mut scenario = released_by_order();
    scenario.faults = vec![scenario::FaultSpec {
        skip: 1,
        ..trouble(throttle("PutParameter"), 3, 2 * MINUTE, 3 * MINUTE)
    }];
    scenario
}

/// The event of the hook is lost, so a heartbeat is due, and each one is throttled.
fn ordered_while_heartbeats_fail() -> Scenario {
    let mut scenario = released_by_order();
    let throttled = throttle("RecordLifecycleActionHeartbeat");
    scenario.faults = vec![
        lose(HOOK_EVENT, 0, MINUTE),
        trouble(throttled, u32::MAX, 0, 5 * MINUTE),
    ];
    scenario
}

/// A drawn world, made as small as it gets.
fn released_in_a_shared_record() -> Scenario {
    Scenario::from_json(include_str!("release-in-a-shared-record.json")).unwrap_or_default()
}

/// A drawn world, made as small as it gets.
fn ordered_after_the_end() -> Scenario {
    Scenario::from_json(include_str!("ordered-after-the-end.json")).unwrap_or_default()
}

/// A drawn world, made as small as it gets.
fn wiped_at_the_completion() -> Scenario {
    Scenario::from_json(include_str!("wiped-at-the-completion.json")).unwrap_or_default()
}

fn wiped_in_the_flush() -> Scenario {
    wiped_at(MINUTE)
}

/// The daemons flush from second 43 to second 103, and no tick comes between second 80 and second 140.
fn wiped_at(at: Ms) -> Scenario {
    let mut scenario = fleet(1, 1);
    let mut logs = daemon(LOGS);
    logs.flush = MINUTE;
    scenario.hosts[0].daemons = vec![logs];
    scenario.hosts[0].tasks = vec![TaskSpec::default(); 2];
    scenario.steps = vec![step(10 * SECOND, What::ScaleIn(0)), step(at, What::WipeAgent(0))];
    scenario
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p3_every_wait_without_a_record_is_bounded_whatever_page_its_activity_is_on() {
        let mut world = refused_and_recycled();
        world.aws.page = 1;
        world.hosts = vec![world.hosts[0].clone(); 4];
        world
            .steps
            .extend((1..4).map(|host| step(10 * SECOND, What::ScaleIn(host))));
        let judged = crate::judge::run(&world, crate::run::Options::default());
        let violations = judged.unwrap().violations;
        assert!(violations.is_empty(), "{violations:?}");
    }

    #[test]
    fn p4_an_agent_that_registers_again_in_the_flush_is_noticed_without_a_tick_too() {
        for at in (45..=100).step_by(5) {
            let judged = crate::judge::run(&wiped_at(at * SECOND), crate::run::Options::default());
            let violations = judged.unwrap().violations;
            let let_go = violations.iter().any(|one| one.rule == Rule::LetGoWithTasks);
            assert!(!let_go, "wiped in second {at}: {violations:?}");
        }
    }
}

fn spot_delays_others() -> Scenario {
    let mut scenario = fleet(1, 2);
    for host in &mut scenario.hosts {
        host.group = None;
    }
    scenario.hosts[0].tasks = vec![stops_in(HOUR)];
    scenario.steps = vec![
        step(5 * SECOND, What::SpotNotice(0)),
        step(43 * SECOND, What::SpotNotice(1)),
    ];
    scenario
}

fn spot_unheard() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.hosts[0].group = None;
    scenario.hosts[0].tasks = vec![TaskSpec::default()];
    scenario.steps = vec![step(47 * SECOND, What::SpotNotice(0))];
    scenario.faults = vec![lose_all()];
    scenario
}

fn refused_and_recycled() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.hosts[0].tasks = vec![stops_in(4 * HOUR)];
    set(&mut scenario, "MAX_DRAIN", "10m");
    scenario.steps = vec![step(10 * SECOND, What::ScaleIn(0))];
    let recycled = (1..40).map(|time| step(time * 4 * MINUTE + 30 * SECOND, What::Recycle));
    scenario.steps.extend(recycled);
    // The event of the hook would contain the time since when it waits.
    scenario.faults = vec![always(Trouble::RefuseWrites), lose(HOOK_EVENT, 0, Ms::MAX)];
    scenario.limit = 2 * HOUR;
    scenario
}

fn refused_and_empty() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.hosts[0].tasks.clear();
    scenario.hosts[0].daemons.clear();
    scenario.groups[0].hooks.clear();
    scenario.steps = vec![step(MINUTE, What::SetDraining(0))];
    scenario.faults = vec![always(Trouble::RefuseWrites)];
    scenario.limit = 8 * HOUR;
    scenario.tail = 75 * MINUTE;
    scenario
}

fn refused_in_a_crowd() -> Scenario {
    let mut scenario = fleet(1, 5);
    for host in &mut scenario.hosts {
        host.tasks.clear();
    }
    scenario.hosts[0].daemons.clear();
    set(&mut scenario, "MAX_DRAIN", "6m");
    let by_hand = (0..5).map(|host| step(20 * SECOND + host as Ms * 2 * SECOND, What::SetDraining(host)));
    scenario.steps = by_hand.collect();
    scenario.steps.push(step(3 * MINUTE, What::ScaleIn(0)));
    scenario.groups[0].hooks[0].heartbeat = 45 * MINUTE;
    scenario.faults = vec![always(Trouble::RefuseWrites)];
    scenario.limit = 2 * HOUR;
    scenario
}

fn drained_by_hand_with_others() -> Scenario {
    let mut scenario = fleet(1, 4);
    scenario.steps = (0..3)
        .map(|host| step(MINUTE + host as Ms * SECOND, What::ScaleIn(host)))
        .collect();
    scenario
        .steps
        .push(step(MINUTE + 4 * SECOND, What::SetDraining(3)));
    scenario.limit = 8 * HOUR;
    scenario.tail = 150 * MINUTE;
    scenario
}

/// An instance without tasks, whose settle window alone is waited for, and another one that drains beside it.
fn settles_beside(settle: &str, empty: Ms, other: Ms) -> Scenario {
    let mut scenario = fleet(1, 2);
    set(&mut scenario, "SETTLE", settle);
    scenario.hosts[0].tasks.clear();
    scenario.function.first_tick = 20 * SECOND;
    scenario.steps = vec![step(empty, What::ScaleIn(0)), step(other, What::ScaleIn(1))];
    scenario
}

fn settle_before_a_hold() -> Scenario {
    settles_beside("23s", 10 * SECOND, 11 * SECOND)
}

fn settle_beside_a_drain() -> Scenario {
    let mut scenario = settles_beside("21s", 196 * SECOND, MINUTE);
    scenario.hosts[1].tasks = vec![stops_in(HOUR)];
    scenario
}

fn short_hold() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.hosts[0].daemons = vec![daemon(LOGS)];
    scenario.hosts[0].tasks = vec![stops_in(20 * MINUTE)];
    set_sidecar(&mut scenario, "MAX_HOLD", "4m");
    scenario.steps = vec![step(10 * SECOND, What::ScaleIn(0))];
    scenario
}

fn long_settle() -> Scenario {
    settling("25s")
}

fn settle_by_hand() -> Scenario {
    let mut scenario = settling("36s");
    scenario.function.first_tick = 20 * SECOND;
    scenario.hosts[0].group = None;
    scenario.steps = vec![step(20_621, What::SetDraining(0))];
    scenario
}

fn settling(settle: &str) -> Scenario {
    let mut scenario = fleet(1, 1);
    set(&mut scenario, "SETTLE", settle);
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
                let judged = crate::judge::run(&world(first_tick), crate::run::Options::default());
                if let Some(violation) = judged.unwrap().violations.first() {
                    println!("{name} {first_tick}: {violation}");
                }
            }
        }
    }
}
