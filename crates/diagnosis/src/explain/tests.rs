use std::collections::BTreeMap;

use protector_core::aws::{Scheduling, TaskStatus};
use protector_core::beacon::Beacon;
use protector_core::control::Control;
use protector_core::ids::AutoScalingGroupName;
use protector_core::record::{Ordered, ReleaseReason, Releasing, State};

use super::fixtures::*;
use super::*;
use crate::seen::{DefinedContainer, Definition, LifecycleHook, ScalingInstance, SeenContainer};
use crate::testing::{TOKEN, at, beacon, held_by, key, lifecycle};

/// A daemon of service `fluent-bit` with a sidecar, which was ordered to stop at `at(stopping)`.
fn daemon(reads: &mut InstanceReads, stopping: Option<i64>, max_hold: Option<&str>) {
    let container = |name: &str| SeenContainer {
        name: name.to_owned(),
        ..SeenContainer::default()
    };
    let task = SeenTask {
        stopping: stopping.is_some(),
        stopping_at: stopping.map(at),
        definition: Some("fluent-bit:1".to_owned()),
        containers: vec![container("fluent-bit"), container("ecs-daemon-protector")],
        ..task(&"d0".repeat(16), "service:fluent-bit", TaskStatus::Running)
    };
    let hold = max_hold.map(|hold| ("PROTECTOR_MAX_HOLD".to_owned(), hold.to_owned()));
    let sidecar = DefinedContainer {
        name: "ecs-daemon-protector".to_owned(),
        stop_timeout: Some(7800),
        environment: hold.into_iter().collect(),
        ..DefinedContainer::default()
    };
    let definition = Definition {
        containers: vec![sidecar],
        ..Definition::default()
    };
    reads
        .definitions
        .insert("fluent-bit:1".to_owned(), Ok(definition));
    let service = service("fluent-bit", Scheduling::Daemon);
    reads.services.insert(service.name.clone(), Ok(service));
    reads.tasks.as_mut().unwrap().push(task);
}

/// The case of the specification: a standalone task and a protected one, a hook that runs out, a sidecar that leaves.
fn stuck() -> InstanceReads {
    let mut reads = reads();
    let mut etl = task(OTHER, "family:nightly-etl", TaskStatus::Running);
    etl.started_by = Some("events-rule/nightly".to_owned());
    reads.tasks.as_mut().unwrap().push(etl);
    let arn = reads.tasks.as_ref().unwrap()[0].arn.clone();
    reads.protections = Ok(BTreeMap::from([(arn, Some(at(NOW + 3600)))]));
    reads.record().remaining = 2;
    reads.hook(90, 62);
    daemon(&mut reads, Some(60), Some("63m"));
    reads.hooks = Some(Ok(vec![
        terminate_hook("ecs-daemon-protector", 90),
        terminate_hook("ecs-managed-draining-termination-hook", 3600),
        LifecycleHook {
            terminates: false,
            ..terminate_hook("launch", 60)
        },
    ]));
    reads
}

/// Three tasks of `web` that stop in time.
fn healthy() -> InstanceReads {
    let mut reads = reads();
    reads.tasks = Ok(vec![stops("a", 30), stops("b", 20), stops("c", 10)]);
    reads.record().remaining = 3;
    reads
}

#[test]
fn a_drain_that_is_stuck_reads_as_documented() {
    let explanation = explain(&stuck());
    assert_eq!(
        explanation.verdict,
        "HOLDING for 41m: 2 of 5 tasks left. It ends by itself at 04:00:00Z (deadline), forced."
    );
    assert_eq!(explanation.cause, Some(Cause::HookOutSoon));
    insta::assert_json_snapshot!(explanation);
}

#[test]
fn a_drain_that_goes_well_reads_as_documented() {
    let explanation = explain(&healthy());
    assert_eq!(
        explanation.verdict,
        "Nothing is wrong: 3 tasks are stopping and end by 03:42:50Z at the latest."
    );
    assert_eq!(explanation.cause, Some(Cause::Stopping));
    assert_eq!(explanation.ends, Ends::Bound(at(NOW + 110)));
    insta::assert_json_snapshot!(explanation);
}

