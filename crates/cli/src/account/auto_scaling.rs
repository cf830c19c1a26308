//! Auto Scaling: instances, groups, hooks and activities.

use super::Account;
use super::time::at;
use aws_sdk_autoscaling::types;
use protector_core::ids::{AutoScalingGroupName, InstanceId};
use protector_core::limits::{DESCRIBE_GROUPS_MAX, DESCRIBE_SCALING_INSTANCES_MAX};
use protector_diagnosis::read::Reading;
use protector_diagnosis::seen::{Activity, LifecycleHook, ScalingGroup, ScalingInstance};

/// So many activities tell what has gone wrong lately.
const ACTIVITIES: i32 = 20;

impl Account {
    /// What Auto Scaling says of instances; one of no group is left out.
    pub(crate) async fn scaling_instances(&self, instances: &[InstanceId]) -> Reading<Vec<ScalingInstance>> {
        let mut found = Vec::new();
        for chunk in instances.chunks(DESCRIBE_SCALING_INSTANCES_MAX) {
            let request = self
                .auto_scaling
                .describe_auto_scaling_instances()
                .set_instance_ids(Some(chunk.iter().map(ToString::to_string).collect()));
            let answer = self
                .call("autoscaling:DescribeAutoScalingInstances", request.send())
                .await?;
            let described = answer.auto_scaling_instances.unwrap_or_default();
            found.extend(described.into_iter().filter_map(|one| {
                Some(ScalingInstance {
                    instance: one.instance_id?.parse().ok()?,
                    group: one.auto_scaling_group_name?.parse().ok()?,
                    lifecycle_state: one.lifecycle_state.unwrap_or_default(),
                })
            }));
        }
        Ok(found)
    }

    /// A group, if there is one of this name.
    pub(crate) async fn scaling_group(&self, name: &AutoScalingGroupName) -> Reading<Option<ScalingGroup>> {
        let request = self
            .auto_scaling
            .describe_auto_scaling_groups()
            .auto_scaling_group_names(name.as_str());
        let answer = self
            .call("autoscaling:DescribeAutoScalingGroups", request.send())
            .await?;
        Ok(answer
            .auto_scaling_groups
            .unwrap_or_default()
            .into_iter()
            .find_map(group))
    }

    /// Groups by name, each with whether it is asked to launch Spot instances.
    pub(crate) async fn scaling_groups(
        &self,
        names: &[AutoScalingGroupName],
    ) -> Reading<Vec<(ScalingGroup, bool)>> {
        let mut found = Vec::new();
        for chunk in names.chunks(DESCRIBE_GROUPS_MAX) {
            let request = self
                .auto_scaling
                .describe_auto_scaling_groups()
                .set_auto_scaling_group_names(Some(chunk.iter().map(ToString::to_string).collect()));
            let answer = self
                .call("autoscaling:DescribeAutoScalingGroups", request.send())
                .await?;
            let described = answer.auto_scaling_groups.unwrap_or_default().into_iter();
            found.extend(described.filter_map(|one| {
                let has_spot = has_spot(&one);
                Some((group(one)?, has_spot))
            }));
        }
        Ok(found)
    }

    pub(crate) async fn lifecycle_hooks(&self, group: &AutoScalingGroupName) -> Reading<Vec<LifecycleHook>> {
        let request = self
            .auto_scaling
            .describe_lifecycle_hooks()
            .auto_scaling_group_name(group.as_str());
        let answer = self
            .call("autoscaling:DescribeLifecycleHooks", request.send())
            .await?;
        Ok(answer
            .lifecycle_hooks
            .unwrap_or_default()
            .into_iter()
            .filter_map(hook)
            .collect())
    }

    /// The newest scaling activities of a group.
    pub(crate) async fn activities(&self, group: &AutoScalingGroupName) -> Reading<Vec<Activity>> {
        let request = self
            .auto_scaling
            .describe_scaling_activities()
            .auto_scaling_group_name(group.as_str())
            .max_records(ACTIVITIES);
        let answer = self
            .call("autoscaling:DescribeScalingActivities", request.send())
            .await?;
        let activities = answer.activities.unwrap_or_default().into_iter();
        Ok(activities
            .filter_map(|activity| {
                Some(Activity {
                    status: activity
                        .status_code
                        .map(|code| code.as_str().to_owned())
                        .unwrap_or_default(),
                    message: activity.status_message,
                    description: activity.description.unwrap_or_default(),
                    started_at: at(activity.start_time.as_ref())?,
                })
            })
            .collect())
    }
}

/// A launch template may ask for Spot instances too; only EC2 tells that.
fn has_spot(group: &types::AutoScalingGroup) -> bool {
    let policy = group.mixed_instances_policy.as_ref();
    let distribution = policy.and_then(|policy| policy.instances_distribution.as_ref());
    let on_demand = distribution.and_then(|one| one.on_demand_percentage_above_base_capacity);
    on_demand.is_some_and(|percent| percent < 100)
}

fn count(number: Option<i32>) -> u32 {
    number
        .and_then(|number| u32::try_from(number).ok())
        .unwrap_or_default()
}

fn group(group: types::AutoScalingGroup) -> Option<ScalingGroup> {
    let instances = group.instances.unwrap_or_default().into_iter();
    Some(ScalingGroup {
        name: group.auto_scaling_group_name?.parse().ok()?,
        minimum: count(group.min_size),
        maximum: count(group.max_size),
        desired: count(group.desired_capacity),
        instances: instances
            .filter_map(|one| one.instance_id?.parse().ok())
            .collect(),
        protects_from_scale_in: group.new_instances_protected_from_scale_in.unwrap_or_default(),
        has_warm_pool: group.warm_pool_configuration.is_some(),
    })
}

fn hook(hook: types::LifecycleHook) -> Option<LifecycleHook> {
    Some(LifecycleHook {
        name: hook.lifecycle_hook_name?.parse().ok()?,
        terminates: hook.lifecycle_transition.as_deref() == Some("autoscaling:EC2_INSTANCE_TERMINATING"),
        heartbeat_timeout: count(hook.heartbeat_timeout),
        default_result: hook.default_result.unwrap_or_default(),
    })
}
