//! What is read of all drains: parameters, DRAINING instances and Auto Scaling. No call for a task or a service.

use crate::account::{Account, MachinesOf};
use protector_core::ids::{ClusterName, InstanceId};
use protector_diagnosis::fleet::FleetReads;
use protector_diagnosis::listing::{Listing, Parameter};
use protector_diagnosis::read::Reading;
use std::collections::{BTreeMap, BTreeSet};

/// Gets the number of parameters so far, while there are more.
pub(crate) type ProgressCallback<'a> = &'a (dyn Fn(usize) + Sync);

/// Reads a fleet: these clusters, or all that are watched.
pub(crate) async fn fleet(
    account: &Account,
    clusters: &[ClusterName],
    progress: ProgressCallback<'_>,
) -> FleetReads {
    let listing = parameters(account, clusters, progress)
        .await
        .map(|parameters| Listing::of(&account.prefix, &parameters));
    let mut machines = BTreeMap::new();
    for cluster in watched(account, clusters, listing.as_ref().ok()).await {
        let read = account.machines(&cluster, MachinesOf::Draining).await;
        machines.insert(cluster, read);
    }
    let recorded = listing.iter().flat_map(|listing| listing.records.keys());
    let draining = machines.values().flatten().flatten();
    let instances: BTreeSet<InstanceId> = recorded
        .map(|key| key.instance.clone())
        .chain(draining.map(|machine| machine.instance.clone()))
        .collect();
    let instances: Vec<InstanceId> = instances.into_iter().collect();
    let scaling = account.scaling_instances(&instances).await;
    FleetReads {
        now: account.now(),
        listing,
        machines,
        scaling,
    }
}

/// The parameters of the clusters and of the coordinator; all parameters if no cluster is named.
async fn parameters(
    account: &Account,
    clusters: &[ClusterName],
    progress: ProgressCallback<'_>,
) -> Reading<Vec<Parameter>> {
    let prefix = &account.prefix;
    if clusters.is_empty() {
        return account.parameters(&prefix.to_string(), progress).await;
    }
    let names = vec![
        prefix.beacon_name(),
        prefix.heartbeats_name(),
        prefix.control_name(),
    ];
    let mut found = account.named_parameters(names).await?;
    for cluster in clusters {
        let path = format!("{prefix}/{cluster}");
        found.extend(account.parameters(&path, progress).await?);
    }
    Ok(found)
}

/// The clusters to look at: those that are named, else those of the beacon and of the records; all if the coordinator
/// watches all, or does not say.
async fn watched(
    account: &Account,
    clusters: &[ClusterName],
    listing: Option<&Listing>,
) -> BTreeSet<ClusterName> {
    if !clusters.is_empty() {
        return clusters.iter().cloned().collect();
    }
    let recorded = listing.into_iter().flat_map(|listing| listing.records.keys());
    let mut watched: BTreeSet<ClusterName> = recorded.map(|key| key.cluster.clone()).collect();
    let beacon = listing.and_then(Listing::readable_beacon);
    match beacon.and_then(|beacon| beacon.clusters.as_ref()) {
        Some(named) if !named.is_empty() => watched.extend(named.iter().cloned()),
        _ => watched.extend(account.clusters().await.unwrap_or_default()),
    }
    watched
}
