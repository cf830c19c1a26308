//! What an execution environment knows of records: of those that it has read or written, and of the shared ones.
//!
//! One run at a time takes events from the queue, so what it has written is the present state. The facts that are kept
//! here save reads, correct an answer that lags, and include what a text leaves out; changes by another writer are
//! merged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use protector_core::ids::{ClusterName, ContainerInstanceArn, InstanceId, InstanceKey};
use protector_core::limits::coordinator::{NEXT_BATCH_WITHIN, READ_LAG_MAX, SHARED_UNUSED_TTL};
use protector_core::limits::{LAST_SHARED, RECORD_KEPT, SHARED_RECORDS};
use protector_core::observation::{Observed, Stored};
use protector_core::record::Record;
use protector_core::shared::{SharedDrain, SharedRecord, together};
use protector_core::versions::Missed;
use protector_runtime::guarded::Guarded;

use crate::aws::AwsError;

/// What is known of records.
#[derive(Debug, Default)]
pub struct Store {
    facts: Guarded<StoreState>,
}

#[derive(Debug, Default)]
struct StoreState {
    records: BTreeMap<InstanceKey, KnownRecord>,
    repairs: BTreeMap<InstanceKey, Repair>,
    shared: BTreeMap<ClusterName, Vec<Shared>>,
    /// Clusters whose shared records had no drain when they were read, and in which another environment may have written since.
    unsure: BTreeSet<ClusterName>,
    /// No other environment has had a batch of the queue until then, as far as is known.
    current_at: Option<Timestamp>,
}

/// One record as it was last read or written here.
#[derive(Debug)]
struct KnownRecord {
    stored: Stored,
    at: Timestamp,
    ended: bool,
}

impl KnownRecord {
    /// Returns whether the drain has ended, or its receipt is in its record.
    fn is_over(&self) -> bool {
        let record = self.stored.readable();
        self.ended || record.is_some_and(|record| record.receipt_at.is_some())
    }
}

/// What is known of a record's text that was written over another writer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repair {
    /// The text of this version says so still, and what it misses is known here.
    Known(i64),
    /// What it misses could not be read.
    Missing(Missed),
}

/// One shared record.
#[derive(Debug)]
struct Shared {
    record: SharedRecord,
    /// Drains whose write failed in a way that leaves open whether it was made: its text may have them.
    doubtful: BTreeMap<InstanceId, SharedDrain>,
    /// The version of its parameter; 0 if there is none.
    version: i64,
    /// What its text was written over and `record` does not include yet.
    missed: Option<Missed>,
    /// Drains that are over were taken out, and its text has them still.
    shrunk: bool,
    /// Whether its text can be read. Otherwise it is left to its writer.
    readable: bool,
    /// Counts changes of `record`.
    changes: u64,
    /// How many of them are in the parameter.
    written: u64,
    /// How many of them could not be written, and why.
    failed: Option<(u64, AwsError)>,
    /// Since when it is known.
    since: Timestamp,
    /// One run writes at a time; a change that comes meanwhile is in its text.
    gate: Arc<tokio::sync::Mutex<()>>,
}

impl Shared {
    fn new(now: Timestamp) -> Shared {
        Shared {
            record: SharedRecord::empty(now),
            doubtful: BTreeMap::new(),
            since: now,
            version: 0,
            missed: None,
            shrunk: false,
            readable: true,
            changes: 0,
            written: 0,
            failed: None,
            gate: Arc::default(),
        }
    }

    /// The version that the next text is based on.
    fn base(&self) -> i64 {
        self.missed.map_or(self.version, Missed::based_on)
    }

    /// Takes drains out.
    fn retain(&mut self, stays: impl Fn(&InstanceId) -> bool) {
        let before = self.record.drains.len();
        self.record.drains.retain(|instance, _| stays(instance));
        self.doubtful.retain(|instance, _| stays(instance));
        self.shrunk |= self.record.drains.len() < before;
    }

    /// What the next text says: what a sidecar may have read is not taken back by it.
    fn text(&self) -> SharedRecord {
        self.with(self.doubtful.clone())
    }

    /// The record, and what is known of more drains.
    fn with(&self, drains: BTreeMap<InstanceId, SharedDrain>) -> SharedRecord {
        let record = self.record.clone();
        if drains.is_empty() {
            return record;
        }
        let known = SharedRecord {
            updated_at: record.updated_at,
            poll_seconds: record.poll_seconds,
            drains,
        };
        record.merged(known)
    }

