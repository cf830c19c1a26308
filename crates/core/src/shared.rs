//! Shared records: while many instances drain, one parameter says of many of them that they are held, or released.
//!
//! A cluster has up to [`SHARED_RECORDS`] of them beside the records of single instances, so that a sidecar asks for
//! all that may describe its instance in one `GetParameters` (ten names: its own record, the kill switch, and these). A
//! shared record says what a sidecar needs and what a new execution environment must know to go on; who holds, and
//! since when, is not in it. Two of them merge in any order, any number of times: facts only grow.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::{ClusterName, ContainerInstanceArn, InstanceId, InvalidId};
use crate::limits::{QUOTED_CHARS_MAX, RECORD_BYTES_MAX, SHARED_RECORDS, WAVE, cut};
use crate::record::{DecodeError, ParameterPrefix, Record, ReleaseReason, SCHEMA, SHARED_DRAIN, State};

/// The last level of a shared record's name, before its number. No instance id begins like this.
const NAME: &str = "shared-";

/// The number of characters of a registration's ARN that distinguish it from another one of the same instance: 16 of
/// its 128 random bits.
const REGISTRATION_CHARS: usize = 4;

/// What an instance takes of the text at most: when it was released is written in seconds, and a drain that needs more
/// digits for them has a record of its own by then.
const MEMBER_BYTES: usize = 28;

/// What each second takes in which drains began, once for those that are held and once for those that are released.
const SECOND_BYTES: usize = 10;

/// What the text has beside its instances at most, with a wave or two.
const FRAME_BYTES: usize = 120;

/// What each wave has beside its instances at most: two times, and the names of six lists.
const WAVE_BYTES: usize = 200;

/// What a shared record says of the drain of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedDrain {
    /// The end of the registration's ARN: whose drain it is, in the instance's present life.
    pub registration: String,
    /// When the drain began, to the second.
    pub started_at: Timestamp,
    /// When the daemons are released at the latest, to the second.
    pub deadline_at: Timestamp,
    /// When and why they were released.
    pub released: Option<(Timestamp, ReleaseReason)>,
}

/// One shared record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedRecord {
    /// When its text was made.
    pub updated_at: Timestamp,
    /// How often a sidecar should read, in seconds.
    pub poll_seconds: u32,
    /// The drains, by instance.
    pub drains: BTreeMap<InstanceId, SharedDrain>,
}

/// To the second: a drain is known by when it began, and a shared record has no room for more.
pub(crate) fn to_the_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// The part of a registration's ARN that a shared record names it by.
fn short(arn: &ContainerInstanceArn) -> &str {
    let id = arn.as_str().rsplit('/').next().unwrap_or_default();
    id.get(..REGISTRATION_CHARS).unwrap_or(id)
}

impl SharedDrain {
    /// What a shared record says of this drain, if it can say all that its readers must know. It cannot for a drain
    /// that several registrations have, for one of several clusters, that lets its daemons go tier by tier, or that a
    /// person or a Spot notice has changed.
    #[must_use]
    pub fn of(record: &Record) -> Option<SharedDrain> {
        let plain = record.other_registrations.is_empty()
            && record.other_clusters.is_empty()
            && record.releasing.is_none()
            && record.released_services.is_empty()
            && record.spot_notice_at.is_none()
            && record.ordered.is_none();
        let released = record.released_at.map(to_the_second).zip(record.reason);
        plain.then(|| SharedDrain {
            registration: short(&record.container_instance_arn).to_owned(),
            started_at: to_the_second(record.started_at),
            deadline_at: to_the_second(record.deadline_at),
            released,
        })
    }

    /// What a shared record says of a drain that was released, whatever else its own record says of it.
    #[must_use]
    pub fn of_release(record: &Record) -> Option<SharedDrain> {
        let released = record.released_at.map(to_the_second).zip(record.reason)?;
        Some(SharedDrain {
            registration: short(&record.container_instance_arn).to_owned(),
            started_at: to_the_second(record.started_at),
            deadline_at: to_the_second(record.deadline_at),
            released: Some(released),
        })
    }

    /// Returns whether it is the release of an operator's command, or may be: in the last shared record those stay until
    /// their drains are over, beside what the drains' own records say.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        self.released
            .is_some_and(|(_, reason)| reason == ReleaseReason::Operator)
    }

    /// Returns whether it is of this registration.
    #[must_use]
    pub fn is_of(&self, arn: &ContainerInstanceArn) -> bool {
        self.registration == short(arn)
    }

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

