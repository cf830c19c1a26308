//! The record: one SSM parameter per draining instance, the only thing coordinator and sidecar share.
//!
//! This module alone knows the parameter's name and text. Times are RFC 3339 in UTC, field names camelCase.
//! A reader ignores fields that it does not know and refuses a `schema` that it does not know.

use std::io;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::ser::Formatter;

use crate::ids::{
    AutoScalingGroupName, ClusterName, ContainerInstanceArn, InstanceId, InstanceKey, InvalidId,
    LifecycleActionToken, LifecycleHookName, ServiceName,
};
use crate::limits::{
    BEGUN_TOGETHER, CUT_MARK, HELD_BY_MAX, MESSAGE_CHARS_MAX, QUOTED_CHARS_MAX, RECORD_BYTES_MAX,
    UNPROTECTED_MAX, cut,
};
use crate::protection::UnprotectedDaemon;
use crate::trigger::Command;

/// The only schema there is so far.
pub const SCHEMA: u32 = 1;

/// Are the daemons of the instance kept alive?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// They are kept alive.
    Holding,
    /// They may go. Absorbing for one drain.
    Released,
}

/// Why daemons were released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseReason {
    /// Every holding task was seen STOPPED.
    Drained,
    /// The deadline passed.
    Deadline,
    /// An operator said so.
    Operator,
    /// The container instance became ACTIVE again.
    Cancelled,
    /// The agent was lost for too long; its tasks are phantoms.
    AgentLost,
}

impl ReleaseReason {
    /// Did something else than the tasks end the hold?
    #[must_use]
    pub fn is_forced(self) -> bool {
        !matches!(self, ReleaseReason::Drained | ReleaseReason::Cancelled)
    }
}

/// Tasks of one group that hold the instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldBy {
    /// The task group, for example `service:web` or `family:batch`.
    pub group: String,
    /// How many of its tasks hold.
    pub count: u32,
    /// The status that the most of them are in.
    pub last_status: String,
    /// How many of them task scale-in protection keeps alive, as far as that was asked for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub protected: u32,
}

pub(crate) fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// The lifecycle hook of ours that waits for this instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lifecycle {
    /// The Auto Scaling group of the instance.
    pub auto_scaling_group_name: AutoScalingGroupName,
    /// The hook that waits.
    pub lifecycle_hook_name: LifecycleHookName,
    /// The token of this waiting; absent if the hook was found by the tick and not announced by its event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle_action_token: Option<LifecycleActionToken>,
    /// The hook's own `HeartbeatTimeout`, in seconds.
    pub heartbeat_seconds: u32,
    /// When the hook's heartbeat clock was last known to start anew.
    pub heartbeat_at: Timestamp,
    /// When Auto Scaling ends the wait whatever we do: min(48 h, 100 × heartbeat timeout) after it began.
    pub global_deadline_at: Timestamp,
}

impl Lifecycle {
    /// Is it the same hook of the same group?
    #[must_use]
    pub fn is_of(&self, other: &Lifecycle) -> bool {
        (&self.auto_scaling_group_name, &self.lifecycle_hook_name)
            == (&other.auto_scaling_group_name, &other.lifecycle_hook_name)
    }
}

/// The whole record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Hold or release.
    pub state: State,
    /// Number of holding tasks when last observed.
    pub remaining: u32,
    /// Why released; absent while holding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ReleaseReason>,
    /// Whose record this is.
    pub ec2_instance_id: InstanceId,
    /// Whose record this is, in its present life: it changes when the same EC2 instance registers anew.
    pub container_instance_arn: ContainerInstanceArn,
    /// Other registrations of the same EC2 instance in the cluster: the drain is theirs too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_registrations: Vec<ContainerInstanceArn>,
    /// Names this drain: the lifecycle action token, or one made when there is none.
    pub drain_id: String,
    /// When the drain began.
    pub started_at: Timestamp,
    /// When this text was made.
    pub updated_at: Timestamp,
    /// When the daemons are released at the latest.
    pub deadline_at: Timestamp,
    /// When they were released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Timestamp>,
    /// How often a sidecar should read, in seconds.
    pub poll_seconds: u32,
    /// No release as drained comes before this, so until then a sidecar need not read. Whatever else releases, such as an
    /// order, may come earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_not_before: Option<Timestamp>,
    /// Who holds, the largest groups first.
    #[serde(default)]
    pub held_by: Vec<HeldBy>,
    /// Daemon services that may go already.
    #[serde(default)]
    pub released_services: Vec<ServiceName>,
    /// The hook of ours that waits, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Lifecycle>,
    /// Further hooks of ours that wait for this instance: each is completed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_lifecycles: Vec<Lifecycle>,
    /// When DRAINING was first seen in ECS during this drain: the settle window starts here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draining_confirmed_at: Option<Timestamp>,
    /// How many sidecars read this record while it holds: what `pollSeconds` is reckoned from.
    #[serde(default)]
    pub sidecars: u32,
    /// The release that is under way, tier by tier; absent once all may go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub releasing: Option<Releasing>,
    /// Since when the agent has not been connected, as far as it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_lost_at: Option<Timestamp>,
    /// When the agent was last seen not to be connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_away_at: Option<Timestamp>,
    /// Since when the container instance has been seen ACTIVE again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_since: Option<Timestamp>,
    /// When EC2 said that it takes this Spot instance back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spot_notice_at: Option<Timestamp>,
    /// When a protected daemon ended although tasks held: the hold did not protect it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daemons_gone_at: Option<Timestamp>,
    /// Daemons that were seen to run without the protection of their sidecar: at most [`UNPROTECTED_MAX`]. It only grows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unprotected: Vec<UnprotectedDaemon>,
    /// Daemons that had not stopped when the drain was over: they had had their time, or had never heard of the release.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub daemons_left: u32,
    /// Who was waited for so far.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waited: Vec<Waited>,
    /// AWS calls that the coordinator has made for this drain, up to the last write.
    #[serde(default)]
    pub calls: u32,
    /// When the receipt was written: the drain is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_at: Option<Timestamp>,
    /// The last order of an operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered: Option<Ordered>,
}

