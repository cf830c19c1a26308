//! Creating and deleting groups.

use super::group::{Group, Size};
use super::{AutoScaling, group_name, invalid, lifecycle, missing, size, tags};
use crate::ApiError;
use crate::params::{Params, client};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

impl AutoScaling {
    /// Creates a group and launches its instances.
    pub(super) fn create_group(&mut self, now: Timestamp, params: Params<'_>) -> Result<Value, ApiError> {
        let name = group_name(params)?;
        if self.groups.contains_key(name) {
            let message = format!(
                "AutoScalingGroup by this name already exists - A group with the name {name} already exists"
            );
            return Err(client("AlreadyExists", message));
        }
        let mut group = self.group(now, name, params)?;
        size::reconcile(now, &mut group, &mut self.out);
        self.groups.insert(name.to_owned(), group);
        Ok(json!({}))
    }

    /// Deletes a group. With `ForceDelete` its instances go too, without any hook.
    pub(super) fn delete_group(&mut self, now: Timestamp, params: Params<'_>) -> Result<Value, ApiError> {
        let name = group_name(params)?;
        let group = self
            .groups
            .get_mut(name)
            .ok_or_else(|| super::no_such_group(name))?;
        if !group.instances.is_empty() && !params.flag("ForceDelete") {
            let message = "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance \
                           request(s) still in the group.";
            return Err(client("ResourceInUse", message));
        }
        let ids: Vec<_> = group.instances.keys().cloned().collect();
        ids.iter()
            .for_each(|id| lifecycle::force_out(now, group, &mut self.out, id));
        self.groups.remove(name);
        Ok(json!({}))
    }

    fn group(&mut self, now: Timestamp, name: &str, params: Params<'_>) -> Result<Group, ApiError> {
        let (region, account) = (&self.out.region, &self.out.account);
        let zones: Vec<_> = params
            .texts("AvailabilityZones")
            .into_iter()
            .map(str::to_owned)
            .collect();
        let zones = if zones.is_empty() {
            vec![format!("{region}a")]
        } else {
            zones
        };
        let (size, tags) = (new_size(params)?, tags::of_new_group(params)?);
        let id = self.out.ids.uuid();
        Ok(Group {
            name: name.to_owned(),
            arn: format!(
                "arn:aws:autoscaling:{region}:{account}:autoScalingGroup:{id}:autoScalingGroupName/{name}"
            ),
            created: now,
            size,
            zones,
            protect_new: params.flag("NewInstancesProtectedFromScaleIn"),
            launched: 0,
            tags,
            hooks: BTreeMap::new(),
            instances: BTreeMap::new(),
            activities: VecDeque::new(),
            acted: 0,
        })
    }
}

fn new_size(params: Params<'_>) -> Result<Size, ApiError> {
    let min = params.number("MinSize").ok_or_else(|| missing("minSize"))?;
    let max = params.number("MaxSize").ok_or_else(|| missing("maxSize"))?;
    let desired = params.number("DesiredCapacity").unwrap_or(min);
    size::checked(Size { min, max, desired }).map_err(invalid)
}
