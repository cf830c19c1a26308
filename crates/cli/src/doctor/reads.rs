//! What `doctor` reads: only what the checks that were asked for need.

use super::{DoctorArgs, deep};
use crate::account::{Account, MetricRequest, Statistic};
use crate::lint::args::tiers;
use crate::lint::{Document, Expectations, Severity};
use crate::look::stderr_line;
use crate::reads::{fleet as read_fleet, progress};
use aws_sdk_ecs::types::SchedulingStrategy;
use jiff::{SignedDuration, Timestamp};
use protector_core::ids::{AutoScalingGroupName, ClusterName, InstanceId};
use protector_core::limits::DESCRIBE_SERVICES_MAX;
use protector_core::record::{DEFAULT_PREFIX, ParameterPrefix};
use protector_diagnosis::doctor::reads::{
    AccountReads, ClusterReads, CoordinatorReads, DaemonReads, DoctorReads, FunctionMetrics, GroupReads,
    LintFinding, Queue, RulesReads, ServiceReads, SidecarMetrics, short_name,
};
use protector_diagnosis::doctor::{Category, CheckId, Selection};
use protector_diagnosis::fleet::FleetReads;
use protector_diagnosis::read::{Gap, GapKind, Reading};
use protector_diagnosis::seen::{Definition, SeenService, SeenTask};
use protector_runtime::emf::NAMESPACE;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal};

/// What the coordinator counts as errors, by kind.
const KINDS: [&str; 7] = [
    "denied",
    "throttled",
    "timeout",
    "internal",
    "incomplete",
    "other",
    "malformed",
];

/// An hour, by the minute; and a day, by the hour.
const HOUR: (SignedDuration, i32) = (SignedDuration::from_hours(1), 60);
const DAY: (SignedDuration, i32) = (SignedDuration::from_hours(24), 3600);

/// The definitions of so many services are read: twenty seconds at five calls a second.
const DEFINITIONS: usize = 100;

/// Rules of `lint` that are checks of their own here.
const OWN_CHECKS: [&str; 2] = ["PL005", "PL031"];

/// Nothing: no region is set.
pub(super) fn without_region() -> DoctorReads {
    let gap = no_answer("no region is set");
    DoctorReads {
        account: AccountReads {
            caller: Err(gap.clone()),
            region: None,
            clock_error: None,
            gaps: Vec::new(),
        },
        ..nothing(DEFAULT_PREFIX.to_owned(), Timestamp::now(), &gap)
    }
}

fn no_answer(message: &str) -> Gap {
    Gap {
        call: "sts:GetCallerIdentity",
        kind: GapKind::Other,
        code: "NoAnswer".to_owned(),
        message: message.to_owned(),
    }
}

/// What is read where nothing can be read.
fn nothing(prefix: String, now: Timestamp, gap: &Gap) -> DoctorReads {
    DoctorReads {
        prefix,
        account: AccountReads {
            caller: Err(gap.clone()),
            region: None,
            clock_error: None,
            gaps: vec![gap.clone()],
        },
        fleet: FleetReads {
            now,
            listing: Err(gap.clone()),
            machines: BTreeMap::new(),
            scaling: Err(gap.clone()),
        },
        coordinator: CoordinatorReads::default(),
        rules: None,
        clusters: Vec::new(),
        groups: None,
        providers: None,
        sidecar_metrics: None,
        alarms: None,
    }
}

/// Everything that the checks need, and the account's number.
pub(super) async fn all(account: &Account, args: &DoctorArgs) -> (DoctorReads, Option<String>) {
    // Of an earlier examination.
    account.take_gaps();
    let caller = account.caller().await;
    let number = caller.as_ref().ok().map(|caller| caller.account.clone());
    let caller = caller.map(|caller| caller.arn);
    let prefix = account.prefix.to_string();
    let mut reads = match &caller {
        Err(gap) if gap.kind == GapKind::SignedOut => nothing(prefix, account.now(), gap),
        _ => of_account(account, args, prefix).await,
    };
    reads.account = AccountReads {
        caller,
        region: Some(account.region.clone()),
        clock_error: account.clock_error(),
        gaps: account.take_gaps(),
    };
    (reads, number)
}