#[test]
fn tasks_that_stop_after_the_deadline_are_not_fine() {
    let mut late = healthy();
    late.record().deadline_at = at(NOW + 109);
    let explanation = explain(&late);
    assert_eq!(explanation.ends, Ends::Bound(at(NOW + 109)));
    assert_eq!(
        explanation.verdict,
        "HOLDING for 41m: 3 of 5 tasks left. It ends by itself at 03:42:49Z (deadline), forced."
    );
    late.record().deadline_at = at(NOW + 110);
    assert!(explain(&late).verdict.starts_with("Nothing is wrong"));
}

#[test]
fn no_token_is_in_an_explanation() {
    let mut ended = stuck();
    ended.drain.state = DrainState::Done;
    ended.record().receipt_at = Some(at(NOW));
    let mut unrecorded = stuck();
    unrecorded.drain = drain(None, "DRAINING", true);
    for reads in [stuck(), healthy(), ended, unrecorded] {
        let explanation = explain(&reads);
        let text = serde_json::to_string(&explanation).unwrap();
        assert!(!text.contains(TOKEN) && !text.contains("drainId"), "{text}");
        assert!(!format!("{explanation:?}").contains(TOKEN));
        assert!(!text.contains('\u{1b}') && !text.contains("\\n"), "{text}");
    }
}

#[test]
fn what_is_wrong_with_the_drain_comes_before_its_tasks() {
    type Change = fn(&mut InstanceReads);
    // In the order of the table; all of them from one on together give that one.
    let rows: [(Cause, Change, &str); 4] = [
        (
            Cause::CoordinatorSilent,
            |reads| reads.beacon = Some(beacon(NOW - 181)),
            "protectorctl doctor --only coordinator",
        ),
        (
            Cause::HookOutSoon,
            |reads| reads.hook(90, 62),
            "aws autoscaling record-lifecycle-action-heartbeat --lifecycle-hook-name ecs-daemon-protector --auto-scaling-group-name prod-ecs --instance-id i-04f05e66a99bdb06f",
        ),
        (
            Cause::Observing,
            |reads| reads.control = Some(Control::Observe),
            "protectorctl mode on",
        ),
        (
            Cause::AgentLost,
            InstanceReads::lose_agent,
            "protectorctl release i-04f05e66a99bdb06f --why ...",
        ),
    ];
    for first in 0..rows.len() {
        let (cause, change, next) = rows[first];
        let mut alone = reads();
        change(&mut alone);
        let alone = explain(&alone);
        let causes: Vec<Cause> = alone.warnings.iter().map(|finding| finding.cause).collect();
        assert_eq!((alone.cause, causes), (Some(cause), vec![cause]));
        assert_eq!(alone.warnings[0].next, [next]);
        let mut all = reads();
        rows[first..].iter().for_each(|(_, change, _)| change(&mut all));
        let all = explain(&all);
        assert_eq!(all.cause, Some(cause));
        assert_eq!(all.warnings.len(), rows.len() - first);
    }
}

#[test]
fn a_coordinator_is_silent_three_minutes_after_its_tick_or_after_the_deadline() {
    for (tick, silent) in [(NOW - 180, false), (NOW - 181, true)] {
        let mut reads = reads();
        reads.beacon = Some(beacon(tick));
        assert_eq!(explain(&reads).cause == Some(Cause::CoordinatorSilent), silent);
    }
    for (deadline, silent) in [(NOW - 90, false), (NOW - 91, true)] {
        let mut reads = reads();
        reads.record().deadline_at = at(deadline);
        let explanation = explain(&reads);
        let is_silent = explanation.cause == Some(Cause::CoordinatorSilent);
        assert_eq!(is_silent, silent, "{deadline}");
        if silent {
            // Sidecars leave 150 s after the deadline and a reading of 6 s.
            assert_eq!(explanation.ends, Ends::Bound(at(deadline + 156)));
        }
    }
    let mut long_silent = reads();
    long_silent.record().deadline_at = at(NOW - 157);
    assert_eq!(explain(&long_silent).ends, Ends::Unknown);
}

#[test]
fn a_hook_is_out_soon_below_a_minute() {
    for (ago, soon) in [(60, false), (61, true), (119, true)] {
        let mut reads = reads();
        reads.hook(120, ago);
        assert_eq!(explain(&reads).cause == Some(Cause::HookOutSoon), soon, "{ago}");
    }
}