    /// A text was written: what it says is in doubt no longer.
    fn is_written(&mut self, text: &SharedRecord) {
        if self.doubtful.is_empty() {
            return;
        }
        let says = |instance: &InstanceId, doubtful: &SharedDrain| {
            let drain = text.drains.get(instance);
            drain.is_some_and(|drain| drain.released.is_some() || doubtful.released.is_none())
        };
        let doubtful = std::mem::take(&mut self.doubtful).into_iter();
        let (said, rest) = doubtful.partition(|(instance, drain)| says(instance, drain));
        self.record = self.with(said);
        self.doubtful = rest;
    }

    /// The drains that it is there for; in the last one, not those whose releases were ordered: they have records of
    /// their own.
    fn members(&self, number: usize) -> impl Iterator<Item = (&InstanceId, &SharedDrain)> {
        let drains = self.record.drains.iter();
        drains.filter(move |(_, drain)| !(number == LAST_SHARED && drain.is_ordered()))
    }

    /// Takes in texts that were written over. Returns whether they say more; what cannot be read says nothing.
    fn merge(&mut self, texts: &[String]) -> bool {
        let before = self.record.clone();
        let others = texts.iter().filter_map(|text| SharedRecord::decode(text).ok());
        self.record = others.fold(before.clone(), SharedRecord::merged);
        self.record.drains != before.drains
    }

    /// Its text has changed, and is to be written.
    fn changed(&mut self, cluster: &ClusterName, number: usize, before: Option<SharedDrain>) -> SharedSlot {
        self.changes += 1;
        SharedSlot {
            cluster: cluster.clone(),
            number,
            change: self.changes,
            before,
        }
    }
}

/// Where a drain was put in a shared record, to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedSlot {
    /// The cluster of the shared record.
    pub cluster: ClusterName,
    /// Its number.
    pub number: usize,
    change: u64,
    /// What it said of the drain before.
    before: Option<SharedDrain>,
}

/// How often the sidecars of a shared record are to read, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Polls {
    /// Exactly this often: all drains are known.
    Are(u32),
    /// Not more often than this, nor than the record has asked for so far: there may be drains that are not known.
    AtLeast(u32),
}

/// A text to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingWrite {
    /// The shared record.
    pub record: SharedRecord,
    /// What its version will be, unless another writer has written.
    pub version: i64,
    /// The version up to which it includes all.
    pub base: i64,
    change: u64,
}

impl Store {
    /// Remembers a record as it was read or written.
    pub fn insert(&self, key: &InstanceKey, stored: &Stored, now: Timestamp) {
        let Ok(record) = &stored.record else { return };
        let mut facts = self.facts.lock();
        let known = facts.records.get(key).filter(|known| known.ended);
        let same = known
            .and_then(|known| known.stored.readable())
            .is_some_and(|known| known.drain_id == record.drain_id);
        let known = KnownRecord {
            stored: stored.clone(),
            at: now,
            ended: same,
        };
        facts.records.insert(key.clone(), known);
    }

    /// The record of an instance as it was last read or written here.
    pub fn known(&self, key: &InstanceKey) -> Option<Stored> {
        self.facts
            .lock()
            .records
            .get(key)
            .map(|known| known.stored.clone())
    }

    /// Returns whether a shared record holds the drain. Then no other record is written for it.
    pub fn is_shared(&self, key: &InstanceKey) -> bool {
        let facts = self.facts.lock();
        let shared = facts.shared.get(&key.cluster).into_iter().flatten();
        let known = facts.records.get(key).is_some_and(|known| !known.ended);
        let holds = |(number, shared): (usize, &Shared)| {
            let mut members = shared.members(number);
            members.any(|(instance, _)| *instance == key.instance)
        };
        known && shared.into_iter().enumerate().any(holds)
    }

