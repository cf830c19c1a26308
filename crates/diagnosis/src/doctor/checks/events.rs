//! How events reach the coordinator.

use serde_json::Value;

use crate::doctor::catalog::{Category, CheckId};
use crate::doctor::finding::Finding;
use crate::doctor::reads::{DoctorReads, Rule, RulesReads};
use crate::explain::command::CommandLine;
use crate::read::Reading;

/// An event that a rule of ours matches: what is missing without it.
struct Wanted {
    detail_type: &'static str,
    name: &'static str,
}

const WANTED: [Wanted; 4] = [
    Wanted {
        detail_type: "EC2 Instance-terminate Lifecycle Action",
        name: "terminate hooks",
    },
    Wanted {
        detail_type: "ECS Task State Change",
        name: "tasks that stop",
    },
    Wanted {
        detail_type: "ECS Container Instance State Change",
        name: "instances that drain",
    },
    Wanted {
        detail_type: "EC2 Spot Instance Interruption Warning",
        name: "Spot notices",
    },
];

pub(super) fn check(reads: &DoctorReads) -> Vec<Finding> {
    let Some(read) = &reads.rules else {
        return super::complete(Category::Events, Vec::new(), "the function is not known");
    };
    let mut findings = vec![event_source(read, reads), rules(read)];
    findings.push(cluster_in_rules(read, reads));
    findings
}

fn event_source(read: &Reading<RulesReads>, reads: &DoctorReads) -> Finding {
    let id = CheckId::EventSource;
    let read = match read {
        Ok(read) => read,
        Err(gap) => return Finding::not_known(id, "the event source mapping", gap),
    };
    let off = read.sources.iter().find(|source| source.state != "Enabled");
    match (read.sources.first(), off) {
        (None, _) => {
            let function = reads.coordinator.function.as_deref().unwrap_or("the function");
            Finding::fail(
                id,
                format!("no event source mapping: {function} takes events from no queue"),
            )
            .hint("deploy the stack")
        }
        (Some(_), Some(off)) => {
            let text = format!(
                "the event source mapping is {}: no event and no tick arrives",
                off.state
            );
            Finding::fail(id, text).fix(
                CommandLine::new("aws lambda update-event-source-mapping")
                    .option("--uuid", &off.id)
                    .flag("--enabled")
                    .line(),
            )
        }
        (Some(source), None) => Finding::pass(id, format!("events come from {}", last_part(&source.queue))),
    }
}

fn last_part(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

fn rules(read: &Reading<RulesReads>) -> Finding {
    let id = CheckId::Rules;
    let read = match read {
        Ok(read) => read,
        Err(gap) => return Finding::not_known(id, "the rules", gap),
    };
    if read.sources.is_empty() {
        return Finding::skipped(id, "the function takes events from no queue");
    }
    let missing: Vec<&str> = WANTED
        .iter()
        .filter(|wanted| !read.rules.iter().any(|rule| matches(rule, wanted.detail_type)))
        .map(|wanted| wanted.name)
        .chain((!read.rules.iter().any(|rule| rule.schedule.is_some())).then_some("the tick"))
        .collect();
    if !missing.is_empty() {
        let text = format!("no rule sends these events to the queue: {}", missing.join(", "));
        return Finding::fail(id, text)
            .hint("deploy the stack again: rules were deleted, or have another target");
    }
    let off: Vec<&str> = read
        .rules
        .iter()
        .filter(|rule| !rule.is_enabled)
        .map(|rule| rule.name.as_str())
        .collect();
    match off.first() {
        None => Finding::pass(
            id,
            format!("{} rules are enabled and send to the queue", read.rules.len()),
        ),
        Some(first) => Finding::fail(id, format!("disabled: {}", super::names(&off))).fix(
            CommandLine::new("aws events enable-rule")
                .option("--name", first)
                .line(),
        ),
    }
}

fn matches(rule: &Rule, detail_type: &str) -> bool {
    let types = rule
        .pattern
        .as_ref()
        .and_then(|pattern| pattern["detail-type"].as_array());
    types.is_some_and(|types| types.iter().any(|one| one == detail_type))
}

fn cluster_in_rules(read: &Reading<RulesReads>, reads: &DoctorReads) -> Finding {
    let id = CheckId::ClusterInRules;
    let read = match read {
        Ok(read) => read,
        Err(gap) => return Finding::not_known(id, "the clusters of the rules", gap),
    };
    let watched = reads.beacon().and_then(|beacon| beacon.clusters.as_ref());
    let patterns: Vec<&Value> = read
        .rules
        .iter()
        .filter_map(|rule| rule.pattern.as_ref())
        .collect();
    let left_out: Vec<&str> = reads
        .clusters
        .iter()
        .map(|cluster| cluster.name.as_str())
        .filter(|name| {
            let unwatched = watched
                .is_some_and(|names| !names.is_empty() && !names.iter().any(|one| one.as_str() == *name));
            unwatched || patterns.iter().any(|pattern| !covers(pattern, name))
        })
        .collect();
    match left_out.is_empty() {
        true => Finding::pass(id, "rules and coordinator cover the clusters that were looked at"),
        false => Finding::fail(id, format!("not covered: {}", super::names(&left_out)))
            .hint("add the name to the parameter Clusters of the stack: drains there hold no daemon"),
    }
}

/// Whether a pattern lets the events of a cluster through. One that names no cluster lets all through, and so does one
/// with an operator that is not known here.
fn covers(pattern: &Value, cluster: &str) -> bool {
    let Some(allowed) = pattern["detail"]["clusterArn"].as_array() else {
        return true;
    };
    allowed.iter().any(|one| match one.as_str() {
        Some(arn) => arn.rsplit('/').next() == Some(cluster),
        None => true,
    })
}
