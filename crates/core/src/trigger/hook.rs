//! Auto Scaling sends a message when a lifecycle hook waits.
//!
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-event-reference.html>,
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/prepare-for-lifecycle-notifications.html>

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::field::{members, quoted, read, text};
use super::{Event, HookNotice, IgnoredEvent, Parsed, Trigger};
use crate::ids::{AutoScalingGroupName, InstanceId, LifecycleActionToken, LifecycleHookName};

const TERMINATING: &str = "autoscaling:EC2_INSTANCE_TERMINATING";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    #[serde(rename = "EC2InstanceId")]
    instance: InstanceId,
    auto_scaling_group_name: AutoScalingGroupName,
    lifecycle_hook_name: LifecycleHookName,
    lifecycle_action_token: LifecycleActionToken,
    time: Option<Timestamp>,
}

/// EventBridge's form: the fields are in `detail`, the time is outside.
pub(super) fn event(event: &Value) -> Parsed {
    let since = event
        .get("time")
        .map(|time| read::<Timestamp>("time", time))
        .transpose()?;
    notice("detail", event.get("detail").unwrap_or(&Value::Null), since)
}

/// The form of SNS, SQS and Lambda targets: flat.
pub(super) fn message(message: &Value) -> Parsed {
    if text(message, "Event") == Some("autoscaling:TEST_NOTIFICATION") {
        return Ok(Event::Ignored(IgnoredEvent::TestNotification));
    }
    match (text(message, "Event"), text(message, "Service")) {
        _ if message.get("LifecycleTransition").is_some() => notice("", message, None),
        (Some(event), _) => Ok(Event::Ignored(IgnoredEvent::Notification(quoted(event)))),
        (None, Some(service)) if service != "AWS Auto Scaling" => {
            Ok(Event::Ignored(IgnoredEvent::Message(quoted(service))))
        }
        _ => notice("", message, None),
    }
}

fn notice(path: &str, fields: &Value, since: Option<Timestamp>) -> Parsed {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Transition {
        lifecycle_transition: String,
    }
    let transition = members::<Transition>(path, fields)?.lifecycle_transition;
    if transition != TERMINATING {
        return Ok(Event::Ignored(IgnoredEvent::Transition(quoted(&transition))));
    }
    let message: Message = members(path, fields)?;
    Ok(Event::Trigger(Trigger::Hook(HookNotice {
        instance: message.instance,
        group: message.auto_scaling_group_name,
        hook: message.lifecycle_hook_name,
        token: message.lifecycle_action_token,
        since: since.or(message.time),
    })))
}
