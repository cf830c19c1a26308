use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use protector_core::control::KillSwitch;
use protector_core::record::Record;

use super::catalog::{CHECKS, Category};
use super::reads::{DaemonReads, DoctorReads, GroupReads, LintFinding, MetadataOptions, ServiceReads};
use super::role::{Decision, RoleAnswers};
use super::testing::{good, hook};
use super::{CheckId, FailOn, Finding, Outcome, Report, Selection, Verdict, examine};
use crate::read::{Gap, GapKind};
use crate::seen::{SeenContainer, SeenTask};
use crate::testing::{assert_contains, at, denied, key, record, recorded};

/// What is broken of a good account.
type Break = fn(&mut DoctorReads);

/// The report of all checks on a good account, after this.
fn after(break_it: impl FnOnce(&mut DoctorReads)) -> Report {
    let mut reads = good();
    break_it(&mut reads);
    all(&reads)
}

fn all(reads: &DoctorReads) -> Report {
    let deep = Selection {
        deep: true,
        ..Selection::default()
    };
    examine(reads, &deep)
}

fn found(report: &Report, id: CheckId) -> &Finding {
    let mut of_it = report.findings().filter(|finding| finding.id == id);
    of_it.next().unwrap_or_else(|| panic!("no finding of {id:?}"))
}

fn daemon(reads: &mut DoctorReads) -> &mut DaemonReads {
    &mut reads.clusters[0].daemons.as_mut().unwrap().as_mut().unwrap()[0]
}

fn task(reads: &mut DoctorReads) -> &mut SeenTask {
    &mut daemon(reads).tasks.as_mut().unwrap()[0]
}

fn sidecar(reads: &mut DoctorReads) -> &mut SeenContainer {
    &mut task(reads).containers[0]
}

fn setting(reads: &mut DoctorReads, name: &str, value: &str) {
    let definition = daemon(reads).definition.as_mut().unwrap();
    let environment = &mut definition.containers[1].environment;
    environment.insert(name.to_owned(), value.to_owned());
}

fn variable(reads: &mut DoctorReads, name: &str, value: &str) {
    let variables = reads.coordinator.variables.as_mut().unwrap().as_mut().unwrap();
    variables.insert(name.to_owned(), value.to_owned());
}

fn group(reads: &mut DoctorReads) -> &mut GroupReads {
    &mut reads.groups.as_mut().unwrap().as_mut().unwrap()[0]
}

fn hooks(reads: &mut DoctorReads) -> &mut Vec<crate::seen::LifecycleHook> {
    group(reads).hooks.as_mut().unwrap()
}

fn beacon(reads: &mut DoctorReads) -> &mut protector_core::beacon::Beacon {
    let listing = reads.fleet.listing.as_mut().unwrap();
    listing.beacon.as_mut().unwrap().as_mut().unwrap()
}

fn control(reads: &mut DoctorReads, text: &str) {
    let listing = reads.fleet.listing.as_mut().unwrap();
    listing.control = Some(KillSwitch::decode(text));
}

fn rules(reads: &mut DoctorReads) -> &mut super::reads::RulesReads {
    reads.rules.as_mut().unwrap().as_mut().unwrap()
}

fn service(reads: &mut DoctorReads) -> &mut ServiceReads {
    &mut reads.clusters[0].services.as_mut().unwrap().as_mut().unwrap()[0]
}

fn metrics(reads: &mut DoctorReads) -> &mut super::reads::FunctionMetrics {
    reads.coordinator.metrics.as_mut().unwrap().as_mut().unwrap()
}

fn provider(reads: &mut DoctorReads) -> &mut super::reads::CapacityProvider {
    &mut reads.providers.as_mut().unwrap().as_mut().unwrap()[0]
}

fn alarms(reads: &mut DoctorReads) -> &mut Vec<super::reads::Alarm> {
    reads.alarms.as_mut().unwrap().as_mut().unwrap()
}

fn queue(reads: &mut DoctorReads) -> &mut super::reads::Queue {
    reads.coordinator.queues.as_mut().unwrap()[0].as_mut().unwrap()
}

fn host(reads: &mut DoctorReads) -> &mut super::reads::Host {
    &mut reads.clusters[0].hosts.as_mut().unwrap()[0]
}

