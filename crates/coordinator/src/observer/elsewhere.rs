//! An instance in other clusters than that of the drain: its hooks wait for the drains there too.

use std::collections::BTreeSet;

use protector_core::ids::{ClusterName, InstanceKey};
use protector_core::observation::{Elsewhere, Observed, SeenElsewhere};
use protector_core::record::Record;

use crate::subject::Registered;

use super::Observer;

/// The other clusters that the trigger of an instance or its record names.
pub(super) fn named<'s>(subject: &'s Registered, record: Option<&'s Record>) -> BTreeSet<&'s ClusterName> {
    let recorded = record.into_iter().flat_map(|record| &record.other_clusters);
    let mut named: BTreeSet<&ClusterName> = subject.elsewhere.iter().chain(recorded).collect();
    named.remove(&subject.key.cluster);
    named
}

impl Observer<'_> {
    /// What there is of the instance in the other clusters that its trigger or its record names. An instance that is
    /// registered in one cluster, as nearly all are, costs no call.
    pub(super) async fn elsewhere(&self, subject: &Registered, record: Option<&Record>) -> Vec<Elsewhere> {
        let mut elsewhere = Vec::new();
        for cluster in named(subject, record) {
            let (cluster, instance) = (cluster.clone(), subject.key.instance.clone());
            let key = InstanceKey { cluster, instance };
            let seen = self.drain_of(&key).await;
            elsewhere.push(Elsewhere {
                cluster: key.cluster,
                seen,
            });
        }
        elsewhere
    }

    async fn drain_of(&self, key: &InstanceKey) -> SeenElsewhere {
        match self.records().read(key, &[]).await {
            Observed::Unknown(why) => SeenElsewhere::Unknown(why),
            Observed::Present(stored) => match stored.record {
                Ok(record) => SeenElsewhere::Drain(Box::new(record)),
                Err(error) => SeenElsewhere::Unknown(error.to_string()),
            },
            Observed::Absent => match self.clusters().locate_in(&key.cluster, &key.instance).await {
                Ok(registrations) if registrations.is_empty() => SeenElsewhere::Nowhere,
                Ok(_) => SeenElsewhere::NotBegun,
                Err(why) => SeenElsewhere::Unknown(why),
            },
        }
    }
}