/// A release that goes tier by tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Releasing {
    /// Why the daemons may go.
    pub reason: ReleaseReason,
    /// The tier that goes now, from 0; those before it are gone or had their time.
    pub tier: u32,
    /// Since when it may go.
    pub since: Timestamp,
}

/// A group that was waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waited {
    /// The task group.
    pub group: String,
    /// The most of its tasks that held at one time.
    pub count: u32,
    /// When none of them held any more; absent while some do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// An operator's order, as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ordered {
    /// `release`, `hold` or `extend`.
    pub command: String,
    /// Who ordered it.
    pub who: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

/// So much of what an operator writes is kept, as JSON has it: the record has 4 KB for everything.
const ORDER_TEXT_BYTES: usize = 200;

/// A text of an operator, in no more than [`ORDER_TEXT_BYTES`] of the record; one that was cut ends with [`CUT_MARK`].
fn order_text(text: &str) -> String {
    if chars_within(text, ORDER_TEXT_BYTES) == text.chars().count() {
        return text.to_owned();
    }
    let kept = chars_within(text, ORDER_TEXT_BYTES - CUT_MARK.len_utf8());
    text.chars().take(kept).chain([CUT_MARK]).collect()
}

/// How many characters of `text` JSON writes in no more than `max` bytes.
fn chars_within(text: &str, max: usize) -> usize {
    let bytes = text.chars().scan(0, |sum, c| {
        *sum += match c {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            '\0'..'\u{20}' | '{' | '}' => "\\u0000".len(),
            _ => c.len_utf8(),
        };
        Some(*sum)
    });
    bytes.take_while(|sum| *sum <= max).count()
}

impl Ordered {
    /// Remembers `command`, given at `at`.
    #[must_use]
    pub fn new(command: &Command, at: Timestamp) -> Self {
        Self {
            command: command.order.name().to_owned(),
            who: order_text(&command.who),
            why: order_text(&command.why),
            at,
        }
    }
}

/// Why a parameter's value is not a record. Never a reason to release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The text is not JSON, or a field is missing or of the wrong type: what, in words of bounded length.
    #[error("unreadable record: {0}")]
    Unreadable(String),
    /// Another version of this software wrote it.
    #[error("record has schema {0}, this version reads {SCHEMA}")]
    UnknownSchema(u64),
}

/// The record does not fit into a standard parameter even without its lists.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record has {bytes} bytes, a standard parameter holds {RECORD_BYTES_MAX}")]
pub struct TooLarge {
    /// Size of the text.
    pub bytes: usize,
}

/// JSON without a brace in any text: SSM takes `{{` in a value for a reference to another parameter, and refuses it
/// (`PutParameter`, `Value`). Task groups and orders are the texts of others, and may hold anything.
struct WithoutBraces;

impl Formatter for WithoutBraces {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        for part in text.split_inclusive(['{', '}']) {
            match part.strip_suffix(['{', '}']) {
                Some(rest) if part.ends_with('{') => write!(writer, "{rest}\\u007b")?,
                Some(rest) => write!(writer, "{rest}\\u007d")?,
                None => writer.write_all(part.as_bytes())?,
            }
        }
        Ok(())
    }
}

