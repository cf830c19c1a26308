//! The drain that ended last, for a look at a time at which none goes on.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::words::span;

/// What counts of a receipt (docs/log-fields.md).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastReceipt {
    /// The EC2 instance.
    pub instance: String,
    /// Its cluster.
    pub cluster: String,
    /// When the drain ended.
    pub ended_at: Timestamp,
    /// How long it held, in whole seconds.
    pub held_seconds: Option<i64>,
    /// Why the daemons were released, for example `drained`.
    pub reason: Option<String>,
    /// Whether tasks held at the release.
    pub forced: Option<bool>,
}

impl LastReceipt {
    /// The receipt that ended last of lines of a log, in any order. A line that is no receipt counts for nothing.
    #[must_use]
    pub fn of(lines: &[String]) -> Option<LastReceipt> {
        let receipts = lines.iter().filter_map(|line| serde_json::from_str(line).ok());
        receipts.max_by_key(|receipt: &LastReceipt| receipt.ended_at)
    }

    /// One sentence.
    #[must_use]
    pub fn words(&self, now: Timestamp) -> String {
        let ago = span(now.duration_since(self.ended_at).max(SignedDuration::ZERO));
        let held = self.held_seconds.map(SignedDuration::from_secs);
        let held = held.map_or_else(String::new, |held| format!(" after {}", span(held)));
        let reason = self.reason.as_deref().unwrap_or("without a release");
        let forced = match self.forced {
            Some(true) => ", forced",
            _ => "",
        };
        let (instance, cluster) = (&self.instance, &self.cluster);
        format!("The last drain ended {ago} ago: {instance} in {cluster}, {reason}{held}{forced}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(instance: &str, ended_at: &str, forced: bool) -> String {
        format!(
            r#"{{"event":"receipt","instance":"{instance}","cluster":"prod","startedAt":"2026-11-24T08:00:00Z","endedAt":"{ended_at}","heldSeconds":461,"reason":"drained","forced":{forced}}}"#
        )
    }

    #[test]
    fn the_newest_receipt_counts_and_other_lines_do_not() {
        let lines = [
            line("i-1", "2026-11-24T09:00:00Z", false),
            line("i-2", "2026-11-24T09:30:00Z", true),
            line("i-3", "2026-11-24T08:30:00Z", false),
            r#"{"event":"tick"}"#.to_owned(),
            "no json".to_owned(),
        ];
        let last = LastReceipt::of(&lines).unwrap();
        let now = "2026-11-24T09:32:05Z".parse().unwrap();
        assert_eq!(
            last.words(now),
            "The last drain ended 2m05s ago: i-2 in prod, drained after 7m41s, forced."
        );
        let unforced = LastReceipt::of(&lines[..1]).unwrap();
        assert!(
            unforced.words(now).ends_with("drained after 7m41s."),
            "{}",
            unforced.words(now)
        );
        assert_eq!(LastReceipt::of(&lines[3..]), None);
    }
}