async fn of_account(account: &Account, args: &DoctorArgs, prefix: String) -> DoctorReads {
    let wanted = args.selection();
    let fleet = read_fleet(account, &args.cluster.clusters, &progress).await;
    let unread = no_answer("not read");
    let mut reads = nothing(prefix, fleet.now, &unread);
    reads.fleet = fleet;
    let function = reads.beacon().and_then(|beacon| beacon.function_arn.clone());
    reads.coordinator.function = args.function.clone().or(function);
    coordinator(account, &wanted, &mut reads).await;
    clusters(account, &wanted, &mut reads).await;
    groups(account, &wanted, &mut reads).await;
    if wanted.wants(CheckId::Alarms) {
        reads.alarms = Some(account.alarms().await);
    }
    reads
}

/// The function's own checks need its name; the rest of them goes without.
async fn coordinator(account: &Account, wanted: &Selection, reads: &mut DoctorReads) {
    let Some(function) = reads.coordinator.function.clone() else {
        return;
    };
    // Settings that only the function has: the sidecar's name and the prefix.
    let settings = [Category::Coordinator, Category::Daemons, Category::Records];
    if settings.iter().any(|category| wanted.wants_some_of(*category)) {
        reads.coordinator.variables = Some(account.variables(&function).await);
    }
    let name = short_name(&function).to_owned();
    if wanted.wants(CheckId::Errors) {
        reads.coordinator.metrics = Some(function_metrics(account, &name).await);
    }
    if wanted.wants_any(&[CheckId::DeadLetters, CheckId::Alarms]) {
        reads.coordinator.queues = Some(queues(account, reads).await);
    }
    if wanted.wants(CheckId::Concurrency) {
        // Concurrency is reserved for a function, whatever its alias.
        reads.coordinator.concurrency = Some(account.reserved_concurrency(&name).await);
    }
    if wanted.wants_some_of(Category::Events) {
        reads.rules = Some(rules(account, &function).await);
    }
    if wanted.wants(CheckId::SidecarRestarts) {
        reads.sidecar_metrics = Some(sidecar_metrics(account, &name).await);
    }
}

/// A sum of a metric is a whole number.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded and not negative"
)]
fn whole(value: f64) -> u64 {
    value.round().max(0.0) as u64
}

async fn function_metrics(account: &Account, name: &str) -> Reading<FunctionMetrics> {
    let function = [("FunctionName", name)];
    let kinds = KINDS.map(|kind| [("FunctionName", name), ("Kind", kind)]);
    let of_lambda = |metric| MetricRequest {
        namespace: "AWS/Lambda",
        name: metric,
        dimensions: &function,
        statistic: Statistic::Sum,
    };
    let mut asked = vec![of_lambda("Errors"), of_lambda("Throttles")];
    asked.extend(kinds.iter().map(|dimensions| MetricRequest {
        namespace: NAMESPACE,
        name: "Errors",
        dimensions,
        statistic: Statistic::Sum,
    }));
    let values = account.metrics(&asked, HOUR.0, HOUR.1).await?;
    let mut values = values.into_iter().map(whole);
    Ok(FunctionMetrics {
        errors: values.next().unwrap_or_default(),
        throttles: values.next().unwrap_or_default(),
        kinds: KINDS.into_iter().zip(values).collect(),
    })
}

async fn sidecar_metrics(account: &Account, name: &str) -> Reading<SidecarMetrics> {
    let function = [("FunctionName", name)];
    let asked = ["SidecarsKilled", "SidecarsGaveUp"].map(|metric| MetricRequest {
        namespace: NAMESPACE,
        name: metric,
        dimensions: &function,
        statistic: Statistic::Sum,
    });
    let values = account.metrics(&asked, DAY.0, DAY.1).await?;
    let mut values = values.into_iter().map(whole);
    Ok(SidecarMetrics {
        killed: values.next().unwrap_or_default(),
        gave_up: values.next().unwrap_or_default(),
    })
}

async fn queues(account: &Account, reads: &DoctorReads) -> Vec<Reading<Queue>> {
    let beacon = reads.beacon();
    let urls = [
        beacon.and_then(|beacon| beacon.dead_letter_queue_url.clone()),
        beacon.and_then(|beacon| beacon.failed_event_queue_url.clone()),
    ];
    let mut queues = Vec::new();
    for url in urls.into_iter().flatten() {
        let messages = account.messages(&url).await;
        queues.push(match messages {
            Ok(messages) => Ok(Queue {
                oldest: match messages {
                    0 => None,
                    _ => oldest(account, &url).await,
                },
                url,
                messages,
            }),
            Err(gap) => Err(gap),
        });
    }
    queues
}