    /// Corrects a record that was just read by what is known: an answer may lag, and the text may leave out what this
    /// environment has seen since it was written.
    pub fn seen(&self, key: &InstanceKey, read: Observed<Stored>, now: Timestamp) -> Observed<Stored> {
        let facts = self.facts.lock();
        let (known, read) = match (facts.records.get(key), read) {
            // A parameter that was there a moment ago is not gone because one answer does not find it. After a while it
            // is: another actor has deleted it. One that was never written cannot be gone: the drain is in a shared record,
            // and what is known of it besides is here alone.
            (Some(known), Observed::Absent)
                if known.ended
                    || known.stored.version == 0
                    || now.duration_since(known.at) < READ_LAG_MAX =>
            {
                return Observed::Present(known.stored.clone());
            }
            (Some(known), Observed::Present(read)) => (known.stored.clone(), read),
            (_, read) => return read,
        };
        let (Ok(ours), Ok(theirs)) = (&known.record, &read.record) else {
            return Observed::Present(read);
        };
        if read.version <= known.version && theirs.started_at <= ours.started_at {
            return Observed::Present(known);
        }
        let record = theirs.clone().merged(ours);
        Observed::Present(Stored {
            record: Ok(record),
            version: read.version,
        })
    }

    /// A record that was just read by a run that is not the only one: what is known counts if it was not
    /// written since.
    pub fn same(&self, key: &InstanceKey, read: Observed<Stored>, now: Timestamp) -> Observed<Stored> {
        let facts = self.facts.lock();
        match (facts.records.get(key), read) {
            (Some(known), Observed::Present(read))
                if known.stored.version == read.version && known.stored.version > 0 =>
            {
                Observed::Present(known.stored.clone())
            }
            // The receipt of a drain in a shared record is known here alone. Nor does a run delete the record of a drain that is not over: an answer that does not find it lags.
            (Some(known), Observed::Absent)
                if (known.stored.version == 0 && known.is_over())
                    || (!known.is_over() && now.duration_since(known.at) < READ_LAG_MAX) =>
            {
                Observed::Present(known.stored.clone())
            }
            (_, read) => read,
        }
    }

    /// The drain is over. What is known of it stays for a while, here and in its shared record: events of its end still
    /// come.
    pub fn ended(&self, key: &InstanceKey) {
        if let Some(known) = self.facts.lock().records.get_mut(key) {
            known.ended = true;
        }
    }

    /// What is known of a drain that is over is still needed: its registration stays DRAINING, and its text may not say
    /// that it has its receipt.
    pub fn keep(&self, key: &InstanceKey, now: Timestamp) {
        if let Some(known) = self.facts.lock().records.get_mut(key) {
            known.at = now;
        }
    }

    /// Notes the deletion of a record, by the version that was listed and the one that was there then.
    pub fn deleted(&self, key: &InstanceKey, listed: i64, found: Option<i64>) {
        match found {
            Some(found) if found == listed => self.forget(key),
            // A drain has begun again. The next listing merges it with what is known.
            Some(_) => {}
            // The reading may have missed it. A shared release is not forgotten while the own text may say that it holds.
            None => self.ended(key),
        }
    }

    /// Forgets a record whose parameter was deleted: what was known of it is not needed any more.
    pub fn forget(&self, key: &InstanceKey) {
        let mut facts = self.facts.lock();
        facts.records.remove(key);
        facts.repairs.remove(key);
        facts.leave(key);
    }

    /// Returns whether what the text of this version misses is known here.
    pub fn is_repaired(&self, key: &InstanceKey, version: i64) -> bool {
        self.facts.lock().repairs.get(key) == Some(&Repair::Known(version))
    }

    /// Notes that the text misses nothing.
    pub fn is_whole(&self, key: &InstanceKey) {
        self.facts.lock().repairs.remove(key);
    }

    /// Notes that a text that includes all up to `base` became this version. If it was written over nothing, nothing that an
    /// earlier text had missed is missed any more.
    pub fn written(&self, key: &InstanceKey, base: i64, version: i64) {
        if Missed::between(base, version).is_none() {
            self.is_whole(key);
        }
    }

    /// Takes in what a repair has made of a record. What is known besides, and is in no text yet, stays.
    pub fn rewritten(&self, key: &InstanceKey, stored: &Stored, now: Timestamp) {
        let Some(known) = self.known(key) else { return };
        if let (Ok(ours), Ok(theirs)) = (&known.record, &stored.record) {
            let merged = Stored {
                record: Ok(theirs.clone().merged(ours)),
                version: stored.version,
            };
            self.insert(key, &merged, now);
        }
    }

    /// Notes that what the text of this version misses is known here.
    pub fn repaired(&self, key: &InstanceKey, version: i64) {
        self.facts
            .lock()
            .repairs
            .insert(key.clone(), Repair::Known(version));
    }