type Release = Option<(Timestamp, ReleaseReason)>;

fn earlier(one: Release, other: Release) -> Release {
    let order = |release: &(Timestamp, ReleaseReason)| (release.0, SharedState::of(Some(*release)));
    one.into_iter().chain(other).min_by_key(order)
}

impl SharedRecord {
    /// One that holds no drain yet.
    #[must_use]
    pub fn empty(at: Timestamp) -> SharedRecord {
        SharedRecord {
            updated_at: at,
            poll_seconds: 0,
            drains: BTreeMap::new(),
        }
    }

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

    /// The drain of an instance as a record, as far as the shared record describes it, under the ARN of its
    /// registration. Of another one than `arn` it says nothing; without an `arn` the record has one that is made up
    /// from what it says.
    #[must_use]
    pub fn record(&self, instance: &InstanceId, arn: Option<&ContainerInstanceArn>) -> Option<Record> {
        let drain = self.drains.get(instance)?;
        let arn = match arn {
            Some(arn) => Some(arn.clone()).filter(|arn| drain.is_of(arn))?,
            None => format!("{UNKNOWN_REGISTRATION}{}", drain.registration)
                .parse()
                .ok()?,
        };
        Some(Record {
            state: drain.released.map_or(State::Holding, |_| State::Released),
            reason: drain.released.map(|(_, reason)| reason),
            released_at: drain.released.map(|(at, _)| at),
            updated_at: self.updated_at,
            ..Record::first(
                instance.clone(),
                arn,
                drain_id(instance, drain.started_at),
                drain.started_at,
                drain.deadline_at,
                self.poll_seconds,
            )
        })
    }

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

    /// Makes the parameter's value; nothing if it does not fit into a standard parameter.
    #[must_use]
    pub fn encode(&self) -> Option<String> {
        self.text(None)
    }

    /// The same for a text that includes all that the versions up to this one say; 0 if there is none.
    #[must_use]
    pub fn encode_based_on(&self, version: i64) -> Option<String> {
        self.text(Some(version))
    }

    fn text(&self, based_on: Option<i64>) -> Option<String> {
        let text = SharedText {
            schema: SCHEMA,
            based_on,
            updated_at: self.updated_at,
            poll_seconds: self.poll_seconds,
            waves: self.waves(),
        };
        serde_json::to_string(&text)
            .ok()
            .filter(|text| text.len() <= RECORD_BYTES_MAX)
    }

    /// Reads a parameter's value.
    ///
    /// # Errors
    /// [`DecodeError`], as for the record of one instance.
    pub fn decode(text: &str) -> Result<SharedRecord, DecodeError> {
        let text: SharedText = crate::record::decode_versioned(text)?;
        let unreadable =
            |invalid: InvalidId| DecodeError::Unreadable(cut(&invalid.to_string(), QUOTED_CHARS_MAX));
        let mut drains = BTreeMap::new();
        for wave in text.waves {
            for (standing, words) in &wave.drains {
                let mut started = 0;
                for word in words.split_whitespace() {
                    match word.parse().map_err(unreadable)? {
                        WaveToken::Started(seconds) => started = seconds,
                        WaveToken::Member(member) => {
                            let drain = wave.drain(*standing, started, &member);
                            drains.insert(member.instance, drain);
                        }
                    }
                }
            }
        }
        Ok(SharedRecord {
            updated_at: text.updated_at,
            poll_seconds: text.poll_seconds,
            drains,
        })
    }

