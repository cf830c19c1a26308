//! The DAEMON services: whether each has its sidecar, and whether that works.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use protector_core::hold::state::HoldPolicy;
use protector_core::limits::TICK_AND_DELAY;
use protector_core::plural::counted;
use protector_core::record::DEFAULT_PREFIX;
use protector_core::unprotected::UnprotectedReason;

use super::cluster::instances_by_arn;
use super::deep;
use crate::doctor::catalog::{Category, CheckId};
use crate::doctor::finding::Finding;
use crate::doctor::reads::{ClusterReads, DaemonReads, DoctorReads, SidecarMetrics};
use crate::doctor::report::Section;
use crate::explain::command::CommandLine;
use crate::read::Reading;
use crate::seen::{DefinedContainer, SeenContainer, SeenTask};

/// The agent's errors for a container that it could not start.
const REFUSED: [&str; 3] = ["CannotPull", "CannotCreate", "CannotStart"];

/// Checks of which each daemon with a sidecar has one, and the one of each cluster.
const OF_EACH: [CheckId; 8] = [
    CheckId::SidecarPresent,
    CheckId::Definition,
    CheckId::OldRevision,
    CheckId::SidecarHealth,
    CheckId::Prefix,
    CheckId::MaxHold,
    CheckId::Policy,
    CheckId::HopLimit,
];

/// The category: what is true of all, then a part for each service.
pub(super) fn check(reads: &DoctorReads) -> Vec<Section> {
    let category = Category::Daemons;
    let mut sections = Vec::new();
    let several = reads.clusters.len() > 1;
    for cluster in &reads.clusters {
        let Some(daemons) = &cluster.daemons else { continue };
        let present = present(daemons, cluster, reads);
        let subject = format!("all of {}", cluster.name);
        sections.push(Section::about(category, subject, vec![present]));
        for daemon in daemons.iter().flatten() {
            if let Some(sidecar) = sidecar_of(daemon, reads.sidecar()) {
                let count = counted(daemon.running().count(), "task");
                let place = if several {
                    format!(" in {}", cluster.name)
                } else {
                    String::new()
                };
                let subject = format!("{}{place} ({count})", daemon.name());
                sections.push(Section::about(
                    category,
                    subject,
                    of_service(daemon, sidecar, cluster, reads),
                ));
            }
        }
    }
    let mut fleet: Vec<Finding> = reads.sidecar_metrics.iter().map(restarts).collect();
    if fleet.is_empty() {
        fleet.push(Finding::skipped(
            CheckId::SidecarRestarts,
            "the function is not known",
        ));
    }
    let has = |id| {
        sections
            .iter()
            .any(|section| section.findings.iter().any(|one| one.id == id))
    };
    let missing: Vec<Finding> = OF_EACH
        .into_iter()
        .filter(|id| !has(*id))
        .map(|id| Finding::skipped(id, "no daemon with a sidecar is known"))
        .collect();
    fleet.extend(missing);
    sections.push(Section::about(category, "in general", fleet));
    sections
}

fn of_service(
    daemon: &DaemonReads,
    sidecar: &DefinedContainer,
    cluster: &ClusterReads,
    reads: &DoctorReads,
) -> Vec<Finding> {
    let mut findings = vec![definition(daemon)];
    findings.push(old_revision(daemon, cluster));
    findings.push(health(daemon, cluster, reads.sidecar()));
    findings.push(prefix(sidecar, reads));
    findings.push(max_hold(sidecar, reads));
    findings.push(deep::policy(daemon));
    findings.push(deep::hop_limit(daemon, sidecar, cluster));
    findings
}

/// The sidecar in a daemon's definition, if that was read and has one.
fn sidecar_of<'a>(daemon: &'a DaemonReads, name: &str) -> Option<&'a DefinedContainer> {
    let definition = daemon.definition.as_ref().ok()?;
    definition.containers.iter().find(|one| one.name == name)
}

fn present(daemons: &Reading<Vec<DaemonReads>>, cluster: &ClusterReads, reads: &DoctorReads) -> Finding {
    let id = CheckId::SidecarPresent;
    let daemons = match daemons {
        Ok(daemons) => daemons,
        Err(gap) => return Finding::not_known(id, "the DAEMON services", gap),
    };
    if let Some(gap) = daemons.iter().find_map(|daemon| daemon.definition.as_ref().err()) {
        return Finding::not_known(id, "the definitions of the DAEMON services", gap);
    }
    let without: Vec<&DaemonReads> = daemons
        .iter()
        .filter(|daemon| sidecar_of(daemon, reads.sidecar()).is_none())
        .collect();
    let names: Vec<&str> = without.iter().map(|daemon| daemon.name().as_str()).collect();
    match without.first() {
        None if daemons.is_empty() => Finding::warn(
            id,
            format!(
                "{} has no DAEMON service: there is nothing to protect",
                cluster.name
            ),
        ),
        None => Finding::pass(
            id,
            format!("{0} of {0} DAEMON services have a sidecar", daemons.len()),
        ),
        Some(first) => {
            let text = format!(
                "no sidecar in {} of {}: {}",
                without.len(),
                counted(daemons.len(), "DAEMON service"),
                super::names(&names)
            );
            let show = CommandLine::new("aws ecs describe-task-definition")
                .option(
                    "--task-definition",
                    first.service.definition.as_deref().unwrap_or("TASK_DEFINITION"),
                )
                .option("--query", "taskDefinition");
            Finding::warn(id, text)
                .hint("give its definition to `protectorctl inject - --register-ready` if the daemon is to be protected")
                .fix(show.line())
        }
    }
}