    /// Notes that what a text misses could not be read, so that the next text does not claim to include it.
    pub fn not_repaired(&self, key: &InstanceKey, missed: Missed) {
        self.facts
            .lock()
            .repairs
            .insert(key.clone(), Repair::Missing(missed));
    }

    /// The version up to which what is known of a record includes all, when this version of it was read.
    pub fn base(&self, key: &InstanceKey, version: i64) -> i64 {
        match self.facts.lock().repairs.get(key) {
            Some(Repair::Missing(missed)) => missed.based_on().min(version),
            Some(Repair::Known(_)) | None => version,
        }
    }

    /// The drains that are known and not over.
    pub fn open(&self) -> Vec<(InstanceKey, Stored)> {
        let facts = self.facts.lock();
        let open = facts.records.iter().filter(|(_, known)| !known.ended);
        open.map(|(key, known)| (key.clone(), known.stored.clone()))
            .collect()
    }

    /// The shared records that hold no drain.
    pub fn empty(&self) -> Vec<(ClusterName, usize)> {
        let facts = self.facts.lock();
        let empty =
            |shared: &Shared| shared.readable && shared.version > 0 && shared.record.drains.is_empty();
        let shared = facts.shared.iter().flat_map(|(cluster, all)| {
            let numbered = all.iter().enumerate().filter(|(_, shared)| empty(shared));
            numbered.map(|(number, _)| (cluster.clone(), number))
        });
        shared.collect()
    }

    /// The version of a shared record as it is known; none if there is no such parameter.
    pub fn shared_version(&self, cluster: &ClusterName, number: usize) -> Option<i64> {
        let mut facts = self.facts.lock();
        let version = facts.shared_mut(cluster, number)?.version;
        (version > 0).then_some(version)
    }

    /// Returns whether a shared record's parameter has the known version, by the version that was just read; none if there is no
    /// such parameter. One that another environment has deleted is asked for no more.
    pub fn is_unchanged(&self, cluster: &ClusterName, number: usize, found: Option<i64>) -> bool {
        let known = self.shared_version(cluster, number);
        if found.is_none() {
            self.deleted_shared(cluster, number);
        }
        found.is_some() && found == known
    }

    /// Notes that a shared record's parameter was deleted.
    pub fn deleted_shared(&self, cluster: &ClusterName, number: usize) {
        if let Some(shared) = self.facts.lock().shared_mut(cluster, number) {
            (shared.version, shared.missed, shared.shrunk) = (0, None, false);
        }
    }

    /// The last shared record's text has drains that are over, beside others: it is to be written. The others are
    /// written often, and change by it.
    pub fn shrunk(&self) -> Vec<SharedSlot> {
        let mut facts = self.facts.lock();
        let last = facts.shared.iter_mut().filter_map(|(cluster, all)| {
            let shared = all.get_mut(LAST_SHARED)?;
            let stays = !shared.record.drains.is_empty() && shared.readable;
            (stays && shared.shrunk).then(|| shared.changed(cluster, LAST_SHARED, None))
        });
        last.collect()
    }

    /// Forgets drains that have ended a while ago, and those of shared records that no listing has shown for as long:
    /// their instances are gone, and so is the actor that would have released them.
    pub fn forget_old(&self, now: Timestamp) {
        let mut facts = self.facts.lock();
        let old = |known: &&KnownRecord| known.ended && now.duration_since(known.at) >= RECORD_KEPT;
        let ended = facts.records.iter().filter(|(_, known)| old(known));
        let ended: Vec<InstanceKey> = ended.map(|(key, _)| key.clone()).collect();
        for key in ended {
            facts.records.remove(&key);
            facts.repairs.remove(&key);
            facts.leave(&key);
        }
        let StoreState { records, shared, .. } = &mut *facts;
        for (cluster, all) in shared {
            for shared in all {
                let known_for_long = now.duration_since(shared.since) >= SHARED_UNUSED_TTL;
                shared.retain(|instance| !known_for_long || records.contains_key(&key(cluster, instance)));
            }
        }
    }

    /// Returns whether the shared records of the cluster have been read here, and no other environment may have written one
    /// since that is not known here.
    pub fn has_learned(&self, cluster: &ClusterName) -> bool {
        let facts = self.facts.lock();
        facts.shared.contains_key(cluster) && !facts.unsure.contains(cluster)
    }

