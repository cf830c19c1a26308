//! What a tick lists: records and kill switch, DRAINING instances, waiting instances.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use protector_core::control::Control;
use protector_core::ids::{ClusterName, ContainerInstanceArn, InstanceKey};
use protector_core::observation::Observed;
use protector_core::policy::Policy;
use protector_core::sweep::{ListedRecord, Listing};

use crate::aws::{Aws, Listed};
use crate::cache::Cache;
use crate::context::RunContext;
use crate::observer::Observer;

/// Lists what a tick needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lister<'r> {
    pub(super) observer: Observer<'r>,
    pub(super) aws: &'r Aws,
    pub(super) cache: &'r Cache,
    pub(super) policy: &'r Policy,
    pub(super) run: &'r RunContext,
}

/// What was listed.
pub(super) struct Listings {
    pub(super) listing: Listing,
    /// The text of the beacon.
    pub(super) beacon: Option<String>,
    /// The problems that kept something unknown.
    pub(super) problems: Vec<String>,
}

impl Lister<'_> {
    /// Lists everything. What one API does not answer, the others still do.
    pub(super) async fn read(&self, at: Timestamp) -> Listings {
        let prefix = &self.policy.prefix;
        let (clusters, hooks) = (self.observer.clusters(), self.observer.hooks());
        let (records, (draining, unasked), (waiting, failures)) = tokio::join!(
            self.aws.list_parameters(prefix),
            clusters.draining(),
            hooks.waiting()
        );
        let failed = unasked.iter().chain(&failures);
        let mut problems: Vec<String> = failed.map(ToString::to_string).collect();
        // If a part of the answer is missing, the rest still counts; the records name the other instances, and each is
        // asked for.
        let waiting = (failures.is_empty() || !waiting.is_empty()).then_some(waiting);
        let mut listings = Listings {
            listing: Listing {
                records: None,
                draining,
                waiting,
            },
            beacon: None,
            problems: Vec::new(),
        };
        match records {
            Err(failure) => problems.push(failure.to_string()),
            Ok(listed) => {
                let name = prefix.beacon_name();
                let beacon = listed.iter().find(|one| one.name == name);
                listings.beacon = beacon.map(|one| one.text.clone());
                listings.listing.records = Some(self.take_records(listed, at).await);
            }
        }
        listings.problems = problems;
        listings
    }

    /// Takes in the kill switch and the shared records, which are in the same listing, and returns the records of the
    /// instances.
    async fn take_records(&self, listed: Vec<Listed>, at: Timestamp) -> BTreeMap<InstanceKey, ListedRecord> {
        let prefix = &self.policy.prefix;
        let control_name = prefix.control_name();
        let kill_switch = self.observer.kill_switch();
        match listed.iter().find(|parameter| parameter.name == control_name) {
            Some(parameter) => kill_switch.apply(Some(&parameter.text)),
            // A listing may leave out what is there: a switch that was thrown is not taken back by that.
            None if self.cache.control() != Control::On => kill_switch.read().await,
            None => kill_switch.apply(None),
        }
        let shared = listed.iter().filter_map(|one| prefix.shared_of(&one.name));
        let clusters: BTreeSet<ClusterName> = shared.map(|(cluster, _)| cluster).collect();
        let records = self.observer.records();
        for cluster in &clusters {
            records.insert_shared(cluster, &listed).await;
        }
        let repaired = records.repair_listed(&listed).await;
        let of_instances = listed.into_iter().filter_map(|one| {
            let (key, stored) = (prefix.key_of(&one.name)?, one.stored());
            let name = one.name;
            Some((key, ListedRecord { name, stored }))
        });
        let mut records: BTreeMap<InstanceKey, ListedRecord> = of_instances.collect();
        // Records whose texts were written over others, with what those had said.
        for (key, stored) in repaired {
            if let Some(listed) = records.get_mut(&key) {
                listed.stored = stored;
            }
        }
        self.complete(&mut records, at);
        records
    }

    /// Adds what the listed texts leave out: the release of a drain may be in a shared record alone, beside its own one
    /// that holds. A run that is the only one knows more: the listing may lag, and leaves out drains that are shared.
    fn complete(&self, records: &mut BTreeMap<InstanceKey, ListedRecord>, at: Timestamp) {
        let (store, alone) = (&self.cache.store, self.run.intake.is_alone());
        for (key, listed) in &mut *records {
            let read = Observed::Present(listed.stored.clone());
            let mut seen = if alone { store.seen(key, read, at) } else { read };
            if let Some(own) = seen.readable() {
                let arns: Vec<ContainerInstanceArn> = own.registrations().cloned().collect();
                seen = self.observer.records().with_reported(key, &arns, seen);
            }
            if let Observed::Present(seen) = seen {
                listed.stored = seen;
            }
        }
        for (key, stored) in store.open().into_iter().filter(|_| alone) {
            let name = self.policy.prefix.record_name(&key);
            records.entry(key).or_insert(ListedRecord { name, stored });
        }
    }
}
