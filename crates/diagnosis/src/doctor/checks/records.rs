//! The records, and what they cost.

use std::collections::BTreeSet;

use protector_core::ids::{ClusterName, InstanceId};
use protector_core::limits::{POLL_SECONDS_MAX, UNHURRIED_POLL_SECONDS_MAX};
use protector_core::plural::counted;
use protector_core::record::State;
use protector_core::throughput::ParameterThroughput;

use crate::doctor::catalog::{Category, CheckId};
use crate::doctor::finding::Finding;
use crate::doctor::reads::{DaemonReads, DoctorReads};
use crate::drain::Risk;
use crate::explain::command::CommandLine;
use crate::fleet::Fleet;

/// The setting of an account that raises the throughput of Parameter Store
/// (<https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-throughput.html>).
const THROUGHPUT: &str = "/ssm/parameter-store/high-throughput-enabled";

pub(super) fn check(reads: &DoctorReads) -> Vec<Finding> {
    let mut findings = vec![orphans(reads), late(reads)];
    findings.extend(quota_reads(reads));
    super::complete(Category::Records, findings, "the clusters are not known")
}

fn orphans(reads: &DoctorReads) -> Finding {
    let id = CheckId::Orphans;
    let listing = match &reads.fleet.listing {
        Ok(listing) => listing,
        Err(gap) => return Finding::not_known(id, "the records", gap),
    };
    let mut known: BTreeSet<(&ClusterName, &InstanceId)> = BTreeSet::new();
    let mut read: BTreeSet<&ClusterName> = BTreeSet::new();
    for cluster in &reads.clusters {
        match &cluster.hosts {
            Ok(hosts) => {
                read.insert(&cluster.name);
                known.extend(hosts.iter().map(|host| (&cluster.name, &host.machine.instance)));
            }
            Err(gap) => return Finding::not_known(id, "the instances of the records", gap),
        }
    }
    let orphans: Vec<&str> = listing
        .records
        .iter()
        .filter(|(_, recorded)| {
            let record = recorded.record.as_ref();
            record.is_ok_and(|record| record.state == State::Holding && record.receipt_at.is_none())
        })
        .map(|(key, _)| key)
        .filter(|key| read.contains(&key.cluster) && !known.contains(&(&key.cluster, &key.instance)))
        .map(|key| key.instance.as_str())
        .collect();
    match orphans.is_empty() {
        true => Finding::pass(id, "each record that holds has its instance"),
        false => {
            let text = format!(
                "{} without an instance: {}",
                counted(orphans.len(), "record"),
                super::names(&orphans)
            );
            Finding::warn(id, text).hint("the tick deletes it ten minutes after the instance is gone; if it stays, that is a fault of ours")
        }
    }
}

fn late(reads: &DoctorReads) -> Finding {
    let id = CheckId::Late;
    if let Err(gap) = &reads.fleet.listing {
        return Finding::not_known(id, "drains that are late", gap);
    }
    let fleet = Fleet::of(&reads.fleet);
    let late: Vec<&str> = fleet
        .drains
        .iter()
        .filter(|drain| drain.risk == Risk::Late)
        .map(|drain| drain.key.instance.as_str())
        .collect();
    match late.first() {
        None => Finding::pass(id, "no drain is late"),
        Some(first) => {
            let text = format!("{} late: {}", counted(late.len(), "drain"), super::names(&late));
            Finding::fail(id, text).fix(CommandLine::new("protectorctl explain").argument(first).line())
        }
    }
}

fn quota_reads(reads: &DoctorReads) -> Option<Finding> {
    let id = CheckId::QuotaReads;
    if let Some(gap) = reads.unread_daemons() {
        return Some(Finding::not_known(id, "the number of sidecars", gap));
    }
    if reads.clusters.is_empty() {
        return None;
    }
    let mut sidecars = 0_usize;
    for cluster in &reads.clusters {
        let daemons = cluster.daemons.as_ref()?.iter().flatten();
        let tasks = daemons.flat_map(DaemonReads::running);
        sidecars += tasks
            .filter(|task| task.containers.iter().any(|one| one.name == reads.sidecar()))
            .count();
    }
    let count = u32::try_from(sidecars).unwrap_or(u32::MAX);
    let throughput = reads.parameter_throughput();
    let a_second = throughput.sidecar_reads_per_second();
    let every = count.div_ceil(a_second);
    let all = counted(count, "sidecar");
    Some(if every <= UNHURRIED_POLL_SECONDS_MAX {
        Finding::pass(
            id,
            format!("{all}: {a_second} reads a second are enough, all at once too"),
        )
    } else if every <= POLL_SECONDS_MAX {
        Finding::warn(
            id,
            format!("{all}: if all instances drain at once, each reads every {every} s"),
        )
        .hint("drain fewer at once, or accept that a release is read that much later")
    } else if throughput == ParameterThroughput::Higher {
        let text = format!(
            "{all}: if all instances drain at once, they exceed {a_second} reads a second, their share of the higher throughput"
        );
        Finding::warn(id, text).hint("drain fewer at once")
    } else {
        let text =
            format!("{all}: if all instances drain at once, they exceed their half of 40 reads a second");
        let setting = CommandLine::new("aws ssm update-service-setting")
            .option("--setting-id", THROUGHPUT)
            .option("--setting-value", "true");
        Finding::warn(id, text)
            .hint(
                "drain fewer at once, or raise the throughput of Parameter Store, which costs money, and set ParameterThroughput of the stack to higher",
            )
            .fix(setting.line())
    })
}
