//! Creating, changing, deleting and describing lifecycle hooks.

use super::event_kind::ActionResult;
use super::hook::{Hook, Transition};
use super::{AutoScaling, invalid, lifecycle, missing, size};
use crate::ApiError;
use crate::constraints::{between, broken};
use crate::params::{Params, client};
use jiff::Timestamp;
use serde_json::{Value, json};

/// A group has so many hooks at most.
const HOOKS_MAX: usize = 50;

/// The longest `HeartbeatTimeout`, in seconds.
const HEARTBEAT_MAX: i64 = 7200;

/// `HeartbeatTimeout` if none is given, in seconds.
const HEARTBEAT_DEFAULT: i64 = 3600;

/// The longest `NotificationMetadata`, in characters.
const METADATA_MAX: usize = 4000;

impl AutoScaling {
    /// Creates a hook, or changes what the input names of one.
    pub(super) fn put_hook(&mut self, params: Params<'_>) -> Result<Value, ApiError> {
        let least = self.heartbeat_min_seconds;
        let (group, _) = self.group_mut(params)?;
        let name = params
            .text("LifecycleHookName")
            .ok_or_else(|| missing("lifecycleHookName"))?;
        let old = group.hooks.get(name).cloned();
        if old.is_none() && group.hooks.len() >= HOOKS_MAX {
            return Err(client(
                "LimitExceeded",
                format!("A group has at most {HOOKS_MAX} lifecycle hooks."),
            ));
        }
        let hook = changed(old, name, least, params)?;
        group.hooks.insert(name.to_owned(), hook);
        Ok(json!({}))
    }

    /// Deletes a hook; its open actions are complete with that.
    pub(super) fn delete_hook(&mut self, now: Timestamp, params: Params<'_>) -> Result<Value, ApiError> {
        let (group, out) = self.group_mut(params)?;
        let name = params
            .text("LifecycleHookName")
            .ok_or_else(|| missing("lifecycleHookName"))?;
        let Some(hook) = group.hooks.remove(name) else {
            return Err(invalid(format!("No Lifecycle Hook found with name {name}")));
        };
        lifecycle::hook_deleted(now, group, out, &hook);
        size::reconcile(now, group, out);
        Ok(json!({}))
    }

    pub(super) fn describe_hooks(&mut self, params: Params<'_>) -> Result<Value, ApiError> {
        let (group, _) = self.group_mut(params)?;
        let names = params.texts("LifecycleHookNames");
        let asked = group
            .hooks
            .values()
            .filter(|hook| names.is_empty() || names.contains(&hook.name.as_str()));
        let hooks: Vec<_> = asked.map(|hook| hook.view(&group.name)).collect();
        Ok(json!({"LifecycleHooks": hooks}))
    }
}

/// What is not in the input stays, or has its default.
fn changed(old: Option<Hook>, name: &str, least: i64, params: Params<'_>) -> Result<Hook, ApiError> {
    let kept = |member: &str, old: Option<&String>| {
        params.text(member).or(old.map(String::as_str)).map(str::to_owned)
    };
    let old = old.as_ref();
    let hook = Hook {
        name: name.to_owned(),
        transition: transition(params)?
            .or(old.map(|hook| hook.transition))
            .ok_or_else(no_transition)?,
        heartbeat_seconds: heartbeat(old, least, params)?,
        default_result: default_result(old, params)?,
        metadata: kept(
            "NotificationMetadata",
            old.and_then(|hook| hook.metadata.as_ref()),
        ),
        target: kept("NotificationTargetARN", old.and_then(|hook| hook.target.as_ref())),
        role: kept("RoleARN", old.and_then(|hook| hook.role.as_ref())),
    };
    match hook
        .metadata
        .as_ref()
        .is_some_and(|text| text.chars().count() > METADATA_MAX)
    {
        true => Err(invalid(format!(
            "NotificationMetadata has at most {METADATA_MAX} characters."
        ))),
        false => Ok(hook),
    }
}

fn transition(params: Params<'_>) -> Result<Option<Transition>, ApiError> {
    let Some(name) = params.text("LifecycleTransition") else {
        return Ok(None);
    };
    let rule = "Member must satisfy enum value set: [autoscaling:EC2_INSTANCE_LAUNCHING, \
                autoscaling:EC2_INSTANCE_TERMINATING]";
    let known = Transition::parse(name).ok_or_else(|| invalid(broken(name, "lifecycleTransition", rule)));
    known.map(Some)
}

fn heartbeat(old: Option<&Hook>, least: i64, params: Params<'_>) -> Result<i64, ApiError> {
    match params.number("HeartbeatTimeout") {
        Some(asked) => between(asked, "heartbeatTimeout", least, HEARTBEAT_MAX).map_err(invalid),
        None => Ok(old.map_or(HEARTBEAT_DEFAULT, |hook| hook.heartbeat_seconds)),
    }
}

fn default_result(old: Option<&Hook>, params: Params<'_>) -> Result<ActionResult, ApiError> {
    match params.text("DefaultResult") {
        Some(name) => ActionResult::parse(name).ok_or_else(|| {
            let rule = "Member must satisfy enum value set: [CONTINUE, ABANDON]";
            invalid(broken(name, "defaultResult", rule))
        }),
        None => Ok(old.map_or(ActionResult::Abandon, |hook| hook.default_result)),
    }
}

fn no_transition() -> ApiError {
    invalid("LifecycleTransition is required to create a lifecycle hook.")
}
