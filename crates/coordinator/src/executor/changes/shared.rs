//! Records that many drains share, and what keeps a drain in one of its own.

use protector_core::ids::{ClusterName, InstanceKey};
use protector_core::limits::coordinator::{TOGETHER_WITHIN, WRITES_MAX};
use protector_core::limits::{DELETE_PARAMETERS_MAX, LAST_SHARED, SHARED_FROM};
use protector_core::observation::Stored;
use protector_core::plan::poll_seconds;
use protector_core::record::{Record, ReleaseReason};
use protector_core::shared::SharedDrain;
use protector_core::trigger::Order;
use protector_core::versions::Missed;

use crate::aws::AwsError;
use crate::executor::applied::RecordWrite;
use crate::log_line::LogLine;
use crate::logging::Level;
use crate::rate_limit::Priority;
use crate::store::{Polls, SharedSlot};

use super::Changes;

impl Changes<'_> {
    /// How often the sidecars of all drains should read, including those that are about to begin.
    fn poll_seconds(&self) -> u32 {
        let sidecars = self.cache.fleet(self.run.now()).sidecars;
        let begin = u32::try_from(self.cache.agenda.waiting()).unwrap_or(u32::MAX);
        poll_seconds(sidecars.saturating_add(begin), self.policy.parameter_throughput)
    }

    /// Sidecars of a shared record that was written when fewer instances drained read too often: the coordinator writes
    /// it again.
    pub(in crate::executor) async fn refresh_polls(&self) {
        for place in self.cache.store.hurried(self.poll_seconds()) {
            // What fails is tried again after the next look.
            let _ = self.flush(&place, Priority::Count).await;
        }
    }

    /// An operator's command crosses the writes of the queue. A sidecar obeys a release in any record that it reads, so
    /// it is noted first where the queue's runs do not write counts; whatever becomes of the record, the release stays.
    /// If that fails, the record has it all the same. Returns whether it is noted.
    pub(super) async fn share_order(&self, write: &RecordWrite<'_>, rank: Priority) -> bool {
        let record = &write.record;
        let ordered = record.ordered.as_ref();
        let ordered = ordered.is_some_and(|ordered| ordered.command == Order::Release.name())
            && record.reason == Some(ReleaseReason::Operator);
        let before = write.last().and_then(Stored::readable);
        let again = before.is_some_and(|before| before.is_released() && before.drain_id == record.drain_id);
        if self.run.intake.is_alone() || self.policy.own_records_only || !ordered || again {
            return false;
        }
        let store = &self.cache.store;
        let place = SharedDrain::of_release(record)
            .and_then(|drain| store.put_order(write.key, &drain, record.poll_seconds));
        let Some(place) = place else { return false };
        let noted = self.flush(&place, rank).await.is_ok();
        if !noted {
            store.undo(write.key, &place);
        }
        noted
    }

    /// The place of a drain in a shared record, if it belongs there.
    pub(super) fn place_for(&self, key: &InstanceKey, record: &Record) -> Option<SharedSlot> {
        let drain = SharedDrain::of(record).filter(|_| self.may_share())?;
        let crowded = || self.cache.fleet_without(key, self.run.now()).drains + self.together >= SHARED_FROM;
        let shares = self.cache.store.is_shared(key) || crowded();
        shares.then(|| self.cache.store.put(key, &drain)).flatten()
    }

    fn may_share(&self) -> bool {
        self.run.intake.is_alone() && !self.policy.own_records_only
    }

    /// Returns whether drains that begin with so many others get a shared record.
    pub(in crate::executor) fn shares(&self, beginning: usize) -> bool {
        self.may_share() && self.cache.fleet(self.run.now()).drains + beginning >= SHARED_FROM
    }

    /// What a shared record says of a drain that holds is now in the drain's own record. A run that crosses the queue's
    /// leaves that to them: a release counts, in whichever of the two records it is.
    pub(super) async fn leave_shared(&self, key: &InstanceKey, rank: Priority) -> Result<(), AwsError> {
        if !self.run.intake.is_alone() {
            return Ok(());
        }
        match self.cache.store.take(key) {
            Some(place) => self.flush(&place, rank).await,
            None => Ok(()),
        }
    }

    /// Writes a shared record. A change that comes while one waits for its turn is in its text, and waits with it.
    pub(in crate::executor) async fn flush(
        &self,
        place: &SharedSlot,
        rank: Priority,
    ) -> Result<(), AwsError> {
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
        let polls = match self.cache.knows_the_fleet(self.run.now()) && place.number != LAST_SHARED {
            true => Polls::Are(self.poll_seconds()),
            false => Polls::AtLeast(self.poll_seconds()),
        };
        let name = self.policy.prefix.shared_name(&place.cluster, place.number);
        for _ in 0..WRITES_MAX {
            let Some(draft) = store.draft(place, polls, self.run.now()) else {
                return;
            };
            let outcome = self.aws.put_shared(&name, &draft.record, draft.base).await;
            let version = outcome.as_ref().ok().copied();
            store.tried(place, &draft, outcome);
            let missed = version.and_then(|version| Missed::by_write(draft.base, draft.version - 1, version));
            // Another writer, as during a deployment, or an operator's command: its changes are put back.
            let Some(missed) = missed else { return };
            let Ok(texts) = self.overwritten().texts(&name, missed).await else {
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
    pub(in crate::executor) async fn delete_empty(&self) {
        let store = &self.cache.store;
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
            // Without an answer the next run asks again.
            let versions = self.aws.versions(&lasts).await.ok();
            empty.retain(|one| {
                let found = versions
                    .as_ref()
                    .map(|versions| versions.get(&name(one)).copied());
                !last(one) || found.is_some_and(|found| store.is_unchanged(&one.0, one.1, found))
            });
        }
        for some in empty.chunks(DELETE_PARAMETERS_MAX) {
            let names: Vec<String> = some.iter().map(name).collect();
            if let Err(failure) = self.aws.delete_parameters(&names).await {
                let line = LogLine::NotDeleted {
                    request_id: &self.run.request_id,
                    error: failure.to_string(),
                };
                return self.run.logger.log(Level::Warn, &line);
            }
            for (cluster, number) in some {
                store.deleted_shared(cluster, *number);
            }
        }
    }
}