    /// Drains of equal length that began within [`WAVE`] of each other.
    fn waves(&self) -> Vec<Wave> {
        let mut drains: Vec<_> = self.drains.iter().collect();
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
}

/// The number of the wave that a drain belongs to; a new one if none takes it. Those that began earlier come first.
fn wave_of(waves: &mut Vec<Wave>, drain: &SharedDrain) -> usize {
    let taken = waves.iter().position(|wave| wave.takes(drain));
    taken.unwrap_or_else(|| {
        waves.push(Wave::beginning_with(drain));
        waves.len() - 1
    })
}

/// An ARN for a registration of which only the end is known.
const UNKNOWN_REGISTRATION: &str = "arn:aws:ecs:unknown:000000000000:container-instance/";

/// Returns whether an ARN was made up for a registration of which only the end is known: it can be asked for nowhere.
#[must_use]
pub fn is_made_up(arn: &ContainerInstanceArn) -> bool {
    arn.as_str().starts_with(UNKNOWN_REGISTRATION)
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

impl ParameterPrefix {
    /// The name of a cluster's shared record, by its number from 0.
    #[must_use]
    pub fn shared_name(&self, cluster: &ClusterName, number: usize) -> String {
        format!("{self}/{cluster}/{NAME}{number}")
    }

    /// The names of all shared records of a cluster.
    pub fn shared_names(&self, cluster: &ClusterName) -> impl Iterator<Item = String> {
        (0..SHARED_RECORDS).map(|number| self.shared_name(cluster, number))
    }

    /// Returns which shared record of which cluster a parameter is, or nothing if it is not a shared record.
    #[must_use]
    pub fn shared_of(&self, name: &str) -> Option<(ClusterName, usize)> {
        let rest = name.strip_prefix(&self.to_string())?.strip_prefix('/')?;
        let (cluster, last) = rest.split_once('/')?;
        let number = last.strip_prefix(NAME)?.parse().ok();
        let number = number.filter(|number| *number < SHARED_RECORDS)?;
        Some((cluster.parse().ok()?, number))
    }
}

/// Names a drain of which only a shared record is known.
fn drain_id(instance: &InstanceId, started_at: Timestamp) -> String {
    format!("{SHARED_DRAIN}{instance}-{started_at}")
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SharedText {
    schema: u32,
    /// The version on which the text is based ([`crate::versions`]); earlier releases do not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    based_on: Option<i64>,
    updated_at: Timestamp,
    poll_seconds: u32,
    waves: Vec<Wave>,
}

/// Drains that began at nearly the same time, and last equally long at the most.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wave {
    /// When the first of them began. Each of the others has a deadline that is later by as much as it began later.
    started_at: Timestamp,
    deadline_at: Timestamp,
    /// `holding`, or why they were released, and [`WaveToken`]s with spaces between them.
    drains: BTreeMap<SharedState, String>,
}

/// How a drain stands, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SharedState {
    Holding,
    Drained,
    Deadline,
    Operator,
    Cancelled,
    AgentLost,
}

impl SharedState {
    fn of(release: Release) -> SharedState {
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

/// A word of a wave: `+12`, and whatever follows began 12 seconds after the wave; or an instance.
enum WaveToken {
    Started(i64),
    Member(Member),
}

/// One drain of a wave: `0123456789abcdef0/1a2b+47`, the instance's id without its `i-`, the registration, and how many
/// seconds after the wave it was released.
struct Member {
    instance: InstanceId,
    registration: String,
    released: Option<i64>,
}

/// What every id of an EC2 instance begins with.
const INSTANCE: &str = "i-";

impl fmt::Display for WaveToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let member = match self {
            WaveToken::Started(seconds) => return write!(f, "+{seconds}"),
            WaveToken::Member(member) => member,
        };
        let id = member.instance.as_str();
        let id = id.strip_prefix(INSTANCE).unwrap_or(id);
        write!(f, "{id}/{}", member.registration)?;
        member
            .released
            .map_or(Ok(()), |released| write!(f, "+{released}"))
    }
}

impl FromStr for WaveToken {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId {
            value: cut(text, QUOTED_CHARS_MAX),
            expected: "seconds such as +12, or an instance such as 0123456789abcdef0/1a2b",
        };
        let seconds = |text: &str| text.parse::<u32>().map(i64::from).map_err(|_| invalid());
        if let Some(started) = text.strip_prefix('+') {
            return Ok(WaveToken::Started(seconds(started)?));
        }
        let (id, rest) = text.split_once('/').ok_or_else(invalid)?;
        let (registration, released) = match rest.split_once('+') {
            Some((registration, released)) => (registration, Some(seconds(released)?)),
            None => (rest, None),
        };
        let named = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        if !(1..=REGISTRATION_CHARS).contains(&registration.len()) || !registration.chars().all(named) {
            return Err(invalid());
        }
        Ok(WaveToken::Member(Member {
            instance: format!("{INSTANCE}{id}").parse()?,
            registration: registration.to_owned(),
            released,
        }))
    }
}

#[cfg(test)]
mod tests;
