//! What several texts say of the same drains is merged, whichever was written first.

use jiff::Timestamp;

use crate::record::{Record, ReleaseReason};

use super::wave::{Release, SharedState};
use super::{SharedDrain, SharedRecord};

impl SharedDrain {
    /// What both say of one instance: the drain that began later, and of one drain its release and its earlier end.
    fn merged(self, other: SharedDrain) -> SharedDrain {
        let order = |drain: &SharedDrain| (drain.started_at, drain.registration.clone());
        match order(&self).cmp(&order(&other)) {
            std::cmp::Ordering::Less => other,
            std::cmp::Ordering::Greater => self,
            std::cmp::Ordering::Equal => SharedDrain {
                deadline_at: self.deadline_at.min(other.deadline_at),
                released: earlier(self.released, other.released),
                ..self
            },
        }
    }
}

fn earlier(one: Release, other: Release) -> Release {
    let order = |release: &(Timestamp, ReleaseReason)| (release.0, SharedState::of(Some(*release)));
    one.into_iter().chain(other).min_by_key(order)
}

impl SharedRecord {
    /// What both texts know, regardless of who wrote them.
    #[must_use]
    pub fn merged(self, other: SharedRecord) -> SharedRecord {
        let later = (self.updated_at, self.poll_seconds).max((other.updated_at, other.poll_seconds));
        let mut drains = self.drains;
        for (instance, drain) in other.drains {
            let merged = match drains.remove(&instance) {
                Some(known) => known.merged(drain),
                None => drain,
            };
            drains.insert(instance, merged);
        }
        SharedRecord {
            updated_at: later.0,
            poll_seconds: later.1,
            drains,
        }
    }
}

/// What an instance's own record and a shared one say of its drain: of two drains the one that began later, and of one
/// drain its release, in whichever record it is. An own record that holds and knows no hook is older than the release: a hook
/// may have come between, and the shared record does not mention it.
#[must_use]
pub fn together(own: Record, shared: Record) -> Record {
    if own.started_at.as_second() != shared.started_at.as_second() {
        return if shared.started_at > own.started_at {
            shared
        } else {
            own
        };
    }
    let (updated_at, poll_seconds) =
        (own.updated_at, own.poll_seconds).max((shared.updated_at, shared.poll_seconds));
    if own.is_released() || !shared.is_released() {
        return Record {
            updated_at,
            poll_seconds,
            ..own
        };
    }
    let drain_id = match own.lifecycle {
        Some(_) => own.drain_id,
        None => shared.drain_id,
    };
    Record {
        updated_at,
        poll_seconds,
        drain_id,
        state: shared.state,
        reason: shared.reason,
        released_at: shared.released_at,
        releasing: None,
        ..own
    }
}
