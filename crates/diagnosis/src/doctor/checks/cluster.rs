//! What each cluster runs, and whether it can drain.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use protector_core::aws::TaskGroup;
use protector_core::ids::ContainerInstanceArn;
use protector_core::limits::SPOT_RESERVE_MAX;
use protector_core::plural::counted;

use crate::doctor::catalog::{Category, CheckId};
use crate::doctor::finding::Finding;
use crate::doctor::reads::{ClusterReads, DoctorReads, Host, ServiceReads};
use crate::doctor::report::Section;
use crate::explain::cause::moving::{allowing, may_start, may_stop};
use crate::explain::command::CommandLine;
use crate::explain::task_ends::stop_time;
use crate::read::{Gap, Reading};
use crate::seen::SeenService;
use crate::time_format::span;

/// The first agent that knows `restartPolicy`.
const AGENT_MIN: (u32, u32) = (1, 86);

/// The category, a part for each cluster.
pub(super) fn check(reads: &DoctorReads) -> Vec<Section> {
    if reads.clusters.is_empty() {
        let skipped = super::complete(Category::Cluster, Vec::new(), "no cluster is known");
        return vec![Section::whole(Category::Cluster, skipped)];
    }
    let parts = reads.clusters.iter().map(|cluster| {
        Section::about(
            Category::Cluster,
            cluster.name.as_str(),
            of_cluster(cluster, reads),
        )
    });
    parts.collect()
}

fn of_cluster(cluster: &ClusterReads, reads: &DoctorReads) -> Vec<Finding> {
    let mut findings = vec![kinds(cluster, reads)];
    findings.extend(needed(cluster, reads));
    if let Some(services) = &cluster.services {
        findings.push(drainable(services, cluster));
        findings.push(stop_times(services, cluster, reads));
        findings.extend(spot(services, reads));
    }
    findings.push(agents(&cluster.hosts));
    super::complete(Category::Cluster, findings, "what it needs is not known")
}

/// The EC2 instance of each registration.
pub(super) fn instances_by_arn(cluster: &ClusterReads) -> BTreeMap<&ContainerInstanceArn, &str> {
    let hosts = cluster.hosts.iter().flatten();
    hosts
        .map(|host| (&host.machine.arn, host.machine.instance.as_str()))
        .collect()
}

fn kinds(cluster: &ClusterReads, reads: &DoctorReads) -> Finding {
    let id = CheckId::Kinds;
    let hosts = match &cluster.hosts {
        Ok(hosts) => hosts,
        Err(gap) => return Finding::not_known(id, "the capacity", gap),
    };
    let managed: Vec<&str> = reads
        .providers
        .iter()
        .flatten()
        .flatten()
        .filter(|provider| provider.is_managed_instances)
        .map(|provider| provider.name.as_str())
        .collect();
    let is_managed = |host: &&Host| {
        let provider = host.capacity_provider.as_deref();
        provider.is_some_and(|name| managed.contains(&name))
    };
    let provided = hosts.iter().any(|host| host.capacity_provider.is_some());
    if let (true, Some(Err(gap))) = (provided, &reads.providers) {
        return Finding::not_known(id, "whether these are ECS Managed Instances", gap);
    }
    let own = hosts.iter().filter(|host| !is_managed(host)).count();
    match (hosts.len(), own) {
        (0, _) => Finding::warn(
            id,
            "no container instance: on Fargate the protector is not needed",
        ),
        (_, 0) => Finding::warn(id, "only ECS Managed Instances: the protector is not needed")
            .hint("Managed Daemons start first and drain last"),
        (_, own) => Finding::pass(id, counted(own, "EC2 container instance").to_string()),
    }
}