#[test]
fn a_dry_run_observes_too_and_takes_no_order() {
    let mut dry = reads();
    dry.dry_run = Some(true);
    let explanation = explain(&dry);
    assert_eq!(explanation.cause, Some(Cause::Observing));
    assert!(explanation.orders.is_empty() && explanation.warnings[0].next.is_empty());
}

#[test]
fn an_agent_is_lost_only_if_the_coordinator_has_noted_it() {
    let mut away = reads();
    away.drain.machine.as_mut().unwrap().agent_connected = false;
    let short = explain(&away);
    assert_eq!(short.cause, Some(Cause::NotFound));
    assert!(short.notes[0].contains("not connected at the moment"));
    away.record().agent_lost_at = Some(at(NOW - 300));
    away.tasks.as_mut().unwrap()[0].connected = Some(false);
    let lost = explain(&away);
    assert_eq!(lost.tasks[0].why.cause, Cause::AgentLost);
    assert_eq!(lost.warnings[0].ends, Ends::Estimate(at(NOW + 300)));
    away.beacon = None;
    assert_eq!(explain(&away).warnings[0].ends, Ends::Unknown);
}

#[test]
fn a_drain_without_a_record_is_not_held() {
    let mut unrecorded = reads();
    unrecorded.drain = drain(None, "DRAINING", true);
    let explanation = explain(&unrecorded);
    assert_eq!(explanation.cause, Some(Cause::NoRecord));
    let verdict = &explanation.verdict;
    assert!(verdict.starts_with("DRAINING: It has no record"), "{verdict}");
    assert_eq!(explanation.tasks.len(), 1, "its tasks are shown all the same");
    let next = "protectorctl doctor --only coordinator,events";
    assert_eq!(explanation.warnings[0].next, [next]);
    let mut elsewhere = Beacon::clone(unrecorded.beacon.as_ref().unwrap());
    elsewhere.clusters = Some(vec!["test".parse().unwrap()]);
    unrecorded.beacon = Some(elsewhere);
    assert_contains(&explain(&unrecorded).verdict, "CLUSTERS does not name prod");
    unrecorded.drain.unreadable = Some("an unreadable record".to_owned());
    let unreadable = explain(&unrecorded);
    assert_contains(&unreadable.verdict, "cannot be read");
    assert_eq!(unreadable.warnings[0].evidence[0].text, "an unreadable record");
}

#[test]
fn an_instance_that_does_not_drain_has_no_cause() {
    let mut active = reads();
    active.drain = drain(None, "ACTIVE", true);
    let explanation = explain(&active);
    assert_eq!(explanation.verdict, "ACTIVE, does not drain.");
    assert_eq!((explanation.cause, explanation.tasks.len()), (None, 0));
    active.drain.machine = None;
    assert!(explain(&active).verdict.contains("in no cluster"));
}

#[test]
fn tasks_that_could_not_be_listed_are_not_known() {
    let mut blind = reads();
    blind.tasks = Err(denied("ecs:ListTasks"));
    blind.record().held_by = vec![held_by("service:web", 1, "RUNNING")];
    let explanation = explain(&blind);
    assert_eq!(explanation.cause, Some(Cause::NotKnown));
    assert_eq!(
        explanation.verdict,
        "HOLDING for 41m: its tasks are not known: needs ecs:ListTasks; the record of 03:00:00Z counts 1 task (1 service:web). It ends by itself at 04:00:00Z (deadline), forced."
    );
    assert_eq!(explanation.gaps, [denied("ecs:ListTasks")]);
}

