//! Receipts of drains that are over, as the coordinator has logged them: which drain ended last, for a look at a time at
//! which none goes on.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::time_format::span;

/// What counts of a receipt (docs/log-fields.md).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The EC2 instance.
    pub instance: String,
    /// Its cluster.
    pub cluster: String,
    /// When the drain began.
    #[serde(skip_serializing)]
    pub started_at: Timestamp,
    /// When the drain ended.
    pub ended_at: Timestamp,
    /// How long it held, in whole seconds.
    pub held_seconds: Option<i64>,
    /// Why the daemons were released, for example `drained`.
    pub reason: Option<String>,
    /// Whether tasks held at the release.
    pub forced: Option<bool>,
}

impl Receipt {
    /// The receipts among lines of a log. A line that is none counts for nothing.
    pub fn all(lines: &[String]) -> impl Iterator<Item = Receipt> {
        lines.iter().filter_map(|line| serde_json::from_str(line).ok())
    }

    /// The drain that ended last of lines in any order.
    #[must_use]
    pub fn last(lines: &[String]) -> Option<Receipt> {
        Receipt::all(lines).max_by_key(|receipt| receipt.ended_at)
    }

    /// One sentence.
    #[must_use]
    pub fn text(&self, now: Timestamp) -> String {
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
        let last = Receipt::last(&lines).unwrap();
        let now = "2026-11-24T09:32:05Z".parse().unwrap();
        let text = "The last drain ended 2m05s ago: i-2 in prod, drained after 7m41s, forced.";
        assert_eq!(last.text(now), text);
        let unforced = Receipt::last(&lines[..1]).unwrap().text(now);
        assert!(unforced.ends_with("drained after 7m41s."), "{unforced}");
        assert_eq!(Receipt::last(&lines[3..]), None);
    }
}
