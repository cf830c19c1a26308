//! The beacon is the parameter `<prefix>/coordinator`, by which a person's tool finds the coordinator, learns its
//! settings and sees when it last ran.
//!
//! The tick writes it; no decision reads it. A reader ignores fields that it does not know, and refuses a `schema` that
//! it does not know.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::control::Control;
use crate::ids::{AutoScalingGroupName, ClusterName, LifecycleHookName, ServiceName};
use crate::limits::{BEACON_AGE_MAX, BEACON_INTERVAL, RECORD_BYTES_MAX};
use crate::policy::Policy;
use crate::record::{DecodeError, SCHEMA, TooLarge, decode_versioned, parameter_text};
use crate::slot::BeaconNeed;

/// Where the coordinator runs, as far as Lambda and the stack show it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deployment {
    /// Version of the program.
    pub version: String,
    /// The ARN by which it was invoked.
    pub function_arn: Option<String>,
    /// The CloudWatch Logs group of its lines.
    pub log_group: Option<String>,
    /// The queue of events that EventBridge could not deliver.
    pub dead_letter_queue_url: Option<String>,
    /// The queue of events that failed in three runs.
    pub failed_event_queue_url: Option<String>,
}

/// What the coordinator says of itself to the tools of operators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Beacon {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Version of the coordinator.
    pub version: String,
    /// The function that operators invoke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_arn: Option<String>,
    /// The CloudWatch Logs group of the coordinator's lines and receipts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_group: Option<String>,
    /// The queue of events that EventBridge could not deliver, and of failed direct invocations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter_queue_url: Option<String>,
    /// The queue of events that the coordinator could not process in three runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_event_queue_url: Option<String>,
    /// Clusters that are watched; empty: all. Absent: the list did not fit into the parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clusters: Option<Vec<ClusterName>>,
    /// Auto Scaling groups whose hooks are served; empty: any. Absent: the list did not fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<AutoScalingGroupName>>,
    /// Lifecycle hooks that are served; empty: any. Absent: the list did not fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hooks: Option<Vec<LifecycleHookName>>,
    /// The setting `MAX_DRAIN`, written as in the settings.
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::required")]
    pub max_drain: SignedDuration,
    /// The setting `DAEMON_STOP`.
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::required")]
    pub daemon_stop: SignedDuration,
    /// The setting `AGENT_LOST`.
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::required")]
    pub agent_lost: SignedDuration,
    /// Daemon services in the order of their release; empty: all at once. Absent: the list did not fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tiers: Option<Vec<Vec<ServiceName>>>,
    /// The kill switch, as the coordinator last read it.
    pub control: Control,
    /// When the tick that wrote this began.
    pub tick_at: Timestamp,
}

impl Beacon {
    /// What a tick that began at `tick_at` has to say. Lists are left out if the text would not fit into a standard
    /// parameter, the longest first: what is absent is not known, and what is empty means all.
    #[must_use]
    pub fn new(deployment: &Deployment, policy: &Policy, control: Control, tick_at: Timestamp) -> Beacon {
        let whole = Beacon {
            schema: SCHEMA,
            version: deployment.version.clone(),
            function_arn: deployment.function_arn.clone(),
            log_group: deployment.log_group.clone(),
            dead_letter_queue_url: deployment.dead_letter_queue_url.clone(),
            failed_event_queue_url: deployment.failed_event_queue_url.clone(),
            clusters: Some(policy.clusters.clone()),
            groups: Some(policy.auto_scaling_groups.clone()),
            hooks: Some(policy.lifecycle_hooks.clone()),
            max_drain: policy.max_drain,
            daemon_stop: policy.daemon_stop,
            agent_lost: policy.agent_lost,
            tiers: Some(policy.tiers.in_order()),
            control,
            tick_at,
        };
        whole.fitted()
    }

    /// Makes the parameter's value.
    ///
    /// # Errors
    /// [`TooLarge`] if it does not fit without any list, which needs names beyond what AWS allows.
    pub fn encode(&self) -> Result<String, TooLarge> {
        let text = parameter_text(self);
        match text.len() {
            1..=RECORD_BYTES_MAX => Ok(text),
            bytes => Err(TooLarge { bytes }),
        }
    }

    /// Reads a parameter's value.
    pub fn decode(text: &str) -> Result<Beacon, DecodeError> {
        decode_versioned(text)
    }

    /// How much the beacon needs to be written over `known`, the text that the parameter has: once in
    /// [`BEACON_INTERVAL`], or if more than the time has changed. A tick that comes twice writes once.
    #[must_use]
    pub fn need(&self, known: Option<&str>) -> BeaconNeed {
        let Some(Ok(known)) = known.map(Beacon::decode) else {
            return BeaconNeed::Urgent;
        };
        let age = self.tick_at.duration_since(known.tick_at).abs();
        let same = Beacon {
            tick_at: self.tick_at,
            ..known
        };
        match *self == same {
            false => BeaconNeed::Urgent,
            true if age >= BEACON_AGE_MAX => BeaconNeed::Urgent,
            true if age >= BEACON_INTERVAL => BeaconNeed::Usual,
            true => BeaconNeed::None,
        }
    }

    fn fitted(mut self) -> Beacon {
        while parameter_text(&self).len() > RECORD_BYTES_MAX && self.leave_out_the_longest() {}
        self
    }

    /// Leaves out the list that takes the most room. False if none is left.
    fn leave_out_the_longest(&mut self) -> bool {
        let lengths = [
            room(&self.clusters),
            room(&self.groups),
            room(&self.hooks),
            room(&self.tiers),
        ];
        let longest = lengths.into_iter().enumerate().max_by_key(|(_, room)| *room);
        match longest {
            Some((0, 1..)) => self.clusters = None,
            Some((1, 1..)) => self.groups = None,
            Some((2, 1..)) => self.hooks = None,
            Some((_, 1..)) => self.tiers = None,
            _ => return false,
        }
        true
    }
}

/// Bytes that a list takes; 0 if it is absent.
fn room<T: Serialize>(list: &Option<Vec<T>>) -> usize {
    list.as_ref().map_or(0, |list| parameter_text(list).len())
}

/// What the sender of the heartbeats says of its last run: the parameter `<prefix>/heartbeats`.
///
/// Auto Scaling does not say when a hook had its last heartbeat. After a run that was late with none, every hook that
/// waited had its last one within [`crate::heartbeat::interval`] before the run, so a person's tool can compute how long
/// each still waits at least. It is written in runs in which hooks wait, after the heartbeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatsBeacon {
    /// [`SCHEMA`].
    pub schema: u32,
    /// When the run began.
    pub run_at: Timestamp,
    /// How many hooks of ours wait.
    pub waiting: u32,
    /// How many of them may not have had the heartbeat that was due.
    pub late: u32,
}

impl HeartbeatsBeacon {
    /// What a run that began at `run_at` has to say.
    #[must_use]
    pub fn new(run_at: Timestamp, waiting: usize, late: usize) -> HeartbeatsBeacon {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        HeartbeatsBeacon {
            schema: SCHEMA,
            run_at,
            waiting: count(waiting),
            late: count(late),
        }
    }

    /// Makes the parameter's value.
    #[must_use]
    pub fn encode(&self) -> String {
        parameter_text(self)
    }

    /// Reads a parameter's value.
    pub fn decode(text: &str) -> Result<HeartbeatsBeacon, DecodeError> {
        decode_versioned(text)
    }
}

#[cfg(test)]
mod tests;
