//! Reading records: each from a parameter of its own, or, while many instances drain, many from a shared one.
//!
//! A text that was written over another one misses what that one had said. It is read whole here, and the executor writes
//! it whole.

use std::collections::HashMap;

use protector_core::ids::{ClusterName, ContainerInstanceArn, InstanceKey};
use protector_core::limits::{GET_PARAMETERS_MAX, LAST_SHARED};
use protector_core::observation::{Observed, Stored};
use protector_core::record::{ParameterPrefix, Record};
use protector_core::shared::together;
use protector_core::versions::Missed;

use crate::aws::{Aws, AwsError, Listed, Texts};
use crate::cache::Cache;
use crate::context::RunContext;
use crate::executor::Executor;
use crate::overwritten::Overwritten;

use super::kill_switch::KillSwitchReader;

/// Reads records, and the kill switch, which comes with them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Records<'r> {
    pub(super) aws: &'r Aws,
    pub(super) cache: &'r Cache,
    pub(super) prefix: &'r ParameterPrefix,
    pub(super) run: &'r RunContext,
    /// Writes what was found to be missing in a text.
    pub(super) executor: Executor<'r>,
}

impl<'r> Records<'r> {
    fn kill_switch(&self) -> KillSwitchReader<'r> {
        KillSwitchReader {
            aws: self.aws,
            cache: self.cache,
            prefix: self.prefix,
            run: self.run,
        }
    }

    fn overwritten(&self) -> Overwritten<'r> {
        Overwritten {
            aws: self.aws,
            store: &self.cache.store,
            prefix: self.prefix,
        }
    }

    /// Reads the record of an instance that has these registrations, and the kill switch, which comes with it. This
    /// environment knows everything about a drain in a shared record.
    pub(crate) async fn read(&self, key: &InstanceKey, arns: &[ContainerInstanceArn]) -> Observed<Stored> {
        let store = &self.cache.store;
        if self.run.intake.is_alone() && store.is_shared(key) && self.kill_switch().is_fresh() {
            return store.known(key).map_or(Observed::Absent, Observed::Present);
        }
        let keys = std::slice::from_ref(key);
        match self.read_all(&key.cluster, keys).await {
            Err(failure) => Observed::Unknown(failure.to_string()),
            Ok(read) => {
                let own = read.into_iter().next().unwrap_or(Observed::Absent);
                self.with_shared(key, arns, own)
            }
        }
    }

    /// What its own record and the shared ones say together, of an instance with these registrations.
    pub(crate) fn with_shared(
        &self,
        key: &InstanceKey,
        arns: &[ContainerInstanceArn],
        own: Observed<Stored>,
    ) -> Observed<Stored> {
        let store = &self.cache.store;
        let own = match self.run.intake.is_alone() {
            true => store.seen(key, own, self.run.now()),
            false => store.same(key, own, self.run.now()),
        };
        let seen = self.with_reported(key, arns, own);
        if let Observed::Present(stored) = &seen {
            store.insert(key, stored, self.run.now());
        }
        seen
    }

    /// What is known of its own record, and what the shared ones report of these registrations.
    pub(crate) fn with_reported(
        &self,
        key: &InstanceKey,
        arns: &[ContainerInstanceArn],
        own: Observed<Stored>,
    ) -> Observed<Stored> {
        match (own, self.cache.store.reported(key, arns)) {
            (Observed::Absent, Some(reported)) => Observed::Present(Stored {
                record: Ok(reported),
                version: 0,
            }),
            (Observed::Present(own), Some(reported)) => Observed::Present(Stored {
                record: own.record.map(|own| together(own, reported)),
                ..own
            }),
            (own, _) => own,
        }
    }

    /// Reads the records of several instances of a cluster, together with the kill switch and, the first time, the
    /// shared records: ten parameters a call. An answer that does not mention each of them is an error too.
    pub(crate) async fn read_all(
        &self,
        cluster: &ClusterName,
        keys: &[InstanceKey],
    ) -> Result<Vec<Observed<Stored>>, AwsError> {
        let prefix = self.prefix;
        let control = prefix.control_name();
        let shared: Vec<String> = prefix.shared_names(cluster).collect();
        let first = !self.run.intake.is_alone() || !self.cache.store.has_learned(cluster);
        let records = keys.iter().map(|key| prefix.record_name(key));
        let names = std::iter::once(control.clone()).chain(shared.iter().filter(|_| first).cloned());
        let names: Vec<String> = names.chain(records).collect();
        let mut texts = Texts::default();
        for some in names.chunks(GET_PARAMETERS_MAX) {
            texts.extend(self.aws.get_texts(some).await?);
        }
        self.kill_switch().apply(texts.text(&control));
        if first {
            self.insert_texts(cluster, &shared, &texts).await;
        }
        let mut read = Vec::new();
        for key in keys {
            read.push(match texts.with_version(&prefix.record_name(key)) {
                Some((text, version)) => Observed::Present(self.whole(key, text, version).await),
                None => Observed::Absent,
            });
        }
        Ok(read)
    }

    /// The same by a listing of all parameters. It may leave out one that has just been written, which is no harm: a
    /// writer that overwrites it sees its version.
    pub(crate) async fn list(
        &self,
        cluster: &ClusterName,
        keys: &[InstanceKey],
    ) -> Result<Vec<Observed<Stored>>, AwsError> {
        let prefix = self.prefix;
        self.kill_switch().refresh().await;
        let listed = self.aws.list_parameters(prefix).await?;
        self.insert_shared(cluster, &listed).await;
        let found: HashMap<&str, &Listed> = listed.iter().map(|one| (one.name.as_str(), one)).collect();
        let mut read = Vec::new();
        for key in keys {
            read.push(match found.get(prefix.record_name(key).as_str()) {
                Some(one) => Observed::Present(self.whole(key, &one.text, one.version).await),
                None => Observed::Absent,
            });
        }
        Ok(read)
    }

    /// Takes in the shared records of a listing, and notes that the cluster has no others.
    pub(crate) async fn insert_shared(&self, cluster: &ClusterName, listed: &[Listed]) {
        let of_cluster = |one: &'_ Listed| {
            let (of, number) = self.prefix.shared_of(&one.name)?;
            (of == *cluster).then_some(number)
        };
        let read: Vec<_> = listed
            .iter()
            .filter_map(|one| Some((of_cluster(one)?, Some((one.text.as_str(), one.version)))))
            .collect();
        let news = self.cache.store.insert_shared(cluster, &read, self.run.now());
        self.repair_shared(cluster).await;
        if news {
            self.cache.store.take_in(cluster);
        }
    }

    /// Takes in the shared records of a cluster, in their order, of which these are the names. Returns whether any of
    /// them is news.
    async fn insert_texts(&self, cluster: &ClusterName, names: &[String], texts: &Texts) -> bool {
        let read = names.iter().map(|name| texts.with_version(name)).enumerate();
        let read: Vec<_> = read.collect();
        let news = self.cache.store.insert_shared(cluster, &read, self.run.now());
        if !self.run.intake.is_alone() && matches!(read.last(), Some((LAST_SHARED, None))) {
            self.cache.store.last_is_absent(cluster, self.run.now());
        }
        self.repair_shared(cluster).await;
        news
    }

    /// A batch begins. Lambda may have given those before it to another environment, while this one was busy with an
    /// order: this environment merges what the other one has written, and looks for what its events have reported.
    pub(crate) async fn catch_up(&self) {
        for cluster in self.cache.store.to_check(self.run.now()) {
            let names: Vec<String> = self.prefix.shared_names(&cluster).collect();
            let aws = self.aws.metered();
            let answer = aws.get_texts(&names).await;
            self.cache.share_calls_among_all(aws.meter.total());
            // Without an answer, a writer that overwrites another one's text sees its version.
            let Ok(texts) = answer else { continue };
            if self.insert_texts(&cluster, &names, &texts).await {
                self.cache.store.take_in(&cluster);
                self.cache.look_soon_at_all(&cluster, self.run.now());
            }
        }
    }

    /// A record as it was read, and all that its text was written over.
    async fn whole(&self, key: &InstanceKey, text: &str, version: i64) -> Stored {
        let store = &self.cache.store;
        let read = Record::decode(text);
        let missed = Missed::of(text, version);
        let (Ok(record), Some(missed)) = (&read, missed) else {
            store.is_whole(key);
            return Stored {
                record: read,
                version,
            };
        };
        let merged = match store.is_repaired(key, version) {
            true => record.clone(),
            false => self.overwritten().with_missed(key, record, version, missed).await,
        };
        if merged != *record
            && let Some(stored) = self.executor.repair(key, merged.clone(), version).await
        {
            return stored;
        }
        Stored {
            record: Ok(merged),
            version,
        }
    }

    /// The records of a listing whose texts were written over others, as they are now.
    pub(crate) async fn repair_listed(&self, listed: &[Listed]) -> Vec<(InstanceKey, Stored)> {
        let mut repaired = Vec::new();
        for one in listed {
            if let Some(key) = self.prefix.key_of(&one.name)
                && Missed::of(&one.text, one.version).is_some()
            {
                let stored = self.whole(&key, &one.text, one.version).await;
                repaired.push((key, stored));
            }
        }
        repaired
    }

    /// Takes in what the shared records of a cluster were written over, and writes it.
    async fn repair_shared(&self, cluster: &ClusterName) {
        let store = &self.cache.store;
        for (number, missed) in store.missed_shared(cluster) {
            let name = self.prefix.shared_name(cluster, number);
            let Ok(texts) = self.overwritten().texts(&name, missed).await else {
                continue;
            };
            if let Some(place) = store.repair_shared(cluster, number, &texts) {
                self.executor.repair_shared(&place).await;
            }
        }
    }
}