    /// Takes in the shared records of a cluster as they were read: text and version, if there is such a parameter. What
    /// is still to be written stays. Returns whether another environment has written one since.
    pub fn insert_shared(
        &self,
        cluster: &ClusterName,
        read: &[(usize, Option<(&str, i64)>)],
        now: Timestamp,
    ) -> bool {
        let mut facts = self.facts.lock();
        facts.unsure.remove(cluster);
        let all = facts.shared.entry(cluster.clone());
        let all = all.or_insert_with(|| (0..SHARED_RECORDS).map(|_| Shared::new(now)).collect());
        let mut news = false;
        for (number, read) in read {
            let (Some(shared), Some((text, version))) = (all.get_mut(*number), read) else {
                continue;
            };
            let decoded = SharedRecord::decode(text);
            // Others than the queue's runs create the last one again, and its versions with it.
            let recreated = *number == LAST_SHARED
                && (decoded.as_ref()).is_ok_and(|read| read.updated_at > shared.record.updated_at);
            if *version <= shared.version && !recreated {
                continue;
            }
            news = true;
            shared.version = *version;
            shared.missed = Missed::of(text, *version);
            match decoded {
                Ok(record) => {
                    shared.readable = true;
                    shared.record = match shared.written < shared.changes {
                        true => shared.record.clone().merged(record),
                        false => record,
                    };
                }
                Err(_) => shared.readable = false,
            }
        }
        news
    }

    /// A run that is not the only one has read that there is no last shared record: what was known of an earlier one is
    /// over.
    pub fn last_is_absent(&self, cluster: &ClusterName, now: Timestamp) {
        if let Some(shared) = self.facts.lock().shared_mut(cluster, LAST_SHARED)
            && shared.written >= shared.changes
        {
            (shared.version, shared.missed, shared.shrunk) = (0, None, false);
            shared.record = SharedRecord::empty(now);
            shared.readable = true;
        }
    }

    /// The shared records of a cluster whose texts were written over others that are not known here.
    pub fn missed_shared(&self, cluster: &ClusterName) -> Vec<(usize, Missed)> {
        let facts = self.facts.lock();
        let all = facts.shared.get(cluster).into_iter().flatten().enumerate();
        let readable = all.filter(|(_, shared)| shared.readable);
        readable
            .filter_map(|(number, shared)| Some((number, shared.missed?)))
            .collect()
    }

    /// Takes in what a shared record had missed, in the texts that it was written over. Returns the change to be written,
    /// if they say more.
    pub fn repair_shared(
        &self,
        cluster: &ClusterName,
        number: usize,
        texts: &[String],
    ) -> Option<SharedSlot> {
        let mut facts = self.facts.lock();
        let shared = facts.shared_mut(cluster, number)?;
        shared.missed = None;
        let more = shared.merge(texts);
        more.then(|| shared.changed(cluster, number, None))
    }

    /// The clusters whose shared records have drains that are not over, if this environment has not looked at them a moment
    /// ago. Those of the others are read with the next record.
    pub fn to_check(&self, now: Timestamp) -> Vec<ClusterName> {
        let mut facts = self.facts.lock();
        let recent = facts
            .current_at
            .is_some_and(|at| now.duration_since(at) < NEXT_BATCH_WITHIN);
        facts.current_at = Some(now);
        let is_open = |key: &InstanceKey| facts.records.get(key).is_none_or(|known| !known.is_over());
        let tells = |(cluster, all): &(&ClusterName, &Vec<Shared>)| {
            let mut members = (all.iter().enumerate()).flat_map(|(number, shared)| shared.members(number));
            members.any(|(instance, _)| is_open(&key(cluster, instance)))
        };
        let all = facts.shared.iter().filter(|_| !recent);
        let (telling, others): (Vec<_>, Vec<_>) = all.partition(tells);
        let names = |those: Vec<(&ClusterName, &Vec<Shared>)>| -> Vec<ClusterName> {
            those.into_iter().map(|(cluster, _)| cluster.clone()).collect()
        };
        let (telling, others) = (names(telling), names(others));
        facts.unsure.extend(others);
        telling
    }

    /// Notes that no other environment has had a batch until now.
    pub fn is_current(&self, now: Timestamp) {
        self.facts.lock().current_at = Some(now);
    }

