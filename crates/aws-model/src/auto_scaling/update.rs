//! Changing and describing groups.

use super::group::Size;
use super::{AutoScaling, invalid, pages, size};
use crate::ApiError;
use crate::params::Params;
use jiff::Timestamp;
use serde_json::{Value, json};

impl AutoScaling {
    /// Changes what the input names. The desired capacity follows new bounds, if it is not given itself.
    pub(super) fn update_group(&mut self, now: Timestamp, params: Params<'_>) -> Result<Value, ApiError> {
        let (group, out) = self.group_mut(params)?;
        let min = params.number("MinSize").unwrap_or(group.size.min);
        let max = params.number("MaxSize").unwrap_or(group.size.max);
        let follow = || group.size.desired.max(min).min(max);
        let desired = params.number("DesiredCapacity").unwrap_or_else(follow);
        group.size = size::checked(Size { min, max, desired }).map_err(invalid)?;
        if let Some(protect) = params.0["NewInstancesProtectedFromScaleIn"].as_bool() {
            group.protect_new = protect;
        }
        size::reconcile(now, group, out);
        Ok(json!({}))
    }

    pub(super) fn set_desired_capacity(
        &mut self,
        now: Timestamp,
        params: Params<'_>,
    ) -> Result<Value, ApiError> {
        let (group, out) = self.group_mut(params)?;
        let desired = params
            .number("DesiredCapacity")
            .ok_or_else(|| super::missing("desiredCapacity"))?;
        let Size { min, max, .. } = group.size;
        if desired > max {
            let message = "is above max value";
            return Err(invalid(format!(
                "New SetDesiredCapacity value {desired} {message} {max} for the AutoScalingGroup."
            )));
        }
        if desired < min {
            let message = "is below min value";
            return Err(invalid(format!(
                "New SetDesiredCapacity value {desired} {message} {min} for the AutoScalingGroup."
            )));
        }
        group.size.desired = desired;
        size::reconcile(now, group, out);
        Ok(json!({}))
    }

    /// A page of the groups, all or those that are named.
    pub(super) fn describe_groups(&self, params: Params<'_>) -> Result<Value, ApiError> {
        if !params.list("Filters").is_empty() {
            return Err(invalid("Filters is not served by the local AWS"));
        }
        let names = params.texts("AutoScalingGroupNames");
        let with_instances = params.0["IncludeInstances"].as_bool().unwrap_or(true);
        let asked = self
            .groups
            .values()
            .filter(|group| names.is_empty() || names.contains(&group.name.as_str()));
        let items = asked.map(|group| (group.name.as_str(), move || group.view(with_instances)));
        pages::page(params, "AutoScalingGroups", items, pages::GROUPS_MAX)
    }
}
