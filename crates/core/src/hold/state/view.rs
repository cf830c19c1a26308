//! A record that was read may speak of another drain than the one that ends this daemon.

use jiff::{SignedDuration, Timestamp};

use crate::limits::RELEASE_BEFORE_SIGTERM_MAX;
use crate::record::{Record, ReleaseReason};

use super::input::{HoldObservation, ReadError, Reading, SidecarIdentity};

/// A reading, seen in the light of what was known before.
pub(super) enum RecordView<'a> {
    /// A record of this drain.
    Ours(&'a Record),
    /// There is none.
    Absent,
    /// A record that speaks of another drain than this.
    Other,
    /// It was not read. Holds why.
    Unknown(ReadError),
}

/// How a reading stands to the drain that ends this daemon.
pub(super) fn view<'a>(known: &SidecarIdentity, seen: &'a HoldObservation) -> RecordView<'a> {
    match &seen.reading {
        Reading::NotFound => RecordView::Absent,
        Reading::Failed(error) => RecordView::Unknown(*error),
        Reading::Record(record) if known.is_foreign(record) || is_stale_release(record, seen) => {
            RecordView::Other
        }
        Reading::Record(record) => RecordView::Ours(record),
    }
}

/// Returns whether it is the release of a drain that had ended before SIGTERM, in which ECS did not order this daemon
/// to stop. Its record may still be there. The start of the sidecar is no evidence: the agent may have restarted it
/// between the release and its SIGTERM.
fn is_stale_release(record: &Record, seen: &HoldObservation) -> bool {
    let sigterm = seen.sigterm();
    let ended = record.receipt_at.is_some_and(|receipt| receipt <= sigterm);
    record.is_released() && (ended || is_long_over(record, sigterm))
}

fn is_long_over(record: &Record, sigterm: Timestamp) -> bool {
    let age = record
        .released_at
        .map(|released| sigterm.duration_since(released));
    let longest = match record.reason {
        // A drain that was undone before this daemon was ordered to stop is not the one that stops it.
        Some(ReleaseReason::Cancelled) => SignedDuration::ZERO,
        _ => RELEASE_BEFORE_SIGTERM_MAX,
    };
    age.is_some_and(|age| age > longest)
}