    /// Takes in what the shared records say of the drains that are known here.
    pub fn take_in(&self, cluster: &ClusterName) {
        let mut facts = self.facts.lock();
        let StoreState { records, shared, .. } = &mut *facts;
        let all = shared.get(cluster).into_iter().flatten();
        let reported = all.flat_map(|shared| {
            shared
                .record
                .drains
                .keys()
                .map(move |instance| (instance, &shared.record))
        });
        for (instance, reported) in reported {
            let known = records
                .get_mut(&key(cluster, instance))
                .map(|known| &mut known.stored.record);
            if let Some(Ok(known)) = known
                && let Some(reported) = reported.record(instance, Some(&known.container_instance_arn))
            {
                *known = together(known.clone(), reported);
            }
        }
    }

    /// What the shared records say of an instance, by one of its registrations.
    pub fn reported(&self, key: &InstanceKey, arns: &[ContainerInstanceArn]) -> Option<Record> {
        let facts = self.facts.lock();
        let all = facts.shared.get(&key.cluster)?.iter();
        let reported = all.flat_map(|shared| {
            let own = arns
                .iter()
                .filter_map(|arn| shared.record.record(&key.instance, Some(arn)));
            own.collect::<Vec<_>>()
        });
        reported.reduce(together)
    }

    /// Puts a drain into a shared record, to be written; nowhere if there is no room, or if they were not read yet.
    pub fn put(&self, key: &InstanceKey, drain: &SharedDrain) -> Option<SharedSlot> {
        let mut facts = self.facts.lock();
        let StoreState { records, shared, .. } = &mut *facts;
        let all = shared.get_mut(&key.cluster)?;
        let there = |(number, shared): (usize, &Shared)| {
            let mut members = shared.members(number);
            let there = members.any(|(instance, _)| *instance == key.instance);
            there.then_some(number)
        };
        let room = |shared: &Shared| shared.readable && shared.record.has_room_for(&key.instance, drain);
        let find = |all: &[Shared]| {
            let there = all.iter().enumerate().find_map(there);
            there.or_else(|| all.iter().position(room))
        };
        let number = find(all).or_else(|| {
            // Those that are over make room.
            let open = |instance: &InstanceId| {
                let known = records.get(&self::key(&key.cluster, instance));
                known.is_none_or(|known| !known.ended)
            };
            all.iter_mut().for_each(|shared| shared.retain(open));
            find(all)
        })?;
        let shared = all.get_mut(number)?;
        let before = shared.record.drains.insert(key.instance.clone(), drain.clone());
        Some(shared.changed(&key.cluster, number, before))
    }

    /// Puts the release of an operator's command into the last shared record, to be written; nowhere if there is no
    /// room. Sidecars that read it had read every `poll_seconds` before.
    pub fn put_order(&self, key: &InstanceKey, drain: &SharedDrain, poll_seconds: u32) -> Option<SharedSlot> {
        let mut facts = self.facts.lock();
        let shared = facts.shared_mut(&key.cluster, LAST_SHARED)?;
        if !shared.readable || !shared.record.has_room_for(&key.instance, drain) {
            return None;
        }
        shared.record.poll_seconds = shared.record.poll_seconds.max(poll_seconds);
        let before = shared.record.drains.insert(key.instance.clone(), drain.clone());
        Some(shared.changed(&key.cluster, LAST_SHARED, before))
    }

    /// Restores what was known before a write that failed. What may have been written all the same is in the next text too.
    pub fn undo(&self, key: &InstanceKey, place: &SharedSlot) {
        let mut facts = self.facts.lock();
        let Some(shared) = facts.shared_mut(&place.cluster, place.number) else {
            return;
        };
        let doubtful = shared
            .failed
            .as_ref()
            .is_some_and(|(_, failure)| failure.kind.is_doubtful());
        let drains = &mut shared.record.drains;
        if let Some(tried) = drains.get(&key.instance).filter(|_| doubtful) {
            shared.doubtful.insert(key.instance.clone(), tried.clone());
        }
        match &place.before {
            Some(before) => drop(drains.insert(key.instance.clone(), before.clone())),
            None => drop(drains.remove(&key.instance)),
        }
    }

