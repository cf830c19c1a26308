//! What a tick of a quiet minute does beside its listings.
//!
//! It makes three calls to list and one more, and there are three things to do with that one: to write the beacon, to
//! describe what stays DRAINING after its drain, and to go on with the check of the daemons' sidecars. They take turns.

/// How much the beacon needs to be written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum BeaconNeed {
    /// The parameter has the text of a moment ago, or there is no beacon.
    #[default]
    None,
    /// It is as old as the last tick.
    Usual,
    /// It says something else, or it is so old that tools would soon take the coordinator for one that does not run.
    Urgent,
}

/// What a tick does beside its listings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Turn {
    /// Nothing.
    #[default]
    Nothing,
    /// It writes the beacon.
    Beacon,
    /// It describes what stays DRAINING after its drain.
    Recheck,
    /// It goes on with the check of the daemons' sidecars.
    Check,
}

/// What there is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TurnWanted {
    /// The beacon.
    pub beacon: BeaconNeed,
    /// Something that stays DRAINING was not described for long.
    pub recheck: bool,
    /// A check is due, or in progress.
    pub check: bool,
}

impl Turn {
    /// Whose turn it is. A beacon that is urgent goes first: after it, it is not for two ticks. Of the other two the one
    /// goes that did not go `last`.
    #[must_use]
    pub fn next(wanted: TurnWanted, last: Turn) -> Turn {
        match wanted {
            TurnWanted {
                beacon: BeaconNeed::Urgent,
                ..
            } => Turn::Beacon,
            TurnWanted {
                recheck: true, check, ..
            } if !(check && last == Turn::Recheck) => Turn::Recheck,
            TurnWanted { check: true, .. } => Turn::Check,
            TurnWanted {
                beacon: BeaconNeed::Usual,
                ..
            } => Turn::Beacon,
            TurnWanted { .. } => Turn::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(beacon: BeaconNeed, recheck: bool, check: bool, last: Turn) -> Turn {
        let wanted = TurnWanted {
            beacon,
            recheck,
            check,
        };
        Turn::next(wanted, last)
    }

    #[test]
    fn p10_a_tick_does_one_thing_beside_its_listings() {
        use BeaconNeed::{None, Urgent, Usual};
        for last in [Turn::Nothing, Turn::Check, Turn::Recheck] {
            assert_eq!(next(None, false, false, last), Turn::Nothing);
            assert_eq!(next(Usual, false, false, last), Turn::Beacon);
            assert_eq!(next(Urgent, true, true, last), Turn::Beacon);
            assert_eq!(next(Usual, true, false, last), Turn::Recheck);
            assert_eq!(next(Usual, false, true, last), Turn::Check);
        }
    }

    #[test]
    fn neither_the_recheck_nor_the_check_waits_for_the_other_for_long() {
        let next = |last| next(BeaconNeed::Usual, true, true, last);
        assert_eq!(next(Turn::Nothing), Turn::Recheck);
        assert_eq!(next(Turn::Recheck), Turn::Check);
        assert_eq!(next(Turn::Check), Turn::Recheck);
    }
}
