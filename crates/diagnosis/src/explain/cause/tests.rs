use std::collections::BTreeMap;

use protector_core::aws::TaskStatus;

use super::*;
use crate::cause::Cause;
use crate::ends::Ends;
use crate::explain::fixtures::*;
use crate::explain::reads::InstanceReads;
use crate::read::Reading;
use crate::seen::{ClassicLoadBalancer, Deployment, SeenContainer, SeenTask, ServiceEvent};
use crate::testing::at;

const PREFIXES: [&str; 3] = [
    "(service web) ",
    "(service web, taskSet ecs-svc/1234567890123456789) ",
    "(service web) (deployment ecs-svc/1234567890123456789) ",
];

const NO_MEMORY: &str = "was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 0a1b2c3d) has insufficient memory available. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";
const CONFIGURATION: &str = "was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.";
const CANNOT_PULL: &str = "was unable to place a task. Reason: CannotPullContainerError: pull access denied.";
const THROTTLED: &str = "operations are being throttled. Will try again later.";
const EXITED: &str = "Essential container in task exited";
const STEADY: &str = "has reached a steady state.";

/// What is found for the one task of the fixture, after `change`.
fn found(change: impl FnOnce(&mut InstanceReads)) -> CauseFinding {
    let mut reads = reads();
    change(&mut reads);
    let tasks = reads.tasks.clone().unwrap();
    task_cause(&TaskLook::new(&reads, &tasks[0]))
}

fn with_task(task: SeenTask) -> impl FnOnce(&mut InstanceReads) {
    |reads| reads.tasks = Ok(vec![task])
}

fn protect(reads: &mut InstanceReads, until: Option<i64>) {
    let arn = task(WEB, "service:web", TaskStatus::Running).arn;
    reads.protections = Ok(BTreeMap::from([(arn, until.map(|second| at(NOW + second)))]));
}

fn block(reads: &mut InstanceReads) {
    reads.web().maximum_percent = 100;
}

fn says(reads: &mut InstanceReads, text: &str) {
    reads.web().events.push(said(60, text));
}

/// What the service `web` said this long ago.
fn said(seconds: i64, text: &str) -> ServiceEvent {
    event(seconds, &format!("(service web) {text}"))
}

fn died(reason: &str, code: &str) -> SeenTask {
    SeenTask {
        stopped_at: Some(at(NOW - 30)),
        stop_code: Some(code.to_owned()),
        stopped_reason: Some(reason.to_owned()),
        ..replacement(TaskStatus::Stopped)
    }
}

#[test]
fn an_event_is_evidence_in_all_spellings_and_verbatim() {
    let table = [
        (NO_MEMORY, Cause::NoRoom),
        (CANNOT_PULL, Cause::CannotStart),
        (
            "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section.",
            Cause::CannotStart,
        ),
        (
            "(port 80) is unhealthy in (target-group arn:aws:elb) due to (reason Health checks failed)",
            Cause::CannotStart,
        ),
        ("deployment failed: tasks failed to start.", Cause::CannotStart),
        ("rolling back to deployment ecs-svc/7.", Cause::CannotStart),
        (THROTTLED, Cause::Throttled),
        // These alone say nothing of why this task stays.
        (CONFIGURATION, Cause::NotFound),
        (STEADY, Cause::NotFound),
        ("has stopped 1 running tasks: (task 7).", Cause::NotFound),
        ("is a text of a later year.", Cause::NotFound),
    ];
    for (text, cause) in table {
        for prefix in PREFIXES {
            let message = format!("{prefix}{text}");
            let finding = found(|reads| reads.web().events = vec![event(3600, &message)]);
            assert_eq!(finding.cause, cause, "{message}");
            let evidence: Vec<&str> = finding.evidence.iter().map(|one| one.text.as_str()).collect();
            assert_eq!(evidence, [message.as_str()]);
            assert_eq!(finding.evidence[0].at, Some(at(NOW - 3600)));
        }
    }
}