fn definition(daemon: &DaemonReads) -> Finding {
    let id = CheckId::Definition;
    let found = match &daemon.lint {
        Ok(found) => found,
        Err(gap) => return Finding::not_known(id, "the definition", gap),
    };
    if found.is_empty() {
        return Finding::pass(id, "lint finds nothing in the definition");
    }
    let codes: BTreeSet<&str> = found.iter().map(|one| one.rule).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let text = format!(
        "lint has {} in the definition: {}",
        counted(found.len(), "finding"),
        super::names(&codes)
    );
    let finding = match found.iter().any(|one| one.is_error) {
        true => Finding::fail(id, text),
        false => Finding::warn(id, text),
    };
    let finding = found.iter().take(3).fold(finding, |finding, one| {
        finding.hint(format!("{}: {}", one.rule, one.message))
    });
    let name = daemon.service.definition.as_deref().unwrap_or("TASK_DEFINITION");
    finding.fix(
        CommandLine::new("aws ecs describe-task-definition")
            .option("--task-definition", name)
            .option("--query", "taskDefinition")
            .line()
            + " | protectorctl inject - --diff",
    )
}

fn old_revision(daemon: &DaemonReads, cluster: &ClusterReads) -> Finding {
    let id = CheckId::OldRevision;
    if let Err(gap) = &daemon.tasks {
        return Finding::not_known(id, "the revisions of the tasks", gap);
    }
    let newest = daemon.service.definition.as_ref();
    let old = daemon
        .running()
        .filter(|task| task.definition.is_some() && task.definition.as_ref() != newest)
        .count();
    match old {
        0 => Finding::pass(id, "all tasks run the newest revision"),
        _ => Finding::warn(
            id,
            format!(
                "{} of an older revision, perhaps without a sidecar",
                counted(old, "task")
            ),
        )
        .hint("wait for the deployment, or force a new one")
        .fix(redeploy(daemon, cluster)),
    }
}

fn redeploy(daemon: &DaemonReads, cluster: &ClusterReads) -> String {
    CommandLine::new("aws ecs update-service")
        .option("--cluster", cluster.name.as_str())
        .option("--service", daemon.name().as_str())
        .flag("--force-new-deployment")
        .line()
}

/// What is wrong with a sidecar, and what goes with it in the words of AWS.
type SidecarFault = (UnprotectedReason, Option<String>);

fn health(daemon: &DaemonReads, cluster: &ClusterReads, sidecar: &str) -> Finding {
    let id = CheckId::SidecarHealth;
    if let Err(gap) = &daemon.tasks {
        return Finding::not_known(id, "the health of the sidecars", gap);
    }
    let hosts = instances_by_arn(cluster);
    let running: Vec<&SeenTask> = daemon
        .running()
        .filter(|task| task.last_status == protector_core::aws::TaskStatus::Running)
        .collect();
    let of = |task: &&SeenTask| task.containers.iter().any(|one| one.name == sidecar);
    let all = running.iter().filter(|task| of(task)).count();
    let mut faults: BTreeMap<SidecarFault, Vec<&str>> = BTreeMap::new();
    let mut unsure = 0_usize;
    for task in &running {
        let Some(container) = task.containers.iter().find(|one| one.name == sidecar) else {
            continue;
        };
        let host = task.container_instance.as_ref().and_then(|arn| hosts.get(arn));
        match fault(container) {
            Some(fault) => faults
                .entry(fault)
                .or_default()
                .push(host.copied().unwrap_or("?")),
            None if container.health.as_deref() != Some("HEALTHY") => unsure += 1,
            None => {}
        }
    }
    if faults.is_empty() {
        let text = match unsure {
            _ if all == 0 => "no task with a sidecar is RUNNING".to_owned(),
            0 => format!("sidecar HEALTHY on {all} of {all}"),
            _ => format!("sidecar runs on {all} of {all}; the first check of {unsure} is not over"),
        };
        return Finding::pass(id, text);
    }
    let parts = faults.iter().map(|((reason, what), on)| {
        let what = what.as_ref().map(|what| format!(": {what}")).unwrap_or_default();
        let word = match reason {
            UnprotectedReason::SidecarStopped => "STOPPED",
            UnprotectedReason::SidecarNeverStarted => "never started",
            UnprotectedReason::SidecarFailed => "ended with an error",
            UnprotectedReason::SidecarUnhealthy | UnprotectedReason::Other => "UNHEALTHY",
        };
        format!(
            "sidecar {word} on {} of {all} ({}){what}",
            on.len(),
            super::names(on)
        )
    });
    let finding = Finding::fail(id, parts.collect::<Vec<_>>().join("; "));
    let reasons: BTreeSet<UnprotectedReason> = faults.keys().map(|(reason, _)| *reason).collect();
    reasons
        .into_iter()
        .fold(finding, |finding, reason| finding.hint(reason.hint()))
        .fix(redeploy(daemon, cluster))
}

