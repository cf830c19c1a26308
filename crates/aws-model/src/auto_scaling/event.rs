//! Events of Auto Scaling, in the shape that EventBridge delivers.
//!
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-event-reference.html>

use super::group::Group;
use super::hook::{Hook, Transition};
use super::outbox::Outbox;
use crate::time::iso;
use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) fn lifecycle_action(
    now: Timestamp,
    group: &Group,
    out: &mut Outbox,
    instance: &str,
    hook: &Hook,
    token: &str,
) -> Value {
    let (detail_type, origin, destination) = match hook.transition {
        Transition::Launching => ("EC2 Instance-launch Lifecycle Action", "EC2", "AutoScalingGroup"),
        Transition::Terminating => (
            "EC2 Instance-terminate Lifecycle Action",
            "AutoScalingGroup",
            "EC2",
        ),
    };
    let mut detail = json!({
        "LifecycleActionToken": token,
        "AutoScalingGroupName": group.name,
        "LifecycleHookName": hook.name,
        "EC2InstanceId": instance,
        "LifecycleTransition": hook.transition.name(),
        "Origin": origin,
        "Destination": destination,
    });
    if let Some(metadata) = &hook.metadata {
        detail["NotificationMetadata"] = metadata.as_str().into();
    }
    json!({
        "version": "0",
        "id": out.ids.uuid(),
        "detail-type": detail_type,
        "source": "aws.autoscaling",
        "account": out.account,
        "time": iso(now),
        "region": out.region,
        "resources": [group.arn],
        "detail": detail,
    })
}
