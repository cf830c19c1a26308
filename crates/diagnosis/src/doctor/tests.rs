use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use protector_core::control::KillSwitch;
use protector_core::record::Record;

use super::catalog::{CHECKS, Category};
use super::reads::{DaemonReads, DoctorReads, GroupReads, LintFinding, MetadataOptions, ServiceReads};
use super::role::{Decision, RoleAnswers};
use super::testing::{denied, good, hook};
use super::{CheckId, FailOn, Finding, Outcome, Report, Selection, Verdict, examine};
use crate::read::{Gap, GapKind};
use crate::seen::{SeenContainer, SeenTask};
use crate::testing::{at, key, record, recorded};

/// What is broken of a good account.
type Break = fn(&mut DoctorReads);

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

/// For each way in which a check can fail or warn: what is broken, the finding, a part of its text and of its command.
const BROKEN: &[(CheckId, Outcome, Break, &str, &str)] = &[
    (
        CheckId::Credentials,
        X,
        |reads| {
            reads.account.caller = Err(Gap {
                kind: GapKind::SignedOut,
                ..denied("sts:GetCallerIdentity")
            });
        },
        "no credentials",
        "aws sso login",
    ),
    (
        CheckId::Region,
        X,
        |reads| reads.account.region = None,
        "no region",
        "",
    ),
    (
        CheckId::Permissions,
        W,
        |reads| reads.account.gaps = vec![denied("sqs:GetQueueAttributes"), denied("ecs:ListTasks")],
        "not allowed: ecs:ListTasks, sqs:GetQueueAttributes",
        "aws iam attach-role-policy --role-name admin --policy-arn OUTPUT_READER_POLICY_ARN",
    ),
    (
        CheckId::Clock,
        W,
        |reads| reads.account.clock_error = Some(SignedDuration::from_secs(-90)),
        "1m30s ahead of",
        "",
    ),
    (
        CheckId::Beacon,
        X,
        |reads| reads.fleet.listing.as_mut().unwrap().beacon = None,
        "the coordinator is not found",
        "",
    ),
    (
        CheckId::Beacon,
        X,
        |reads| {
            let other = protector_core::beacon::Beacon::decode(r#"{"schema":99}"#);
            reads.fleet.listing.as_mut().unwrap().beacon = Some(other);
        },
        "cannot be read",
        "",
    ),
    (
        CheckId::Beacon,
        W,
        |reads| {
            variable(reads, "PROTECTOR_DRY_RUN", "true");
            reads.fleet.listing.as_mut().unwrap().beacon = None;
        },
        "dry run, which writes none",
        "",
    ),
    (
        CheckId::Tick,
        X,
        |reads| reads.fleet.now = at(181),
        "the last tick 3m01s ago: the coordinator does not run",
        "aws lambda list-event-source-mappings --function-name",
    ),
    (
        CheckId::Mode,
        W,
        |reads| control(reads, r#"{"mode":"observe","who":"ana","why":"INC-1"}"#),
        "mode observe, by ana: INC-1",
        "protectorctl mode on",
    ),
    (
        CheckId::Mode,
        W,
        |reads| control(reads, r#"{"mode":"release-all"}"#),
        "mode release-all",
        "protectorctl mode on",
    ),
    (
        CheckId::Mode,
        X,
        |reads| control(reads, r#"{"mode":"release_all"}"#),
        "has no effect",
        "protectorctl mode on",
    ),
    (
        CheckId::DryRun,
        W,
        |reads| variable(reads, "PROTECTOR_DRY_RUN", "TRUE"),
        "it holds no daemon",
        "",
    ),
    (
        CheckId::Errors,
        W,
        |reads| {
            metrics(reads).errors = 1;
            metrics(reads).throttles = 2;
            metrics(reads).kinds = BTreeMap::from([("timeout", 3), ("other", 0)]);
        },
        "1 failed run, 2 throttled runs, 3 timeout",
        "aws logs filter-log-events",
    ),
    (
        CheckId::Errors,
        X,
        |reads| metrics(reads).kinds = BTreeMap::from([("denied", 4)]),
        "4 denied",
        "aws logs filter-log-events",
    ),
    (
        CheckId::DeadLetters,
        X,
        |reads| {
            queue(reads).messages = 3;
            queue(reads).oldest = Some(SignedDuration::from_hours(2));
        },
        "3 dead letters, the oldest 2h",
        "aws sqs receive-message --queue-url https://sqs.",
    ),
    (
        CheckId::DeadLetters,
        W,
        |reads| reads.coordinator.queues = Some(Vec::new()),
        "names no queue",
        "",
    ),
    (
        CheckId::Concurrency,
        X,
        |reads| reads.coordinator.concurrency = Some(Ok(Some(0))),
        "never runs",
        "aws lambda delete-function-concurrency",
    ),
    (
        CheckId::Concurrency,
        W,
        |reads| {
            reads.coordinator.concurrency = Some(Ok(Some(1)));
            let one = host(reads).clone();
            reads.clusters[0].hosts = Ok(vec![one; 51]);
        },
        "is 1, for 51 instances",
        "aws lambda delete-function-concurrency",
    ),
    (
        CheckId::VersionSkew,
        W,
        |reads| sidecar(reads).image = Some("registry:5000/ecs-daemon-protector:v0.3.0".to_owned()),
        "v0.3.0 are newer than the coordinator, 0.2.0",
        "",
    ),
    (
        CheckId::EventSource,
        X,
        |reads| rules(reads).sources.clear(),
        "takes events from no queue",
        "",
    ),
    (
        CheckId::EventSource,
        X,
        |reads| rules(reads).sources[0].state = "Disabled".to_owned(),
        "is Disabled",
        "aws lambda update-event-source-mapping --uuid 6b1f2c34-0d5e-4f7a-8b9c-0a1b2c3d4e5f --enabled",
    ),
    (
        CheckId::Rules,
        X,
        |reads| {
            rules(reads).rules.remove(4);
            rules(reads).rules.remove(0);
        },
        "terminate hooks, the tick",
        "",
    ),
    (
        CheckId::Rules,
        X,
        |reads| rules(reads).rules[4].is_enabled = false,
        "disabled: tick",
        "aws events enable-rule --name tick",
    ),
    (
        CheckId::ClusterInRules,
        X,
        |reads| {
            let arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/prod2";
            let pattern = rules(reads).rules[1].pattern.as_mut().unwrap();
            pattern["detail"]["clusterArn"] = serde_json::json!([arn]);
        },
        "not covered: prod",
        "",
    ),
    (
        CheckId::ClusterInRules,
        X,
        |reads| beacon(reads).clusters = Some(vec!["other".parse().unwrap()]),
        "not covered: prod",
        "",
    ),
    (
        CheckId::HookPresent,
        W,
        |reads| hooks(reads).clear(),
        "no terminate hook, and no managed draining",
        "aws autoscaling put-lifecycle-hook --auto-scaling-group-name prod-ecs",
    ),
    (
        CheckId::HookServed,
        X,
        |reads| beacon(reads).hooks = Some(vec!["other".parse().unwrap()]),
        "serves no hook of prod-ecs: not ecs-daemon-protector",
        "",
    ),
    (
        CheckId::HookServed,
        X,
        |reads| beacon(reads).groups = Some(vec!["other".parse().unwrap()]),
        "serves no hook of prod-ecs",
        "",
    ),
    (
        CheckId::HookResult,
        X,
        |reads| {
            let mut other = hook("another");
            other.default_result = "ABANDON".to_owned();
            hooks(reads).push(other);
        },
        "another has the default result ABANDON",
        "--lifecycle-hook-name another --default-result CONTINUE",
    ),
    (
        CheckId::HookHeartbeat,
        W,
        |reads| hooks(reads)[0].heartbeat_timeout = 119,
        "is 119 s; a tick a minute needs 120 s",
        "--heartbeat-timeout 900",
    ),
    (
        CheckId::HookHeartbeat,
        W,
        |reads| hooks(reads)[0].heartbeat_timeout = 60,
        "is 60 s",
        "--heartbeat-timeout 900",
    ),
    (
        CheckId::HookHeartbeat,
        X,
        |reads| hooks(reads)[0].heartbeat_timeout = 59,
        "is 59 s",
        "--heartbeat-timeout 900",
    ),
    (
        CheckId::HookGlobal,
        W,
        |reads| beacon(reads).max_drain = SignedDuration::from_hours(25),
        "waits for 1d01h at most",
        "",
    ),
    (
        CheckId::HookGlobal,
        W,
        |reads| {
            hooks(reads)[0].heartbeat_timeout = 7200;
            beacon(reads).max_drain = SignedDuration::from_hours(48);
        },
        "waits for 2d at most",
        "",
    ),
    (
        CheckId::ManagedDraining,
        W,
        |reads| provider(reads).managed_draining = true,
        "beside our hook",
        "",
    ),
    (
        CheckId::ManagedDraining,
        W,
        |reads| hooks(reads).push(hook("ecs-managed-draining-termination-hook")),
        "beside our hook",
        "",
    ),
    (
        CheckId::WarmPool,
        W,
        |reads| group(reads).group.has_warm_pool = true,
        "warm pool",
        "",
    ),
    (
        CheckId::InstanceProtection,
        W,
        |reads| group(reads).group.protects_from_scale_in = true,
        "protected from scale-in",
        "",
    ),
    (
        CheckId::Orphans,
        W,
        |reads| {
            holding(reads, record());
            reads.clusters[0].hosts = Ok(Vec::new());
        },
        "1 record without an instance: i-04f05e66a99bdb06f",
        "",
    ),
    (
        CheckId::Late,
        X,
        |reads| {
            holding(reads, record());
            reads.fleet.now = at(3600 + 91);
            beacon(reads).tick_at = at(3600);
        },
        "1 drain late: i-04f05e66a99bdb06f",
        "protectorctl explain i-04f05e66a99bdb06f",
    ),
    (
        CheckId::QuotaReads,
        W,
        |reads| tasks(reads, 280),
        "280 sidecars: if all instances drain at once, each reads every 14 s",
        "",
    ),
    (
        CheckId::QuotaReads,
        W,
        |reads| tasks(reads, 1201),
        "they exceed their half",
        "aws ssm update-service-setting",
    ),
    (
        CheckId::SidecarPresent,
        W,
        |reads| {
            daemon(reads).definition.as_mut().unwrap().containers.pop();
        },
        "no sidecar in 1 of 1 DAEMON service: fluent-bit",
        "aws ecs describe-task-definition",
    ),
    (
        CheckId::SidecarPresent,
        W,
        |reads| reads.clusters[0].daemons = Some(Ok(Vec::new())),
        "prod has no DAEMON service",
        "",
    ),
    (
        CheckId::Definition,
        X,
        |reads| daemon(reads).lint = Ok(lint(true)),
        "lint has 2 findings in the definition: PL004, PL022",
        "| protectorctl inject - --diff",
    ),
    (
        CheckId::Definition,
        W,
        |reads| daemon(reads).lint = Ok(lint(false)),
        "PL022",
        "| protectorctl inject - --diff",
    ),
    (
        CheckId::OldRevision,
        W,
        |reads| task(reads).definition = Some("fluent-bit:6".to_owned()),
        "1 task of an older revision",
        "aws ecs update-service --cluster prod --service fluent-bit --force-new-deployment",
    ),
    (
        CheckId::SidecarHealth,
        X,
        |reads| {
            sidecar(reads).health = Some("UNHEALTHY".to_owned());
            tasks(reads, 20);
        },
        "sidecar UNHEALTHY on 20 of 20 (i-04f05e66a99bdb06f",
        "--force-new-deployment",
    ),
    (
        CheckId::SidecarHealth,
        X,
        |reads| {
            sidecar(reads).last_status = Some("STOPPED".to_owned());
            sidecar(reads).exit_code = Some(64);
        },
        "sidecar STOPPED on 1 of 1 (i-04f05e66a99bdb06f): exit code 64",
        "--force-new-deployment",
    ),
    (
        CheckId::SidecarHealth,
        X,
        |reads| {
            sidecar(reads).last_status = Some("STOPPED".to_owned());
            sidecar(reads).reason = Some("CannotPullContainerError: no such tag".to_owned());
        },
        "sidecar never started on 1 of 1 (i-04f05e66a99bdb06f): CannotPullContainerError: no such tag",
        "--force-new-deployment",
    ),
    (
        CheckId::SidecarRestarts,
        W,
        |reads| {
            reads.sidecar_metrics = Some(Ok(super::reads::SidecarMetrics {
                killed: 2,
                gave_up: 1,
            }))
        },
        "within 24 h, 2 killed and 1 gave up",
        "",
    ),
    (
        CheckId::Prefix,
        X,
        |reads| setting(reads, "PROTECTOR_PARAMETER_PREFIX", "/other"),
        "below /other, and the coordinator writes below /ecs-daemon-protector",
        "",
    ),
    (
        CheckId::MaxHold,
        X,
        |reads| setting(reads, "PROTECTOR_MAX_HOLD", "63m29s"),
        "is shorter than",
        "",
    ),
    (
        CheckId::MaxHold,
        X,
        |reads| setting(reads, "PROTECTOR_MAX_HOLD", "long"),
        "is no duration",
        "",
    ),
    (
        CheckId::Policy,
        X,
        |reads| {
            decide(reads, "ssm:GetParameter", "/control", Decision::Denied);
            decide(reads, "ssm:GetParameters", "", Decision::Denied);
        },
        "the task role fluent-bit-task may not ssm:GetParameter /ecs-daemon-protector/control; ssm:GetParameters /ecs-daemon-protector/prod/i-",
        "aws iam attach-role-policy --role-name fluent-bit-task --policy-arn OUTPUT_SIDECAR_POLICY_ARN",
    ),
    (
        CheckId::Policy,
        X,
        |reads| {
            daemon(reads).role = Some(Err(Gap {
                kind: GapKind::NotFound,
                ..denied("iam:SimulatePrincipalPolicy")
            }));
        },
        "the task role fluent-bit-task does not exist",
        "",
    ),
    (
        CheckId::Policy,
        W,
        |reads| {
            decide(reads, "ssm:PutParameter", "/control", Decision::Allowed);
            decide(reads, "ssm:GetParameter", "/not-a-parameter", Decision::Allowed);
        },
        "may also ssm:GetParameter any other parameter; ssm:PutParameter /ecs-daemon-protector/control",
        "aws iam list-attached-role-policies --role-name fluent-bit-task",
    ),
    (
        CheckId::Policy,
        W,
        |reads| {
            decide(
                reads,
                "ssm:GetParameters",
                "",
                Decision::Depends(vec!["aws:SourceVpce".to_owned()]),
            )
        },
        "depends on aws:SourceVpce",
        "aws iam list-attached-role-policies",
    ),
    (
        CheckId::HopLimit,
        X,
        |reads| options(reads).hop_limit = 1,
        "hop limit 1 on 1 of 1 (i-04f05e66a99bdb06f): bridge mode needs 2",
        "aws ec2 modify-instance-metadata-options --instance-id i-04f05e66a99bdb06f --http-endpoint enabled --http-put-response-hop-limit 2",
    ),
    (
        CheckId::HopLimit,
        X,
        |reads| {
            options(reads).is_enabled = false;
            daemon(reads).definition.as_mut().unwrap().network_mode = Some("host".to_owned());
        },
        "the metadata service is off on 1 of 1",
        "--http-endpoint enabled --http-put-response-hop-limit 1",
    ),
    (
        CheckId::HopLimit,
        W,
        |reads| {
            options(reads).hop_limit = 1;
            setting(reads, "PROTECTOR_INSTANCE_ID", "i-04f05e66a99bdb06f");
        },
        "hop limit 1",
        "aws ec2 modify-instance-metadata-options",
    ),
    (
        CheckId::Kinds,
        W,
        |reads| reads.clusters[0].hosts = Ok(Vec::new()),
        "no container instance",
        "",
    ),
    (
        CheckId::Kinds,
        W,
        |reads| {
            host(reads).capacity_provider = Some("managed".to_owned());
            provider(reads).name = "managed".to_owned();
            provider(reads).is_managed_instances = true;
        },
        "only ECS Managed Instances",
        "",
    ),
    (
        CheckId::Needed,
        W,
        |reads| {
            provider(reads).managed_draining = true;
            reads.clusters[0].sample = Some(Ok(Vec::new()));
        },
        "no reason found",
        "",
    ),
    (
        CheckId::ServicesDrainable,
        W,
        |reads| service(reads).service.maximum_percent = 100,
        "1 service can neither stop nor start a task: every drain waits for its deadline: web",
        "--deployment-configuration minimumHealthyPercent=100,maximumPercent=200",
    ),
    (
        CheckId::StopTimes,
        W,
        |reads| service(reads).stop.as_mut().unwrap().as_mut().unwrap().1 = 3600,
        "longer than MAX_DRAIN 1h: web (1h",
        "",
    ),
    (
        CheckId::StopTimes,
        W,
        |reads| daemon(reads).definition.as_mut().unwrap().containers[0].stop_timeout = Some(121),
        "longer than DAEMON_STOP 2m: fluent-bit (2m01s)",
        "",
    ),
    (
        CheckId::Spot,
        W,
        |reads| {
            group(reads).has_spot = true;
            service(reads).stop.as_mut().unwrap().as_mut().unwrap().1 = 31;
        },
        "Spot capacity in prod-ecs: tasks of these services may take longer than the minute that is left: web (1m01s)",
        "",
    ),
    (
        CheckId::Agents,
        X,
        |reads| host(reads).machine.agent_version = Some("1.85.9".to_owned()),
        "i-04f05e66a99bdb06f (1.85.9)",
        "aws ecs update-container-agent --cluster prod --container-instance arn:aws:ecs:",
    ),
    (
        CheckId::Agents,
        X,
        |reads| {
            host(reads).machine.agent_version = None;
            host(reads).restarts_containers = false;
        },
        "version not known",
        "aws ecs update-container-agent",
    ),
    (
        CheckId::Alarms,
        X,
        |reads| alarms(reads)[0].state = "ALARM".to_owned(),
        "in alarm: stack-CoordinatorSilent-1",
        "aws cloudwatch describe-alarms --alarm-names stack-CoordinatorSilent-1",
    ),
    (
        CheckId::Alarms,
        W,
        |reads| alarms(reads)[0].notifies = false,
        "1 of 1 notify no person",
        "",
    ),
    (
        CheckId::Alarms,
        W,
        |reads| alarms(reads)[0].dimensions.clear(),
        "no alarm watches the coordinator",
        "",
    ),
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
    for (id, result, break_it, text, fix) in BROKEN {
        let mut reads = good();
        break_it(&mut reads);
        let report = all(&reads);
        let finding = found(&report, *id);
        assert_eq!(finding.result, *result, "{finding:?}");
        assert!(finding.text.contains(text), "{text}: {finding:?}");
        let command = finding.fix.clone().unwrap_or_default();
        assert!(
            command.contains(fix) && (fix.is_empty() == command.is_empty()),
            "{fix}: {finding:?}"
        );
        assert_ne!(report.verdict(FailOn::Warn), Verdict::Good, "{finding:?}");
    }
}

#[test]
fn each_check_can_warn_or_fail() {
    let broken: BTreeSet<CheckId> = BROKEN.iter().map(|(id, ..)| *id).collect();
    assert_eq!(broken, CHECKS.iter().map(|check| check.id).collect());
}

/// For each call: the reads without it, and the checks that are not known then.
const UNREAD: &[(&str, Break, &[CheckId])] = &[
    (
        "ssm:GetParametersByPath",
        |reads| reads.fleet.listing = Err(denied("ssm:GetParametersByPath")),
        &[
            CheckId::Beacon,
            CheckId::Tick,
            CheckId::Mode,
            CheckId::Orphans,
            CheckId::Late,
        ],
    ),
    (
        "lambda:GetFunctionConfiguration",
        |reads| reads.coordinator.variables = Some(Err(denied("lambda:GetFunctionConfiguration"))),
        &[CheckId::DryRun],
    ),
    (
        "cloudwatch:GetMetricData",
        |reads| {
            reads.coordinator.metrics = Some(Err(denied("cloudwatch:GetMetricData")));
            reads.sidecar_metrics = Some(Err(denied("cloudwatch:GetMetricData")));
        },
        &[CheckId::Errors, CheckId::SidecarRestarts],
    ),
    (
        "sqs:GetQueueAttributes",
        |reads| reads.coordinator.queues = Some(vec![Err(denied("sqs:GetQueueAttributes"))]),
        &[CheckId::DeadLetters],
    ),
    (
        "lambda:GetFunctionConcurrency",
        |reads| reads.coordinator.concurrency = Some(Err(denied("lambda:GetFunctionConcurrency"))),
        &[CheckId::Concurrency],
    ),
    (
        "events:DescribeRule",
        |reads| reads.rules = Some(Err(denied("events:DescribeRule"))),
        &[CheckId::EventSource, CheckId::Rules, CheckId::ClusterInRules],
    ),
    (
        "autoscaling:DescribeAutoScalingGroups",
        |reads| reads.groups = Some(Err(denied("autoscaling:DescribeAutoScalingGroups"))),
        &[CheckId::HookPresent, CheckId::Spot],
    ),
    (
        "autoscaling:DescribeLifecycleHooks",
        |reads| group(reads).hooks = Err(denied("autoscaling:DescribeLifecycleHooks")),
        &[CheckId::HookPresent],
    ),
    (
        "ecs:DescribeCapacityProviders",
        |reads| reads.providers = Some(Err(denied("ecs:DescribeCapacityProviders"))),
        &[CheckId::ManagedDraining],
    ),
    (
        "ecs:ListContainerInstances",
        |reads| reads.clusters[0].hosts = Err(denied("ecs:ListContainerInstances")),
        &[CheckId::Orphans, CheckId::Kinds, CheckId::Agents],
    ),
    (
        "ecs:ListServices",
        |reads| {
            reads.clusters[0].daemons = Some(Err(denied("ecs:ListServices")));
            reads.clusters[0].services = Some(Err(denied("ecs:ListServices")));
        },
        &[
            CheckId::VersionSkew,
            CheckId::QuotaReads,
            CheckId::SidecarPresent,
            CheckId::ServicesDrainable,
            CheckId::StopTimes,
        ],
    ),
    (
        "ecs:DescribeTaskDefinition",
        |reads| {
            let gap = denied("ecs:DescribeTaskDefinition");
            daemon(reads).definition = Err(gap.clone());
            service(reads).stop = Some(Err(gap));
        },
        &[CheckId::SidecarPresent, CheckId::StopTimes],
    ),
    (
        "ecs:DescribeTasks",
        |reads| {
            daemon(reads).tasks = Err(denied("ecs:DescribeTasks"));
            reads.clusters[0].sample = Some(Err(denied("ecs:DescribeTasks")));
        },
        &[
            CheckId::VersionSkew,
            CheckId::QuotaReads,
            CheckId::OldRevision,
            CheckId::SidecarHealth,
            CheckId::HopLimit,
            CheckId::Needed,
        ],
    ),
    (
        "cloudwatch:DescribeAlarms",
        |reads| reads.alarms = Some(Err(denied("cloudwatch:DescribeAlarms"))),
        &[CheckId::Alarms],
    ),
    (
        "iam:SimulatePrincipalPolicy",
        |reads| daemon(reads).role = Some(Err(denied("iam:SimulatePrincipalPolicy"))),
        &[CheckId::Policy],
    ),
    (
        "ec2:DescribeInstances",
        |reads| reads.clusters[0].metadata = Some(Err(denied("ec2:DescribeInstances"))),
        &[CheckId::HopLimit],
    ),
];

#[test]
fn what_was_not_read_is_not_known_and_names_the_action() {
    for (call, break_it, ids) in UNREAD {
        let mut reads = good();
        break_it(&mut reads);
        let report = all(&reads);
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
    let mut reads = good();
    reads.alarms = Some(Err(denied("cloudwatch:DescribeAlarms")));
    reads.coordinator.concurrency = Some(Ok(Some(0)));
    assert_eq!(all(&reads).verdict(FailOn::Fail), Verdict::Bad);
    let mut reads = good();
    group(&mut reads).group.has_warm_pool = true;
    let report = all(&reads);
    assert_eq!(report.verdict(FailOn::Fail), Verdict::Good);
    assert_eq!(report.verdict(FailOn::Warn), Verdict::Bad);
}

#[test]
fn a_fatal_check_ends_its_category() {
    let mut reads = good();
    reads.fleet.listing.as_mut().unwrap().beacon = None;
    let report = all(&reads);
    for check in CHECKS
        .iter()
        .filter(|check| check.category == Category::Coordinator)
    {
        let expected = if check.is_fatal {
            Outcome::Fail
        } else {
            Outcome::Skipped
        };
        assert_eq!(found(&report, check.id).result, expected, "{}", check.code);
    }
    assert_eq!(found(&report, CheckId::HookHeartbeat).result, Outcome::Pass);
    let mut reads = good();
    reads.account.region = None;
    let report = all(&reads);
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
    assert_eq!(
        codes,
        [
            "tick",
            "hook-present",
            "hook-served",
            "hook-result",
            "hook-heartbeat",
            "hook-global",
            "managed-draining",
            "instance-protection"
        ]
    );
    assert!(
        pick("hook")
            .unwrap_err()
            .contains("expected a category (account, ")
    );
}

#[test]
fn what_looks_deeper_runs_if_it_is_asked_for_and_not_else() {
    let codes = |selection: Selection| -> Vec<&str> {
        let report = examine(&good(), &selection);
        let found = report.findings().map(|finding| finding.id.check());
        found
            .filter(|check| check.is_deep)
            .map(|check| check.code)
            .collect()
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
    assert!(
        permissions.hints[0].contains("policy reader --deep"),
        "{permissions:?}"
    );
    reads.account.gaps.push(denied("ecs:ListTasks"));
    let report = all(&reads);
    let permissions = found(&report, CheckId::Permissions);
    assert!(
        permissions.fix.is_some() && permissions.hints.len() == 2,
        "{permissions:?}"
    );
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
        let mut reads = good();
        daemon(&mut reads).definition.as_mut().unwrap().network_mode = mode.map(str::to_owned);
        options(&mut reads).hop_limit = limit;
        let report = all(&reads);
        assert_eq!(
            found(&report, CheckId::HopLimit).result,
            result,
            "{mode:?} {limit}"
        );
    }
}

#[test]
fn an_instance_that_ec2_does_not_know_any_more_is_not_judged() {
    let mut reads = good();
    reads.clusters[0].metadata = Some(Ok(BTreeMap::new()));
    let report = all(&reads);
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
    let mut reads = good();
    daemon(&mut reads).definition.as_mut().unwrap().task_role = None;
    assert_eq!(found(&all(&reads), CheckId::Policy).result, Outcome::Skipped);
}

#[test]
fn a_group_that_ecs_drains_needs_no_hook_of_ours() {
    let mut reads = good();
    hooks(&mut reads).clear();
    provider(&mut reads).managed_draining = true;
    let report = all(&reads);
    let present = found(&report, CheckId::HookPresent);
    assert_eq!(
        (&present.result, present.text.contains("the coordinator joins")),
        (&Outcome::Pass, true)
    );
    assert_eq!(found(&report, CheckId::ManagedDraining).result, Outcome::Pass);
}

#[test]
fn a_fault_of_many_sidecars_is_one_line_with_a_few_names() {
    let mut reads = good();
    sidecar(&mut reads).health = Some("UNHEALTHY".to_owned());
    tasks(&mut reads, 20);
    let report = all(&reads);
    let of_health = report
        .findings()
        .filter(|finding| finding.id == CheckId::SidecarHealth);
    let texts: Vec<&str> = of_health.map(|finding| finding.text.as_str()).collect();
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
        let mut reads = good();
        case(&mut reads);
        assert_eq!(found(&all(&reads), CheckId::SidecarHealth).result, Outcome::Pass);
    }
}

#[test]
fn codes_are_unique_and_each_id_has_its_check() {
    let codes: BTreeSet<&str> = CHECKS.iter().map(|check| check.code).collect();
    assert_eq!(codes.len(), CHECKS.len());
    let categories: BTreeSet<&str> = Category::ALL.into_iter().map(Category::name).collect();
    assert!(
        codes
            .iter()
            .all(|code| *code == "alarms" || !categories.contains(code)),
        "a pick would mean two things"
    );
    assert!(CHECKS.iter().all(|check| *check.id.check() == *check));
}

#[test]
fn a_check_that_is_asked_for_always_has_a_finding() {
    let broken = BROKEN.iter().map(|(_, _, break_it, ..)| break_it);
    let unread = UNREAD.iter().map(|(_, break_it, _)| break_it);
    let nothing: Break = |reads| {
        reads.coordinator = super::reads::CoordinatorReads::default();
        (reads.rules, reads.groups, reads.providers) = (None, None, None);
        (reads.sidecar_metrics, reads.alarms) = (None, None);
        reads.clusters.clear();
    };
    for break_it in broken.chain(unread).chain([&nothing]) {
        let mut reads = good();
        break_it(&mut reads);
        let report = all(&reads);
        let has: BTreeSet<CheckId> = report.findings().map(|finding| finding.id).collect();
        for check in CHECKS {
            assert!(has.contains(&check.id), "{}", check.code);
        }
    }
}

/// What is denied may hide what is wrong, but never makes something else wrong.
#[test]
fn a_denied_read_adds_no_fault() {
    for (call, break_it, _) in UNREAD {
        let mut reads = good();
        break_it(&mut reads);
        let report = all(&reads);
        assert_eq!((report.totals().fail, report.totals().warn), (0, 0), "{call}");
    }
}

/// The commands of all findings, one a line. The AWS CLI reads them in `tests/python/cli`; `UPDATE_CHECKS=1` writes them.
const COMMANDS: &str = "src/doctor/commands.txt";

#[test]
fn the_commands_that_the_aws_cli_is_given_are_those_of_the_findings() {
    let mut commands: BTreeSet<String> = BTreeSet::new();
    for (_, _, break_it, ..) in BROKEN {
        let mut reads = good();
        break_it(&mut reads);
        commands.extend(all(&reads).findings().filter_map(|finding| finding.fix.clone()));
    }
    let text: String = commands.iter().map(|command| format!("{command}\n")).collect();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(COMMANDS);
    if std::env::var_os("UPDATE_CHECKS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), text);
}
