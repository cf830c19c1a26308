//! Requests to Auto Scaling.

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::types::AutoScalingGroup;
use protector_core::ids::InstanceId;
use protector_core::limits::DESCRIBE_ACTIVITIES_MAX;
use protector_core::record::Lifecycle;

use super::{failed, moment};
use crate::aws::AwsError;
use crate::aws::api::{ActivityDescription, HookDescription, Page, ScalingDescription};

pub(super) async fn describe_auto_scaling_instances(
    client: &Client,
    instances: Vec<String>,
) -> Result<Vec<ScalingDescription>, AwsError> {
    let request = client
        .describe_auto_scaling_instances()
        .set_instance_ids(Some(instances));
    let answer = request
        .send()
        .await
        .map_err(failed("DescribeAutoScalingInstances"))?;
    let instances = answer.auto_scaling_instances.unwrap_or_default().into_iter();
    let described = instances.filter_map(|instance| {
        Some(ScalingDescription {
            instance: instance.instance_id?,
            group: instance.auto_scaling_group_name?,
            lifecycle_state: instance.lifecycle_state?,
            load_balanced: None,
        })
    });
    Ok(described.collect())
}

pub(super) async fn describe_auto_scaling_groups(
    client: &Client,
    names: Vec<String>,
    token: Option<String>,
) -> Result<Page<ScalingDescription>, AwsError> {
    let request = client
        .describe_auto_scaling_groups()
        .set_auto_scaling_group_names(Some(names))
        .set_next_token(token);
    let answer = request
        .send()
        .await
        .map_err(failed("DescribeAutoScalingGroups"))?;
    let groups = answer.auto_scaling_groups.unwrap_or_default();
    Ok(Page {
        items: groups.iter().flat_map(instances).collect(),
        next_token: answer.next_token,
    })
}

fn instances(group: &AutoScalingGroup) -> impl Iterator<Item = ScalingDescription> {
    group.instances().iter().filter_map(|instance| {
        Some(ScalingDescription {
            instance: instance.instance_id()?.to_owned(),
            group: group.auto_scaling_group_name()?.to_owned(),
            lifecycle_state: instance.lifecycle_state()?.as_str().to_owned(),
            load_balanced: Some(is_load_balanced(group)),
        })
    })
}

/// Returns whether the group registers its instances with anything that deregisters them before their hooks wait. A load
/// balancer of any kind is a traffic source too; the older fields name it beside that.
fn is_load_balanced(group: &AutoScalingGroup) -> bool {
    let balancers = group.load_balancer_names().len() + group.target_group_arns().len();
    balancers + group.traffic_sources().len() > 0
}

/// All activities of the group, those of instances that come and go for other reasons included: the status by which a
/// terminate hook is waited for is not the documented one, so that a filter by it would find none.
pub(super) async fn describe_scaling_activities(
    client: &Client,
    group: &str,
    token: Option<String>,
) -> Result<Page<ActivityDescription>, AwsError> {
    let request = client
        .describe_scaling_activities()
        .auto_scaling_group_name(group)
        .max_records(DESCRIBE_ACTIVITIES_MAX)
        .set_next_token(token);
    let answer = request
        .send()
        .await
        .map_err(failed("DescribeScalingActivities"))?;
    let activities = answer.activities.unwrap_or_default().into_iter();
    let described = activities.map(|activity| ActivityDescription {
        description: activity.description,
        status: activity.status_code.map(|code| code.as_str().to_owned()),
        started_at: activity.start_time.as_ref().and_then(moment),
    });
    Ok(Page {
        items: described.collect(),
        next_token: answer.next_token,
    })
}

pub(super) async fn describe_lifecycle_hooks(
    client: &Client,
    group: &str,
) -> Result<Vec<HookDescription>, AwsError> {
    let request = client.describe_lifecycle_hooks().auto_scaling_group_name(group);
    let answer = request.send().await.map_err(failed("DescribeLifecycleHooks"))?;
    let hooks = answer.lifecycle_hooks.unwrap_or_default().into_iter();
    let named = hooks.filter_map(|hook| {
        Some(HookDescription {
            name: hook.lifecycle_hook_name?,
            transition: hook.lifecycle_transition,
            heartbeat_timeout: hook.heartbeat_timeout,
        })
    });
    Ok(named.collect())
}

pub(super) async fn record_lifecycle_action_heartbeat(
    client: &Client,
    instance: &InstanceId,
    hook: &Lifecycle,
) -> Result<(), AwsError> {
    let request = client
        .record_lifecycle_action_heartbeat()
        .auto_scaling_group_name(hook.auto_scaling_group_name.as_str())
        .lifecycle_hook_name(hook.lifecycle_hook_name.as_str())
        .set_lifecycle_action_token(hook.lifecycle_action_token.as_ref().map(ToString::to_string))
        .instance_id(instance.as_str());
    let sent = request.send().await;
    sent.map_err(failed("RecordLifecycleActionHeartbeat"))?;
    Ok(())
}

pub(super) async fn complete_lifecycle_action(
    client: &Client,
    instance: &InstanceId,
    hook: &Lifecycle,
) -> Result<(), AwsError> {
    let request = client
        .complete_lifecycle_action()
        .auto_scaling_group_name(hook.auto_scaling_group_name.as_str())
        .lifecycle_hook_name(hook.lifecycle_hook_name.as_str())
        .set_lifecycle_action_token(hook.lifecycle_action_token.as_ref().map(ToString::to_string))
        .instance_id(instance.as_str())
        .lifecycle_action_result("CONTINUE");
    let sent = request.send().await;
    sent.map_err(failed("CompleteLifecycleAction"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_autoscaling::types::{Instance, TrafficSourceIdentifier};

    #[test]
    fn p2_an_instance_behind_any_load_balancer_is_seen_as_such() {
        let instance = Instance::builder()
            .instance_id("i-12345678")
            .lifecycle_state("Terminating:Wait".into());
        let group = AutoScalingGroup::builder()
            .auto_scaling_group_name("web")
            .instances(instance.build());
        let source = TrafficSourceIdentifier::builder().identifier("arn:tg").build();
        for (group, balanced) in [
            (group.clone(), false),
            (group.clone().load_balancer_names("classic"), true),
            (group.clone().target_group_arns("arn:tg"), true),
            (group.traffic_sources(source), true),
        ] {
            let seen: Vec<_> = instances(&group.build()).map(|one| one.load_balanced).collect();
            assert_eq!(seen, [Some(balanced)]);
        }
    }
}
