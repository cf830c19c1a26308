//! Worlds in which a planted bug must show, and how many of them are enough to catch it.

use crate::judge::{self, Violation};
use crate::plain::{CLUSTER, HOOK, LOGS, MESH, WEB, daemon, fleet, hook, step};
use crate::run::{Bug, Options};
use crate::scenario::{
    FaultSpec, HOUR, HostSpec, MINUTE, SECOND, Scenario, StaleRecord, TaskSpec, Trouble, What,
};

/// A planted bug with the worlds that show it.
#[derive(Debug, Clone, Copy)]
pub struct Planted {
    /// The bug.
    pub bug: Bug,
    /// It is caught within so many seeds.
    pub seeds: u64,
    /// The world of a seed. The product without the bug keeps every promise in it.
    pub world: fn(u64) -> Scenario,
}

/// All planted bugs.
#[must_use]
pub fn all() -> Vec<Planted> {
    let planted = |bug, seeds, world| Planted { bug, seeds, world };
    vec![
        planted(Bug::CountsRunningOnly, 3, slow_stops),
        planted(Bug::DrainsBeforeTheRecord, 1, one),
        planted(Bug::FailureIsZero, 3, throttled_listings),
        planted(Bug::FirstPageOnly, 3, small_pages),
        planted(Bug::CompletesBeforeTheFlush, 3, slow_flush),
        planted(Bug::DropsAFailedCompletion, 5, throttled_completion),
        planted(Bug::ReleasedBackToHolding, 1, one),
        planted(Bug::ObeysALeftover, 3, leftover_record),
        planted(Bug::FirstRegistrationOnly, 5, leftover_registration),
        planted(Bug::HeartbeatLast, 3, short_hook),
        planted(Bug::BelievesOneAbsence, 10, lagging_reads),
        planted(Bug::ForgetsTiers, 3, tiers),
        planted(Bug::NoHeartbeat, 1, short_hook),
        planted(Bug::HeartbeatGivesUp, 3, throttled_heartbeat),
        planted(Bug::NoSettleWindow, 5, late_placement),
        planted(Bug::CompletesForeignHooks, 1, foreign_hook),
        planted(Bug::IgnoresStandaloneTasks, 1, standalone),
        planted(Bug::DaemonsHold, 3, one),
        planted(Bug::NoTick, 3, lost_events),
        planted(Bug::NoDeadline, 1, endless_task),
        planted(Bug::WrongToken, 1, one),
        planted(Bug::NeverDeletes, 1, afterwards),
        planted(Bug::WritesThrice, 1, one),
        planted(Bug::ReceiptNeverForced, 1, endless_task),
        planted(Bug::NoKillSwitch, 3, kill_switch),
        planted(Bug::ForgetsOrders, 3, order),
        planted(Bug::SidecarWithoutBounds, 1, no_coordinator),
        planted(Bug::LongGrace, 1, deployment),
        planted(Bug::ReadsBeforeSigterm, 1, deployment),
        planted(Bug::IdleChatter, 1, afterwards),
        planted(Bug::NoProtectionCheck, 1, lost_sidecar),
        planted(Bug::SidecarByNameAlone, 1, lost_sidecar),
        planted(Bug::SharedLeavesOneOut, 1, crowd),
        planted(Bug::SharedReleasesOne, 1, crowd),
        planted(Bug::BasedOnTooOld, 1, one),
        planted(Bug::ReleaseNamesAll, 3, wiped_after_the_release),
        planted(Bug::SkipsSecondHook, 1, two_hooks),
        planted(Bug::IgnoresLinger, 1, unread_lines),
        planted(Bug::ListingLeavesOneOut, 1, crowd),
        planted(Bug::DrainsOnce, 1, set_active),
        planted(Bug::HeartbeatSkipsOne, 1, short_hook),
        planted(Bug::NoPace, 1, crowd),
    ]
}

/// The first seed with which the bug is caught, and by what.
///
/// # Errors
/// The settings of a world are wrong.
pub fn caught(planted: &Planted) -> Result<Option<(u64, Violation)>, String> {
    let options = Options {
        bug: Some(planted.bug),
        ..Options::default()
    };
    for seed in 1..=planted.seeds {
        let judged = judge::run(&(planted.world)(seed), options)?;
        if let Some(violation) = judged.violations.into_iter().next() {
            return Ok(Some((seed, violation)));
        }
    }
    Ok(None)
}