/// The age of the oldest message, if CloudWatch has it.
async fn oldest(account: &Account, url: &str) -> Option<SignedDuration> {
    let queue = [("QueueName", url.rsplit('/').next()?)];
    let asked = [MetricRequest {
        namespace: "AWS/SQS",
        name: "ApproximateAgeOfOldestMessage",
        dimensions: &queue,
        statistic: Statistic::Newest,
    }];
    let values = account.metrics(&asked, HOUR.0, HOUR.1).await.ok()?;
    let seconds = values
        .first()
        .copied()
        .map(whole)
        .filter(|seconds| *seconds > 0)?;
    Some(SignedDuration::from_secs(i64::try_from(seconds).ok()?))
}

async fn rules(account: &Account, function: &str) -> Reading<RulesReads> {
    let sources = account.event_sources(function).await?;
    let mut rules = Vec::new();
    for source in &sources {
        rules.extend(account.rules_of_target(&source.queue).await?);
    }
    Ok(RulesReads { sources, rules })
}

async fn clusters(account: &Account, wanted: &Selection, reads: &mut DoctorReads) {
    let names: Vec<ClusterName> = reads.fleet.machines.keys().cloned().collect();
    let of_daemons = [CheckId::VersionSkew, CheckId::QuotaReads, CheckId::StopTimes];
    let daemons = wanted.wants_some_of(Category::Daemons) || wanted.wants_any(&of_daemons);
    let services = wanted.wants_any(&[CheckId::ServicesDrainable, CheckId::StopTimes, CheckId::Spot]);
    let expectations = expectations(account, reads);
    let sidecar = reads.sidecar().to_owned();
    let mut asked = deep::RoleCache::default();
    for name in names {
        let mut read = ClusterReads {
            hosts: account.hosts(&name).await,
            daemons: match daemons {
                true => Some(self::daemons(account, &name, expectations.as_ref()).await),
                false => None,
            },
            services: match services {
                true => Some(self::services(account, &name, wanted).await),
                false => None,
            },
            sample: match wanted.wants(CheckId::Needed) {
                true => Some(account.some_tasks(&name).await),
                false => None,
            },
            metadata: None,
            name,
        };
        if wanted.wants_any(&[CheckId::Policy, CheckId::HopLimit]) {
            deep::read(account, wanted, &sidecar, &mut read, &mut asked).await;
        }
        reads.clusters.push(read);
    }
}

/// What the coordinator expects of a definition; none if the name of its sidecar is none of a container.
fn expectations(account: &Account, reads: &DoctorReads) -> Option<Expectations> {
    let beacon = reads.beacon();
    let prefix: Option<ParameterPrefix> = reads
        .setting("PARAMETER_PREFIX")
        .and_then(|text| text.parse().ok());
    Some(Expectations {
        container: reads.sidecar().parse().ok()?,
        max_drain: beacon.map_or(SignedDuration::from_hours(1), |beacon| beacon.max_drain),
        max_drain_is_known: beacon.is_some(),
        daemon_stop: beacon.map_or(SignedDuration::from_mins(2), |beacon| beacon.daemon_stop),
        tiers: beacon.map_or(1, tiers),
        prefix: Some(prefix.unwrap_or_else(|| account.prefix.clone())),
        allow_none: true,
    })
}

async fn daemons(
    account: &Account,
    cluster: &ClusterName,
    expectations: Option<&Expectations>,
) -> Reading<Vec<DaemonReads>> {
    let names = account.service_names(cluster, SchedulingStrategy::Daemon).await?;
    let services = account.services(cluster, &names).await?;
    let mut found = Vec::new();
    for service in services {
        let tasks: Reading<Vec<SeenTask>> = account.running_tasks(cluster, &service.name).await;
        let arn = service.definition.clone().unwrap_or_default();
        let (definition, lint) = match account.definition_with_text(&arn).await {
            Ok((definition, text)) => (Ok(definition), lint(&text, expectations)),
            Err(gap) => (Err(gap.clone()), Err(gap)),
        };
        found.push(DaemonReads {
            service,
            definition,
            lint,
            tasks,
            role: None,
        });
    }
    Ok(found)
}

/// What `lint` finds in the answer of `DescribeTaskDefinition`.
fn lint(text: &str, expectations: Option<&Expectations>) -> Reading<Vec<LintFinding>> {
    let unreadable = |message: String| Gap {
        call: "ecs:DescribeTaskDefinition",
        kind: GapKind::Other,
        code: "NotUnderstood".to_owned(),
        message,
    };
    let expectations =
        expectations.ok_or_else(|| unreadable("SIDECAR_CONTAINER is no name of a container".to_owned()))?;
    let document = Document::parse(text).map_err(|error| unreadable(error.to_string()))?;
    let examined = document.examine(expectations);
    let counted = examined
        .counted()
        .filter(|finding| finding.severity > Severity::Note);
    let found = counted.map(|finding| LintFinding {
        rule: finding.rule.code(),
        is_error: finding.severity == Severity::Error,
        message: finding.message.clone(),
    });
    Ok(found
        .filter(|finding| !OWN_CHECKS.contains(&finding.rule))
        .collect())
}

