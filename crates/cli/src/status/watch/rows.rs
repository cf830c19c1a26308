//! The rows of the screen. A row keeps its place while a person looks at it: it moves only when it begins to need one,
//! and when another order is chosen.

use jiff::{SignedDuration, Timestamp};
use protector_core::ids::InstanceKey;
use protector_diagnosis::drain::{Drain, DrainState, Risk};
use protector_diagnosis::ends::Ends;
use protector_diagnosis::fleet::{Fleet, Seen, Sort};
use std::collections::BTreeMap;

/// A drain that has ended is shown for so long.
const ENDED_SHOWN: SignedDuration = SignedDuration::from_secs(30);

/// A drain on the screen.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DrainRow {
    /// The drain as it was last read.
    pub(super) drain: Drain,
    /// When its end was seen on this screen; none if it has not ended, or had before.
    pub(super) ended_at: Option<Timestamp>,
    /// Whether it is gone, and its end was not seen.
    pub(super) gone: bool,
    /// What has become worse since the last look.
    pub(super) worse: Worse,
}

/// What has become worse since the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Worse {
    /// It needs a person, for another or a stronger reason than before.
    pub(super) risk: bool,
    /// More tasks hold it.
    pub(super) left: bool,
    /// Its hold ends later, or at a time that is not known any more.
    pub(super) ends: bool,
    /// Its hook runs out earlier, or at a time that is not known any more.
    pub(super) hook: bool,
}

impl Worse {
    fn of(before: &Drain, now: &Drain) -> Worse {
        let runs_out = |drain: &Drain| drain.first_hook().map(|hook| hook.runs_out_at);
        Worse {
            risk: now.risk < before.risk,
            left: now
                .left()
                .zip(before.left())
                .is_some_and(|((now, _), (before, _))| now > before),
            ends: match (before.ends.at(), now.ends) {
                (Some(before), Ends::Bound(at) | Ends::Estimate(at)) => at > before,
                (Some(_), Ends::Unknown) => true,
                (None, _) => false,
            },
            hook: match (runs_out(before), runs_out(now)) {
                (Some(Some(before)), Some(Some(now))) => now < before,
                (Some(Some(_)), Some(None)) => true,
                _ => false,
            },
        }
    }
}

impl DrainRow {
    fn new(drain: Drain) -> DrainRow {
        DrainRow {
            drain,
            ended_at: None,
            gone: false,
            worse: Worse::default(),
        }
    }

    /// Takes what was read. Returns whether it has begun to need a person.
    fn read(&mut self, drain: Drain, now: Timestamp) -> bool {
        let has_ended = self.drain.is_open() && !drain.is_open();
        self.ended_at = match (has_ended, drain.is_open()) {
            (true, _) => Some(now),
            (false, true) => None,
            (false, false) => self.ended_at,
        };
        let begins = self.drain.risk == Risk::None && drain.risk != Risk::None;
        self.worse = Worse::of(&self.drain, &drain);
        self.gone = false;
        self.drain = drain;
        begins
    }

    /// It was not there any more.
    fn missed(&mut self, now: Timestamp) {
        self.worse = Worse::default();
        if self.drain.is_open() {
            self.drain.state = DrainState::Done;
            self.drain.risk = Risk::None;
            self.gone = true;
            self.ended_at = Some(now);
        }
    }

    /// Whether it has ended so recently that it is shown although it is over.
    pub(super) fn lingers(&self, now: Timestamp) -> bool {
        self.ended_at
            .is_some_and(|at| now.duration_since(at) < ENDED_SHOWN)
    }
}

/// The rows in the order in which they are shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    rows: Vec<DrainRow>,
    /// Instances that the last complete look did not have.
    missing: Vec<InstanceKey>,
}

impl Rows {
    /// All of them, those too that are not to be shown.
    pub(super) fn iter(&self) -> impl Iterator<Item = &DrainRow> + Clone {
        self.rows.iter()
    }

    /// Takes what was read.
    pub(super) fn read(&mut self, drains: &[Drain], sort: Sort, now: Timestamp) {
        let mut read: BTreeMap<&InstanceKey, &Drain> =
            drains.iter().map(|drain| (&drain.key, drain)).collect();
        let mut placed = Vec::new();
        self.missing.clear();
        let mut kept = Vec::new();
        for mut row in std::mem::take(&mut self.rows) {
            match read.remove(&row.drain.key) {
                Some(drain) => match row.read(drain.clone(), now) {
                    true => placed.push(row),
                    false => kept.push(row),
                },
                None => {
                    row.missed(now);
                    self.missing.push(row.drain.key.clone());
                    kept.push(row);
                }
            }
        }
        placed.extend(read.into_values().cloned().map(DrainRow::new));
        self.rows = kept;
        self.place(placed, drains, sort, now);
        self.forget(now);
    }

    /// Puts rows where the order has them among the rows that keep their places.
    fn place(&mut self, mut rows: Vec<DrainRow>, drains: &[Drain], sort: Sort, now: Timestamp) {
        let ranks = ranks(drains.to_vec(), sort, now);
        let rank = |row: &DrainRow| ranks.get(&row.drain.key).copied();
        rows.sort_by_key(rank);
        for row in rows {
            let own = rank(&row);
            let later = |other: &DrainRow| rank(other).is_some() && rank(other) > own;
            let place = self.rows.iter().position(later).unwrap_or(self.rows.len());
            self.rows.insert(place, row);
        }
    }

    /// Puts all rows in an order.
    pub(super) fn sort(&mut self, sort: Sort, now: Timestamp) {
        let drains = self.rows.iter().map(|row| row.drain.clone()).collect();
        let ranks = ranks(drains, sort, now);
        self.rows
            .sort_by_key(|row| ranks.get(&row.drain.key).copied().unwrap_or(usize::MAX));
    }

    /// Drops what is not there any more, and was shown for long enough.
    pub(super) fn forget(&mut self, now: Timestamp) {
        let missing = &self.missing;
        self.rows
            .retain(|row| !missing.contains(&row.drain.key) || row.lingers(now));
    }
}

/// The place of each drain in an order.
fn ranks(drains: Vec<Drain>, sort: Sort, now: Timestamp) -> BTreeMap<InstanceKey, usize> {
    let mut fleet = Fleet {
        now,
        drains,
        coordinator: Seen::default(),
        gaps: Vec::new(),
    };
    fleet.sort(sort);
    let keys = fleet.drains.into_iter().map(|drain| drain.key);
    keys.enumerate().map(|(rank, key)| (key, rank)).collect()
}
