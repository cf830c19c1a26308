//! What was lost, and what that says. Computed from the files alone.

use super::files::kind_of;
use super::scenario::{Kind, backlog};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// Lines sent against lines arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tally {
    /// Lines that the applications have logged.
    pub(crate) sent: usize,
    /// Of these, lines in the router's file.
    pub(crate) arrived: usize,
    /// Of these, lines that are not.
    pub(crate) lost: usize,
    /// Lost lines by kind of task.
    pub(crate) lost_by_task: BTreeMap<String, usize>,
    /// Lines that have arrived more than once.
    pub(crate) doubled: usize,
    /// Lines in the router's file that no task has sent.
    pub(crate) unknown: usize,
}

/// Compares what was sent with what has arrived. Lines are unique by name and number.
pub(crate) fn tally(sent: &[String], arrived: &[String]) -> Tally {
    let mut count: HashMap<&str, usize> = sent.iter().map(|line| (line.as_str(), 0)).collect();
    let mut tally = Tally {
        sent: count.len(),
        ..Tally::default()
    };
    for line in arrived {
        match count.get_mut(line.as_str()) {
            Some(times) => *times += 1,
            None => tally.unknown += 1,
        }
    }
    for (line, times) in count {
        match times {
            0 => *tally.lost_by_task.entry(kind_of(line).to_owned()).or_default() += 1,
            1 => tally.arrived += 1,
            _ => {
                tally.arrived += 1;
                tally.doubled += 1;
            }
        }
    }
    tally.lost = tally.lost_by_task.values().sum();
    tally
}

/// What a run must show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// Every line arrives.
    NoLoss,
    /// Lines are lost.
    Loss,
    /// It depends on how soon the sidecar reads the release.
    Either,
}

/// What a run of `kind` must show with this `LINGER`. The router has read all that the tasks have sent once its
/// backlog is over.
fn expected(kind: Kind, linger: Duration) -> Expected {
    match kind {
        Kind::Without => Expected::Loss,
        Kind::With if linger.is_zero() => Expected::Loss,
        Kind::With if linger > backlog() => Expected::NoLoss,
        Kind::With => Expected::Either,
    }
}

/// What is wrong with the demo's result; nothing if it shows what it should.
pub(crate) fn failures(runs: &[(Kind, &Tally)], linger: Duration) -> Vec<String> {
    runs.iter()
        .flat_map(|(kind, tally)| wrong_with(*kind, expected(*kind, linger), tally))
        .collect()
}

fn wrong_with(kind: Kind, expected: Expected, tally: &Tally) -> Vec<String> {
    let name = kind.name();
    let checks = [
        (
            tally.sent == 0,
            format!("{name}: the applications have sent nothing"),
        ),
        (
            tally.unknown > 0,
            format!(
                "{name}: lines arrived that no application has sent: {}",
                tally.unknown
            ),
        ),
        (
            expected == Expected::NoLoss && tally.lost > 0,
            format!("{name}: {} of {} lines were lost", tally.lost, tally.sent),
        ),
        (
            expected == Expected::Loss && tally.lost == 0,
            format!("{name}: nothing was lost, so there is no difference to see"),
        ),
    ];
    checks
        .into_iter()
        .filter(|(wrong, _)| *wrong)
        .map(|(_, text)| text)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(numbers: impl IntoIterator<Item = u64>) -> Vec<String> {
        numbers
            .into_iter()
            .map(|number| format!("web-1 {number:06} x"))
            .collect()
    }

    #[test]
    fn lost_lines_are_those_that_did_not_arrive() {
        let tally = tally(&lines(0..10), &lines((0..6).chain([5, 5, 40])));
        let lost_by_task = BTreeMap::from([("web".to_owned(), 4)]);
        assert_eq!(
            tally,
            Tally {
                sent: 10,
                arrived: 6,
                lost: 4,
                lost_by_task,
                doubled: 1,
                unknown: 1
            }
        );
    }

    #[test]
    fn order_does_not_matter() {
        let tally = tally(&lines(0..10), &lines((0..10).rev()));
        assert_eq!(
            tally,
            Tally {
                sent: 10,
                arrived: 10,
                ..Tally::default()
            }
        );
    }

    #[test]
    fn the_demo_shows_a_difference_or_fails() {
        let all = Tally {
            sent: 10,
            arrived: 10,
            ..Tally::default()
        };
        let some = Tally {
            sent: 10,
            arrived: 7,
            lost: 3,
            ..Tally::default()
        };
        let none = Tally::default();
        let foreign = Tally {
            unknown: 1,
            ..all.clone()
        };
        let nothing_lost = |run: &str| format!("{run}: nothing was lost, so there is no difference to see");
        let some_lost = "with: 3 of 10 lines were lost".to_owned();
        let right = String::new();
        let cases = [
            (Kind::Without, 5, &some, right.clone()),
            (Kind::Without, 0, &some, right.clone()),
            (Kind::Without, 5, &all, nothing_lost("without")),
            (Kind::With, 5, &all, right.clone()),
            (Kind::With, 5, &some, some_lost),
            (Kind::With, 0, &some, right.clone()),
            (Kind::With, 0, &all, nothing_lost("with")),
            // As long as the backlog: by a hair the one or the other.
            (Kind::With, 4, &some, right.clone()),
            (Kind::With, 4, &all, right),
            (
                Kind::With,
                5,
                &none,
                "with: the applications have sent nothing".to_owned(),
            ),
            (
                Kind::With,
                5,
                &foreign,
                "with: lines arrived that no application has sent: 1".to_owned(),
            ),
        ];
        for (kind, linger, tally, expected) in cases {
            assert_eq!(
                failures(&[(kind, tally)], Duration::from_secs(linger)).join("; "),
                expected,
                "{kind:?} {linger} {tally:?}"
            );
        }
        let both = [(Kind::Without, &all), (Kind::With, &some)];
        assert_eq!(failures(&both, Duration::from_secs(5)).len(), 2);
    }
}
