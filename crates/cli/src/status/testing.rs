//! Things that many tests of this command need.

use jiff::{SignedDuration, Timestamp};
use protector_diagnosis::read::{Gap, GapKind};

/// So many seconds after three in the morning.
pub(crate) fn at(seconds: i64) -> Timestamp {
    "2026-11-28T03:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

/// A read that was throttled.
pub(crate) fn throttled() -> Gap {
    Gap {
        call: "ssm:GetParametersByPath",
        kind: GapKind::Throttled,
        code: "ThrottlingException".to_owned(),
        message: "Rate exceeded".to_owned(),
    }
}