#[test]
fn every_gap_is_listed_once() {
    let mut blind = reads();
    blind.deny_services();
    let api = "api".parse().unwrap();
    blind.services.insert(api, Err(denied("ecs:DescribeServices")));
    blind.elsewhere(Err(denied("ecs:ListTasks")));
    blind.protections = Err(denied("ecs:GetTaskProtection"));
    blind.define(Err(denied("ecs:DescribeTaskDefinition")));
    let balancer = "elasticloadbalancing:DescribeTargetHealth";
    blind
        .target_groups
        .insert(GROUP.to_owned(), Err(denied(balancer)));
    blind.group = Some(Err(denied("autoscaling:DescribeAutoScalingGroups")));
    blind.activities = Some(Err(denied("autoscaling:DescribeScalingActivities")));
    blind.hooks = Some(Err(denied("autoscaling:DescribeLifecycleHooks")));
    blind.machines = Some(Err(denied("ecs:DescribeContainerInstances")));
    let explanation = explain(&blind);
    assert_eq!(explanation.gaps.len(), 9);
    assert_eq!(explanation.cause, Some(Cause::NotKnown));
    let mut clocks = explanation.clocks.iter();
    let others = clocks.find(|clock| clock.label == "others").unwrap();
    assert_contains(&others.text, "needs autoscaling:DescribeLifecycleHooks");
}

#[test]
fn a_drain_whose_last_task_has_gone_settles() {
    let mut settling = reads();
    settling.tasks = Ok(Vec::new());
    settling.record().remaining = 0;
    let explanation = explain(&settling);
    assert_eq!(explanation.cause, Some(Cause::Settling));
    assert_eq!(
        explanation.verdict,
        "HOLDING for 41m: no task is left, and the release comes next. It ends by 04:00:00Z at the latest."
    );
}

#[test]
fn the_task_that_decides_comes_first() {
    let mut mixed = stuck();
    mixed.drain.hooks.clear();
    mixed.tasks.as_mut().unwrap().push(stops("b", 10));
    let explanation = explain(&mixed);
    let causes: Vec<Cause> = explanation.tasks.iter().map(|task| task.why.cause).collect();
    assert_eq!(causes, [Cause::Standalone, Cause::Protected, Cause::Stopping]);
    assert_eq!(explanation.cause, Some(Cause::Standalone));
    assert_contains(&explanation.notes[0], "counts 2");
}

/// The same drain after its release.
fn released(reads: &mut InstanceReads, at_second: i64, reason: ReleaseReason) {
    let record = reads.record();
    (record.state, record.reason) = (State::Released, Some(reason));
    record.released_at = Some(at(at_second));
    let record = reads.drain.record.clone();
    let hooks = std::mem::take(&mut reads.drain.hooks);
    reads.drain = drain(record, "DRAINING", true);
    reads.drain.hooks = hooks;
}

#[test]
fn a_released_drain_flushes_while_a_daemon_lives() {
    let mut flushing = reads();
    daemon(&mut flushing, Some(60), None);
    released(&mut flushing, NOW - 20, ReleaseReason::Drained);
    let explanation = explain(&flushing);
    assert_eq!(explanation.cause, Some(Cause::Flushing));
    assert_eq!(explanation.ends, Ends::Bound(at(NOW + 100)));
    assert_eq!(
        explanation.verdict,
        "RELEASED at 03:40:40Z (drained). Its daemons have until 03:42:40Z to flush: service:fluent-bit."
    );
    assert!(explanation.orders.is_empty());
    let mut over = flushing.clone();
    released(&mut over, NOW - 121, ReleaseReason::Drained);
    assert_eq!(explain(&over).ends, Ends::Unknown);
    flushing.tasks.as_mut().unwrap().pop();
    let gone = explain(&flushing);
    assert_eq!(gone.cause, None);
    assert!(gone.verdict.contains("No daemon is left"), "{}", gone.verdict);
}

#[test]
fn a_release_that_goes_tier_by_tier_says_which() {
    let mut tiers = reads();
    tiers.tasks = Ok(Vec::new());
    let two = |name: &str| vec![name.parse().unwrap()];
    let mut known = beacon(NOW - 10);
    known.tiers = Some(vec![two("datadog"), two("xray"), two("fluent-bit")]);
    tiers.beacon = Some(known);
    tiers.record().releasing = Some(Releasing {
        reason: ReleaseReason::Drained,
        tier: 1,
        since: at(NOW - 30),
    });
    let explanation = explain(&tiers);
    assert_eq!(explanation.cause, Some(Cause::Tier));
    let sentence = &explanation.waits_for.as_ref().unwrap().sentence;
    assert_contains(sentence, "tier 2 of 3 may go since 03:40:30Z");
    // Two tiers are left, each with DAEMON_STOP and a reading of 6 s.
    assert_eq!(explanation.ends, Ends::Estimate(at(NOW - 30 + 2 * 126)));
}

