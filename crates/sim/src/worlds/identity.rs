//! Identity: which instance, which registration, which wait, and which hook an event or a record means.

use super::KnownFault;
use super::build::{
    HOOK_EVENT, INSTANCE_EVENT, START, always, lose, machines, scaled_in, set, set_sidecar, stops_in, trouble,
};
use crate::judge::Rule;
use crate::plain::{HOOK, hook, step};
use crate::scenario::{DaemonStop, HOUR, MINUTE, Ms, SECOND, Scenario, StaleRecord, Trouble, What};

pub(super) const FAULTS: &[KnownFault] = &[
    KnownFault {
        name: "two-registrations",
        what: "A DRAINING registration of an earlier life lingers, and the hook is completed while tasks run.",
        why: "Decisions are about a container instance, and their keys are EC2 ids.",
        breaks: &[Rule::FalseZero, Rule::LetGoWithTasks],
        world: || two_registrations(false),
    },
    KnownFault {
        name: "two-registrations-the-old-one-first",
        what: "The same happens when ECS names the old registration before the present one.",
        why: "The tick keeps one registration of each EC2 instance, and takes the other for an untracked instance.",
        breaks: &[Rule::FalseZero],
        world: || two_registrations(true),
    },
    KnownFault {
        name: "agent-data-wiped-in-a-drain",
        what: "An instance loses its agent's data while it drains, gets new tasks, and is let go with them.",
        why: "A drain stays with the registration with which it began, and nothing sets the new one DRAINING.",
        breaks: &[Rule::LetGoWithTasks],
        world: registers_again,
    },
    KnownFault {
        name: "old-registration-holds-a-deployment",
        what: "A deployment of the daemon hangs for minutes on an instance that does not drain.",
        why: "The phantoms of an old registration make a record that holds under the living instance's name.",
        breaks: &[Rule::DeploymentHeld],
        world: old_registration_holds,
    },
    KnownFault {
        name: "old-registration-costs-calls-indefinitely",
        what: "An idle minute costs more calls than its budget for as long as an old registration lingers.",
        why: "A record whose registration stays DRAINING is never deleted, and gets a full observation every minute.",
        breaks: &[Rule::IdleCost],
        world: old_registration_costs,
    },
    KnownFault {
        name: "second-wait-of-the-same-registration",
        what: "A warm-pool instance is scaled in again within ten minutes, and is let go at once with its tasks.",
        why: "A released record without a token takes the second wait's token for its own, and completes that hook.",
        breaks: &[Rule::LetGoWithTasks],
        world: second_wait,
    },
    KnownFault {
        name: "second-wait-whose-event-is-lost",
        what: "A warm-pool instance is scaled in again, its event is lost, and its hook runs out undrained.",
        why: "The tick knows no token, so the record of the first wait is taken for that of the second.",
        breaks: &[Rule::HookRanOut],
        world: second_wait_unheard,
    },
    KnownFault {
        name: "active-again-while-our-hook-waits",
        what: "An operator sets an instance ACTIVE while its hook waits, and it is let go with its tasks.",
        why: "ACTIVE cancels the drain, although the wait cannot be undone by it.",
        breaks: &[Rule::LetGoWithTasks],
        world: set_active,
    },
    KnownFault {
        name: "two-hooks-of-ours",
        what: "A group has two hooks of ours, and the second keeps the instance until it runs out.",
        why: "A record knows one hook, and the other gets neither heartbeat nor completion.",
        breaks: &[Rule::HookRanOut],
        world: || two_hooks(&format!("{HOOK}, {SECOND_HOOK}"), 30 * MINUTE, 5 * SECOND, false),
    },
    KnownFault {
        name: "two-hooks-when-any-is-ours",
        what: "A group gets a second hook, no hook is named in the settings, and the second runs out.",
        why: "Any hook is served as the settings say, but only one for each instance.",
        breaks: &[Rule::HookRanOut],
        world: || two_hooks("", 30 * MINUTE, 5 * SECOND, false),
    },
    KnownFault {
        name: "second-hook-abandons-the-drain",
        what: "A second hook of ours runs out with ABANDON, and its instance goes in the middle of the drain.",
        why: "The second hook gets no heartbeat, and its default result ends the first one's wait too.",
        breaks: &[Rule::HookRanOut],
        world: || two_hooks("", 3 * MINUTE, 10 * MINUTE, true),
    },
    KnownFault {
        name: "in-service-again-without-its-hook",
        what: "A hook is deleted in the middle of a drain, its instance comes back into service, and is set DRAINING there.",
        why: "A look that no listing began takes the hooks of the record for waiting, and ACTIVE for a mistake.",
        breaks: &[Rule::NotOurs],
        world: in_service_again,
    },
    KnownFault {
        name: "second-hook-of-an-unrecorded-drain",
        what: "Parameter Store takes no write, and of two hooks of ours the second gets heartbeats far past MAX_DRAIN.",
        why: "A run that hears of a hook that it no longer waits leaves the rest of its plan, also the other completion.",
        breaks: &[Rule::HeldTooLong],
        world: two_hooks_unrecorded,
    },
    KnownFault {
        name: "root-volume-replaced-twice",
        what: "An instance whose root volume was replaced is drained for the next one, and let go with its tasks.",
        why: "The old registration stays DRAINING under the same EC2 id, and the record names the one described last.",
        breaks: &[Rule::FalseZero, Rule::LetGoWithTasks],
        world: root_volume_replaced_twice,
    },
    KnownFault {
        name: "drained-by-hand-after-its-return",
        what: "An instance that returned from the warm pool is set DRAINING by hand, and its daemons go before its tasks.",
        why: "The events of a registration whose hook was completed are ignored for ten minutes, as those of its end.",
        breaks: &[Rule::DaemonBeforeTask],
        world: || back_and_drained(501 * SECOND),
    },
    KnownFault {
        name: "last-release-obeyed-after-the-return",
        what: "The same happens soon after the return with the event lost, although sidecars wait long for a record.",
        why: "That a hooked drain has ended is in memory alone, so a sidecar takes its release for the present one.",
        breaks: &[Rule::DaemonBeforeTask],
        world: last_release_obeyed,
    },
    KnownFault {
        name: "second-wait-in-a-new-environment",
        what: "A warm-pool instance is scaled in again, Lambda replaces the environment, and the hold is two minutes late.",
        why: "A new environment does not know that the first drain has ended, and completes the first wait again.",
        breaks: &[Rule::LateHold],
        world: second_wait_in_a_new_environment,
    },
    KnownFault {
        name: "second-wait-before-the-next-tick",
        what: "The same happens when the instance returns and leaves again between two ticks.",
        why: "Whether the listed wait is that of the record is guessed from its age, and Auto Scaling is not asked.",
        breaks: &[Rule::LateHold],
        world: second_wait_before_the_next_tick,
    },
    KnownFault {
        name: "both-waits-unheard-in-a-new-environment",
        what: "Both events are lost and no task holds: the second wait is completed at once, and no daemon is asked to stop.",
        why: "A wait without a name is completed by the release of the first drain while the instance is in service.",
        breaks: &[Rule::NeverNotified],
        world: both_waits_unheard,
    },
    KnownFault {
        name: "root-volume-replaced-both-waits-unheard",
        what: "The same happens to an instance whose root volume was replaced, under its new registration.",
        why: "A registration that its release does not name gets a drain of its own only if tasks hold there.",
        breaks: &[Rule::NeverNotified],
        world: root_volume_replaced_unheard,
    },
    KnownFault {
        name: "root-volume-replaced-and-drained-by-hand",
        what: "An instance whose root volume was replaced is set DRAINING by hand, and its daemons go before its tasks.",
        why: "A new environment writes the release of the last drain again, and names the new registration in it.",
        breaks: &[Rule::DaemonBeforeTask],
        world: root_volume_replaced_by_hand,
    },
    KnownFault {
        name: "retained-after-a-time-out",
        what: "A hook runs out, its group retains the instance, and every idle minute costs more calls from then on.",
        why: "A retained instance stays DRAINING in its cluster, and each tick looks at what is DRAINING.",
        breaks: &[Rule::IdleCost],
        world: retained,
    },
];