/// Which reason of the README applies.
fn needed(cluster: &ClusterReads, reads: &DoctorReads) -> Option<Finding> {
    let id = CheckId::Needed;
    let sample = match cluster.sample.as_ref()? {
        Ok(sample) => sample,
        Err(gap) => {
            return Some(Finding::not_known(
                id,
                "whether there is a reason for the protector",
                gap,
            ));
        }
    };
    let mut reasons = Vec::new();
    let standalone = sample
        .iter()
        .filter(|task| matches!(task.group, Some(TaskGroup::Other(_))))
        .count();
    if standalone > 0 {
        reasons.push(format!(
            "{} of {} looked at, which DRAINING leaves alone",
            counted(standalone, "standalone task"),
            sample.len()
        ));
    }
    let groups = reads.groups.iter().flatten().flatten();
    let providers = reads.providers.as_ref().and_then(|read| read.as_ref().ok());
    let drains_itself = |name: &_| {
        providers.is_none_or(|all| {
            all.iter()
                .any(|one| one.managed_draining && one.group.as_ref() == Some(name))
        })
    };
    let undrained = groups.filter(|group| !drains_itself(&group.group.name)).count();
    if undrained > 0 {
        reasons.push(format!("ECS does not drain {}", counted(undrained, "group")));
    }
    let tiers = reads.beacon().and_then(|beacon| beacon.tiers.as_ref());
    if tiers.is_some_and(|tiers| tiers.len() > 1) {
        reasons.push("daemons go in tiers".to_owned());
    }
    let groups = reads.groups.as_ref().and_then(|read| read.as_ref().err());
    let providers = reads.providers.as_ref().and_then(|read| read.as_ref().err());
    if let (true, Some(gap)) = (reasons.is_empty(), groups.or(providers)) {
        return Some(Finding::not_known(
            id,
            "whether there is a reason for the protector",
            gap,
        ));
    }
    Some(match reasons.is_empty() {
        false => Finding::pass(id, format!("needed: {}", reasons.join("; "))),
        true => Finding::warn(
            id,
            "no reason found: ECS drains the groups, and the tasks that were looked at are of services",
        )
        .hint("the documented order of ECS may be enough here: README, \"Do I need it?\""),
    })
}

fn drainable(services: &Reading<Vec<ServiceReads>>, cluster: &ClusterReads) -> Finding {
    let id = CheckId::ServicesDrainable;
    let services = match services {
        Ok(services) => services,
        Err(gap) => return Finding::not_known(id, "the services", gap),
    };
    let blocked: Vec<&SeenService> = services
        .iter()
        .map(|read| &read.service)
        .filter(|service| blocks_every_drain(service))
        .collect();
    let names: Vec<&str> = blocked.iter().map(|service| service.name.as_str()).collect();
    match blocked.first() {
        None => Finding::pass(
            id,
            format!("{} can move their tasks", counted(services.len(), "service")),
        ),
        Some(first) => {
            let text = format!(
                "{} can neither stop nor start a task: every drain waits for its deadline: {}",
                counted(blocked.len(), "service"),
                super::names(&names)
            );
            let (minimum, maximum) = allowing(first);
            Finding::warn(id, text).fix(
                CommandLine::new("aws ecs update-service")
                    .option("--cluster", cluster.name.as_str())
                    .option("--service", first.name.as_str())
                    .option(
                        "--deployment-configuration",
                        &format!("minimumHealthyPercent={minimum},maximumPercent={maximum}"),
                    )
                    .line(),
            )
        }
    }
}

/// Whether a service with all its tasks RUNNING allows neither a stop nor a start.
fn blocks_every_drain(service: &SeenService) -> bool {
    let steady = SeenService {
        running: service.desired,
        pending: 0,
        ..service.clone()
    };
    service.desired > 0 && !may_stop(&steady) && !may_start(&steady)
}

/// The longest that a task of a service takes to stop, and its name.
fn longest_stops(services: &[ServiceReads]) -> impl Iterator<Item = (&str, SignedDuration)> {
    services.iter().filter_map(|read| {
        let (definition, delay) = read.stop.as_ref()?.as_ref().ok()?;
        let stop = stop_time(definition)?.longest + SignedDuration::from_secs(i64::from(*delay));
        Some((read.service.name.as_str(), stop))
    })
}

fn first_gap(services: &[ServiceReads]) -> Option<&Gap> {
    let stops = services.iter().filter_map(|read| read.stop.as_ref());
    stops.filter_map(|stop| stop.as_ref().err()).next()
}