#[test]
fn an_ended_drain_shows_its_receipt_and_who_waits_after_it() {
    let mut ended = reads();
    ended.record().ordered = Some(Ordered::new("release", "ana\n", "INC\u{1b}4711", at(NOW - 130)));
    released(&mut ended, NOW - 120, ReleaseReason::Operator);
    ended.record().receipt_at = Some(at(NOW - 60));
    ended.drain.state = DrainState::Done;
    let explanation = explain(&ended);
    assert_eq!(
        explanation.verdict,
        "ENDED at 03:40:00Z. It held for 39m (operator, by ana : INC 4711). It waited for 5 tasks, 1 left at the end, forced."
    );
    assert_eq!((explanation.cause, explanation.tasks.len()), (None, 0));

    let group: AutoScalingGroupName = "prod-ecs".parse().unwrap();
    ended.drain.scaling = Some(ScalingInstance {
        instance: key().instance,
        group,
        lifecycle_state: "Terminating:Wait".to_owned(),
    });
    ended.record().lifecycle = Some(lifecycle(900, 0, true));
    let hooks = vec![
        terminate_hook("ecs-daemon-protector", 900),
        terminate_hook("ecs-managed-draining-termination-hook", 3600),
    ];
    ended.hooks = Some(Ok(hooks));
    let waits = explain(&ended);
    assert_eq!(waits.cause, Some(Cause::OtherHook));
    assert_eq!(waits.other_hooks.len(), 1);
    let other = "Another hook waits: ecs-managed-draining-termination-hook.";
    assert_contains(&waits.verdict, other);
    ended.hooks = Some(Err(denied("autoscaling:DescribeLifecycleHooks")));
    let unknown = explain(&ended);
    assert_eq!(unknown.cause, Some(Cause::OtherHook));
    let need = "not known: needs autoscaling:DescribeLifecycleHooks";
    assert_contains(&unknown.verdict, need);
}

#[test]
fn an_order_reaches_as_far_as_hook_and_sidecars_allow() {
    // When the sidecar was ordered to stop, its setting, and by how much the deadline may move.
    let table = [
        (Some(60), Some("63m"), Some("4m")),
        (Some(60), Some("59m"), None),
        // The default of two hours.
        (Some(60), None, Some("1h1m")),
        // The hook's limit less a margin and the flush.
        (None, Some("63m"), Some("26h41m")),
    ];
    for (stopping, hold, by) in table {
        let mut reads = reads();
        reads.hook(1000, 60);
        daemon(&mut reads, stopping, hold);
        let orders = explain(&reads).orders;
        let release = "protectorctl release i-04f05e66a99bdb06f --why ...";
        assert_eq!(orders[0].command, release);
        let extend = orders.get(1).map(|order| order.command.clone());
        let expected = by.map(|by| format!("protectorctl extend i-04f05e66a99bdb06f --why ... --by {by}"));
        assert_eq!(extend, expected, "{stopping:?} {hold:?}");
        let is_duration = |by: &str| by.parse::<jiff::SignedDuration>().is_ok();
        assert!(by.is_none_or(is_duration), "{by:?}");
        reads.beacon = None;
        assert_eq!(explain(&reads).orders.len(), 1, "its settings are not known");
    }
}

#[test]
fn a_sidecar_that_leaves_before_the_deadline_is_a_warning() {
    let sidecars = |stopping: Option<i64>, hold: Option<&str>| {
        let mut reads = reads();
        daemon(&mut reads, stopping, hold);
        let mut clocks = explain(&reads).clocks.into_iter();
        clocks.find(|clock| clock.label == "sidecars").unwrap()
    };
    let early = sidecars(Some(60), Some("30m"));
    let expected = "03:31:00Z whatever is ordered (PROTECTOR_MAX_HOLD 30m)";
    assert_contains(&early.text, expected);
    assert!(early.warning.is_some());
    let waiting = sidecars(None, Some("30m"));
    assert_contains(&waiting.text, "none is ordered to stop yet");
    assert_eq!(waiting.warning, None);
    // The agent kills it at its stopTimeout of 2h10m.
    let killed = sidecars(None, Some("3h"));
    assert_contains(&killed.text, "stopTimeout 2h10m of the sidecar");
    let mut unread = reads();
    daemon(&mut unread, None, None);
    let need = "ecs:DescribeTaskDefinition";
    unread
        .definitions
        .insert("fluent-bit:1".to_owned(), Err(denied(need)));
    let clocks = explain(&unread).clocks;
    assert!(clocks.iter().any(|clock| clock.text.contains(need)), "{clocks:?}");
}