/// What is wrong with the sidecar of a task that runs. The same is judged by the coordinator
/// ([`protector_core::protection`]).
fn fault(container: &SeenContainer) -> Option<SidecarFault> {
    let reason = container.reason.as_deref();
    let refused = reason.is_some_and(|reason| REFUSED.iter().any(|error| reason.starts_with(error)));
    let code = container.exit_code.map(|code| format!("exit code {code}"));
    let status = container.last_status.as_deref();
    match (status, container.health.as_deref()) {
        (None | Some("PENDING" | "STOPPED"), _) if refused => {
            Some((UnprotectedReason::SidecarNeverStarted, container.reason.clone()))
        }
        (Some("STOPPED"), _) => Some((
            UnprotectedReason::SidecarStopped,
            container.reason.clone().or(code),
        )),
        (Some("RUNNING"), Some("UNHEALTHY")) => Some((UnprotectedReason::SidecarUnhealthy, None)),
        _ => None,
    }
}

fn restarts(read: &Reading<SidecarMetrics>) -> Finding {
    let id = CheckId::SidecarRestarts;
    let metrics = match read {
        Ok(metrics) => metrics,
        Err(gap) => return Finding::not_known(id, "sidecars that ended within 24 h", gap),
    };
    match (metrics.killed, metrics.gave_up) {
        (0, 0) => Finding::pass(id, "no sidecar was killed or gave up within 24 h"),
        (killed, gave_up) => Finding::warn(id, format!("within 24 h, {killed} killed and {gave_up} gave up"))
            .hint("docs/operations.md#metrics: SidecarsKilled, SidecarsGaveUp"),
    }
}

fn prefix(sidecar: &DefinedContainer, reads: &DoctorReads) -> Finding {
    let id = CheckId::Prefix;
    let ours = reads.setting("PARAMETER_PREFIX").unwrap_or(&reads.prefix);
    let theirs = sidecar.environment.get("PROTECTOR_PARAMETER_PREFIX");
    let theirs = theirs.map_or(DEFAULT_PREFIX, String::as_str);
    match theirs == ours {
        true => Finding::pass(id, format!("prefix {theirs}")),
        false => {
            let text = format!("the sidecar reads below {theirs}, and the coordinator writes below {ours}");
            Finding::fail(id, text)
                .hint("set PROTECTOR_PARAMETER_PREFIX of the sidecar, and give its role that prefix")
        }
    }
}

fn max_hold(sidecar: &DefinedContainer, reads: &DoctorReads) -> Finding {
    let id = CheckId::MaxHold;
    let Some(beacon) = reads.beacon() else {
        return Finding::skipped(id, "the settings of the coordinator are not known");
    };
    let tiers = beacon.tiers.as_ref().map_or(1, |tiers| tiers.len().max(1));
    let each = beacon.daemon_stop + TICK_AND_DELAY;
    let needed = beacon.max_drain + each * i32::try_from(tiers).unwrap_or(i32::MAX);
    let given = sidecar.environment.get("PROTECTOR_MAX_HOLD");
    let hold = match given.map(|text| text.parse::<SignedDuration>()) {
        None => HoldPolicy::default().max_hold,
        Some(Ok(hold)) => hold,
        Some(Err(_)) => {
            return Finding::fail(
                id,
                "PROTECTOR_MAX_HOLD is no duration: the sidecar ends with code 64",
            );
        }
    };
    match hold >= needed {
        true => Finding::pass(
            id,
            format!("MAX_HOLD {hold:#} is longer than the longest drain with its flush, {needed:#}"),
        ),
        false => {
            let text = format!(
                "MAX_HOLD {hold:#} is shorter than the longest drain with its flush, {needed:#}: the sidecar leaves before"
            );
            Finding::fail(id, text)
                .hint("raise PROTECTOR_MAX_HOLD, and stopTimeout above it: protectorctl inject")
        }
    }
}
