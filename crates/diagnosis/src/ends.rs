//! When a wait ends, as far as that is known.

use jiff::Timestamp;
use serde::Serialize;

/// When a wait ends. A bound is never below the truth; an estimate may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "at", rename_all = "kebab-case")]
pub enum Ends {
    /// At this time at the latest.
    Bound(Timestamp),
    /// Probably at this time: a part of it is a default that the host may change.
    Estimate(Timestamp),
    /// It is not known.
    Unknown,
}

impl Ends {
    /// The time, if there is one.
    #[must_use]
    pub fn at(self) -> Option<Timestamp> {
        match self {
            Ends::Bound(at) | Ends::Estimate(at) => Some(at),
            Ends::Unknown => None,
        }
    }

    /// When both have ended: the later of two; unknown if one is.
    #[must_use]
    pub fn and(self, other: Ends) -> Ends {
        match (self, other) {
            (Ends::Bound(a), Ends::Bound(b)) => Ends::Bound(a.max(b)),
            (Ends::Unknown, _) | (_, Ends::Unknown) => Ends::Unknown,
            (Ends::Bound(a) | Ends::Estimate(a), Ends::Bound(b) | Ends::Estimate(b)) => {
                Ends::Estimate(a.max(b))
            }
        }
    }

    /// The same, ended at `limit` at the latest, whatever else holds.
    #[must_use]
    pub fn within(self, limit: Timestamp) -> Ends {
        match self.at() {
            Some(at) if at <= limit => self,
            _ => Ends::Bound(limit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ends() -> impl Strategy<Value = Ends> {
        (0_i64..100, 0..3).prop_map(|(second, kind)| {
            let at = Timestamp::from_second(second).unwrap();
            match kind {
                0 => Ends::Bound(at),
                1 => Ends::Estimate(at),
                _ => Ends::Unknown,
            }
        })
    }

    proptest! {
        #[test]
        fn two_waits_have_ended_no_earlier_than_either(a in ends(), b in ends()) {
            let both = a.and(b);
            prop_assert_eq!(both, b.and(a));
            prop_assert_eq!(both == Ends::Unknown, a == Ends::Unknown || b == Ends::Unknown);
            if let Some(at) = both.at() {
                prop_assert!(Some(at) >= a.at() && Some(at) >= b.at());
            }
            if let Ends::Bound(_) = both {
                prop_assert!(matches!((a, b), (Ends::Bound(_), Ends::Bound(_))));
            }
        }

        #[test]
        fn a_limit_ends_every_wait(a in ends(), second in 0_i64..100) {
            let limit = Timestamp::from_second(second).unwrap();
            prop_assert!(a.within(limit).at().unwrap() <= limit);
        }
    }
}
