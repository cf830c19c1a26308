//! Repairing what crossed: a text that was written over another one gets what that one had said.
//!
//! A text names the version on which it is based ([`Missed`]), so a repair that fails, or whose run is killed, is left to
//! the run that reads the text next.

use protector_core::ids::{ClusterName, InstanceKey};
use protector_core::limits::coordinator::WRITES_MAX;
use protector_core::observation::Stored;
use protector_core::record::Record;
use protector_core::versions::Missed;

use crate::aws::{AwsError, Listed};
use crate::coordinator::Coordinator;
use crate::rate_limit::Priority;

impl Coordinator {
    /// A record as it was read, and all that its text was written over.
    pub(crate) async fn whole(&self, key: &InstanceKey, text: &str, version: i64) -> Stored {
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
            false => self.with_missed(key, record, version, missed).await,
        };
        if merged != *record && !self.only_observes() {
            self.cache.limiter.acquire(Priority::Release).await;
            if let Ok((stored, _)) = self.write_whole(key, merged.clone(), version).await {
                return stored;
            }
        }
        Stored {
            record: Ok(merged),
            version,
        }
    }

    /// Writes a record until its text was written over no other one. Its writer knows the version `known`. Returns the
    /// record as it is now, and whether another writer was seen.
    ///
    /// # Errors
    /// A write failed, or may have.
    pub(crate) async fn write_whole(
        &self,
        key: &InstanceKey,
        mut record: Record,
        mut known: i64,
    ) -> Result<(Stored, bool), AwsError> {
        let (store, name) = (&self.cache.store, self.policy.prefix.record_name(key));
        let mut raced = false;
        let mut base = store.base(key, known);
        for _ in 0..WRITES_MAX {
            let version = self.aws.put_record(&name, &record, base).await?;
            let missed = Missed::by_write(base, known, version);
            known = version;
            let Some(missed) = missed else { break };
            raced = true;
            let merged = self.with_missed(key, &record, version, missed).await;
            if merged == record {
                break;
            }
            (record, base) = (merged, version);
        }
        let stored = Stored {
            record: Ok(record),
            version: known,
        };
        Ok((stored, raced))
    }

    /// The record, with what the versions that it was written over had said. Until that is in a text, and if they cannot
    /// be read, no text claims to include them.
    async fn with_missed(&self, key: &InstanceKey, record: &Record, version: i64, missed: Missed) -> Record {
        let (store, name) = (&self.cache.store, self.policy.prefix.record_name(key));
        match self.overwritten(&name, missed).await {
            Ok(texts) => {
                let others = texts.iter().filter_map(|text| Record::decode(text).ok());
                let merged = others.fold(record.clone(), |record, other| record.merged(&other));
                match merged == *record {
                    true => store.repaired(key, version),
                    false => store.not_repaired(key, missed),
                }
                merged
            }
            Err(_) => {
                store.not_repaired(key, missed);
                record.clone()
            }
        }
    }

    /// The records of a listing whose texts were written over others, as they are now.
    pub(crate) async fn repair_listed(&self, listed: &[Listed]) -> Vec<(InstanceKey, Stored)> {
        let mut repaired = Vec::new();
        for one in listed {
            if let Some(key) = self.policy.prefix.key_of(&one.name)
                && Missed::of(&one.text, one.version).is_some()
            {
                let stored = self.whole(&key, &one.text, one.version).await;
                repaired.push((key, stored));
            }
        }
        repaired
    }

    /// Takes in what the shared records of a cluster were written over, and writes it.
    pub(crate) async fn repair_shared(&self, cluster: &ClusterName) {
        let store = &self.cache.store;
        for (number, missed) in store.missed_shared(cluster) {
            let name = self.policy.prefix.shared_name(cluster, number);
            let Ok(texts) = self.overwritten(&name, missed).await else {
                continue;
            };
            if let Some(place) = store.repair_shared(cluster, number, &texts)
                && !self.only_observes()
            {
                // What fails is in the next text.
                let _ = self.flush(&place, Priority::Release).await;
            }
        }
    }

    /// The texts of versions that were written over, the latest first.
    ///
    /// # Errors
    /// One of them could not be read.
    pub(crate) async fn overwritten(&self, name: &str, missed: Missed) -> Result<Vec<String>, AwsError> {
        let (mut left, mut texts) = (Some(missed), Vec::new());
        while let Some(missed) = left {
            let version = missed.next();
            let text = self.aws.get_text(&format!("{name}:{version}")).await?;
            left = missed.after(&text);
            texts.push(text);
        }
        Ok(texts)
    }
}
