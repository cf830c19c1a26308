//! Instances of groups: terminating, protecting, describing them.

use super::group::{Group, Size};
use super::outbox::Outbox;
use super::{AutoScaling, invalid, lifecycle, missing, pages, size};
use crate::ApiError;
use crate::constraints::at_most_items;
use crate::params::Params;
use crate::time::seconds;
use jiff::Timestamp;
use serde_json::{Value, json};

/// `DescribeAutoScalingInstances` and `SetInstanceProtection` take so many ids.
const IDS_MAX: usize = 50;

impl AutoScaling {
    /// Terminates an instance, by way of the hooks. It is replaced unless the desired capacity goes down.
    pub(super) fn terminate_instance(
        &mut self,
        now: Timestamp,
        params: Params<'_>,
    ) -> Result<Value, ApiError> {
        let id = params.text("InstanceId").ok_or_else(|| missing("instanceId"))?;
        let decrement = params.0["ShouldDecrementDesiredCapacity"].as_bool();
        let decrement = decrement.ok_or_else(|| missing("shouldDecrementDesiredCapacity"))?;
        let group = self
            .groups
            .values_mut()
            .find(|group| group.instances.contains_key(id));
        let group = group.ok_or_else(|| {
            invalid(format!(
                "Instance Id not found - No managed instance found for instance ID: {id}"
            ))
        })?;
        check_terminable(group, id, decrement)?;
        if decrement {
            group.size.desired -= 1;
        }
        lifecycle::terminate(now, group, &mut self.out, id);
        size::reconcile(now, group, &mut self.out);
        Ok(json!({"Activity": activity(now, group, &mut self.out, id)}))
    }

    /// Makes instances safe from scale-in, or no longer.
    pub(super) fn set_instance_protection(&mut self, params: Params<'_>) -> Result<Value, ApiError> {
        let ids = params.texts("InstanceIds");
        at_most_items(&ids, "instanceIds", IDS_MAX).map_err(invalid)?;
        let protected = params.0["ProtectedFromScaleIn"].as_bool();
        let protected = protected.ok_or_else(|| missing("protectedFromScaleIn"))?;
        let (group, _) = self.group_mut(params)?;
        if let Some(foreign) = ids.iter().find(|id| !group.instances.contains_key(**id)) {
            let name = &group.name;
            return Err(invalid(format!(
                "The instance {foreign} is not part of Auto Scaling group {name}."
            )));
        }
        for id in ids {
            group
                .instances
                .entry(id.to_owned())
                .and_modify(|instance| instance.protected = protected);
        }
        Ok(json!({}))
    }

    /// A page of the instances of all groups, all or those that are named. Unknown ones are left out.
    pub(super) fn describe_instances(&self, params: Params<'_>) -> Result<Value, ApiError> {
        let ids = params.texts("InstanceIds");
        at_most_items(&ids, "instanceIds", IDS_MAX).map_err(invalid)?;
        let mut all: Vec<_> = self
            .groups
            .values()
            .flat_map(|group| group.instances.values().map(move |instance| (group, instance)))
            .filter(|(_, instance)| ids.is_empty() || ids.contains(&instance.id.as_str()))
            .collect();
        all.sort_by_key(|(_, instance)| instance.id.as_str());
        let items = all
            .into_iter()
            .map(|(group, one)| (one.id.as_str(), move || one.details(&group.name)));
        pages::page(params, "AutoScalingInstances", items, pages::INSTANCES_MAX)
    }
}

fn check_terminable(group: &Group, id: &str, decrement: bool) -> Result<(), ApiError> {
    let Size { min, desired, .. } = group.size;
    if let Some(leaving) = group
        .instances
        .get(id)
        .filter(|instance| instance.state.is_leaving())
    {
        return Err(invalid(format!(
            "The instance {id} is already {}.",
            leaving.state
        )));
    }
    match decrement && desired <= min {
        true => Err(invalid(format!(
            "Currently, desiredSize equals minSize ({min}). Terminating instance without replacement will violate \
             group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's \
             min size."
        ))),
        false => Ok(()),
    }
}

/// `Activity` of the API.
fn activity(now: Timestamp, group: &Group, out: &mut Outbox, id: &str) -> Value {
    let zone = group
        .instances
        .get(id)
        .map(|instance| instance.zone.as_str())
        .unwrap_or_default();
    json!({
        "ActivityId": out.ids.uuid(),
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "Description": format!("Terminating EC2 instance: {id}"),
        "Cause": format!("At {now} instance {id} was taken out of service in response to a user request."),
        "StartTime": seconds(now),
        "StatusCode": "InProgress",
        "Progress": 0,
        "Details": json!({"Availability Zone": zone}).to_string(),
    })
}
