//! The record is one SSM parameter for each draining instance, the only thing that coordinator and sidecar share.
//!
//! Its fields are here, and what they consist of in `group`, `lifecycle`, `ordered` and `release`; its text is in
//! `codec`, its merge in `merge`, its name in `name`.
//!
//! This module alone knows the parameter's name and text. Times are RFC 3339 in UTC, field names camelCase.
//! A reader ignores fields that it does not know and refuses a `schema` that it does not know.

mod codec;
mod group;
mod lifecycle;
mod merge;
mod name;
mod ordered;
mod release;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{ClusterName, ContainerInstanceArn, InstanceId, ServiceName};
use crate::limits::{OTHER_CLUSTERS_MAX, UNPROTECTED_MAX};
use crate::unprotected::UnprotectedDaemon;

pub use codec::{DecodeError, TooLarge};
pub(crate) use codec::{decode_versioned, parameter_text};
pub(crate) use group::is_zero;
pub use group::{HeldBy, Waited};
pub use lifecycle::Lifecycle;
pub use name::{DEFAULT_PREFIX, ParameterPrefix};
pub use ordered::Ordered;
pub use release::{ReleaseReason, Releasing};

/// The only schema there is so far.
pub const SCHEMA: u32 = 1;

/// What the name of a drain begins with of which only a shared record is known.
pub(crate) const SHARED_DRAIN: &str = "shared-";

/// Whether the daemons of the instance are kept alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The daemons are kept alive.
    Holding,
    /// They may go. Absorbing for one drain.
    Released,
}

/// What the record of one instance says of its drain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The schema of the text: [`SCHEMA`].
    pub schema: u32,
    /// Whether the daemons are kept alive.
    pub state: State,
    /// Number of holding tasks when last observed.
    pub remaining: u32,
    /// Why released; absent while holding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ReleaseReason>,
    /// The instance that the record describes.
    pub ec2_instance_id: InstanceId,
    /// The registration of the instance in its present life: it changes when the same EC2 instance registers again.
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
    /// When the daemons were released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Timestamp>,
    /// How often a sidecar should read, in seconds.
    pub poll_seconds: u32,
    /// No release as drained comes before this, so until then a sidecar need not read. Whatever else releases, such as
    /// an order, may come earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_not_before: Option<Timestamp>,
    /// The groups that hold, the largest first.
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
    /// Other clusters in which the same instance is registered: the hooks wait for the drains in all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_clusters: Vec<ClusterName>,
    /// When DRAINING was first seen in ECS during this drain: the settle window starts here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draining_confirmed_at: Option<Timestamp>,
    /// How many sidecars read this record while it holds: `pollSeconds` is computed from this.
    #[serde(default)]
    pub sidecars: u32,
    /// The release that is in progress, tier by tier; absent once all may go.
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
    /// Daemons that were seen to run without the protection of their sidecar: at most [`UNPROTECTED_MAX`]. It only
    /// grows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unprotected: Vec<UnprotectedDaemon>,
    /// Daemons that had not stopped when the drain was over: they had had their time, or had never read the release.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub daemons_left: u32,
    /// The groups that were waited for so far.
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

impl Record {
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
            other_clusters: Vec::new(),
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

    /// Remembers daemons that were seen unprotected, each service once for each reason.
    pub fn note_unprotected(&mut self, seen: &[UnprotectedDaemon]) {
        for daemon in seen {
            if self.unprotected.len() < UNPROTECTED_MAX && !self.unprotected.contains(daemon) {
                self.unprotected.push(daemon.clone());
            }
        }
    }

    /// The registrations that the drain is of.
    pub fn registrations(&self) -> impl Iterator<Item = &ContainerInstanceArn> {
        std::iter::once(&self.container_instance_arn).chain(&self.other_registrations)
    }

    /// Returns whether the drain is of this registration.
    #[must_use]
    pub fn names(&self, arn: &ContainerInstanceArn) -> bool {
        self.registrations().any(|named| named == arn)
    }

    /// The hooks of ours that wait for this instance.
    pub fn lifecycles(&self) -> impl Iterator<Item = &Lifecycle> {
        self.lifecycle.iter().chain(&self.other_lifecycles)
    }

    /// The hooks of ours that wait for this instance, to be changed.
    pub fn lifecycles_mut(&mut self) -> impl Iterator<Item = &mut Lifecycle> {
        self.lifecycle.iter_mut().chain(&mut self.other_lifecycles)
    }

    /// Notes that the heartbeat clock of a hook was restarted at this time, if the record has the hook.
    pub fn note_heartbeat(&mut self, hook: &Lifecycle, at: Timestamp) {
        let known = self.lifecycles_mut().find(|known| known.is_of(hook));
        known.into_iter().for_each(|known| known.heartbeat_at = at);
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

    /// The drain learns of another cluster in which its instance is registered. What is beyond
    /// [`OTHER_CLUSTERS_MAX`] is left out.
    pub fn add_cluster(&mut self, cluster: &ClusterName) {
        if !self.other_clusters.contains(cluster) && self.other_clusters.len() < OTHER_CLUSTERS_MAX {
            self.other_clusters.push(cluster.clone());
        }
    }

    /// Returns whether this drain has ended, and its instance has been in service since: what comes next is another drain.
    #[must_use]
    pub fn is_outlived(&self) -> bool {
        self.is_released() && self.receipt_at.is_some() && self.active_since.is_some()
    }

    /// The same, once its drain is known to have ended, and its instance to be in service again at this time.
    #[must_use]
    pub fn outlived(self, at: Timestamp) -> Record {
        Record {
            updated_at: at,
            receipt_at: self.receipt_at.or(Some(at)),
            active_since: self.active_since.or(Some(at)),
            ..self
        }
    }

    /// Returns whether of this drain only that is known which a shared record says. It does not say whether a hook waits.
    #[must_use]
    pub fn is_reported_only(&self) -> bool {
        self.drain_id.starts_with(SHARED_DRAIN)
    }

    /// Returns whether this drain has released its daemons.
    #[must_use]
    pub fn is_released(&self) -> bool {
        self.state == State::Released
    }
}

#[cfg(test)]
mod tests;