fn leftover(draining: bool, phantoms: u32, sorts_first: bool) -> StaleRecord {
    StaleRecord {
        cluster: 0,
        draining,
        phantoms,
        sorts_first,
    }
}

fn two_registrations(sorts_first: bool) -> Scenario {
    let mut scenario = scaled_in(&[stops_in(4 * MINUTE), stops_in(4 * MINUTE), stops_in(4 * MINUTE)]);
    scenario.hosts[0].stale_records = vec![leftover(true, 0, sorts_first)];
    scenario
}

fn registers_again() -> Scenario {
    let mut scenario = scaled_in(&[stops_in(HOUR), stops_in(HOUR), stops_in(HOUR)]);
    scenario.steps.push(step(2 * MINUTE, What::WipeAgent(0)));
    scenario
}

fn old_registration_holds() -> Scenario {
    let mut scenario = machines(1, &[stops_in(10 * SECOND)]);
    scenario.hosts[0].stale_records = vec![leftover(true, 2, false)];
    // Agents before 1.63.1 do not give a task the container instance on which it runs.
    scenario.hosts[0].daemons[0].knows_registration = false;
    scenario.steps = vec![step(2 * MINUTE, What::Deploy { host: 0, daemon: 0 })];
    scenario
}

fn old_registration_costs() -> Scenario {
    let mut scenario = machines(1, &[stops_in(10 * SECOND)]);
    scenario.hosts[0].stale_records = vec![leftover(true, 2, false)];
    scenario.tail = 2 * HOUR;
    scenario
}

