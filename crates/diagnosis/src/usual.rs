//! How long drains like this one usually hold, by the receipts of those that are over. It stands beside a bound and never
//! in its place: the past bounds nothing.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::receipt::Receipt;
use crate::time_format::span;

/// So many receipts are looked at, the newest.
pub const RECEIPTS: usize = 20;

/// Fewer receipts than these say nothing of what is usual.
pub const RECEIPTS_MIN: usize = 3;

/// Which drains are taken for alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alike {
    /// Those of the same Auto Scaling group.
    Group,
    /// Those of the same cluster: no hook of a group waits for the instance.
    Cluster,
}

/// How long holds usually take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usual {
    /// The median of the holds, from the start of the drain to the release, in whole seconds.
    pub held_seconds: i64,
    /// The number of receipts that it is the median of.
    pub receipts: usize,
    /// Whose receipts they are.
    pub of: Alike,
}

impl Usual {
    /// What lines of a log say, in any order. A line that is no receipt counts for nothing; of two receipts of a drain the
    /// later one counts. None if there are fewer than [`RECEIPTS_MIN`].
    #[must_use]
    pub fn of(lines: &[String], of: Alike) -> Option<Usual> {
        let mut drains: BTreeMap<(String, Timestamp), (Timestamp, Option<i64>)> = BTreeMap::new();
        for receipt in Receipt::all(lines) {
            let known = drains.entry((receipt.instance, receipt.started_at));
            let known = known.or_default();
            *known = (*known).max((receipt.ended_at, receipt.held_seconds));
        }
        let held =
            |(ended, held): (Timestamp, Option<i64>)| Some((ended, held.filter(|seconds| *seconds >= 0)?));
        let mut newest: Vec<(Timestamp, i64)> = drains.into_values().filter_map(held).collect();
        newest.sort_unstable_by(|a, b| b.cmp(a));
        newest.truncate(RECEIPTS);
        let receipts = newest.len();
        let held = newest.into_iter().map(|(_, seconds)| seconds).collect();
        Some(Usual {
            held_seconds: median(held).filter(|_| receipts >= RECEIPTS_MIN)?,
            receipts,
            of,
        })
    }

    /// The same for people: `~6m in all is usual for this group (median of 20)`.
    #[must_use]
    pub fn text(&self) -> String {
        let of = match self.of {
            Alike::Group => "group",
            Alike::Cluster => "cluster",
        };
        format!(
            "{} in all is usual for this {of} (median of {})",
            self.about(),
            self.receipts
        )
    }

    /// The median alone: `~6m`.
    #[must_use]
    pub fn about(&self) -> String {
        format!("~{}", span(SignedDuration::from_secs(self.held_seconds)))
    }
}

/// The middle of some numbers; between the two in the middle if their count is even.
fn median(mut numbers: Vec<i64>) -> Option<i64> {
    numbers.sort_unstable();
    let upper = *numbers.get(numbers.len() / 2)?;
    let lower = *numbers.get(numbers.len().saturating_sub(1) / 2)?;
    Some(lower.midpoint(upper))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;
    use proptest::prelude::*;

    fn receipt(number: i64, held: i64) -> String {
        serde_json::json!({
            "event": "receipt", "cluster": "prod", "instance": format!("i-{number:017x}"), "reason": "drained",
            "startedAt": at(number * 100), "endedAt": at(number * 100 + held + 9), "heldSeconds": held,
        })
        .to_string()
    }

    #[test]
    fn the_median_is_that_of_the_newest_receipts() {
        let of = |held: &[i64]| {
            let numbered = (0..).zip(held);
            let lines: Vec<String> = numbered.map(|(number, held)| receipt(number, *held)).collect();
            Usual::of(&lines, Alike::Group).map(|usual| (usual.held_seconds, usual.receipts))
        };
        for (held, expected) in [
            (&[][..], None),
            (&[60, 60], None),
            (&[60, 360, 6000], Some((360, 3))),
            (&[60, 300, 400, 6000], Some((350, 4))),
        ] {
            assert_eq!(of(held), expected, "{held:?}");
        }
        // Thirty of a day ago took an hour; the last twenty take a minute.
        let many = [vec![36; 30], vec![60; 20]].concat();
        assert_eq!(of(&many), Some((60, RECEIPTS)));
    }

    #[test]
    fn a_drain_counts_once_and_what_is_no_receipt_not_at_all() {
        let again = receipt(1, 60).replace("\"heldSeconds\":60", "\"heldSeconds\":70");
        let again = again.replace(&at(169).to_string(), &at(400).to_string());
        let never = receipt(5, 60).replace("\"heldSeconds\":60", "\"heldSeconds\":null");
        let lines = [
            receipt(1, 60),
            again,
            never,
            "not JSON".to_owned(),
            "{\"event\":\"tick\"}".to_owned(),
            receipt(2, 70),
            receipt(3, 80),
        ];
        let usual = Usual::of(&lines, Alike::Cluster).unwrap();
        assert_eq!((usual.held_seconds, usual.receipts), (70, 3));
        let text = "~1m10s in all is usual for this cluster (median of 3)";
        assert_eq!(usual.text(), text);
        assert_eq!(Usual::of(&lines[..4], Alike::Cluster), None);
    }

    proptest! {
        #[test]
        fn half_of_the_holds_are_not_longer(held in proptest::collection::vec(0_i64..100_000, 3..20)) {
            let lines: Vec<String> = (0..).zip(&held).map(|(number, held)| receipt(number, *held)).collect();
            let median = Usual::of(&lines, Alike::Group).unwrap().held_seconds;
            let shorter = held.iter().filter(|held| **held <= median).count();
            let longer = held.iter().filter(|held| **held >= median).count();
            prop_assert!(2 * shorter >= held.len() && 2 * longer >= held.len(), "{median} of {held:?}");
        }
    }
}