fn stop_times(services: &Reading<Vec<ServiceReads>>, cluster: &ClusterReads, reads: &DoctorReads) -> Finding {
    let id = CheckId::StopTimes;
    let services = match services {
        Ok(services) => services,
        Err(gap) => return Finding::not_known(id, "how long tasks take to stop", gap),
    };
    let Some(beacon) = reads.beacon() else {
        return Finding::skipped(id, "MAX_DRAIN and DAEMON_STOP are not known");
    };
    let long = |(name, stop): (&str, SignedDuration)| {
        (stop > beacon.max_drain).then(|| format!("{name} ({})", span(stop)))
    };
    let slow: Vec<String> = longest_stops(services).filter_map(long).collect();
    let daemons = cluster.daemons.iter().flatten().flatten();
    let slow_daemons: Vec<String> = daemons
        .filter_map(|daemon| {
            let definition = daemon.definition.as_ref().ok()?;
            let own = definition
                .containers
                .iter()
                .filter(|one| one.name != reads.sidecar());
            let longest = own.map(|one| one.stop_timeout.unwrap_or(30)).max()?;
            let stop = SignedDuration::from_secs(i64::from(longest));
            (stop > beacon.daemon_stop).then(|| format!("{} ({})", daemon.name(), span(stop)))
        })
        .collect();
    let mut parts = Vec::new();
    if !slow.is_empty() {
        parts.push(format!(
            "tasks take longer than MAX_DRAIN {}: {}",
            span(beacon.max_drain),
            super::names(&slow)
        ));
    }
    if !slow_daemons.is_empty() {
        let stop = span(beacon.daemon_stop);
        parts.push(format!(
            "daemons may take longer than DAEMON_STOP {stop}: {}",
            super::names(&slow_daemons)
        ));
    }
    let looked = services.iter().filter(|read| read.stop.is_some()).count();
    let daemons = cluster.daemons.as_ref();
    let unread = daemons.and_then(|read| match read {
        Err(gap) => Some(gap),
        Ok(daemons) => daemons.iter().find_map(|daemon| daemon.definition.as_ref().err()),
    });
    match (parts.is_empty(), first_gap(services).or(unread)) {
        (false, _) => Finding::warn(id, parts.join("; "))
            .hint("raise MAX_DRAIN or DAEMON_STOP, or lower stopTimeout or the deregistration delay"),
        (true, Some(gap)) => Finding::not_known(id, "how long tasks take to stop", gap),
        (true, None) => {
            let text = format!(
                "stop times fit, of {looked} of {}",
                counted(services.len(), "service")
            );
            Finding::pass(id, text)
        }
    }
}

fn spot(services: &Reading<Vec<ServiceReads>>, reads: &DoctorReads) -> Option<Finding> {
    let id = CheckId::Spot;
    let groups = match reads.groups.as_ref()? {
        Ok(groups) => groups,
        Err(gap) => return Some(Finding::not_known(id, "Spot capacity", gap)),
    };
    let spot: Vec<&str> = groups
        .iter()
        .filter(|group| group.has_spot)
        .map(|group| group.group.name.as_str())
        .collect();
    if spot.is_empty() {
        return Some(Finding::pass(id, "no group is set to launch Spot instances"));
    }
    let services = match services {
        Ok(services) => services,
        Err(gap) => return Some(Finding::not_known(id, "tasks on Spot capacity", gap)),
    };
    let slow: Vec<String> = longest_stops(services)
        .filter(|(_, stop)| *stop > SPOT_RESERVE_MAX)
        .map(|(name, stop)| format!("{name} ({})", span(stop)))
        .collect();
    Some(match (slow.is_empty(), first_gap(services)) {
        (true, Some(gap)) => Finding::not_known(id, "how long tasks take to stop on Spot capacity", gap),
        (true, None) => Finding::pass(
            id,
            format!(
                "Spot capacity in {}; tasks stop within a minute",
                super::names(&spot)
            ),
        ),
        (false, _) => {
            let text = format!(
                "Spot capacity in {}: tasks of these services may take longer than the minute that is left: {}",
                super::names(&spot),
                super::names(&slow)
            );
            Finding::warn(id, text).hint("EC2 takes the instance two minutes after its notice")
        }
    })
}

fn agents(hosts: &Reading<Vec<Host>>) -> Finding {
    let id = CheckId::Agents;
    let hosts = match hosts {
        Ok(hosts) => hosts,
        Err(gap) => return Finding::not_known(id, "versions of the agents", gap),
    };
    let old: Vec<&Host> = hosts.iter().filter(|host| is_old(host)).collect();
    let names: Vec<String> = old
        .iter()
        .map(|host| {
            let version = host
                .machine
                .agent_version
                .as_deref()
                .unwrap_or("version not known");
            format!("{} ({version})", host.machine.instance)
        })
        .collect();
    match old.first() {
        None => Finding::pass(
            id,
            format!("{} with agent 1.86.0 or later", counted(hosts.len(), "instance")),
        ),
        Some(first) => {
            let text = format!(
                "{} with an agent before 1.86.0, which does not know restartPolicy: {}",
                counted(old.len(), "instance"),
                super::names(&names)
            );
            Finding::fail(id, text)
                .hint("ECS places no task with the sidecar there: update the agent, or the AMI")
                .fix(
                    CommandLine::new("aws ecs update-container-agent")
                        .option("--cluster", first.machine.cluster.as_str())
                        .option("--container-instance", first.machine.arn.as_str())
                        .line(),
                )
        }
    }
}

/// Whether the agent is too old: by its version, or by its attribute if it has reported no version.
fn is_old(host: &Host) -> bool {
    let version = host.machine.agent_version.as_deref().and_then(version);
    version.map_or(!host.restarts_containers, |version| version < AGENT_MIN)
}

fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim_start_matches('v').split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}
