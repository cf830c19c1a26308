//! Reading and writing records: each in a parameter of its own, or, while many instances drain, many in a shared one.

use std::collections::HashMap;

use protector_core::ids::{ClusterName, ContainerInstanceArn, InstanceKey};
use protector_core::limits::coordinator::{SHARED_ALONE_MAX, TOGETHER_WITHIN, WRITES_MAX};
use protector_core::limits::{DELETE_PARAMETERS_MAX, GET_PARAMETERS_MAX, LAST_SHARED, SHARED_FROM};
use protector_core::observation::{Observed, Stored};
use protector_core::plan::poll_seconds;
use protector_core::record::{Record, ReleaseReason};
use protector_core::shared::{SharedDrain, together};
use protector_core::trigger::Order;
use protector_core::versions::Missed;
use serde_json::json;

use crate::apply::RecordWrite;
use crate::aws::{AwsError, Listed, Texts};
use crate::coordinator::Coordinator;
use crate::logging::Level;
use crate::outcome::Outcome;
use crate::rate_limit::Priority;
use crate::store::{Polls, SharedSlot};

impl Coordinator {
    /// Reads the record of an instance that has these registrations, and the kill switch, which comes with it. This
    /// environment knows everything about a drain in a shared record.
    pub(crate) async fn read_record(
        &self,
        key: &InstanceKey,
        arns: &[ContainerInstanceArn],
    ) -> Observed<Stored> {
        let store = &self.cache.store;
        if self.queued && store.is_shared(key) && self.kill_switch_is_fresh() {
            return store.known(key).map_or(Observed::Absent, Observed::Present);
        }
        let keys = std::slice::from_ref(key);
        match self.read_records(&key.cluster, keys).await {
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
        let own = match self.queued {
            true => store.seen(key, own, self.now()),
            false => store.same(key, own),
        };
        let seen = match (own, store.reported(key, arns)) {
            (Observed::Absent, Some(reported)) => Observed::Present(Stored {
                record: Ok(reported),
                version: 0,
            }),
            (Observed::Present(own), Some(reported)) => Observed::Present(Stored {
                record: own.record.map(|own| together(own, reported)),
                ..own
            }),
            (seen, _) => seen,
        };
        if let Observed::Present(stored) = &seen {
            self.cache.store.learn(key, stored, self.now());
        }
        seen
    }

    /// Reads the records of several instances of a cluster, together with the kill switch and, the first time, the
    /// shared records: ten parameters a call.
    ///
    /// # Errors
    /// A call failed, or its answer does not mention each of them.
    pub(crate) async fn read_records(
        &self,
        cluster: &ClusterName,
        keys: &[InstanceKey],
    ) -> Result<Vec<Observed<Stored>>, AwsError> {
        let prefix = &self.policy.prefix;
        let control = prefix.control_name();
        let shared: Vec<String> = prefix.shared_names(cluster).collect();
        let first = !self.queued || !self.cache.store.has_learned(cluster);
        let records = keys.iter().map(|key| prefix.record_name(key));
        let names = std::iter::once(control.clone()).chain(shared.iter().filter(|_| first).cloned());
        let names: Vec<String> = names.chain(records).collect();
        let mut texts = Texts::default();
        for some in names.chunks(GET_PARAMETERS_MAX) {
            texts.extend(self.aws.get_texts(some).await?);
        }
        self.apply_kill_switch(texts.text(&control));
        if first {
            self.learn_texts(cluster, &shared, &texts).await;
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
    ///
    /// # Errors
    /// A call failed.
    pub(crate) async fn list_records(
        &self,
        cluster: &ClusterName,
        keys: &[InstanceKey],
    ) -> Result<Vec<Observed<Stored>>, AwsError> {
        let prefix = &self.policy.prefix;
        self.refresh_kill_switch().await;
        let listed = self.aws.list_parameters(prefix).await?;
        self.learn_shared(cluster, &listed).await;
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
    pub(crate) async fn learn_shared(&self, cluster: &ClusterName, listed: &[Listed]) {
        let of_cluster = |one: &'_ Listed| {
            let (of, number) = self.policy.prefix.shared_of(&one.name)?;
            (of == *cluster).then_some(number)
        };
        let read: Vec<_> = listed
            .iter()
            .filter_map(|one| Some((of_cluster(one)?, Some((one.text.as_str(), one.version)))))
            .collect();
        let news = self.cache.store.learn_shared(cluster, &read, self.now());
        self.repair_shared(cluster).await;
        if news {
            self.cache.store.take_in(cluster);
        }
    }

    /// Takes in the shared records of a cluster, in their order, of which these are the names. Returns whether any of
    /// them is news.
    async fn learn_texts(&self, cluster: &ClusterName, names: &[String], texts: &Texts) -> bool {
        let read = names.iter().map(|name| texts.with_version(name)).enumerate();
        let read: Vec<_> = read.collect();
        let news = self.cache.store.learn_shared(cluster, &read, self.now());
        if !self.queued && matches!(read.last(), Some((LAST_SHARED, None))) {
            self.cache.store.last_is_absent(cluster, self.now());
        }
        self.repair_shared(cluster).await;
        news
    }

    /// A batch begins. Lambda may have given those before it to another environment, while this one was busy with an
    /// order: this environment merges what the other one has written, and looks for what its events have reported.
    pub(crate) async fn catch_up(&self) {
        for cluster in self.cache.store.to_check(self.now()) {
            let names: Vec<String> = self.policy.prefix.shared_names(&cluster).collect();
            // Without an answer, a writer that overwrites another one's text sees its version.
            let Ok(texts) = self.aws.get_texts(&names).await else {
                continue;
            };
            if self.learn_texts(&cluster, &names, &texts).await {
                self.cache.store.take_in(&cluster);
                self.cache.look_soon_at_all(&cluster, self.now());
            }
        }
    }

    /// How often the sidecars of all drains should read, including those that are about to begin.
    fn poll_seconds(&self) -> u32 {
        let sidecars = self.cache.fleet(self.now()).sidecars;
        let begin = u32::try_from(self.cache.agenda.waiting()).unwrap_or(u32::MAX);
        poll_seconds(sidecars.saturating_add(begin))
    }

    /// Sidecars of a shared record that was written when fewer instances drained read too often: the coordinator writes
    /// it again.
    pub(crate) async fn refresh_polls(&self) {
        if self.only_observes() {
            return;
        }
        for place in self.cache.store.hurried(self.poll_seconds()) {
            // What fails is tried again after the next look.
            let _ = self.flush(&place, Priority::Count).await;
        }
    }

    /// Writes a record where it belongs: into a shared one while many instances drain, or once it is in one.
    pub(crate) async fn put(&self, write: RecordWrite<'_>, rank: Priority) -> Result<Outcome, AwsError> {
        self.share_order(&write, rank).await;
        let Some(place) = self.to_share(write.key, &write.record) else {
            return self.put_own(write, rank).await;
        };
        if let Err(failure) = self.flush(&place, rank).await {
            self.cache.store.undo(write.key, &place);
            return Err(failure);
        }
        self.written(write);
        Ok(Outcome::Shared)
    }

    /// Writes a record for the sake of its counts, if no other write waits. A shared record has no counts.
    pub(crate) async fn put_count(&self, write: RecordWrite<'_>) -> Result<Outcome, AwsError> {
        let age = self.now().duration_since(write.record.started_at);
        if self.cache.store.is_shared(write.key) && age < SHARED_ALONE_MAX {
            self.written(write);
            return Ok(Outcome::Kept);
        }
        if !self.cache.limiter.try_acquire(Priority::Count) {
            return Ok(Outcome::Deferred);
        }
        self.put_alone(write).await
    }

    /// Remembers a change that is not worth a write of its own, if this environment takes all events; otherwise writes
    /// it.
    pub(crate) async fn note(&self, write: RecordWrite<'_>) -> Result<Outcome, AwsError> {
        if self.queued {
            self.written(write);
            return Ok(Outcome::Kept);
        }
        self.put_own(write, Priority::Hold).await
    }

    /// Notes that the drain is over. The run that takes all events remembers it; where other runs may come, the record
    /// holds it. A new execution environment that meets the record meanwhile logs the receipt once more.
    pub(crate) async fn put_receipt(&self, write: RecordWrite<'_>) -> Result<Outcome, AwsError> {
        // The instance of a drain without our hook may stay as it is, and its record says that it was drained.
        if self.queued && write.record.lifecycle.is_some() {
            let key = write.key;
            self.written(write);
            self.cache.store.ended(key);
            return Ok(Outcome::Ok);
        }
        self.put_own(write, Priority::Receipt).await
    }

    /// Writes its own record when it is its turn; no shared one says any more that the drain holds.
    async fn put_own(&self, write: RecordWrite<'_>, rank: Priority) -> Result<Outcome, AwsError> {
        let key = write.key;
        self.cache.limiter.acquire(rank).await;
        let outcome = self.put_alone(write).await?;
        self.leave_shared(key, rank).await?;
        Ok(outcome)
    }

    /// An operator's command crosses the writes of the queue. A sidecar obeys a release in any record that it reads, so
    /// it is noted first where the queue's runs do not write counts; whatever becomes of the record, the release stays.
    /// If that fails, the record has it all the same.
    async fn share_order(&self, write: &RecordWrite<'_>, rank: Priority) {
        let record = &write.record;
        let ordered = record.ordered.as_ref();
        let ordered = ordered.is_some_and(|ordered| ordered.command == Order::Release.name())
            && record.reason == Some(ReleaseReason::Operator);
        let before = write.last().and_then(Stored::readable);
        let again = before.is_some_and(|before| before.is_released() && before.drain_id == record.drain_id);
        if self.queued || self.policy.own_records_only || !ordered || again {
            return;
        }
        let store = &self.cache.store;
        let place = SharedDrain::of_release(record)
            .and_then(|drain| store.put_order(write.key, &drain, record.poll_seconds));
        if let Some(place) = place
            && self.flush(&place, rank).await.is_err()
        {
            store.undo(write.key, &place);
        }
    }

    /// The place of a drain in a shared record, if it belongs there.
    fn to_share(&self, key: &InstanceKey, record: &Record) -> Option<SharedSlot> {
        let drain = SharedDrain::of(record).filter(|_| self.may_share())?;
        let crowded = || self.cache.fleet_without(key, self.now()).drains + self.survey.size() >= SHARED_FROM;
        let shares = self.cache.store.is_shared(key) || crowded();
        shares.then(|| self.cache.store.put(key, &drain)).flatten()
    }

    fn may_share(&self) -> bool {
        self.queued && !self.policy.own_records_only
    }

    /// Do drains that begin with so many others get a shared record?
    pub(crate) fn shares(&self, beginning: usize) -> bool {
        self.may_share() && self.cache.fleet(self.now()).drains + beginning >= SHARED_FROM
    }

    /// What a shared record says of a drain that holds is now in the drain's own record. A run that crosses the queue's
    /// leaves that to them: a release counts, in whichever of the two records it is.
    async fn leave_shared(&self, key: &InstanceKey, rank: Priority) -> Result<(), AwsError> {
        if !self.queued {
            return Ok(());
        }
        match self.cache.store.take(key) {
            Some(place) => self.flush(&place, rank).await,
            None => Ok(()),
        }
    }

    fn written(&self, write: RecordWrite<'_>) {
        let stored = Stored {
            version: write.last().map_or(0, |stored| stored.version),
            record: Ok(write.record),
        };
        self.cache.store.learn(write.key, &stored, self.now());
        write.applied.written = Some(stored);
    }

    async fn put_alone(&self, write: RecordWrite<'_>) -> Result<Outcome, AwsError> {
        let known = write.last().map_or(0, |stored| stored.version);
        let (stored, raced) = self.write_whole(write.key, write.record, known).await?;
        write.applied.raced |= raced;
        self.cache.store.learn(write.key, &stored, self.now());
        write.applied.written = Some(stored);
        Ok(match raced {
            true => Outcome::Conflict,
            false => Outcome::Ok,
        })
    }

    /// Writes a shared record. A change that comes while one waits for its turn is in its text, and waits with it.
    pub(crate) async fn flush(&self, place: &SharedSlot, rank: Priority) -> Result<(), AwsError> {
        let store = &self.cache.store;
        let gate = store.gate(place);
        let _turn = gate.lock().await;
        while store.outcome(place).is_none() {
            // Changes of the same batch join this write.
            tokio::time::sleep(TOGETHER_WITHIN).await;
            self.cache.limiter.acquire(rank).await;
            self.write_shared(place).await;
        }
        store.outcome(place).unwrap_or(Ok(()))
    }

    /// Writes a shared record until its text was written over no other one.
    async fn write_shared(&self, place: &SharedSlot) {
        let store = &self.cache.store;
        // An environment that has not listed the drains yet would make hundreds of sidecars read each second.
        let polls = match self.cache.knows_the_fleet(self.now()) && place.number != LAST_SHARED {
            true => Polls::Are(self.poll_seconds()),
            false => Polls::AtLeast(self.poll_seconds()),
        };
        let name = self.policy.prefix.shared_name(&place.cluster, place.number);
        for _ in 0..WRITES_MAX {
            let Some(draft) = store.draft(place, polls, self.now()) else {
                return;
            };
            let outcome = self.aws.put_shared(&name, &draft.record, draft.base).await;
            let version = outcome.as_ref().ok().copied();
            store.tried(place, &draft, outcome);
            let missed = version.and_then(|version| Missed::by_write(draft.base, draft.version - 1, version));
            // Another writer, as during a deployment, or an operator's command: its changes are put back.
            let Some(missed) = missed else { return };
            let Ok(texts) = self.overwritten(&name, missed).await else {
                return;
            };
            if store
                .repair_shared(&place.cluster, place.number, &texts)
                .is_none()
            {
                return;
            }
        }
    }

    /// Deletes the shared records that hold no drain, and takes drains that are over out of the last one. What fails is
    /// tried again by the next run.
    pub(crate) async fn delete_empty(&self) {
        let store = &self.cache.store;
        if self.only_observes() {
            return;
        }
        for place in store.shrunk() {
            let _ = self.flush(&place, Priority::Count).await;
        }
        let mut empty = store.empty();
        let prefix = &self.policy.prefix;
        let name = |(cluster, number): &(ClusterName, usize)| prefix.shared_name(cluster, *number);
        // A command may have noted its release in the last one since it was listed.
        let last = |(_, number): &(ClusterName, usize)| *number == LAST_SHARED;
        let lasts: Vec<String> = empty.iter().filter(|one| last(one)).map(name).collect();
        if !lasts.is_empty() {
            let versions = self.aws.versions(&lasts).await.unwrap_or_default();
            let known = |one: &(ClusterName, usize)| store.shared_version(&one.0, one.1);
            empty.retain(|one| !last(one) || versions.get(&name(one)).copied() == known(one));
        }
        for some in empty.chunks(DELETE_PARAMETERS_MAX) {
            let names: Vec<String> = some.iter().map(name).collect();
            if let Err(failure) = self.aws.delete_parameters(&names).await {
                let fields = json!({"requestId": self.request_id, "error": failure.to_string()});
                return self.logger.log(Level::Warn, "not-deleted", fields);
            }
            for (cluster, number) in some {
                store.deleted_shared(cluster, *number);
            }
        }
    }
}