/// An instance that goes to the warm pool with its first wait, comes back, and is scaled in again.
fn twice(first_tasks: Ms, back: Ms, again: Ms) -> Scenario {
    let mut scenario = scaled_in(&[stops_in(first_tasks), stops_in(first_tasks)]);
    scenario.groups[0].warm_pool = true;
    scenario.steps.push(step(back, What::BackInService(0)));
    scenario.steps.push(step(again, What::ScaleIn(0)));
    scenario
}

fn second_wait() -> Scenario {
    let mut scenario = twice(20 * SECOND, 4 * MINUTE, 5 * MINUTE);
    // The tick adopts the first wait, and learns no token.
    scenario.faults = vec![lose(HOOK_EVENT, 0, MINUTE)];
    scenario
}

fn second_wait_unheard() -> Scenario {
    let mut scenario = twice(20 * SECOND, 3 * MINUTE, 4 * MINUTE);
    scenario.groups[0].hooks = vec![hook(HOOK, 5 * MINUTE)];
    scenario.faults = vec![lose(HOOK_EVENT, 3 * MINUTE, 5 * MINUTE)];
    scenario
}

/// An instance that comes back from the warm pool with tasks that take their time, and is set DRAINING there by a person.
fn back_and_drained(by_hand: Ms) -> Scenario {
    let mut scenario = scaled_in(&[stops_in(80 * SECOND), stops_in(80 * SECOND)]);
    scenario.groups[0].warm_pool = true;
    scenario.steps.push(step(2 * MINUTE, What::BackInService(0)));
    scenario.steps.push(step(by_hand, What::SetDraining(0)));
    scenario
}

fn last_release_obeyed() -> Scenario {
    let mut scenario = back_and_drained(201 * SECOND);
    set_sidecar(&mut scenario, "UNKNOWN_GRACE", "150s");
    scenario.faults = vec![lose(INSTANCE_EVENT, 0, 270 * SECOND)];
    scenario
}

fn second_wait_in_a_new_environment() -> Scenario {
    let mut scenario = twice(20 * SECOND, 3 * MINUTE, 4 * MINUTE);
    scenario.steps.push(step(250 * SECOND, What::Recycle));
    scenario.faults = vec![lose(HOOK_EVENT, 200 * SECOND, 5 * MINUTE)];
    scenario
}

fn second_wait_before_the_next_tick() -> Scenario {
    let mut scenario = twice(20 * SECOND, 181 * SECOND, 199 * SECOND);
    scenario.steps.push(step(190 * SECOND, What::Recycle));
    scenario.faults = vec![lose(HOOK_EVENT, 190 * SECOND, 5 * MINUTE)];
    scenario
}

fn both_waits_unheard() -> Scenario {
    let mut scenario = second_wait_in_a_new_environment();
    scenario.hosts[0].tasks.clear();
    scenario.faults = vec![lose(HOOK_EVENT, 0, 5 * MINUTE)];
    scenario
}