#[test]
fn an_event_counts_until_the_next_steady_state_or_for_six_hours() {
    let cleared = found(|reads| reads.web().events = vec![said(10, STEADY), said(60, NO_MEMORY)]);
    assert_eq!(cleared.cause, Cause::NotFound);
    for (age, cause) in [(6 * 3600, Cause::NoRoom), (6 * 3600 + 1, Cause::NotFound)] {
        let finding = found(|reads| reads.web().events = vec![said(age, NO_MEMORY)]);
        assert_eq!(finding.cause, cause, "{age}");
    }
}

#[test]
fn a_task_that_starts_or_stops_has_its_bound() {
    use TaskStatus::{Activating, Deactivating, Deprovisioning, Pending, Provisioning, Running, Stopping};
    let starts = |status| task(WEB, "service:web", status);
    let bound = |seconds: i64| Ends::Bound(at(NOW + seconds));
    let estimate = |seconds: i64| Ends::Estimate(at(NOW + seconds));
    let unknown = Ends::Unknown;
    // The task; whether it is in a target group; the cause; when it ends.
    let table = [
        (starts(Provisioning), false, Cause::Pending, unknown),
        (starts(Pending), false, Cause::Pending, unknown),
        (starts(Activating), true, Cause::Pending, unknown),
        (stopping(Deactivating, 20), true, Cause::Deregistering, bound(400)),
        (stopping(Deactivating, 20), false, Cause::Stopping, estimate(100)),
        (stopping(Running, 1), false, Cause::Stopping, bound(119)),
        (stopping(Stopping, 50), false, Cause::Stopping, bound(70)),
        (stopping(Stopping, 50), true, Cause::Stopping, bound(370)),
        (stopping(Stopping, 120), false, Cause::Stopping, bound(0)),
        // ECS shows an end some seconds later than it is.
        (stopping(Stopping, 179), false, Cause::Stopping, estimate(1)),
        (stopping(Stopping, 180), false, Cause::WillNotStop, unknown),
        (stopping(Stopping, 180), true, Cause::Stopping, bound(240)),
        (stopping(Deprovisioning, 20), true, Cause::Detaching, estimate(40)),
        (stopping(Deprovisioning, 299), false, Cause::Detaching, unknown),
        (stopping(Deprovisioning, 300), false, Cause::WillNotStop, unknown),
    ];
    for (task, balanced, cause, ends) in table {
        let text = format!("{task:?} {balanced}");
        let finding = found(|reads| {
            reads.tasks = Ok(vec![task]);
            if balanced {
                reads.balance(Ok(target_group(&[("10.0.0.1", "draining")])));
            }
        });
        assert_eq!((finding.cause, finding.ends), (cause, ends), "{text}");
    }
}

#[test]
fn an_unset_stop_timeout_gives_an_estimate_only() {
    let unset = |seconds: i64| {
        move |reads: &mut InstanceReads| {
            reads.tasks = Ok(vec![stopping(TaskStatus::Stopping, seconds)]);
            reads.define(Ok(definition(None)));
        }
    };
    assert_eq!(found(unset(10)).ends, Ends::Estimate(at(NOW + 20)));
    let overdue = found(unset(90));
    assert_eq!(overdue.cause, Cause::WillNotStop);
    assert_contains(&overdue.sentence, "ECS_CONTAINER_STOP_TIMEOUT");
}

#[test]
fn a_standalone_task_is_named_by_who_started_it() {
    let mut nightly = task(OTHER, "family:nightly-etl", TaskStatus::Running);
    nightly.started_by = Some("events-rule/nightly".to_owned());
    let finding = found(with_task(nightly));
    assert_eq!((finding.cause, finding.ends), (Cause::Standalone, Ends::Unknown));
    assert_contains(&finding.sentence, "events-rule/nightly");
    let reason = "'drain of i-04f05e66a99bdb06f'";
    let command = format!("aws ecs stop-task --cluster prod --task {OTHER} --reason {reason}");
    assert_eq!(finding.next, [command]);
    let pending = found(with_task(task(OTHER, "family:nightly-etl", TaskStatus::Pending)));
    assert_eq!((pending.cause, pending.next.len()), (Cause::Pending, 1));
}