/// The record as a parameter's value; empty if it cannot be written, which no record is.
fn parameter_text(record: &Record) -> String {
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, WithoutBraces);
    match record.serialize(&mut serializer) {
        Ok(()) => String::from_utf8(text).unwrap_or_default(),
        Err(_) => String::new(),
    }
}

/// Reads a text that names its schema, which is looked at first: another schema may have other fields.
pub(crate) fn decode_versioned<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, DecodeError> {
    #[derive(Deserialize)]
    struct Versioned {
        schema: u64,
    }
    let unreadable = |e: serde_json::Error| DecodeError::Unreadable(cut(&e.to_string(), MESSAGE_CHARS_MAX));
    let Versioned { schema } = serde_json::from_str(text).map_err(unreadable)?;
    if schema != u64::from(SCHEMA) {
        return Err(DecodeError::UnknownSchema(schema));
    }
    serde_json::from_str(text).map_err(unreadable)
}

impl Record {
    /// Makes the parameter's value. Lists are cut if the text would not fit: first what only the receipt tells, last what
    /// decides.
    ///
    /// # Errors
    /// [`TooLarge`] if even the bare record does not fit, which needs names beyond what AWS allows.
    pub fn encode(&self) -> Result<String, TooLarge> {
        let mut record = self.clone();
        record.held_by.truncate(HELD_BY_MAX);
        loop {
            let text = parameter_text(&record);
            if (1..=RECORD_BYTES_MAX).contains(&text.len()) {
                return Ok(text);
            }
            let cut = record.waited.pop().is_some()
                || record.held_by.pop().is_some()
                || record.unprotected.pop().is_some()
                || record.released_services.pop().is_some();
            if !cut {
                return Err(TooLarge { bytes: text.len() });
            }
        }
    }

    /// Reads a parameter's value.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        decode_versioned(text)
    }

    /// The record of a drain that begins, as long as nothing else is known of it than this.
    #[must_use]
    pub fn first(
        instance: InstanceId,
        registration: ContainerInstanceArn,
        drain_id: String,
        started_at: Timestamp,
        deadline_at: Timestamp,
        poll_seconds: u32,
    ) -> Record {
        Record {
            schema: SCHEMA,
            state: State::Holding,
            remaining: 0,
            reason: None,
            ec2_instance_id: instance,
            container_instance_arn: registration,
            other_registrations: Vec::new(),
            drain_id,
            started_at,
            updated_at: started_at,
            deadline_at,
            released_at: None,
            poll_seconds,
            release_not_before: None,
            held_by: Vec::new(),
            released_services: Vec::new(),
            lifecycle: None,
            other_lifecycles: Vec::new(),
            draining_confirmed_at: None,
            sidecars: 0,
            releasing: None,
            agent_lost_at: None,
            agent_away_at: None,
            active_since: None,
            spot_notice_at: None,
            daemons_gone_at: None,
            daemons_left: 0,
            unprotected: Vec::new(),
            waited: Vec::new(),
            calls: 0,
            receipt_at: None,
            ordered: None,
        }
    }

    /// What both of two texts of one drain know: SSM has no compare-and-swap, so a writer may have written over what
    /// another had just said. `self` is the later text. A release stays, and so do the hook, the receipt and the last
    /// order. Of two drains the one that began later counts: a writer may have waited long with what it knew.
    #[must_use]
    pub fn merged(mut self, overwritten: &Record) -> Record {
        if self.began_with(overwritten) {
            let named = if overwritten.lifecycle.is_some() {
                overwritten
            } else {
                &self
            };
            (self.drain_id, self.started_at) = (named.drain_id.clone(), named.started_at);
        } else if self.drain_id != overwritten.drain_id {
            return if overwritten.started_at > self.started_at {
                overwritten.clone()
            } else {
                self
            };
        }
        if self.spot_notice_at.is_none() && overwritten.spot_notice_at.is_some() {
            self.spot_notice_at = overwritten.spot_notice_at;
            self.deadline_at = self.deadline_at.min(overwritten.deadline_at);
        }
        self.receipt_at = self.receipt_at.or(overwritten.receipt_at);
        self.daemons_gone_at = self.daemons_gone_at.or(overwritten.daemons_gone_at);
        self.note_unprotected(&overwritten.unprotected);
        if overwritten.is_released() && !self.is_released() {
            self.state = overwritten.state;
            self.reason = overwritten.reason;
            self.released_at = overwritten.released_at;
            self.releasing = None;
        }
        for lifecycle in overwritten.lifecycles() {
            self.add_lifecycle(lifecycle.clone());
        }
        let ordered_at = |record: &Record| record.ordered.as_ref().map(|ordered| ordered.at);
        if ordered_at(overwritten) > ordered_at(&self) {
            self.ordered.clone_from(&overwritten.ordered);
            self.deadline_at = overwritten.deadline_at;
        }
        self
    }

    /// Remembers daemons that were seen unprotected, each service once for each reason.
    pub fn note_unprotected(&mut self, seen: &[UnprotectedDaemon]) {
        for daemon in seen {
            if self.unprotected.len() < UNPROTECTED_MAX && !self.unprotected.contains(daemon) {
                self.unprotected.push(daemon.clone());
            }
        }
    }

    /// Are these two texts of one drain that two runs have begun at the same moment, each with a name of its own? Two
    /// hooks have two tokens, and so are two drains.
    fn began_with(&self, other: &Record) -> bool {
        self.drain_id != other.drain_id
            && self.container_instance_arn == other.container_instance_arn
            && !(self.is_released() || other.is_released())
            && !(self.lifecycle.is_some() && other.lifecycle.is_some())
            && self.started_at.duration_since(other.started_at).abs() <= BEGUN_TOGETHER
    }

    /// The registrations that the drain is of.
    pub fn registrations(&self) -> impl Iterator<Item = &ContainerInstanceArn> {
        std::iter::once(&self.container_instance_arn).chain(&self.other_registrations)
    }

    /// Is the drain of this registration?
    #[must_use]
    pub fn names(&self, arn: &ContainerInstanceArn) -> bool {
        self.registrations().any(|named| named == arn)
    }

    /// The hooks of ours that wait for this instance.
    pub fn lifecycles(&self) -> impl Iterator<Item = &Lifecycle> {
        self.lifecycle.iter().chain(&self.other_lifecycles)
    }

    /// The same, to be changed.
    pub fn lifecycles_mut(&mut self) -> impl Iterator<Item = &mut Lifecycle> {
        self.lifecycle.iter_mut().chain(&mut self.other_lifecycles)
    }

    /// The drain learns of a hook that waits.
    pub fn add_lifecycle(&mut self, lifecycle: Lifecycle) {
        if self.lifecycles().any(|known| known.is_of(&lifecycle)) {
            return;
        }
        match self.lifecycle {
            None => self.lifecycle = Some(lifecycle),
            Some(_) => self.other_lifecycles.push(lifecycle),
        }
    }

    /// Has this drain let its daemons go?
    #[must_use]
    pub fn is_released(&self) -> bool {
        self.state == State::Released
    }
}

