//! The coordinator: whether it runs, and what it failed at.

use jiff::SignedDuration;
use protector_core::control::Control;
use protector_core::plural::counted;

use crate::doctor::catalog::{Category, CheckId};
use crate::doctor::finding::Finding;
use crate::doctor::reads::{DoctorReads, FunctionMetrics, Queue, short_name};
use crate::drain::SILENT_AFTER;
use crate::explain::command::CommandLine;
use crate::read::Reading;
use crate::time_format::span;

/// From so many instances on, a second run beside that of the events matters.
const MANY_INSTANCES: usize = 50;

pub(super) fn check(reads: &DoctorReads) -> Vec<Finding> {
    let beacon = beacon(reads);
    if super::is_fatal(&beacon) {
        return super::complete(Category::Coordinator, vec![beacon], "there is no beacon");
    }
    let read = &reads.coordinator;
    let mut findings = vec![beacon];
    findings.extend(tick(reads));
    findings.push(mode(reads));
    findings.extend(dry_run(reads));
    findings.extend(read.metrics.as_ref().map(|metrics| errors(metrics, reads)));
    findings.extend(read.queues.as_ref().map(|queues| dead_letters(queues)));
    findings.extend(concurrency(reads));
    findings.extend(version_skew(reads));
    let why = match read.function {
        Some(_) => "what it needs is not known",
        None => "its function is not known",
    };
    super::complete(Category::Coordinator, findings, why)
}

fn beacon(reads: &DoctorReads) -> Finding {
    let id = CheckId::Beacon;
    let listing = match &reads.fleet.listing {
        Ok(listing) => listing,
        Err(gap) => return Finding::not_known(id, "the beacon", gap),
    };
    match &listing.beacon {
        Some(Ok(beacon)) => {
            let function = beacon.function_arn.as_deref().unwrap_or("its function is not known");
            Finding::pass(id, format!("coordinator {}: {function}", beacon.version))
        }
        Some(Err(error)) => Finding::fail(id, format!("the beacon cannot be read: {error}"))
            .hint("this program is older than the coordinator, or another program writes the parameter"),
        None if reads.is_dry_run() == Some(true) => {
            Finding::warn(id, "no beacon: the function is a dry run, which writes none")
        }
        None => Finding::fail(id, "no beacon: the coordinator is not found")
            .hint("another --prefix or --region, a dry run (name it with --function), or not deployed: docs/install.md"),
    }
}

fn tick(reads: &DoctorReads) -> Option<Finding> {
    let id = CheckId::Tick;
    let Some(beacon) = reads.beacon() else {
        let gap = reads.fleet.listing.as_ref().err()?;
        return Some(Finding::not_known(id, "the tick", gap));
    };
    let age = reads
        .now()
        .duration_since(beacon.tick_at)
        .max(SignedDuration::ZERO);
    let text = format!("tick {} ago", span(age));
    if age <= SILENT_AFTER {
        return Some(Finding::pass(id, text));
    }
    let finding = Finding::fail(id, format!("the last {text}: the coordinator does not run"));
    let finding = finding.hint(
        "is the tick's rule enabled, and the event source mapping? Is the concurrency of the function 0?",
    );
    Some(match reads.coordinator.function.as_deref() {
        Some(name) => finding.fix(
            CommandLine::new("aws lambda list-event-source-mappings")
                .option("--function-name", name)
                .line(),
        ),
        None => finding,
    })
}

fn mode(reads: &DoctorReads) -> Finding {
    let id = CheckId::Mode;
    let listing = match &reads.fleet.listing {
        Ok(listing) => listing,
        Err(gap) => return Finding::not_known(id, "the kill switch", gap),
    };
    match &listing.control {
        None => Finding::pass(id, "mode on"),
        Some(Ok(switch)) if switch.control == Control::On => Finding::pass(id, "mode on"),
        Some(Ok(switch)) => {
            let by = switch.by().map(|by| format!(", {by}")).unwrap_or_default();
            let name = switch.control.name();
            let effect = match switch.control {
                Control::Observe => "it begins no hold, sends no heartbeat and releases nothing",
                Control::On | Control::ReleaseAll => "every daemon may go at once",
            };
            Finding::warn(id, format!("mode {name}{by}"))
                .hint(effect)
                .fix("protectorctl mode on")
        }
        Some(Err(problem)) => {
            let text = format!("the kill switch cannot be read, and has no effect: {problem}");
            Finding::fail(id, text).fix("protectorctl mode on")
        }
    }
}

fn dry_run(reads: &DoctorReads) -> Option<Finding> {
    let id = CheckId::DryRun;
    if let Err(gap) = reads.coordinator.variables.as_ref()? {
        return Some(Finding::not_known(id, "whether it is a dry run", gap));
    }
    Some(match reads.is_dry_run() {
        Some(true) => Finding::warn(id, "a dry run: it holds no daemon and sends no heartbeat")
            .hint("deploy the stack with DryRun=false"),
        _ => Finding::pass(id, "it acts: no dry run"),
    })
}