/// One machine of one environment; the rest is plain.
fn one(seed: u64) -> Scenario {
    let mut scenario = fleet(seed, 1);
    scenario.function.environments = 1;
    scenario
}

fn web(stop: u64) -> TaskSpec {
    TaskSpec {
        service: Some(WEB),
        stop,
        ..TaskSpec::default()
    }
}

fn job(ends: u64) -> TaskSpec {
    TaskSpec {
        service: None,
        ends: Some(ends),
        ..TaskSpec::default()
    }
}

fn fault(from: u64, to: u64, percent: u32, what: Trouble) -> FaultSpec {
    FaultSpec {
        from,
        to,
        percent,
        what,
        ..FaultSpec::default()
    }
}

fn slow_stops(seed: u64) -> Scenario {
    let mut scenario = one(seed);
    scenario.hosts[0].tasks = vec![web(40 * SECOND); 3];
    scenario
}

fn throttled_listings(seed: u64) -> Scenario {
    let mut scenario = slow_stops(seed);
    let what = Trouble::Throttle {
        of: Some("ListTasks".to_owned()),
        by: None,
    };
    scenario.faults.push(fault(0, 60 * SECOND, 100, what));
    scenario
}

fn small_pages(seed: u64) -> Scenario {
    let mut scenario = slow_stops(seed);
    scenario.aws.page = 2;
    scenario.hosts[0].tasks = vec![
        web(5 * SECOND),
        web(5 * SECOND),
        web(50 * SECOND),
        web(50 * SECOND),
    ];
    scenario
}

fn slow_flush(seed: u64) -> Scenario {
    let mut scenario = one(seed);
    scenario.hosts[0].daemons[0].flush = 60 * SECOND;
    scenario
}

/// The first three calls of an operation are throttled.
fn three_throttled(operation: &str) -> FaultSpec {
    FaultSpec {
        times: 3,
        what: Trouble::Throttle {
            of: Some(operation.to_owned()),
            by: None,
        },
        ..FaultSpec::default()
    }
}

fn throttled_completion(seed: u64) -> Scenario {
    let mut scenario = one(seed);
    scenario.groups[0].hooks[0].heartbeat = 3 * MINUTE;
    scenario.faults.push(three_throttled("CompleteLifecycleAction"));
    scenario
}

/// A released record of an earlier life of the instance exists.
fn leftover_record(seed: u64) -> Scenario {
    let mut scenario = slow_stops(seed);
    let text = format!(
        "{{\"schema\":1,\"state\":\"released\",\"remaining\":0,\"reason\":\"drained\",\
         \"ec2InstanceId\":\"i-{:017x}\",\"containerInstanceArn\":\"arn:aws:ecs:eu-west-1:123456789012:\
         container-instance/prod/0123456789abcdef0123456789abcdef\",\"drainId\":\"an-earlier-one\",\
         \"startedAt\":\"2026-01-05T07:50:00Z\",\"updatedAt\":\"2026-01-05T07:55:00Z\",\
         \"deadlineAt\":\"2026-01-05T08:50:00Z\",\"releasedAt\":\"2026-01-05T07:55:00Z\",\"pollSeconds\":1,\
         \"receiptAt\":\"2026-01-05T07:55:30Z\"}}",
        1
    );
    let name = format!("/ecs-daemon-protector/{}/i-{:017x}", CLUSTER, 1);
    scenario.parameters.push((name, text));
    // The hold of this drain comes late: until then the sidecar can read only the leftover record.
    scenario.faults.push(FaultSpec {
        from: 0,
        to: 40 * SECOND,
        what: Trouble::DelayEvents {
            max: 20 * SECOND,
            of: Some("Instance".to_owned()),
        },
        ..FaultSpec::default()
    });
    scenario.steps = vec![step(10 * SECOND, What::SetDraining(0))];
    scenario.steps.push(step(4 * MINUTE, What::ScaleIn(0)));
    scenario
}

