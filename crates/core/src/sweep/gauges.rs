//! The listing of the records gives the gauges of the fleet.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::ids::InstanceKey;
use crate::record::{Lifecycle, Record};

use super::{ListedRecord, is_over};

/// The gauges of the fleet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gauges {
    /// How many drains are not over.
    pub drains: usize,
    /// How many tasks hold, by their records.
    pub remaining: u32,
    /// The age of the oldest drain that is not over.
    pub oldest: Option<SignedDuration>,
    /// When the first wait of their hooks ends unless it gets a heartbeat, or whatever is done.
    pub hook_ends: Option<Timestamp>,
}

impl Gauges {
    pub(super) fn of(records: &BTreeMap<InstanceKey, ListedRecord>, at: Timestamp) -> Gauges {
        let records = records.values().filter_map(ListedRecord::record);
        let open: Vec<&Record> = records.filter(|record| !is_over(record)).collect();
        let ages = open.iter().map(|record| at.duration_since(record.started_at));
        let ends = open.iter().flat_map(|record| record.lifecycles().map(runs_out));
        Gauges {
            drains: open.len(),
            remaining: open.iter().map(|record| record.remaining).sum(),
            oldest: ages.max(),
            hook_ends: ends.min(),
        }
    }
}

/// The drains that hold, and how many sidecars read their records.
pub(super) fn fleet(records: &BTreeMap<InstanceKey, ListedRecord>) -> BTreeMap<InstanceKey, u32> {
    let holding = |(key, listed): (&InstanceKey, &ListedRecord)| {
        let record = listed.record().filter(|record| !record.is_released())?;
        Some((key.clone(), record.sidecars))
    };
    records.iter().filter_map(holding).collect()
}

/// When a hook's wait ends unless it gets a heartbeat, or whatever is done.
fn runs_out(hook: &Lifecycle) -> Timestamp {
    let timeout = SignedDuration::from_secs(i64::from(hook.heartbeat_seconds));
    hook.heartbeat_at
        .checked_add(timeout)
        .unwrap_or(Timestamp::MAX)
        .min(hook.global_deadline_at)
}