#[test]
fn a_protected_task_ends_after_its_protection_and_not_for_sure() {
    let late = found(|reads| protect(reads, Some(3600)));
    assert_eq!(late.cause, Cause::Protected);
    assert_eq!(late.ends, Ends::Estimate(at(NOW + 3720)));
    assert_contains(&late.sentence, "41m after the deadline");
    let command = "aws ecs update-task-protection --cluster prod --tasks";
    assert_eq!(late.next, [format!("{command} {WEB} --no-protection-enabled")]);
    assert!(!found(|reads| protect(reads, Some(60))).sentence.contains("lost"));
    assert_eq!(found(|reads| protect(reads, None)).ends, Ends::Unknown);
    let expired = found(|reads| protect(reads, Some(0)));
    assert_eq!(expired.cause, Cause::NotFound);
}

#[test]
fn a_deployment_configuration_blocks_if_it_allows_no_step() {
    // minimum and maximum percent, desired, running, pending, and whether it blocks.
    let table = [
        (100, 100, 2, 2, 0, true),
        (100, 150, 1, 1, 0, true),
        (100, 150, 2, 2, 0, false),
        (100, 200, 1, 1, 0, false),
        (50, 100, 1, 1, 0, true),
        (50, 100, 2, 2, 0, false),
        (50, 100, 3, 3, 0, false),
        (0, 100, 1, 1, 0, false),
        // The minimum is rounded up, the maximum down.
        (67, 100, 3, 3, 0, true),
        (66, 100, 3, 3, 0, false),
        (100, 133, 3, 3, 0, true),
        (100, 134, 3, 3, 0, false),
        (100, 200, 1, 1, 1, true),
        (100, 100, 0, 1, 0, false),
    ];
    for (minimum, maximum, desired, running, pending, blocks) in table {
        let finding = found(|reads| {
            let web = reads.web();
            (web.minimum_percent, web.maximum_percent) = (minimum, maximum);
            (web.desired, web.running, web.pending) = (desired, running, pending);
        });
        let is_blocked = finding.cause == Cause::DeploymentConfig;
        assert_eq!(
            is_blocked, blocks,
            "{minimum} {maximum} {desired} {running} {pending}"
        );
    }
    let finding = found(|reads| {
        block(reads);
        says(reads, CONFIGURATION);
    });
    let command = "aws ecs update-service --cluster prod --service web --deployment-configuration \
                   minimumHealthyPercent=100,maximumPercent=200";
    assert_eq!(finding.next, [command]);
    assert_eq!(finding.evidence[1].text, format!("(service web) {CONFIGURATION}"));
}

#[test]
fn missing_room_has_its_numbers_and_its_group() {
    let full = found(|reads| {
        says(reads, NO_MEMORY);
        let mut freest = crate::testing::machine("ACTIVE", true);
        freest.remaining_memory = Some(12_032);
        let mut draining = crate::testing::machine("DRAINING", true);
        draining.remaining_memory = Some(60_000);
        reads.machines = Some(Ok(vec![freest, draining]));
        reads.group = Some(Ok(scaling_group(3, 3)));
        reads.activities = Some(Ok(vec![failed_activity()]));
    });
    for part in [
        "it needs 20000 MiB, the freest instance has 12032",
        "Group prod-ecs is at its MaxSize of 3.",
        "last scaling activity failed",
    ] {
        assert_contains(&full.sentence, part);
    }
    let last = &full.evidence.last().unwrap().text;
    assert_eq!(last, "We currently do not have sufficient m5.large capacity.");
    let command = "aws autoscaling update-auto-scaling-group --auto-scaling-group-name prod-ecs --max-size 4";
    assert_eq!(full.next, [command]);
    let unread = found(|reads| {
        says(reads, NO_MEMORY);
        reads.machines = Some(Err(denied("ecs:DescribeContainerInstances")));
        reads.group = Some(Err(denied("autoscaling:DescribeAutoScalingGroups")));
        reads.activities = Some(Err(denied("autoscaling:DescribeScalingActivities")));
    });
    assert_eq!((unread.cause, unread.gaps.len()), (Cause::NoRoom, 3));
}