/// A registration that was left behind, ACTIVE and empty, sorts before the living one.
fn leftover_registration(seed: u64) -> Scenario {
    let mut scenario = slow_stops(seed);
    scenario.hosts[0].stale_records.push(StaleRecord {
        cluster: 0,
        draining: false,
        phantoms: 0,
        sorts_first: true,
    });
    scenario
}

fn short_hook(seed: u64) -> Scenario {
    let mut scenario = one(seed);
    scenario.groups[0].hooks[0].heartbeat = 3 * MINUTE;
    scenario.hosts[0].tasks = vec![job(12 * MINUTE)];
    scenario
}

fn lagging_reads(seed: u64) -> Scenario {
    let mut scenario = slow_stops(seed);
    // Its calls would shift what the seeds draw.
    scenario
        .settings
        .insert("UNPROTECTED_CHECK".to_owned(), "0s".to_owned());
    scenario.faults.push(FaultSpec {
        from: 22 * SECOND,
        to: 50 * SECOND,
        percent: 10,
        times: 1,
        what: Trouble::ParameterNotFound,
        ..FaultSpec::default()
    });
    scenario
}

fn tiers(seed: u64) -> Scenario {
    let mut scenario = one(seed);
    scenario
        .settings
        .insert("DAEMON_TIERS".to_owned(), "mesh | logs".to_owned());
    scenario.hosts[0].daemons = vec![daemon(MESH), daemon(LOGS)];
    scenario.hosts[0].daemons[0].flush = 20 * SECOND;
    scenario
}

fn throttled_heartbeat(seed: u64) -> Scenario {
    let mut scenario = short_hook(seed);
    scenario.groups[0].hooks[0].heartbeat = 6 * MINUTE;
    scenario.hosts[0].tasks = vec![job(20 * MINUTE)];
    scenario
        .faults
        .push(three_throttled("RecordLifecycleActionHeartbeat"));
    scenario
}

/// A task whose placement was in progress when DRAINING was set comes a moment later.
fn late_placement(seed: u64) -> Scenario {
    let mut scenario = one(seed);
    scenario.hosts[0].tasks.clear();
    let at = scenario.steps[0].at;
    let task = TaskSpec {
        stop: 30 * SECOND,
        ..TaskSpec::default()
    };
    scenario
        .steps
        .push(step(at + 3 * SECOND + seed * 200, What::Place { host: 0, task }));
    scenario
}

fn foreign_hook(seed: u64) -> Scenario {
    let mut scenario = one(seed);
    let mut foreign = hook("that-of-another-actor", HOUR);
    foreign.foreign_completes = Some(10 * MINUTE);
    scenario.groups[0].hooks.push(foreign);
    scenario
        .settings
        .insert("LIFECYCLE_HOOKS".to_owned(), HOOK.to_owned());
    scenario
}

fn standalone(seed: u64) -> Scenario {
    let mut scenario = one(seed);
    scenario.hosts[0].tasks.push(job(5 * MINUTE));
    scenario
}

fn lost_events(seed: u64) -> Scenario {
    let mut scenario = one(seed);
    scenario.groups[0].hooks[0].heartbeat = 5 * MINUTE;
    scenario.hosts[0].tasks = vec![job(15 * MINUTE)];
    scenario
        .faults
        .push(fault(0, HOUR, 100, Trouble::LoseEvents { of: None }));
    scenario
}

/// No one stops the task: the drain ends at its deadline.
fn endless_task(seed: u64) -> Scenario {
    let mut scenario = one(seed);
    scenario.settings.insert("MAX_DRAIN".to_owned(), "5m".to_owned());
    scenario.function.first_tick = 25 * SECOND;
    scenario.hosts[0].tasks.push(TaskSpec {
        stays: true,
        ..TaskSpec::default()
    });
    scenario.limit = HOUR;
    scenario
}

/// An hour and more after the drain.
fn afterwards(seed: u64) -> Scenario {
    let mut scenario = one(seed);
    scenario.tail = 80 * MINUTE;
    scenario
}

