//! A wave has drains that began at nearly the same time: most of what a text says of them it says once.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::{InstanceId, InvalidId};
use crate::limits::WAVE;
use crate::record::ReleaseReason;

use super::token::{Member, WaveToken};
use super::{SharedDrain, to_the_second};

/// Drains that began at nearly the same time, and last equally long at the most.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wave {
    /// When the first of them began. Each of the others has a deadline that is later by as much as it began later.
    started_at: Timestamp,
    deadline_at: Timestamp,
    /// `holding`, or why they were released, and [`WaveToken`]s with spaces between them.
    drains: BTreeMap<SharedState, String>,
}

/// When and why the daemons were released, if they were.
pub(super) type Release = Option<(Timestamp, ReleaseReason)>;

/// How a drain stands, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SharedState {
    Holding,
    Drained,
    Deadline,
    Operator,
    Cancelled,
    AgentLost,
}

impl SharedState {
    pub(super) fn of(release: Release) -> SharedState {
        match release.map(|(_, reason)| reason) {
            None => SharedState::Holding,
            Some(ReleaseReason::Drained) => SharedState::Drained,
            Some(ReleaseReason::Deadline) => SharedState::Deadline,
            Some(ReleaseReason::Operator) => SharedState::Operator,
            Some(ReleaseReason::Cancelled) => SharedState::Cancelled,
            Some(ReleaseReason::AgentLost) => SharedState::AgentLost,
        }
    }

    fn reason(self) -> Option<ReleaseReason> {
        match self {
            SharedState::Holding => None,
            SharedState::Drained => Some(ReleaseReason::Drained),
            SharedState::Deadline => Some(ReleaseReason::Deadline),
            SharedState::Operator => Some(ReleaseReason::Operator),
            SharedState::Cancelled => Some(ReleaseReason::Cancelled),
            SharedState::AgentLost => Some(ReleaseReason::AgentLost),
        }
    }
}

impl Wave {
    /// Drains of equal length that began within [`WAVE`] of each other.
    pub(super) fn all_of(drains: &BTreeMap<InstanceId, SharedDrain>) -> Vec<Wave> {
        let mut drains: Vec<_> = drains.iter().collect();
        drains.sort_by_key(|(instance, drain)| (drain.started_at, *instance));
        let mut waves = Vec::new();
        let mut began: BTreeMap<(usize, SharedState), i64> = BTreeMap::new();
        for (instance, drain) in drains {
            let number = wave_of(&mut waves, drain);
            let began = began
                .entry((number, SharedState::of(drain.released)))
                .or_default();
            waves[number].add(instance, drain, began);
        }
        waves
    }

    /// The drains of the wave, by instance.
    pub(super) fn drains(&self) -> Result<Vec<(InstanceId, SharedDrain)>, InvalidId> {
        let mut drains = Vec::new();
        for (standing, words) in &self.drains {
            let mut started = 0;
            for word in words.split_whitespace() {
                match word.parse()? {
                    WaveToken::Started(seconds) => started = seconds,
                    WaveToken::Member(member) => {
                        let drain = self.drain(*standing, started, &member);
                        drains.push((member.instance, drain));
                    }
                }
            }
        }
        Ok(drains)
    }

    fn beginning_with(drain: &SharedDrain) -> Wave {
        Wave {
            started_at: drain.started_at,
            deadline_at: drain.deadline_at,
            drains: BTreeMap::new(),
        }
    }

    fn takes(&self, drain: &SharedDrain) -> bool {
        let later = drain.started_at.duration_since(self.started_at);
        later < WAVE && drain.deadline_at.duration_since(self.deadline_at) == later
    }

    /// Adds a drain; those that began earlier were added before, and the last of its standing `began` so many seconds
    /// after the wave.
    fn add(&mut self, instance: &InstanceId, drain: &SharedDrain, began: &mut i64) {
        let after = |at: Timestamp| at.as_second() - self.started_at.as_second();
        let (standing, started) = (SharedState::of(drain.released), after(drain.started_at));
        let member = Member {
            instance: instance.clone(),
            registration: drain.registration.clone(),
            released: drain.released.map(|(at, _)| after(at)),
        };
        let words = self.drains.entry(standing).or_default();
        let mut add = |word: String| {
            let separator = if words.is_empty() { "" } else { " " };
            words.push_str(&format!("{separator}{word}"));
        };
        if std::mem::replace(began, started) != started {
            add(WaveToken::Started(started).to_string());
        }
        add(WaveToken::Member(member).to_string());
    }

    fn drain(&self, standing: SharedState, started: i64, member: &Member) -> SharedDrain {
        let after = |base: Timestamp, seconds| {
            let later = base.checked_add(SignedDuration::from_secs(seconds));
            later.unwrap_or(base)
        };
        // No release is before its drain.
        let released = member.released.map_or(started, |released| released.max(started));
        let (wave_at, deadline_at) = (to_the_second(self.started_at), to_the_second(self.deadline_at));
        let released_at = after(wave_at, released);
        SharedDrain {
            registration: member.registration.clone(),
            started_at: after(wave_at, started),
            deadline_at: after(deadline_at, started),
            released: standing.reason().map(|reason| (released_at, reason)),
        }
    }
}

/// The number of the wave that a drain belongs to; a new one if none takes it. Those that began earlier come first.
pub(super) fn wave_of(waves: &mut Vec<Wave>, drain: &SharedDrain) -> usize {
    let taken = waves.iter().position(|wave| wave.takes(drain));
    taken.unwrap_or_else(|| {
        waves.push(Wave::beginning_with(drain));
        waves.len() - 1
    })
}