#[test]
fn missing_tasks_that_do_not_start_have_no_room_unless_something_else_is_seen() {
    let missing = |reads: &mut InstanceReads| {
        let web = reads.web();
        (web.minimum_percent, web.running) = (50, 1);
    };
    assert_eq!(found(missing).cause, Cause::NoRoom);
    let dies = found(|reads| {
        missing(reads);
        reads.elsewhere(Ok(vec![died(EXITED, "EssentialContainerExited")]));
    });
    assert_eq!(dies.cause, Cause::CannotStart);
    let unknown = found(|reads| {
        missing(reads);
        reads.elsewhere(Err(denied("ecs:ListTasks")));
    });
    assert_eq!(unknown.cause, Cause::NotKnown);
}

#[test]
fn a_replacement_shows_why_it_does_not_count() {
    let waits = found(|reads| {
        reads.web().capacity_providers = vec!["spot".to_owned()];
        reads.elsewhere(Ok(vec![replacement(TaskStatus::Provisioning)]));
    });
    assert_eq!(waits.cause, Cause::WaitingForInstance);
    let running = |health: Option<&str>, age: i64| SeenTask {
        health: health.map(str::to_owned),
        started_at: Some(at(NOW - age)),
        ..replacement(TaskStatus::Running)
    };
    let old = SeenTask {
        created_at: Some(at(-91)),
        ..running(Some("UNHEALTHY"), 9000)
    };
    // The replacement, whether its definition has a health check, and whether it keeps the task.
    let table = [
        (replacement(TaskStatus::Pending), false, true),
        (replacement(TaskStatus::Provisioning), false, true),
        (running(Some("HEALTHY"), 1), true, false),
        (running(Some("UNHEALTHY"), 90), true, true),
        (running(Some("UNKNOWN"), 90), true, true),
        (running(Some("UNKNOWN"), 39), false, true),
        (running(None, 40), false, false),
        (old, true, false),
    ];
    for (task, has_check, keeps) in table {
        let text = format!("{task:?}");
        let finding = found(|reads| {
            let mut checked = definition(Some(120));
            checked.containers[0].has_health_check = has_check;
            reads.define(Ok(checked));
            reads.elsewhere(Ok(vec![task]));
        });
        assert_eq!(finding.cause == Cause::NotHealthyYet, keeps, "{text}");
    }
}

#[test]
fn a_target_that_is_not_healthy_yet_shows_its_reason() {
    let here = "i-04f05e66a99bdb06f";
    for (targets, keeps) in [
        (&[("10.0.0.7", "initial")][..], true),
        (&[("10.0.0.7", "unhealthy"), ("10.0.0.8", "healthy")], true),
        (&[("10.0.0.7", "healthy")], false),
        (&[(here, "unhealthy")], false),
    ] {
        let finding = found(|reads| reads.balance(Ok(target_group(targets))));
        assert_eq!(finding.cause == Cause::NotHealthyYet, keeps, "{targets:?}");
        if keeps {
            assert!(finding.evidence[0].text.contains("Target.Reason"));
        }
    }
}

fn behind_classic(reads: &mut InstanceReads, balancer: Reading<ClassicLoadBalancer>) {
    reads.web().classic_load_balancers = vec!["old-web".to_owned()];
    reads
        .classic_load_balancers
        .insert("old-web".to_owned(), balancer);
}

