//! A tick does one thing beside its listings, if one is due.
//!
//! It makes three calls to list and one more, and there are three things to do with that one: to write the beacon, to
//! describe what stays DRAINING after its drain, and to go on with the check of the daemons' sidecars. They share that slot, one after the other.

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
pub enum TickSlot {
    /// It does nothing else.
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
pub struct SlotWanted {
    /// What the beacon needs.
    pub beacon: BeaconNeed,
    /// Something that stays DRAINING was not described for long.
    pub recheck: bool,
    /// A check is due, or in progress.
    pub check: bool,
}

impl TickSlot {
    /// Who gets the slot. A beacon that is urgent goes first: after it, it is not for two ticks. Of the other two the one
    /// goes that did not go `last`.
    #[must_use]
    pub fn next(wanted: SlotWanted, last: TickSlot) -> TickSlot {
        match wanted {
            SlotWanted {
                beacon: BeaconNeed::Urgent,
                ..
            } => TickSlot::Beacon,
            SlotWanted {
                recheck: true, check, ..
            } if !(check && last == TickSlot::Recheck) => TickSlot::Recheck,
            SlotWanted { check: true, .. } => TickSlot::Check,
            SlotWanted {
                beacon: BeaconNeed::Usual,
                ..
            } => TickSlot::Beacon,
            SlotWanted { .. } => TickSlot::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(beacon: BeaconNeed, recheck: bool, check: bool, last: TickSlot) -> TickSlot {
        let wanted = SlotWanted {
            beacon,
            recheck,
            check,
        };
        TickSlot::next(wanted, last)
    }

    #[test]
    fn p10_a_tick_does_one_thing_beside_its_listings() {
        use BeaconNeed::{None, Urgent, Usual};
        for last in [TickSlot::Nothing, TickSlot::Check, TickSlot::Recheck] {
            assert_eq!(next(None, false, false, last), TickSlot::Nothing);
            assert_eq!(next(Usual, false, false, last), TickSlot::Beacon);
            assert_eq!(next(Urgent, true, true, last), TickSlot::Beacon);
            assert_eq!(next(Usual, true, false, last), TickSlot::Recheck);
            assert_eq!(next(Usual, false, true, last), TickSlot::Check);
        }
    }

    #[test]
    fn neither_the_recheck_nor_the_check_waits_for_the_other_for_long() {
        let next = |last| next(BeaconNeed::Usual, true, true, last);
        assert_eq!(next(TickSlot::Nothing), TickSlot::Recheck);
        assert_eq!(next(TickSlot::Recheck), TickSlot::Check);
        assert_eq!(next(TickSlot::Check), TickSlot::Recheck);
    }
}