#[test]
fn a_service_that_is_not_known_holds_and_daemons_do_not() {
    let mut unknown = reads();
    daemon(&mut unknown, None, None);
    assert_eq!(explain(&unknown).tasks.len(), 1);
    unknown.deny_services();
    let explanation = explain(&unknown);
    let why = &explanation.tasks[0].why;
    assert_eq!(why.cause, Cause::NotKnown);
    assert_contains(&why.sentence, "needs ecs:DescribeServices");
}

/// A change for each cause that has a command, the one of AWS and of this tool alike.
fn with_commands() -> Vec<(Cause, InstanceReads)> {
    type Change = fn(&mut InstanceReads);
    let rows: [(Cause, Change); 10] = [
        (Cause::NoRecord, |reads| {
            reads.drain = drain(None, "DRAINING", true)
        }),
        (Cause::CoordinatorSilent, |reads| {
            reads.beacon = Some(beacon(NOW - 181))
        }),
        (Cause::HookOutSoon, |reads| reads.hook(90, 62)),
        (Cause::Observing, |reads| reads.control = Some(Control::Observe)),
        (Cause::AgentLost, InstanceReads::lose_agent),
        (Cause::Pending, |reads| {
            reads.tasks = Ok(vec![task(OTHER, "family:nightly-etl", TaskStatus::Pending)]);
        }),
        (Cause::Standalone, |reads| {
            reads.tasks = Ok(vec![task(OTHER, "family:nightly-etl", TaskStatus::Running)]);
        }),
        (Cause::Protected, |reads| {
            let arn = reads.tasks.as_ref().unwrap()[0].arn.clone();
            reads.protections = Ok(BTreeMap::from([(arn, Some(at(NOW + 60)))]));
        }),
        (Cause::DeploymentConfig, |reads| reads.web().maximum_percent = 100),
        (Cause::NoRoom, |reads| {
            let text = "(service web) was unable to place a task because no container instance met all of its requirements.";
            reads.web().events.push(event(60, text));
            reads.group = Some(Ok(scaling_group(3, 3)));
            reads.activities = Some(Ok(vec![failed_activity()]));
        }),
    ];
    let changed = |(cause, change): (Cause, Change)| {
        let mut reads = reads();
        change(&mut reads);
        (cause, reads)
    };
    rows.into_iter().map(changed).collect()
}

fn all_commands(explanation: &Explanation) -> Vec<String> {
    let mut explanation = explanation.clone();
    explanation
        .commands_mut()
        .map(|command| command.clone())
        .collect()
}

#[test]
fn every_command_reaches_the_place_at_which_the_person_looks() {
    for (cause, plain) in with_commands() {
        let explanation = explain(&plain);
        assert_eq!(explanation.cause, Some(cause));
        let without = all_commands(&explanation);
        assert!(!without.is_empty(), "{cause:?}");
        for option in ["--profile", "--region", "--prefix"] {
            let has = |command: &String| command.contains(option);
            assert!(!without.iter().any(has), "{without:?}");
        }
        let mut given = plain;
        given.invocation = crate::command::Invocation {
            profile: Some("on-call".to_owned()),
            region: Some("eu-west-1".to_owned()),
            prefix: Some("/drains".parse().unwrap()),
            clusters: vec!["other".parse().unwrap(), "prod".parse().unwrap()],
        };
        let with = all_commands(&explain(&given));
        assert_eq!(with.len(), without.len());
        for (with, without) in with.iter().zip(&without) {
            let rest = with.strip_prefix(without.as_str()).unwrap();
            let expected = match without.split(' ').next() {
                Some("aws") => "--profile on-call --region eu-west-1",
                _ if without.starts_with("protectorctl mode") => {
                    "--profile on-call --region eu-west-1 --prefix /drains"
                }
                _ => "--profile on-call --region eu-west-1 --prefix /drains --cluster prod",
            };
            assert_eq!(rest.trim_start(), expected, "{with}");
        }
    }
}

