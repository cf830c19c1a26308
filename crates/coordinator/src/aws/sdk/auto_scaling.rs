//! Requests to Auto Scaling.

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::types::AutoScalingGroup;
use protector_core::ids::InstanceId;
use protector_core::record::Lifecycle;

use super::failed;
use crate::aws::AwsError;
use crate::aws::api::{HookDescription, Page, ScalingDescription};

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
        })
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