/// So many copies of the one task of the daemon.
fn tasks(reads: &mut DoctorReads, count: usize) {
    let one = task(reads).clone();
    daemon(reads).tasks = Ok(vec![one; count]);
}

fn options(reads: &mut DoctorReads) -> &mut MetadataOptions {
    let metadata = reads.clusters[0].metadata.as_mut().unwrap().as_mut().unwrap();
    metadata.get_mut(&key().instance).unwrap()
}

fn role(reads: &mut DoctorReads) -> &mut RoleAnswers {
    daemon(reads).role.as_mut().unwrap().as_mut().unwrap()
}

/// The answer for an action on the parameters whose names end so.
fn decide(reads: &mut DoctorReads, action: &str, end: &str, decision: Decision) {
    let decisions = role(reads).decisions.iter_mut();
    let asked = decisions.filter(|((one, arn), _)| one == action && arn.ends_with(end));
    asked.for_each(|(_, answer)| *answer = decision.clone());
}

/// A record that holds, of the one instance.
fn holding(reads: &mut DoctorReads, record: Record) {
    let listing = reads.fleet.listing.as_mut().unwrap();
    listing.records.insert(key(), recorded(record));
}

const W: Outcome = Outcome::Warn;
const X: Outcome = Outcome::Fail;

/// For each way in which a check can fail or warn: the finding, and what is broken. Text and command are in the snapshot.
const BROKEN: &[(CheckId, Outcome, Break)] = &[
    (CheckId::Credentials, X, |reads| {
        reads.account.caller = Err(Gap {
            kind: GapKind::SignedOut,
            ..denied("sts:GetCallerIdentity")
        });
    }),
    (CheckId::Region, X, |reads| reads.account.region = None),
    (CheckId::Permissions, W, |reads| {
        reads.account.gaps = vec![denied("sqs:GetQueueAttributes"), denied("ecs:ListTasks")]
    }),
    (CheckId::Clock, W, |reads| {
        reads.account.clock_error = Some(SignedDuration::from_secs(-90))
    }),
    (CheckId::Beacon, X, |reads| {
        reads.fleet.listing.as_mut().unwrap().beacon = None
    }),
    (CheckId::Beacon, X, |reads| {
        let other = protector_core::beacon::Beacon::decode(r#"{"schema":99}"#);
        reads.fleet.listing.as_mut().unwrap().beacon = Some(other);
    }),
    (CheckId::Beacon, W, |reads| {
        variable(reads, "PROTECTOR_DRY_RUN", "true");
        reads.fleet.listing.as_mut().unwrap().beacon = None;
    }),
    (CheckId::Tick, X, |reads| reads.fleet.now = at(181)),
    (CheckId::Mode, W, |reads| {
        control(reads, r#"{"mode":"observe","who":"ana","why":"INC-1"}"#)
    }),
    (CheckId::Mode, W, |reads| {
        control(reads, r#"{"mode":"release-all"}"#)
    }),
    (CheckId::Mode, X, |reads| {
        control(reads, r#"{"mode":"release_all"}"#)
    }),
    (CheckId::DryRun, W, |reads| {
        variable(reads, "PROTECTOR_DRY_RUN", "TRUE")
    }),
    (CheckId::Errors, W, |reads| {
        metrics(reads).errors = 1;
        metrics(reads).throttles = 2;
        metrics(reads).kinds = BTreeMap::from([("timeout", 3), ("other", 0)]);
    }),
    (CheckId::Errors, X, |reads| {
        metrics(reads).kinds = BTreeMap::from([("denied", 4)])
    }),
    (CheckId::DeadLetters, X, |reads| {
        queue(reads).messages = 3;
        queue(reads).oldest = Some(SignedDuration::from_hours(2));
    }),
    (CheckId::DeadLetters, W, |reads| {
        reads.coordinator.queues = Some(Vec::new())
    }),
    (CheckId::Concurrency, X, |reads| {
        reads.coordinator.concurrency = Some(Ok(Some(0)))
    }),
    (CheckId::Concurrency, W, |reads| {
        reads.coordinator.concurrency = Some(Ok(Some(1)));
        let one = host(reads).clone();
        reads.clusters[0].hosts = Ok(vec![one; 51]);
    }),
    (CheckId::VersionSkew, W, |reads| {
        sidecar(reads).image = Some("registry:5000/ecs-daemon-protector:v0.3.0".to_owned())
    }),
    (CheckId::EventSource, X, |reads| rules(reads).sources.clear()),
    (CheckId::EventSource, X, |reads| {
        rules(reads).sources[0].state = "Disabled".to_owned()
    }),
    (CheckId::Rules, X, |reads| {
        rules(reads).rules.remove(4);
        rules(reads).rules.remove(0);
    }),
    (CheckId::Rules, X, |reads| {
        rules(reads).rules[4].is_enabled = false
    }),
    (CheckId::ClusterInRules, X, |reads| {
        let arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/prod2";
        let pattern = rules(reads).rules[1].pattern.as_mut().unwrap();
        pattern["detail"]["clusterArn"] = serde_json::json!([arn]);
    }),
    (CheckId::ClusterInRules, X, |reads| {
        beacon(reads).clusters = Some(vec!["other".parse().unwrap()])
    }),
    (CheckId::HookPresent, W, |reads| hooks(reads).clear()),
    (CheckId::HookServed, X, |reads| {
        beacon(reads).hooks = Some(vec!["other".parse().unwrap()])
    }),
    (CheckId::HookServed, X, |reads| {
        beacon(reads).groups = Some(vec!["other".parse().unwrap()])
    }),
    (CheckId::HookResult, X, |reads| {
        let mut other = hook("another");
        other.default_result = "ABANDON".to_owned();
        hooks(reads).push(other);
    }),
    (CheckId::HookHeartbeat, W, |reads| {
        hooks(reads)[0].heartbeat_timeout = 119
    }),
    (CheckId::HookHeartbeat, W, |reads| {
        hooks(reads)[0].heartbeat_timeout = 60
    }),
    (CheckId::HookHeartbeat, X, |reads| {
        hooks(reads)[0].heartbeat_timeout = 59
    }),
    (CheckId::HookGlobal, W, |reads| {
        beacon(reads).max_drain = SignedDuration::from_hours(25)
    }),
    (CheckId::HookGlobal, W, |reads| {
        hooks(reads)[0].heartbeat_timeout = 7200;
        beacon(reads).max_drain = SignedDuration::from_hours(48);
    }),
    (CheckId::ManagedDraining, W, |reads| {
        provider(reads).managed_draining = true
    }),
    (CheckId::ManagedDraining, W, |reads| {
        hooks(reads).push(hook("ecs-managed-draining-termination-hook"))
    }),
    (CheckId::WarmPool, W, |reads| {
        group(reads).group.has_warm_pool = true
    }),
    (CheckId::InstanceProtection, W, |reads| {
        group(reads).group.protects_from_scale_in = true
    }),
    (CheckId::Orphans, W, |reads| {
        holding(reads, record());
        reads.clusters[0].hosts = Ok(Vec::new());
    }),
    (CheckId::Late, X, |reads| {
        holding(reads, record());
        reads.fleet.now = at(3600 + 91);
        beacon(reads).tick_at = at(3600);
    }),
    (CheckId::QuotaReads, W, |reads| tasks(reads, 280)),
    (CheckId::QuotaReads, W, |reads| tasks(reads, 1201)),
    (CheckId::QuotaReads, W, |reads| {
        variable(reads, "PROTECTOR_PARAMETER_THROUGHPUT", "higher");
        tasks(reads, 12_001);
    }),
    (CheckId::SidecarPresent, W, |reads| {
        daemon(reads).definition.as_mut().unwrap().containers.pop();
    }),
    (CheckId::SidecarPresent, W, |reads| {
        reads.clusters[0].daemons = Some(Ok(Vec::new()))
    }),
    (CheckId::Definition, X, |reads| {
        daemon(reads).lint = Ok(lint(true))
    }),
    (CheckId::Definition, W, |reads| {
        daemon(reads).lint = Ok(lint(false))
    }),
    (CheckId::OldRevision, W, |reads| {
        task(reads).definition = Some("fluent-bit:6".to_owned())
    }),
    (CheckId::SidecarHealth, X, |reads| {
        sidecar(reads).health = Some("UNHEALTHY".to_owned());
        tasks(reads, 20);
    }),
    (CheckId::SidecarHealth, X, |reads| {
        sidecar(reads).last_status = Some("STOPPED".to_owned());
        sidecar(reads).exit_code = Some(64);
    }),
    (CheckId::SidecarHealth, X, |reads| {
        sidecar(reads).last_status = Some("STOPPED".to_owned());
        sidecar(reads).reason = Some("CannotPullContainerError: no such tag".to_owned());
    }),
    (CheckId::SidecarRestarts, W, |reads| {
        reads.sidecar_metrics = Some(Ok(super::reads::SidecarMetrics {
            killed: 2,
            gave_up: 1,
        }))
    }),
    (CheckId::Prefix, X, |reads| {
        setting(reads, "PROTECTOR_PARAMETER_PREFIX", "/other")
    }),
    (CheckId::MaxHold, X, |reads| {
        setting(reads, "PROTECTOR_MAX_HOLD", "63m29s")
    }),
    (CheckId::MaxHold, X, |reads| {
        setting(reads, "PROTECTOR_MAX_HOLD", "long")
    }),
    (CheckId::Policy, X, |reads| {
        decide(reads, "ssm:GetParameter", "/control", Decision::Denied);
        decide(reads, "ssm:GetParameters", "", Decision::Denied);
    }),
    (CheckId::Policy, X, |reads| {
        daemon(reads).role = Some(Err(Gap {
            kind: GapKind::NotFound,
            ..denied("iam:SimulatePrincipalPolicy")
        }));
    }),
    (CheckId::Policy, W, |reads| {
        decide(reads, "ssm:PutParameter", "/control", Decision::Allowed);
        decide(reads, "ssm:GetParameter", "/not-a-parameter", Decision::Allowed);
    }),
    (CheckId::Policy, W, |reads| {
        decide(
            reads,
            "ssm:GetParameters",
            "",
            Decision::Depends(vec!["aws:SourceVpce".to_owned()]),
        )
    }),
    (CheckId::HopLimit, X, |reads| options(reads).hop_limit = 1),
    (CheckId::HopLimit, X, |reads| {
        options(reads).is_enabled = false;
        daemon(reads).definition.as_mut().unwrap().network_mode = Some("host".to_owned());
    }),
    (CheckId::HopLimit, W, |reads| {
        options(reads).hop_limit = 1;
        setting(reads, "PROTECTOR_INSTANCE_ID", "i-04f05e66a99bdb06f");
    }),
    (CheckId::Kinds, W, |reads| {
        reads.clusters[0].hosts = Ok(Vec::new())
    }),
    (CheckId::Kinds, W, |reads| {
        host(reads).capacity_provider = Some("managed".to_owned());
        provider(reads).name = "managed".to_owned();
        provider(reads).is_managed_instances = true;
    }),
    (CheckId::Needed, W, |reads| {
        provider(reads).managed_draining = true;
        reads.clusters[0].sample = Some(Ok(Vec::new()));
    }),
    (CheckId::ServicesDrainable, W, |reads| {
        service(reads).service.maximum_percent = 100
    }),
    (CheckId::StopTimes, W, |reads| {
        service(reads).stop.as_mut().unwrap().as_mut().unwrap().1 = 3600
    }),
    (CheckId::StopTimes, W, |reads| {
        daemon(reads).definition.as_mut().unwrap().containers[0].stop_timeout = Some(121)
    }),
    (CheckId::Spot, W, |reads| {
        group(reads).has_spot = true;
        service(reads).stop.as_mut().unwrap().as_mut().unwrap().1 = 31;
    }),
    (CheckId::Agents, X, |reads| {
        host(reads).machine.agent_version = Some("1.85.9".to_owned())
    }),
    (CheckId::Agents, X, |reads| {
        host(reads).machine.agent_version = None;
        host(reads).restarts_containers = false;
    }),
    (CheckId::Alarms, X, |reads| {
        alarms(reads)[0].state = "ALARM".to_owned()
    }),
    (CheckId::Alarms, W, |reads| alarms(reads)[0].notifies = false),
    (CheckId::Alarms, W, |reads| alarms(reads)[0].dimensions.clear()),
];

fn lint(has_error: bool) -> Vec<LintFinding> {
    let finding = |rule, is_error| LintFinding {
        rule,
        is_error,
        message: "why".to_owned(),
    };
    let warning = finding("PL022", false);
    match has_error {
        true => vec![finding("PL004", true), warning],
        false => vec![warning],
    }
}

#[test]
fn with_higher_throughput_more_sidecars_keep_within_their_share() {
    for (throughput, sidecars, expected) in [
        ("standard", 280, Outcome::Warn),
        ("higher", 280, Outcome::Pass),
        ("higher", 2000, Outcome::Pass),
        ("higher", 2001, Outcome::Warn),
        ("unknown", 280, Outcome::Warn),
    ] {
        let report = after(|reads| {
            variable(reads, "PROTECTOR_PARAMETER_THROUGHPUT", throughput);
            tasks(reads, sidecars);
        });
        let finding = found(&report, CheckId::QuotaReads);
        assert_eq!(finding.result, expected, "{throughput}: {finding:?}");
    }
}

#[test]
fn a_good_account_passes_every_check() {
    let report = all(&good());
    for finding in report.findings() {
        assert_eq!(finding.result, Outcome::Pass, "{finding:?}");
    }
    let has_run: BTreeSet<CheckId> = report.findings().map(|finding| finding.id).collect();
    assert_eq!(has_run, CHECKS.iter().map(|check| check.id).collect());
    assert_eq!(report.verdict(FailOn::Warn), Verdict::Good);
}

#[test]
fn each_fault_is_found_with_its_command() {
    let mut texts = String::new();
    for (id, result, break_it) in BROKEN {
        let report = after(break_it);
        let finding = found(&report, *id);
        assert_eq!(finding.result, *result, "{finding:?}");
        assert_ne!(report.verdict(FailOn::Warn), Verdict::Good, "{finding:?}");
        texts += &format!("{} {result:?}: {}\n", id.check().code, finding.text);
        texts.extend(finding.fix.iter().map(|command| format!("    {command}\n")));
    }
    insta::assert_snapshot!(texts);
}

#[test]
fn each_check_can_warn_or_fail() {
    let broken: BTreeSet<CheckId> = BROKEN.iter().map(|(id, ..)| *id).collect();
    assert_eq!(broken, CHECKS.iter().map(|check| check.id).collect());
}

/// For each call: the checks that are not known without it, and the reads without it.
const UNREAD: &[(&str, &[CheckId], Break)] = &[
    (
        "ssm:GetParametersByPath",
        &[
            CheckId::Beacon,
            CheckId::Tick,
            CheckId::Mode,
            CheckId::Orphans,
            CheckId::Late,
        ],
        |reads| reads.fleet.listing = Err(denied("ssm:GetParametersByPath")),
    ),
    ("lambda:GetFunctionConfiguration", &[CheckId::DryRun], |reads| {
        reads.coordinator.variables = Some(Err(denied("lambda:GetFunctionConfiguration")))
    }),
    (
        "cloudwatch:GetMetricData",
        &[CheckId::Errors, CheckId::SidecarRestarts],
        |reads| {
            reads.coordinator.metrics = Some(Err(denied("cloudwatch:GetMetricData")));
            reads.sidecar_metrics = Some(Err(denied("cloudwatch:GetMetricData")));
        },
    ),
    ("sqs:GetQueueAttributes", &[CheckId::DeadLetters], |reads| {
        reads.coordinator.queues = Some(vec![Err(denied("sqs:GetQueueAttributes"))])
    }),
    (
        "lambda:GetFunctionConcurrency",
        &[CheckId::Concurrency],
        |reads| reads.coordinator.concurrency = Some(Err(denied("lambda:GetFunctionConcurrency"))),
    ),
    (
        "events:DescribeRule",
        &[CheckId::EventSource, CheckId::Rules, CheckId::ClusterInRules],
        |reads| reads.rules = Some(Err(denied("events:DescribeRule"))),
    ),
    (
        "autoscaling:DescribeAutoScalingGroups",
        &[CheckId::HookPresent, CheckId::Spot],
        |reads| reads.groups = Some(Err(denied("autoscaling:DescribeAutoScalingGroups"))),
    ),
    (
        "autoscaling:DescribeLifecycleHooks",
        &[CheckId::HookPresent],
        |reads| group(reads).hooks = Err(denied("autoscaling:DescribeLifecycleHooks")),
    ),
    (
        "ecs:DescribeCapacityProviders",
        &[CheckId::ManagedDraining],
        |reads| reads.providers = Some(Err(denied("ecs:DescribeCapacityProviders"))),
    ),
    (
        "ecs:ListContainerInstances",
        &[CheckId::Orphans, CheckId::Kinds, CheckId::Agents],
        |reads| reads.clusters[0].hosts = Err(denied("ecs:ListContainerInstances")),
    ),
    (
        "ecs:ListServices",
        &[
            CheckId::VersionSkew,
            CheckId::QuotaReads,
            CheckId::SidecarPresent,
            CheckId::ServicesDrainable,
            CheckId::StopTimes,
        ],
        |reads| {
            reads.clusters[0].daemons = Some(Err(denied("ecs:ListServices")));
            reads.clusters[0].services = Some(Err(denied("ecs:ListServices")));
        },
    ),
    (
        "ecs:DescribeTaskDefinition",
        &[CheckId::SidecarPresent, CheckId::StopTimes],
        |reads| {
            let gap = denied("ecs:DescribeTaskDefinition");
            daemon(reads).definition = Err(gap.clone());
            service(reads).stop = Some(Err(gap));
        },
    ),
    (
        "ecs:DescribeTasks",
        &[
            CheckId::VersionSkew,
            CheckId::QuotaReads,
            CheckId::OldRevision,
            CheckId::SidecarHealth,
            CheckId::HopLimit,
            CheckId::Needed,
        ],
        |reads| {
            daemon(reads).tasks = Err(denied("ecs:DescribeTasks"));
            reads.clusters[0].sample = Some(Err(denied("ecs:DescribeTasks")));
        },
    ),
    ("cloudwatch:DescribeAlarms", &[CheckId::Alarms], |reads| {
        reads.alarms = Some(Err(denied("cloudwatch:DescribeAlarms")))
    }),
    ("iam:SimulatePrincipalPolicy", &[CheckId::Policy], |reads| {
        daemon(reads).role = Some(Err(denied("iam:SimulatePrincipalPolicy")))
    }),
    ("ec2:DescribeInstances", &[CheckId::HopLimit], |reads| {
        reads.clusters[0].metadata = Some(Err(denied("ec2:DescribeInstances")))
    }),
];

#[test]
fn what_was_not_read_is_not_known_and_names_the_action() {
    for (call, ids, break_it) in UNREAD {
        let report = after(break_it);
        let unknown: BTreeSet<CheckId> = report
            .findings()
            .filter(|finding| matches!(finding.result, Outcome::NotKnown(_)))
            .inspect(|finding| assert!(finding.text.contains(&format!("needs {call}")), "{finding:?}"))
            .map(|finding| finding.id)
            .collect();
        assert_eq!(unknown, ids.iter().copied().collect(), "{call}");
        assert_eq!(report.verdict(FailOn::Fail), Verdict::NotKnown, "{call}");
    }
}

#[test]
fn what_is_wrong_goes_before_what_is_not_known() {
    let report = after(|reads| {
        reads.alarms = Some(Err(denied("cloudwatch:DescribeAlarms")));
        reads.coordinator.concurrency = Some(Ok(Some(0)));
    });
    assert_eq!(report.verdict(FailOn::Fail), Verdict::Bad);
    let report = after(|reads| group(reads).group.has_warm_pool = true);
    assert_eq!(report.verdict(FailOn::Fail), Verdict::Good);
    assert_eq!(report.verdict(FailOn::Warn), Verdict::Bad);
}

#[test]
fn a_fatal_check_ends_its_category() {
    let report = after(|reads| reads.fleet.listing.as_mut().unwrap().beacon = None);
    let of_category = |check: &&super::Check| check.category == Category::Coordinator;
    for check in CHECKS.iter().filter(of_category) {
        let expected = if check.is_fatal { X } else { Outcome::Skipped };
        assert_eq!(found(&report, check.id).result, expected, "{}", check.code);
    }
    assert_eq!(found(&report, CheckId::HookHeartbeat).result, Outcome::Pass);
    let report = after(|reads| reads.account.region = None);
    let rest = report.findings().filter(|finding| finding.id != CheckId::Region);
    rest.for_each(|finding| assert_eq!(finding.result, Outcome::Skipped, "{finding:?}"));
}

#[test]
fn checks_are_picked_by_id_and_category() {
    let pick = |text: &str| text.parse::<super::Pick>();
    let selection = Selection {
        only: vec![pick("hooks").unwrap(), pick("tick").unwrap()],
        skip: vec![pick("warm-pool").unwrap()],
        deep: false,
    };
    let report = examine(&good(), &selection);
    let codes: Vec<&str> = report.findings().map(|finding| finding.id.check().code).collect();
    let expected = "tick hook-present hook-served hook-result hook-heartbeat hook-global managed-draining \
                    instance-protection";
    assert_eq!(codes.join(" "), expected);
    let error = pick("hook").unwrap_err();
    assert_contains(&error, "expected a category (account, ");
}

#[test]
fn what_looks_deeper_runs_if_it_is_asked_for_and_not_else() {
    let codes = |selection: Selection| -> Vec<&str> {
        let report = examine(&good(), &selection);
        let checks = report.findings().map(|finding| finding.id.check());
        let deep = checks.filter(|check| check.is_deep);
        deep.map(|check| check.code).collect()
    };
    assert!(codes(Selection::default()).is_empty());
    let only = |name: &str| Selection {
        only: vec![name.parse().unwrap()],
        ..Selection::default()
    };
    assert!(codes(only("daemons")).is_empty());
    assert_eq!(codes(only("policy")), ["policy"]);
    let deep = Selection {
        deep: true,
        ..only("daemons")
    };
    assert_eq!(codes(deep), ["policy", "hop-limit"]);
}

#[test]
fn what_looks_deeper_is_in_no_policy_of_the_stack() {
    let mut reads = good();
    reads.account.gaps = vec![denied("iam:SimulatePrincipalPolicy")];
    let report = all(&reads);
    let permissions = found(&report, CheckId::Permissions);
    assert_eq!((&permissions.result, &permissions.fix), (&W, &None));
    assert_contains(&permissions.hints[0], "policy reader --deep");
    reads.account.gaps.push(denied("ecs:ListTasks"));
    let report = all(&reads);
    let permissions = found(&report, CheckId::Permissions);
    assert_eq!((permissions.fix.is_some(), permissions.hints.len()), (true, 2));
}

#[test]
fn host_mode_needs_one_hop_and_bridge_mode_two() {
    for (mode, limit, result) in [
        (None, 2, Outcome::Pass),
        (Some("bridge"), 64, Outcome::Pass),
        (Some("bridge"), 1, X),
        (Some("host"), 1, Outcome::Pass),
        (Some("awsvpc"), 1, Outcome::Skipped),
    ] {
        let report = after(|reads| {
            daemon(reads).definition.as_mut().unwrap().network_mode = mode.map(str::to_owned);
            options(reads).hop_limit = limit;
        });
        let found = &found(&report, CheckId::HopLimit).result;
        assert_eq!(*found, result, "{mode:?} {limit}");
    }
}

#[test]
fn an_instance_that_ec2_does_not_know_any_more_is_not_judged() {
    let report = after(|reads| reads.clusters[0].metadata = Some(Ok(BTreeMap::new())));
    assert_eq!(found(&report, CheckId::HopLimit).result, Outcome::Skipped);
}

#[test]
fn a_policy_is_not_known_unless_each_question_has_its_answer() {
    let mut reads = good();
    role(&mut reads).decisions.pop_first();
    let report = all(&reads);
    let policy = found(&report, CheckId::Policy);
    assert!(matches!(policy.result, Outcome::NotKnown(_)), "{policy:?}");
    // What was answered counts all the same.
    decide(&mut reads, "ssm:GetParameters", "/control", Decision::Denied);
    assert_eq!(found(&all(&reads), CheckId::Policy).result, X);
    let report = after(|reads| daemon(reads).definition.as_mut().unwrap().task_role = None);
    assert_eq!(found(&report, CheckId::Policy).result, Outcome::Skipped);
}

#[test]
fn a_group_that_ecs_drains_needs_no_hook_of_ours() {
    let report = after(|reads| {
        hooks(reads).clear();
        provider(reads).managed_draining = true;
    });
    let present = found(&report, CheckId::HookPresent);
    assert_eq!(present.result, Outcome::Pass);
    assert_contains(&present.text, "the coordinator joins");
    assert_eq!(found(&report, CheckId::ManagedDraining).result, Outcome::Pass);
}

#[test]
fn a_fault_of_many_sidecars_is_one_line_with_a_few_names() {
    let report = after(|reads| {
        sidecar(reads).health = Some("UNHEALTHY".to_owned());
        tasks(reads, 20);
    });
    let of_health = |finding: &&Finding| finding.id == CheckId::SidecarHealth;
    let texts: Vec<_> = report.findings().filter(of_health).map(|one| &one.text).collect();
    assert_eq!(texts.len(), 1);
    assert!(texts[0].ends_with("and 15 more)"), "{texts:?}");
}

#[test]
fn a_new_or_stopping_task_is_no_fault() {
    let cases: [Break; 3] = [
        |reads| sidecar(reads).health = None,
        |reads| {
            task(reads).stopping = true;
            sidecar(reads).last_status = Some("STOPPED".to_owned());
        },
        |reads| {
            task(reads).last_status = "PENDING".to_owned().into();
            sidecar(reads).last_status = Some("PENDING".to_owned());
        },
    ];
    for case in cases {
        let report = after(case);
        assert_eq!(found(&report, CheckId::SidecarHealth).result, Outcome::Pass);
    }
}

#[test]
fn codes_are_unique_and_each_id_has_its_check() {
    let codes: BTreeSet<&str> = CHECKS.iter().map(|check| check.code).collect();
    assert_eq!(codes.len(), CHECKS.len());
    let categories: BTreeSet<&str> = Category::ALL.into_iter().map(Category::name).collect();
    let both: Vec<_> = codes.intersection(&categories).collect();
    assert_eq!(both, [&"alarms"], "a pick would mean two things");
    assert!(CHECKS.iter().all(|check| *check.id.check() == *check));
}

#[test]
fn a_check_that_is_asked_for_always_has_a_finding() {
    let broken = BROKEN.iter().map(|(.., break_it)| break_it);
    let unread = UNREAD.iter().map(|(.., break_it)| break_it);
    let nothing: Break = |reads| {
        reads.coordinator = super::reads::CoordinatorReads::default();
        (reads.rules, reads.groups, reads.providers) = (None, None, None);
        (reads.sidecar_metrics, reads.alarms) = (None, None);
        reads.clusters.clear();
    };
    for break_it in broken.chain(unread).chain([&nothing]) {
        let report = after(break_it);
        let has: BTreeSet<CheckId> = report.findings().map(|finding| finding.id).collect();
        for check in CHECKS {
            assert!(has.contains(&check.id), "{}", check.code);
        }
    }
}

/// What is denied may hide what is wrong, but never makes something else wrong.
#[test]
fn a_denied_read_adds_no_fault() {
    for (call, _, break_it) in UNREAD {
        let report = after(break_it);
        assert_eq!((report.totals().fail, report.totals().warn), (0, 0), "{call}");
    }
}

/// The commands of all findings, one a line. The AWS CLI reads them in `tests/python/cli`; `UPDATE_CHECKS=1` writes them.
const COMMANDS: &str = "src/doctor/commands.txt";

#[test]
fn the_commands_that_the_aws_cli_is_given_are_those_of_the_findings() {
    let mut commands: BTreeSet<String> = BTreeSet::new();
    for (.., break_it) in BROKEN {
        commands.extend(
            after(break_it)
                .findings()
                .filter_map(|finding| finding.fix.clone()),
        );
    }
    let text: String = commands.iter().map(|command| format!("{command}\n")).collect();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(COMMANDS);
    if std::env::var_os("UPDATE_CHECKS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), text);
}