#[test]
fn the_next_command_is_that_of_what_needs_a_person() {
    for (cause, reads) in with_commands() {
        let explanation = explain(&reads);
        let next = explanation.next_command();
        assert_eq!(next.is_some(), cause.needs_a_person(), "{cause:?}: {next:?}");
    }
    let stuck = explain(&stuck());
    assert_contains(stuck.next_command().unwrap(), "record-lifecycle-action-heartbeat");
    assert_eq!(explain(&healthy()).next_command(), None);
}

#[test]
fn a_list_shows_the_bound_of_all_tasks_or_that_one_is_not_known() {
    let (fine, gaps) = looked_at(&healthy());
    assert_eq!((fine.ends, gaps), (Ends::Bound(at(NOW + 110)), Vec::new()));
    assert_eq!(fine.held_by(), "3 web stopping");
    assert_eq!(fine.why().as_deref(), Some("stopTimeout 2m"));

    let mut usual = healthy();
    usual.usual = Some(Ok(crate::usual::Usual {
        held_seconds: 360,
        receipts: 20,
        of: crate::usual::Alike::Group,
    }));
    let (shown, _) = looked_at(&usual);
    assert_eq!(shown.why().as_deref(), Some("stopTimeout 2m; usually ~6m in all"));
    let expected = "~6m in all is usual for this group (median of 20)";
    assert_eq!(explain(&usual).clocks.last().unwrap().text, expected);

    // Where another group holds too, the reason names its own.
    let mut two = healthy();
    let search = SeenTask {
        group: Some("service:search".to_owned().into()),
        ..stopping(TaskStatus::Stopping, 5)
    };
    let service = service("search", Scheduling::Replica);
    two.services.insert(service.name.clone(), Ok(service));
    two.tasks.as_mut().unwrap().push(search);
    let (named, _) = looked_at(&two);
    assert_eq!(named.why().as_deref(), Some("service:search: stopTimeout 2m"));
    assert_eq!(named.held_by(), "search stopping, 3 web stopping");

    // One task ends by itself, the other only with the deadline.
    let mut mixed = healthy();
    let etl = task(OTHER, "family:nightly-etl", TaskStatus::Running);
    mixed.tasks.as_mut().unwrap().push(etl);
    let (open, _) = looked_at(&mixed);
    assert_eq!((open.ends, open.why()), (Ends::Unknown, None));
    assert_eq!(open.held_by(), "nightly-etl standalone, 3 web stopping");

    // All ends are known, and the deadline comes before the last of them.
    let mut forced = healthy();
    forced.record().deadline_at = at(NOW + 60);
    let (forced, _) = looked_at(&forced);
    assert_eq!(forced.ends, Ends::Bound(at(NOW + 60)));
    assert_eq!(forced.why().as_deref(), Some("deadline"));
}

#[test]
fn what_could_not_be_read_of_a_listed_drain_is_not_known_and_a_gap() {
    let mut unread = healthy();
    unread.tasks = Err(denied("ecs:ListTasks"));
    let (drain, gaps) = looked_at(&unread);
    assert_eq!((drain.ends, gaps), (Ends::Unknown, vec![denied("ecs:ListTasks")]));
    assert_eq!(drain.looked.unwrap().cause, Some(Cause::NotKnown));
    // Receipts are only beside the answer.
    let mut without = healthy();
    without.usual = Some(Err(denied("logs:FilterLogEvents")));
    let (drain, gaps) = looked_at(&without);
    assert!(gaps.is_empty() && matches!(drain.ends, Ends::Bound(_)));
    let expected = "how long such drains hold is not known: needs logs:FilterLogEvents";
    assert_eq!(explain(&without).clocks.last().unwrap().text, expected);
}

#[test]
fn a_released_drain_names_the_daemons_that_flush() {
    let mut flushes = reads();
    released(&mut flushes, NOW - 30, ReleaseReason::Drained);
    daemon(&mut flushes, Some(NOW - 30), None);
    let (drain, _) = looked_at(&flushes);
    // The window that the record has.
    assert_eq!(drain.ends, Ends::Bound(at(NOW + 90)));
    assert_eq!(drain.held_by(), "flushing: fluent-bit");
}