#[test]
fn a_classic_load_balancer_lets_connections_end_too() {
    let here = "i-04f05e66a99bdb06f";
    let deactivating = || vec![stopping(TaskStatus::Deactivating, 20)];
    for (draining, seconds) in [(0, 100), (60, 160), (300, 400)] {
        let finding = found(|reads| {
            reads.tasks = Ok(deactivating());
            behind_classic(reads, Ok(classic(draining, &[(here, "InService")])));
        });
        assert_eq!(finding.cause, Cause::Deregistering);
        assert_eq!(finding.ends, Ends::Bound(at(NOW + seconds)), "{draining}");
        let expected = format!("old-web: {here} InService: Instance deregistration currently in progress.");
        assert_eq!(finding.evidence.last().unwrap().text, expected);
    }
    let both = found(|reads| {
        reads.tasks = Ok(deactivating());
        behind_classic(reads, Ok(classic(60, &[])));
        reads.balance(Ok(target_group(&[])));
    });
    assert_eq!(both.ends, Ends::Bound(at(NOW + 400)), "the longer of both");
    let call = "elasticloadbalancing:DescribeLoadBalancerAttributes";
    let unread = found(|reads| {
        reads.tasks = Ok(deactivating());
        behind_classic(reads, Err(denied(call)));
    });
    assert_eq!((unread.cause, unread.ends), (Cause::Deregistering, Ends::Unknown));
    assert_eq!(unread.gaps, [denied(call)]);
}

#[test]
fn an_instance_that_is_not_in_service_keeps_a_replacement_from_counting() {
    let here = "i-04f05e66a99bdb06f";
    for (members, keeps) in [
        (&[("i-0b2277c0de19a4f10", "OutOfService")][..], true),
        (&[("i-0b2277c0de19a4f10", "Unknown")], true),
        (&[("i-0b2277c0de19a4f10", "InService")], false),
        (&[(here, "OutOfService")], false),
    ] {
        let finding = found(|reads| behind_classic(reads, Ok(classic(300, members))));
        assert_eq!(finding.cause == Cause::NotHealthyYet, keeps, "{members:?}");
        if keeps {
            let words = "instance i-0b2277c0de19a4f10 of load balancer old-web is ";
            assert_contains(&finding.sentence, words);
            let evidence = &finding.evidence[0].text;
            assert!(
                evidence.starts_with("old-web: i-0b2277c0de19a4f10 "),
                "{evidence}"
            );
        }
    }
}

#[test]
fn a_replacement_that_dies_shows_the_words_of_aws() {
    let failing = |task: SeenTask| found(|reads| reads.elsewhere(Ok(vec![task])));
    let (not_started, by_scheduler) = ("TaskFailedToStart", "ServiceSchedulerInitiated");
    let elb = "Task failed ELB health checks in (target-group arn:aws:elb)";
    for (reason, code) in [
        ("CannotPullContainerError: pull access denied", not_started),
        ("ResourceInitializationError: unable to pull secrets", not_started),
        ("CannotStartContainerError: no such file", ""),
        (EXITED, "EssentialContainerExited"),
        ("Task failed container health checks", by_scheduler),
        (elb, by_scheduler),
    ] {
        let finding = failing(died(reason, code));
        assert_eq!(finding.cause, Cause::CannotStart, "{reason}");
        assert_contains(&finding.sentence, reason);
    }
    let exits = SeenTask {
        containers: vec![SeenContainer {
            name: "app".to_owned(),
            exit_code: Some(137),
            ..SeenContainer::default()
        }],
        ..died(EXITED, "EssentialContainerExited")
    };
    let sentence = failing(exits).sentence;
    assert_contains(&sentence, "container app ended with exit code 137");
    let scaling = "Scaling activity initiated by (deployment ecs-svc/1)";
    assert_eq!(failing(died(scaling, by_scheduler)).cause, Cause::NotFound);
    // It died, and the service had what it wanted after that; or that was long ago.
    let over = found(|reads| {
        reads.elsewhere(Ok(vec![died("CannotPullContainerError", not_started)]));
        reads.web().events = vec![said(29, STEADY)];
    });
    assert_eq!(over.cause, Cause::NotFound);
    let old = SeenTask {
        stopped_at: Some(at(NOW - 6 * 3600 - 1)),
        ..died("CannotPullContainerError", not_started)
    };
    assert_eq!(failing(old).cause, Cause::NotFound);
    let rollout = found(|reads| {
        reads.web().deployments = vec![Deployment {
            status: "PRIMARY".to_owned(),
            rollout_state: Some("FAILED".to_owned()),
            rollout_reason: Some("ECS deployment circuit breaker: tasks failed to start.".to_owned()),
            failed: 3,
        }];
    });
    assert_eq!(rollout.cause, Cause::CannotStart);
    assert_contains(&rollout.sentence, "circuit breaker: tasks failed to start.");
}