fn errors(metrics: &Reading<FunctionMetrics>, reads: &DoctorReads) -> Finding {
    let id = CheckId::Errors;
    let metrics = match metrics {
        Ok(metrics) => metrics,
        Err(gap) => return Finding::not_known(id, "errors of the last hour", gap),
    };
    let mut parts = Vec::new();
    if metrics.errors > 0 {
        parts.push(counted(metrics.errors, "failed run").to_string());
    }
    if metrics.throttles > 0 {
        parts.push(counted(metrics.throttles, "throttled run").to_string());
    }
    let kinds = metrics.kinds.iter().filter(|(_, count)| **count > 0);
    parts.extend(kinds.map(|(kind, count)| format!("{count} {kind}")));
    if parts.is_empty() {
        return Finding::pass(id, "no errors in the last hour");
    }
    let text = format!("in the last hour: {}", parts.join(", "));
    let denied = metrics.kinds.get("denied").is_some_and(|count| *count > 0);
    let finding = match denied {
        true => Finding::fail(id, text).hint(
            "denied: the role lacks a permission, and drains hold until it has it; deploy the stack's role",
        ),
        false => Finding::warn(id, text).hint("docs/operations.md#metrics has a line for each kind"),
    };
    let log = reads.beacon().and_then(|beacon| beacon.log_group.as_deref());
    finding.fix(
        CommandLine::new("aws logs filter-log-events")
            .option("--log-group-name", log.unwrap_or("LOG_GROUP"))
            .option("--filter-pattern", "{ $.level = \"error\" }")
            .line(),
    )
}

fn dead_letters(queues: &[Reading<Queue>]) -> Finding {
    let id = CheckId::DeadLetters;
    let full: Vec<&Queue> = queues
        .iter()
        .flatten()
        .filter(|queue| queue.messages > 0)
        .collect();
    let gap = queues.iter().find_map(|queue| queue.as_ref().err());
    match (full.first(), gap) {
        (None, Some(gap)) => Finding::not_known(id, "the queues of events that were not processed", gap),
        (None, None) if queues.is_empty() => {
            Finding::warn(id, "the beacon names no queue of events that were not processed")
                .hint("the coordinator is older than the queues, or was deployed without them")
        }
        (None, None) => Finding::pass(id, "no dead letters"),
        (Some(first), _) => {
            let count: u64 = full.iter().map(|queue| queue.messages).sum();
            let oldest = full.iter().filter_map(|queue| queue.oldest).max();
            let age = oldest.map(|age| format!(", the oldest {}", span(age)));
            let text = format!("{}{}", counted(count, "dead letter"), age.unwrap_or_default());
            Finding::fail(id, text)
                .hint("the tick has found what they were about; purge the queue when the cause is corrected")
                .fix(
                    CommandLine::new("aws sqs receive-message")
                        .option("--queue-url", &first.url)
                        .option("--visibility-timeout", "0")
                        .line(),
                )
        }
    }
}

fn concurrency(reads: &DoctorReads) -> Option<Finding> {
    let id = CheckId::Concurrency;
    let reserved = match reads.coordinator.concurrency.as_ref()? {
        Ok(reserved) => *reserved,
        Err(gap) => return Some(Finding::not_known(id, "its reserved concurrency", gap)),
    };
    let instances = reads.instances();
    let remove = || {
        // Concurrency is reserved for a function, whatever its alias.
        let function = reads.coordinator.function.as_deref();
        let name = function.map_or("FUNCTION_NAME", short_name);
        CommandLine::new("aws lambda delete-function-concurrency")
            .option("--function-name", name)
            .line()
    };
    Some(match reserved {
        None => Finding::pass(id, "no concurrency is reserved: runs are not limited"),
        Some(0) => Finding::fail(id, "the reserved concurrency is 0: the function never runs").fix(remove()),
        Some(1) if instances > MANY_INSTANCES => {
            let text = format!(
                "the reserved concurrency is 1, for {}",
                counted(instances, "instance")
            );
            Finding::warn(id, text)
                .hint("an operator's command waits for the run of the events")
                .fix(remove())
        }
        Some(count) => Finding::pass(id, format!("reserved concurrency {count}")),
    })
}

fn version_skew(reads: &DoctorReads) -> Option<Finding> {
    let id = CheckId::VersionSkew;
    let coordinator = reads.beacon()?.version.clone();
    let mine = minor(&coordinator)?;
    let sidecar = reads.sidecar();
    if let Some(gap) = reads.unread_daemons() {
        return Some(Finding::not_known(id, "versions of sidecars", gap));
    }
    let daemons = reads
        .clusters
        .iter()
        .filter_map(|cluster| cluster.daemons.as_ref());
    let all: Vec<_> = daemons.flatten().flatten().collect();
    if reads.clusters.iter().all(|cluster| cluster.daemons.is_none()) {
        return None;
    }
    let images = all
        .iter()
        .flat_map(|daemon| daemon.running())
        .flat_map(|task| &task.containers)
        .filter(|container| container.name == sidecar)
        .filter_map(|container| container.image.as_deref());
    let mut newer: Vec<&str> = images
        .filter_map(tag)
        .filter(|tag| minor(tag).is_some_and(|theirs| theirs > mine))
        .collect();
    newer.sort_unstable();
    newer.dedup();
    Some(match newer.as_slice() {
        [] => Finding::pass(
            id,
            format!("no sidecar is newer than the coordinator, {coordinator}"),
        ),
        some => {
            let text = format!(
                "sidecars of {} are newer than the coordinator, {coordinator}",
                super::names(some)
            );
            Finding::warn(id, text).hint("update the coordinator first, then the sidecars")
        }
    })
}

/// The tag of an image, without a digest.
fn tag(image: &str) -> Option<&str> {
    let named = image.split('@').next()?;
    let (_, tag) = named.rsplit('/').next()?.split_once(':')?;
    Some(tag)
}

/// Major and minor version.
fn minor(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.trim_start_matches('v').split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}