    /// The shared records whose sidecars read more than half again as often as they should, to be written.
    pub fn hurried(&self, poll_seconds: u32) -> Vec<SharedSlot> {
        let mut facts = self.facts.lock();
        let all = facts.shared.iter_mut().flat_map(|(cluster, all)| {
            all.iter_mut()
                .enumerate()
                .map(move |(number, one)| (cluster, number, one))
        });
        let hurried = all.filter(|(_, number, shared)| {
            let reported = shared.members(*number).next().is_some() && shared.readable && shared.version > 0;
            reported && shared.record.poll_seconds.saturating_mul(3) < poll_seconds.saturating_mul(2)
        });
        let places = hurried.map(|(cluster, number, shared)| shared.changed(cluster, number, None));
        places.collect()
    }

    /// Takes a drain out of its shared record, to be written, if one says that it holds.
    pub fn take(&self, key: &InstanceKey) -> Option<SharedSlot> {
        let mut facts = self.facts.lock();
        let mut all = facts.shared.get(&key.cluster)?.iter().enumerate();
        let (number, drain) = all.find_map(|(number, shared)| {
            let mut members = shared.members(number);
            let (_, drain) = members.find(|(instance, _)| **instance == key.instance)?;
            Some((number, drain))
        })?;
        if drain.released.is_some() {
            return None;
        }
        let shared = facts.shared_mut(&key.cluster, number)?;
        shared.record.drains.remove(&key.instance);
        Some(shared.changed(&key.cluster, number, None))
    }

    /// Returns the lock that the writer of a shared record holds.
    pub fn gate(&self, place: &SharedSlot) -> Arc<tokio::sync::Mutex<()>> {
        let mut facts = self.facts.lock();
        let shared = facts.shared_mut(&place.cluster, place.number);
        shared.map(|shared| shared.gate.clone()).unwrap_or_default()
    }

    /// Returns the outcome if another writer has included this place in its write, or has tried to.
    pub fn outcome(&self, place: &SharedSlot) -> Option<Result<(), AwsError>> {
        let mut facts = self.facts.lock();
        let shared = facts.shared_mut(&place.cluster, place.number)?;
        if shared.written >= place.change {
            return Some(Ok(()));
        }
        let failed = shared
            .failed
            .as_ref()
            .filter(|(change, _)| *change >= place.change);
        failed.map(|(_, failure)| Err(failure.clone()))
    }

    /// What is to be written now.
    pub fn draft(&self, place: &SharedSlot, polls: Polls, now: Timestamp) -> Option<PendingWrite> {
        let mut facts = self.facts.lock();
        let shared = facts.shared_mut(&place.cluster, place.number)?;
        shared.record.updated_at = now;
        shared.record.poll_seconds = match polls {
            Polls::Are(seconds) => seconds,
            Polls::AtLeast(seconds) => seconds.max(shared.record.poll_seconds),
        };
        shared.shrunk = false;
        Some(PendingWrite {
            record: shared.text(),
            version: shared.version + 1,
            base: shared.base(),
            change: shared.changes,
        })
    }

    /// Notes the outcome of a write: the version that the text got, or the failure.
    pub fn tried(&self, place: &SharedSlot, draft: &PendingWrite, outcome: Result<i64, AwsError>) {
        let mut facts = self.facts.lock();
        let Some(shared) = facts.shared_mut(&place.cluster, place.number) else {
            return;
        };
        match outcome {
            Ok(version) => {
                shared.missed = match Missed::by_write(draft.base, draft.version - 1, version) {
                    None => Missed::between(draft.base, version),
                    missed => missed,
                };
                shared.version = version;
                shared.written = draft.change;
                shared.is_written(&draft.record);
            }
            Err(failure) => shared.failed = Some((draft.change, failure)),
        }
    }
}

impl StoreState {
    fn shared_mut(&mut self, cluster: &ClusterName, number: usize) -> Option<&mut Shared> {
        self.shared.get_mut(cluster)?.get_mut(number)
    }

    /// Removes the drain from the shared records, from the next text on.
    fn leave(&mut self, key: &InstanceKey) {
        for shared in self.shared.get_mut(&key.cluster).into_iter().flatten() {
            shared.retain(|instance| *instance != key.instance);
        }
    }
}

fn key(cluster: &ClusterName, instance: &InstanceId) -> InstanceKey {
    InstanceKey {
        cluster: cluster.clone(),
        instance: instance.clone(),
    }
}

#[cfg(test)]
mod tests;