/// The sidecar ends in its first minute, long before the drain.
fn lost_sidecar(seed: u64) -> Scenario {
    let mut scenario = one(seed);
    scenario.hosts[0].tasks.clear();
    scenario.steps = vec![
        step(20 * SECOND, What::KillSidecar { host: 0, daemon: 0 }),
        step(40 * MINUTE, What::ScaleIn(0)),
    ];
    scenario
}

/// Enough instances for a shared record. One task of the first takes longer to stop than the others.
fn crowd(seed: u64) -> Scenario {
    let mut scenario = fleet(seed, 8);
    scenario.function.environments = 1;
    scenario.hosts[0].tasks[0].stop = 60 * SECOND;
    scenario
}

/// After the release the agent loses its data and registers again, and a person sets the new registration DRAINING. Its
/// sidecars get SIGTERM before the coordinator hears of it: the record is still that of the old registration.
fn wiped_after_the_release(seed: u64) -> Scenario {
    let mut scenario = one(seed);
    scenario.hosts[0].daemons[0].flush = MINUTE;
    scenario.hosts[0].tasks = vec![web(20 * SECOND); 2];
    scenario.steps.push(step(55 * SECOND, What::WipeAgent(0)));
    scenario.steps.push(step(58 * SECOND, What::SetDraining(0)));
    let late = Trouble::DelayEvents {
        max: 40 * SECOND,
        of: None,
    };
    scenario.faults.push(fault(52 * SECOND, 80 * SECOND, 100, late));
    scenario
}

fn two_hooks(seed: u64) -> Scenario {
    let mut scenario = one(seed);
    scenario.groups[0].hooks.push(hook("second", 15 * MINUTE));
    scenario
        .settings
        .insert("LIFECYCLE_HOOKS".to_owned(), format!("{HOOK},second"));
    scenario.settings.insert("MAX_DRAIN".to_owned(), "5m".to_owned());
    scenario.limit = HOUR;
    scenario
}

/// The daemon has still to read what the last task has written.
fn unread_lines(seed: u64) -> Scenario {
    let mut scenario = one(seed);
    scenario.hosts[0].daemons[0].behind = 4 * SECOND;
    scenario
}

/// A person sets the instance ACTIVE while its hook waits.
fn set_active(seed: u64) -> Scenario {
    let mut scenario = one(seed);
    scenario.hosts[0].tasks.push(job(10 * MINUTE));
    scenario.steps.push(step(2 * MINUTE, What::SetActive(0)));
    scenario
}

fn kill_switch(seed: u64) -> Scenario {
    let mut scenario = one(seed);
    scenario.hosts[0].tasks.push(job(30 * MINUTE));
    let text = "{\"mode\":\"release-all\"}".to_owned();
    scenario.steps.push(step(2 * MINUTE, What::Control(Some(text))));
    scenario
}

fn order(seed: u64) -> Scenario {
    let mut scenario = one(seed);
    scenario.hosts[0].tasks.push(job(30 * MINUTE));
    let what = What::Order {
        host: 0,
        command: "release".to_owned(),
        by: None,
        why: "ticket 7".to_owned(),
    };
    scenario.steps.push(step(2 * MINUTE, what));
    scenario
}

/// The coordinator writes its hold, and then does not run any more.
fn no_coordinator(seed: u64) -> Scenario {
    let mut scenario = one(seed);
    scenario.sidecar.insert("MAX_HOLD".to_owned(), "10m".to_owned());
    scenario.hosts[0].tasks.push(job(30 * MINUTE));
    scenario.groups[0].hooks[0].heartbeat = 2 * HOUR;
    let gone = |what| fault(30 * SECOND, HOUR, 100, what);
    scenario.faults.push(gone(Trouble::LoseEvents { of: None }));
    scenario.faults.push(gone(Trouble::LoseTicks));
    scenario.limit = 40 * MINUTE;
    scenario
}

fn deployment(seed: u64) -> Scenario {
    let mut scenario = one(seed);
    scenario.steps = vec![step(10 * SECOND, What::Deploy { host: 0, daemon: 0 })];
    scenario.hosts[0] = HostSpec {
        tasks: vec![web(5 * SECOND)],
        ..scenario.hosts[0].clone()
    };
    scenario
}