#[test]
fn the_last_rows_need_all_others_not_to_fit() {
    let begun = |age: i64| move |reads: &mut InstanceReads| reads.record().started_at = at(NOW - age);
    assert_eq!(found(begun(59)).cause, Cause::Fresh);
    assert_eq!(found(begun(60)).cause, Cause::NotFound);
    let deploying = found(|reads| {
        let second = reads.web().deployments[0].clone();
        reads.web().deployments.push(second);
    });
    assert_eq!((deploying.cause, deploying.evidence.len()), (Cause::Deploying, 2));
    let nothing = found(|reads| {
        reads.web().events = (0..5).map(|age| event(age, &format!("unknown {age}"))).collect();
    });
    assert_eq!(nothing.cause, Cause::NotFound);
    assert_eq!(nothing.sentence, "No reason found.");
    let shown: Vec<&str> = nothing.evidence.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(shown, ["unknown 0", "unknown 1", "unknown 2"]);
}

#[test]
fn the_first_row_that_fits_is_the_cause() {
    type Change = fn(&mut InstanceReads);
    // Each row by itself, in the order of the table. All rows from one on together give that one.
    let rows: [(Cause, Change); 11] = [
        (Cause::AgentLost, |reads| {
            reads.lose_agent();
            reads.tasks.as_mut().unwrap()[0].connected = Some(false);
        }),
        (Cause::Stopping, |reads| {
            reads.tasks = Ok(vec![stopping(TaskStatus::Stopping, 10)]);
        }),
        (Cause::Protected, |reads| protect(reads, Some(60))),
        (Cause::DeploymentConfig, |reads| block(reads)),
        (Cause::NoRoom, |reads| says(reads, NO_MEMORY)),
        (Cause::WaitingForInstance, |reads| {
            reads.web().capacity_providers = vec!["spot".to_owned()];
            reads.elsewhere(Ok(vec![replacement(TaskStatus::Provisioning)]));
        }),
        (Cause::CannotStart, |reads| says(reads, CANNOT_PULL)),
        (Cause::NotHealthyYet, |reads| {
            reads.elsewhere(Ok(vec![replacement(TaskStatus::Pending)]));
        }),
        (Cause::Throttled, |reads| says(reads, THROTTLED)),
        (Cause::Fresh, |reads| reads.record().started_at = at(NOW - 30)),
        (Cause::Deploying, |reads| {
            let second = reads.web().deployments[0].clone();
            reads.web().deployments.push(second);
        }),
    ];
    for first in 0..rows.len() {
        let cause = rows[first].0;
        assert_eq!(found(rows[first].1).cause, cause);
        // Later rows first, so that of two that change the same thing the earlier one wins.
        let together = found(|reads| rows[first..].iter().rev().for_each(|(_, change)| change(reads)));
        assert_eq!(together.cause, cause);
    }
}

