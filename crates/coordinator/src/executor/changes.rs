//! Everything that changes something in AWS. [`super::Executor`] alone has it, and uses it where the mode allows it.
//!
//! A record is in a parameter of its own, or, while many instances drain, in a shared one.

mod shared;

use futures_util::future::join_all;
use protector_core::ids::{ClusterName, ContainerInstanceArn, InstanceKey};
use protector_core::limits::coordinator::{SHARED_ALONE_MAX, WRITES_MAX};
use protector_core::observation::{ContainerInstance, Stored};
use protector_core::policy::Policy;
use protector_core::record::Record;
use protector_core::versions::Missed;

use crate::aws::{Aws, AwsError, ErrorKind};
use crate::cache::Cache;
use crate::context::RunContext;
use crate::outcome::Outcome;
use crate::overwritten::Overwritten;
use crate::rate_limit::Priority;

use super::applied::{Applied, RecordWrite};

/// Everything that changes something in AWS.
#[derive(Debug, Clone, Copy)]
pub(super) struct Changes<'r> {
    pub(super) aws: &'r Aws,
    pub(super) cache: &'r Cache,
    pub(super) policy: &'r Policy,
    pub(super) run: &'r RunContext,
    /// How many instances the run's events name.
    pub(super) together: usize,
}

impl Changes<'_> {
    /// Writes a record where it belongs: into a shared one while many instances drain, or once it is in one.
    pub(super) async fn put(&self, write: RecordWrite<'_>, rank: Priority) -> Result<Outcome, AwsError> {
        if self.share_order(&write, rank).await {
            write.applied.order_shared = true;
        }
        let Some(place) = self.place_for(write.key, &write.record) else {
            return self.put_own(write, rank).await;
        };
        if let Err(failure) = self.flush(&place, rank).await {
            self.cache.store.undo(write.key, &place);
            return Err(failure);
        }
        match self.name_evidence(&write).await {
            Some((stored, raced)) => self.stored(write.key, write.applied, stored, raced),
            None => self.written(write),
        }
        Ok(Outcome::Shared)
    }

    /// A shared record has no room for daemons that are unprotected, or have gone before the tasks, so the drain's own record
    /// names them beside it, if no other write waits. Not instead of it: what makes a daemon unprotected is mostly wrong on every
    /// instance, and the holds of all of them would wait for the pace of single writes. What fails is only the names.
    async fn name_evidence(&self, write: &RecordWrite<'_>) -> Option<(Stored, bool)> {
        let record = &write.record;
        let names_nothing = record.unprotected.is_empty() && record.daemons_gone_at.is_none();
        if names_nothing || !self.cache.limiter.try_acquire(Priority::Count) {
            return None;
        }
        let (key, known) = (write.key, write.version());
        let base = self.cache.store.base(key, known);
        let written = self.write_whole(key, write.record.clone(), known, base);
        written.await.ok()
    }

    /// Writes a record for the sake of its counts, if no other write waits. A shared record has no counts.
    pub(super) async fn put_count(&self, write: RecordWrite<'_>) -> Result<Outcome, AwsError> {
        let age = self.run.now().duration_since(write.record.started_at);
        if self.cache.store.is_shared(write.key) && age < SHARED_ALONE_MAX {
            self.written(write);
            return Ok(Outcome::Kept);
        }
        if !self.cache.limiter.try_acquire(Priority::Count) {
            return Ok(Outcome::Deferred);
        }
        match self.put_alone(write).await {
            // Only people read a count, so it gives way, as if it were not its time yet.
            Err(failure) if failure.kind == ErrorKind::Throttled => Ok(Outcome::Deferred),
            outcome => outcome,
        }
    }

    /// Remembers a change that is not worth a write of its own, if this environment takes all events; otherwise writes
    /// it.
    pub(super) async fn note(&self, write: RecordWrite<'_>) -> Result<Outcome, AwsError> {
        if self.run.intake.is_alone() {
            self.written(write);
            return Ok(Outcome::Kept);
        }
        self.put_own(write, Priority::Hold).await
    }

    /// Notes that the drain is over. The run that takes all events remembers it; where other runs may come, the record
    /// holds it. A new execution environment that meets the record meanwhile logs the receipt once more.
    pub(super) async fn put_receipt(&self, write: RecordWrite<'_>) -> Result<Outcome, AwsError> {
        if self.writes_receipt(&write.record) {
            return self.put_own(write, Priority::Receipt).await;
        }
        let key = write.key;
        self.written(write);
        self.cache.store.ended(key);
        Ok(Outcome::Ok)
    }

    /// Returns whether the record of a drain that is over is written. The instance of a drain without our hook may stay as it
    /// is, and so does one that is in service again: its record says that the drain has ended.
    pub(super) fn writes_receipt(&self, record: &Record) -> bool {
        let goes = record.lifecycle.is_some() && record.active_since.is_none();
        !self.run.intake.is_alone() || !goes
    }

    /// Writes its own record when it is its turn; no shared one says any more that the drain holds.
    async fn put_own(&self, write: RecordWrite<'_>, rank: Priority) -> Result<Outcome, AwsError> {
        let key = write.key;
        self.cache.limiter.acquire(rank).await;
        let outcome = self.put_alone(write).await?;
        self.leave_shared(key, rank).await?;
        Ok(outcome)
    }

    fn written(&self, write: RecordWrite<'_>) {
        let stored = Stored {
            version: write.version(),
            record: Ok(write.record),
        };
        self.stored(write.key, write.applied, stored, false);
    }

    async fn put_alone(&self, write: RecordWrite<'_>) -> Result<Outcome, AwsError> {
        let known = write.version();
        let RecordWrite {
            key, record, applied, ..
        } = write;
        let base = self.cache.store.base(key, known);
        let (stored, raced) = self.write_whole(key, record, known, base).await?;
        self.stored(key, applied, stored, raced);
        Ok(match raced {
            true => Outcome::Conflict,
            false => Outcome::Ok,
        })
    }

    fn stored(&self, key: &InstanceKey, applied: &mut Applied, stored: Stored, raced: bool) {
        applied.raced |= raced;
        self.cache.store.insert(key, &stored, self.run.now());
        applied.written = Some(stored);
    }

    /// Writes a record until its text was written over no other one. Its writer knows the version `known`, and the record
    /// includes all up to the version `base`. Returns the record as it is now, and whether another writer was seen.
    pub(super) async fn write_whole(
        &self,
        key: &InstanceKey,
        mut record: Record,
        mut known: i64,
        mut base: i64,
    ) -> Result<(Stored, bool), AwsError> {
        let (store, name) = (&self.cache.store, self.policy.prefix.record_name(key));
        let mut raced = false;
        for _ in 0..WRITES_MAX {
            let version = self.aws.put_record(&name, &record, base).await?;
            let missed = Missed::by_write(base, known, version);
            known = version;
            let Some(missed) = missed else {
                store.written(key, base, version);
                break;
            };
            raced = true;
            let merged = self
                .overwritten()
                .with_missed(key, &record, version, missed)
                .await;
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

    fn overwritten(&self) -> Overwritten<'_> {
        Overwritten {
            aws: self.aws,
            store: &self.cache.store,
            prefix: &self.policy.prefix,
        }
    }

    /// Sets a registration to DRAINING, together with the others that the run sets.
    pub(super) async fn set_draining(
        &self,
        cluster: &ClusterName,
        arn: &ContainerInstanceArn,
    ) -> Result<ContainerInstance, AwsError> {
        let tens = &self.cache.tens;
        tens.set_draining(self.aws, cluster, arn, self.together > 1).await
    }

    /// Deletes records, by name and version. A drain may have begun under one of these names since they were listed: what
    /// has another version now stays. Returns how many were deleted.
    pub(super) async fn delete_if_unchanged(&self, old: &[(String, i64)]) -> Result<usize, AwsError> {
        let names: Vec<String> = old.iter().map(|(name, _)| name.clone()).collect();
        let versions = self.aws.versions(&names).await?;
        let unchanged = old
            .iter()
            .filter(|(name, version)| versions.get(name) == Some(version));
        let unchanged: Vec<String> = unchanged.map(|(name, _)| name.clone()).collect();
        // An operator's run may have ended a drain in its own record, and leaves the shared one to the queue's runs: without
        // its own record the drain must not be found there as one that holds. Those of one shared record join one write.
        let ended = unchanged
            .iter()
            .filter_map(|name| self.policy.prefix.key_of(name));
        let left = ended.map(async |key| self.leave_shared(&key, Priority::Count).await);
        join_all(left)
            .await
            .into_iter()
            .collect::<Result<(), AwsError>>()?;
        if !unchanged.is_empty() {
            self.aws.delete_parameters(&unchanged).await?;
        }
        let store = &self.cache.store;
        for (name, version) in old {
            let Some(key) = self.policy.prefix.key_of(name) else {
                continue;
            };
            store.deleted(&key, *version, versions.get(name).copied());
        }
        Ok(unchanged.len())
    }
}
