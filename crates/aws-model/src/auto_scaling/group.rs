//! A group.

use super::CLUSTER_TAG;
use super::activity::Activity;
use super::hook::Hook;
use super::instance::Instance;
use super::tags::Tag;
use crate::time::seconds;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) created: Timestamp,
    /// How many instances it has at least, at most, and is to have now.
    pub(super) size: Size,
    /// The availability zones that its instances use in rotation; never empty.
    pub(super) zones: Vec<String>,
    /// Whether new instances are protected from scale-in.
    pub(super) protect_new: bool,
    /// How many instances it has ever launched.
    pub(super) launched: u64,
    /// By key.
    pub(super) tags: BTreeMap<String, Tag>,
    /// By name.
    pub(super) hooks: BTreeMap<String, Hook>,
    /// By EC2 id.
    pub(super) instances: BTreeMap<String, Instance>,
    /// What it has done, the newest first.
    pub(super) activities: VecDeque<Activity>,
    /// How many activities it has ever had.
    pub(super) acted: u64,
}

/// How large a group is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    /// `MinSize`.
    pub(super) min: i64,
    /// `MaxSize`.
    pub(super) max: i64,
    /// `DesiredCapacity`.
    pub(super) desired: i64,
}

impl Group {
    /// The cluster to which its instances belong.
    pub(super) fn cluster(&self) -> Option<&str> {
        self.tags.get(CLUSTER_TAG).map(|tag| tag.value.as_str())
    }

    /// The zone of the instance with this number: the zones are used in rotation.
    pub(super) fn zone_of(&self, number: u64) -> String {
        let index = usize::try_from(number)
            .unwrap_or_default()
            .checked_rem(self.zones.len());
        index
            .and_then(|index| self.zones.get(index))
            .cloned()
            .unwrap_or_default()
    }

    /// The instances that are not on their way out, in the order of their launch.
    pub(super) fn staying(&self) -> Vec<&Instance> {
        let mut staying: Vec<_> = self
            .instances
            .values()
            .filter(|one| !one.state.is_leaving())
            .collect();
        staying.sort_by_key(|instance| instance.number);
        staying
    }

    /// `AutoScalingGroup` of the API.
    pub(super) fn view(&self, with_instances: bool) -> Value {
        let mut instances: Vec<_> = self.instances.values().filter(|_| with_instances).collect();
        instances.sort_by_key(|instance| instance.number);
        json!({
            "AutoScalingGroupName": self.name,
            "AutoScalingGroupARN": self.arn,
            "MinSize": self.size.min,
            "MaxSize": self.size.max,
            "DesiredCapacity": self.size.desired,
            "DefaultCooldown": 300,
            "AvailabilityZones": self.zones,
            "HealthCheckType": "EC2",
            "HealthCheckGracePeriod": 0,
            "CreatedTime": seconds(self.created),
            "NewInstancesProtectedFromScaleIn": self.protect_new,
            "Tags": self.tags.values().map(|tag| tag.view(&self.name)).collect::<Vec<_>>(),
            "Instances": instances.into_iter().map(Instance::view).collect::<Vec<_>>(),
        })
    }
}