fn root_volume_replaced_unheard() -> Scenario {
    let mut scenario = machines(1, &[]);
    scenario.steps = vec![
        step(START, What::ReplaceRootVolume(0)),
        step(5 * MINUTE, What::ScaleIn(0)),
        step(310 * SECOND, What::Recycle),
    ];
    scenario.faults = vec![lose(HOOK_EVENT, 0, 310 * SECOND)];
    scenario
}

fn root_volume_replaced_by_hand() -> Scenario {
    let mut scenario = machines(1, &[stops_in(80 * SECOND), stops_in(80 * SECOND)]);
    scenario.aws.daemon_stop = DaemonStop::AtOnce;
    scenario.steps = vec![
        step(START, What::ReplaceRootVolume(0)),
        step(150 * SECOND, What::Recycle),
        step(230 * SECOND, What::SetDraining(0)),
    ];
    scenario
}

fn set_active() -> Scenario {
    let mut scenario = scaled_in(&[stops_in(HOUR), stops_in(HOUR)]);
    scenario.steps.push(step(START + MINUTE, What::SetActive(0)));
    scenario
}

/// The name of a second hook that is as much ours as the first.
const SECOND_HOOK: &str = "protect-daemons-too";

fn in_service_again() -> Scenario {
    let mut scenario = scaled_in(&[]);
    scenario.groups[0].warm_pool = true;
    scenario.hosts[0].daemons.clear();
    scenario.hosts[0].stale_records = vec![leftover(true, 2, true)];
    scenario
        .steps
        .push(step(START + 5 * SECOND, What::DeleteHook { group: 0, hook: 0 }));
    scenario
        .steps
        .push(step(START + 7 * MINUTE, What::BackInService(0)));
    scenario
}

fn two_hooks_unrecorded() -> Scenario {
    let mut scenario = two_hooks("", 30 * MINUTE, HOUR, false);
    set(&mut scenario, "MAX_DRAIN", "128s");
    scenario.groups[0].hooks[0].heartbeat = 45 * MINUTE;
    scenario.groups[0].hooks.reverse();
    scenario.function.first_tick = 21 * SECOND;
    scenario.steps = vec![step(200 * SECOND, What::ScaleIn(0))];
    scenario.faults = vec![always(Trouble::RefuseWrites)];
    scenario.limit = 2 * HOUR;
    scenario
}

fn two_hooks(named: &str, second: Ms, tasks: Ms, abandon: bool) -> Scenario {
    let mut scenario = scaled_in(&[stops_in(tasks)]);
    set(&mut scenario, "LIFECYCLE_HOOKS", named);
    let mut other = hook(SECOND_HOOK, second);
    other.abandon = abandon;
    scenario.groups[0].hooks.push(other);
    scenario
}

/// Twice in a row, and then the instance is terminated: three drains, each under a registration of its own. No agent comes
/// back to those of the old volumes, and they stay in the cluster.
fn root_volume_replaced_twice() -> Scenario {
    let mut scenario = machines(1, &[stops_in(MINUTE), stops_in(MINUTE), stops_in(MINUTE)]);
    scenario.aws.registrations_linger = true;
    scenario.steps = vec![
        step(START, What::ReplaceRootVolume(0)),
        step(4 * MINUTE, What::ReplaceRootVolume(0)),
        step(8 * MINUTE, What::ScaleIn(0)),
    ];
    scenario
}

/// No heartbeat is sent for so long that the hook runs out with ABANDON, and the tasks take longer than that.
fn retained() -> Scenario {
    let mut scenario = scaled_in(&[stops_in(10 * MINUTE), stops_in(MINUTE)]);
    scenario.groups[0].retain = true;
    scenario.groups[0].hooks[0].heartbeat = 3 * MINUTE;
    scenario.groups[0].hooks[0].abandon = true;
    let of = Some("RecordLifecycleActionHeartbeat".to_owned());
    scenario.faults = vec![trouble(Trouble::Deny { of }, u32::MAX, 0, 5 * MINUTE)];
    scenario.tail = 2 * HOUR;
    scenario
}