/// What every parameter name of ours starts with, for example `/ecs-daemon-protector`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParameterPrefix(String);

/// The default prefix.
pub const DEFAULT_PREFIX: &str = "/ecs-daemon-protector";

/// SSM allows 15 levels (`PutParameter`); cluster and instance take two of them.
const PREFIX_LEVELS_MAX: usize = 13;

impl Default for ParameterPrefix {
    fn default() -> Self {
        Self(DEFAULT_PREFIX.to_owned())
    }
}

impl std::str::FromStr for ParameterPrefix {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let trimmed = text.strip_suffix('/').unwrap_or(text);
        let levels: Vec<&str> = trimmed.split('/').collect();
        let named = |level: &&str| {
            !level.is_empty()
                && level
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
        };
        let first = levels.get(1).map(|l| l.to_ascii_lowercase()).unwrap_or_default();
        let reserved = first.starts_with("aws") || first.starts_with("ssm");
        let valid = levels.first() == Some(&"")
            && (2..=PREFIX_LEVELS_MAX + 1).contains(&levels.len())
            && levels.iter().skip(1).all(named)
            && !reserved
            && trimmed.len() <= 512;
        if valid {
            Ok(Self(trimmed.to_owned()))
        } else {
            Err(InvalidId {
                value: cut(text, QUOTED_CHARS_MAX),
                expected: "a parameter prefix such as /ecs-daemon-protector (letters, digits, _ . - and /, not starting with aws or ssm)",
            })
        }
    }
}

impl std::fmt::Display for ParameterPrefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl ParameterPrefix {
    /// The name of an instance's parameter.
    #[must_use]
    pub fn record_name(&self, key: &InstanceKey) -> String {
        format!("{}/{}/{}", self.0, key.cluster, key.instance)
    }

    /// The name of the kill switch's parameter.
    #[must_use]
    pub fn control_name(&self) -> String {
        format!("{}/control", self.0)
    }

    /// Whose record a parameter is, or nothing if its name is not one of ours.
    #[must_use]
    pub fn key_of(&self, name: &str) -> Option<InstanceKey> {
        let (cluster, instance) = name.strip_prefix(&self.0)?.strip_prefix('/')?.split_once('/')?;
        Some(InstanceKey {
            cluster: cluster.parse::<ClusterName>().ok()?,
            instance: instance.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests;