#[test]
fn what_could_not_be_read_makes_nothing_not_found() {
    type Change = fn(&mut InstanceReads);
    let table: [(&str, Change); 4] = [
        ("ecs:DescribeServices", InstanceReads::deny_services),
        ("ecs:GetTaskProtection", |reads| {
            reads.protections = Err(denied("ecs:GetTaskProtection"));
        }),
        ("ecs:ListTasks", |reads| {
            reads.elsewhere(Err(denied("ecs:ListTasks")))
        }),
        // It was not asked for.
        ("were not read", |reads| reads.services.clear()),
    ];
    for (needs, change) in table {
        let finding = found(change);
        assert_eq!(finding.cause, Cause::NotKnown, "{needs}");
        assert_contains(&finding.sentence, needs);
        assert!(!finding.sentence.contains("No reason found"));
        if needs.starts_with("ecs:") {
            let expected = format!("The reason is not known: needs {needs}.");
            assert_eq!(finding.sentence, expected);
        }
    }
    // A later row that is seen is the cause nevertheless, and what is not known is said.
    let blocked = found(|reads| {
        reads.protections = Err(denied("ecs:GetTaskProtection"));
        block(reads);
    });
    assert_eq!((blocked.cause, blocked.gaps.len()), (Cause::DeploymentConfig, 1));
}

#[test]
fn a_task_without_a_group_is_not_known() {
    let finding = found(|reads| reads.tasks.as_mut().unwrap()[0].group = None);
    assert_eq!(finding.cause, Cause::NotKnown);
    assert_contains(&finding.sentence, "of which group");
}

#[test]
fn foreign_text_in_a_sentence_cannot_act_on_a_terminal() {
    let reason = "CannotPullContainerError:\n\u{1b}[2Jgone";
    let finding = found(|reads| reads.elsewhere(Ok(vec![died(reason, "TaskFailedToStart")])));
    let sentence = &finding.sentence;
    assert!(!sentence.contains(char::is_control), "{sentence:?}");
    assert_eq!(finding.evidence[0].text, reason, "evidence is verbatim");
}

#[test]
fn a_bound_that_needs_more_is_not_known() {
    let stops = stopping(TaskStatus::Stopping, 10_000);
    let definition = "ecs:DescribeTaskDefinition";
    let undefined = found(|reads| {
        reads.tasks = Ok(vec![stops.clone()]);
        reads.define(Err(denied(definition)));
    });
    assert_eq!(
        (undefined.cause, undefined.ends),
        (Cause::Stopping, Ends::Unknown)
    );
    assert_eq!(undefined.gaps, [denied(definition)]);
    let delay = "elasticloadbalancing:DescribeTargetGroupAttributes";
    let balanced = found(|reads| {
        reads.tasks = Ok(vec![SeenTask {
            last_status: TaskStatus::Deactivating,
            ..stops
        }]);
        reads.balance(Err(denied(delay)));
    });
    assert_eq!(balanced.cause, Cause::Deregistering);
    assert_eq!(balanced.ends, Ends::Unknown);
    assert_eq!(balanced.gaps, [denied(delay)]);
}

#[test]
fn a_cause_is_a_word_of_the_table() {
    let words = [
        (Cause::NoRecord, "no-record"),
        (Cause::CoordinatorSilent, "coordinator-silent"),
        (Cause::HookOutSoon, "hook-out-soon"),
        (Cause::Observing, "observing"),
        (Cause::AgentLost, "agent-lost"),
        (Cause::Pending, "pending"),
        (Cause::Deregistering, "deregistering"),
        (Cause::Stopping, "stopping"),
        (Cause::WillNotStop, "will-not-stop"),
        (Cause::Detaching, "detaching"),
        (Cause::Standalone, "standalone"),
        (Cause::Protected, "protected"),
        (Cause::DeploymentConfig, "deployment-config"),
        (Cause::NoRoom, "no-room"),
        (Cause::WaitingForInstance, "waiting-for-instance"),
        (Cause::CannotStart, "cannot-start"),
        (Cause::NotHealthyYet, "not-healthy-yet"),
        (Cause::Throttled, "throttled"),
        (Cause::Fresh, "fresh"),
        (Cause::Deploying, "deploying"),
        (Cause::NotFound, "not-found"),
        (Cause::Flushing, "flushing"),
        (Cause::Tier, "tier"),
        (Cause::OtherHook, "other-hook"),
    ];
    for (cause, word) in words {
        assert_eq!(serde_json::to_value(cause).unwrap(), word);
    }
}
