//! Drains are put into a shared record only while its text has room for all of them, also once they are released.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::ids::InstanceId;
use crate::limits::RECORD_BYTES_MAX;

use super::wave::wave_of;
use super::{SharedDrain, SharedRecord};

/// What an instance takes of the text at most: when it was released is written in seconds, and a drain that needs more
/// digits for them has a record of its own by then.
const MEMBER_BYTES: usize = 28;

/// What each second takes in which drains began, once for those that are held and once for those that are released.
const SECOND_BYTES: usize = 10;

/// What the text has beside its instances at most, with a wave or two.
const FRAME_BYTES: usize = 120;

/// What each wave has beside its instances at most: two times, and the names of six lists.
const WAVE_BYTES: usize = 200;

impl SharedRecord {
    /// Returns whether there is room for the drain of this instance, and will be when all of them are released.
    #[must_use]
    pub fn has_room_for(&self, instance: &InstanceId, drain: &SharedDrain) -> bool {
        let others = self.drains.iter().filter(|(other, _)| *other != instance);
        let mut with: Vec<&SharedDrain> = others.map(|(_, drain)| drain).chain([drain]).collect();
        with.sort_by_key(|drain| drain.started_at);
        let mut waves = Vec::new();
        for drain in &with {
            wave_of(&mut waves, drain);
        }
        let seconds: BTreeSet<Timestamp> = with.iter().map(|drain| drain.started_at).collect();
        let frame = FRAME_BYTES + waves.len() * WAVE_BYTES + seconds.len() * SECOND_BYTES;
        frame + with.len() * MEMBER_BYTES <= RECORD_BYTES_MAX
    }
}