async fn services(
    account: &Account,
    cluster: &ClusterName,
    wanted: &Selection,
) -> Reading<Vec<ServiceReads>> {
    let names = account
        .service_names(cluster, SchedulingStrategy::Replica)
        .await?;
    let deep = wanted.wants_any(&[CheckId::StopTimes, CheckId::Spot]);
    let mut stops: BTreeMap<String, Reading<(Definition, u32)>> = BTreeMap::new();
    let mut found: Vec<ServiceReads> = Vec::new();
    for chunk in names.chunks(DESCRIBE_SERVICES_MAX) {
        for service in account.services(cluster, chunk).await? {
            let stop = match deep && found.len() < DEFINITIONS {
                true => Some(stop(account, &service, &mut stops).await),
                false => None,
            };
            found.push(ServiceReads { service, stop });
        }
        report_services(cluster, found.len(), names.len());
    }
    Ok(found)
}

/// A service may share its definition with others, so each is read once.
async fn stop(
    account: &Account,
    service: &SeenService,
    known: &mut BTreeMap<String, Reading<(Definition, u32)>>,
) -> Reading<(Definition, u32)> {
    let arn = service.definition.clone().unwrap_or_default();
    let balancers = [&service.target_groups, &service.classic_load_balancers].map(|all| all.join(" "));
    let key = format!("{arn} {}", balancers.join(" "));
    if let Some(read) = known.get(&key) {
        return read.clone();
    }
    let read = read_stop(account, &arn, service).await;
    known.insert(key, read.clone());
    read
}

async fn read_stop(account: &Account, definition: &str, service: &SeenService) -> Reading<(Definition, u32)> {
    let definition = account.definition(definition).await?;
    let mut longest = 0;
    for group in &service.target_groups {
        longest = account.deregistration_delay(group).await?.max(longest);
    }
    for name in &service.classic_load_balancers {
        longest = account.connection_draining(name).await?.max(longest);
    }
    Ok((definition, longest))
}

/// Services are many, so a person is shown how far the reading is.
fn report_services(cluster: &ClusterName, read: usize, all: usize) {
    if io::stderr().is_terminal() && read < all && read.is_multiple_of(100) {
        stderr_line(&format!(
            "{read} of {all} services of {cluster} read; --skip cluster spares them"
        ));
    }
}

async fn groups(account: &Account, wanted: &Selection, reads: &mut DoctorReads) {
    let of_groups = [CheckId::Needed, CheckId::Spot];
    if wanted.wants_some_of(Category::Hooks) || wanted.wants_any(&of_groups) {
        reads.groups = Some(read_groups(account, reads).await);
    }
    let of_providers = [
        CheckId::HookPresent,
        CheckId::ManagedDraining,
        CheckId::Kinds,
        CheckId::Needed,
    ];
    if wanted.wants_any(&of_providers) {
        reads.providers = Some(account.capacity_providers().await);
    }
}

/// The groups of the clusters' instances, and those that the coordinator names.
async fn read_groups(account: &Account, reads: &DoctorReads) -> Reading<Vec<GroupReads>> {
    let mut instances: BTreeSet<InstanceId> = BTreeSet::new();
    for cluster in &reads.clusters {
        let hosts = cluster.hosts.as_ref().map_err(Clone::clone)?;
        instances.extend(hosts.iter().map(|host| host.machine.instance.clone()));
    }
    let instances: Vec<InstanceId> = instances.into_iter().collect();
    let scaling = account.scaling_instances(&instances).await?;
    let named = reads.beacon().and_then(|beacon| beacon.groups.clone());
    let names: BTreeSet<AutoScalingGroupName> = scaling
        .into_iter()
        .map(|one| one.group)
        .chain(named.into_iter().flatten())
        .collect();
    let names: Vec<AutoScalingGroupName> = names.into_iter().collect();
    let mut found = Vec::new();
    for (group, has_spot) in account.scaling_groups(&names).await? {
        let hooks = account.lifecycle_hooks(&group.name).await;
        found.push(GroupReads {
            group,
            has_spot,
            hooks,
        });
    }
    Ok(found)
}
