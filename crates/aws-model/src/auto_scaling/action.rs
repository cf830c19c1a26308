//! Open lifecycle actions: heartbeats, completion, time-outs.

use super::event_kind::{ActionResult, HookStep};
use super::group::Group;
use super::{AutoScaling, invalid, lifecycle, missing, size};
use crate::ApiError;
use crate::constraints::broken;
use crate::params::Params;
use crate::time::later;
use jiff::Timestamp;
use serde_json::{Value, json};

impl AutoScaling {
    /// Restarts the time-out of an action. The global limit stays.
    pub(super) fn heartbeat(&mut self, now: Timestamp, params: Params<'_>) -> Result<Value, ApiError> {
        let (group, out) = self.group_mut(params)?;
        let (id, hook) = find(group, params)?;
        let waits = group
            .instances
            .get_mut(&id)
            .map(|instance| instance.waits.iter_mut());
        for wait in waits.into_iter().flatten().filter(|wait| wait.hook == hook) {
            wait.deadline = later(now, wait.heartbeat).min(wait.global_deadline);
        }
        out.hook(&group.name, &id, &hook, HookStep::Heartbeat);
        Ok(json!({}))
    }

    /// Ends an action.
    pub(super) fn complete(&mut self, now: Timestamp, params: Params<'_>) -> Result<Value, ApiError> {
        let result = result(params)?;
        let (group, out) = self.group_mut(params)?;
        let (id, hook) = find(group, params)?;
        lifecycle::resolve(now, group, out, &id, &hook, HookStep::Completed(result), result);
        size::reconcile(now, group, out);
        Ok(json!({}))
    }

    /// Ends an action that no caller completed in time.
    pub(super) fn time_out(&mut self, now: Timestamp, group: &str, instance: &str, hook: &str) {
        let Some(group) = self.groups.get_mut(group) else {
            return;
        };
        let waits = group
            .instances
            .get(instance)
            .map(|instance| instance.waits.iter());
        let wait = waits.into_iter().flatten().find(|wait| wait.hook == hook);
        if let Some(result) = wait.map(|wait| wait.default_result) {
            lifecycle::resolve(
                now,
                group,
                &mut self.out,
                instance,
                hook,
                HookStep::TimedOut(result),
                result,
            );
            size::reconcile(now, group, &mut self.out);
        }
    }
}

/// Instance and hook of the action that the input means: by its token, else by its instance.
fn find(group: &Group, params: Params<'_>) -> Result<(String, String), ApiError> {
    let hook = params
        .text("LifecycleHookName")
        .ok_or_else(|| missing("lifecycleHookName"))?;
    let (token, instance) = (params.text("LifecycleActionToken"), params.text("InstanceId"));
    let mut actions = group
        .instances
        .values()
        .flat_map(|one| one.waits.iter().map(|wait| (one.id.as_str(), wait)));
    let found = actions.find(|(id, wait)| {
        wait.hook == hook
            && token.is_none_or(|token| wait.token == token)
            && instance.is_none_or(|instance| *id == instance)
    });
    match (token, instance, found) {
        (None, None, _) => Err(invalid(
            "Either a lifecycle action token or an instance ID must be specified.",
        )),
        (_, _, Some((id, wait))) => Ok((id.to_owned(), wait.hook.clone())),
        (Some(token), ..) => Err(invalid(format!(
            "No active Lifecycle Action found with token {token}"
        ))),
        (_, Some(id), _) => Err(invalid(format!(
            "No active Lifecycle Action found with instance ID {id}"
        ))),
    }
}

fn result(params: Params<'_>) -> Result<ActionResult, ApiError> {
    let name = params
        .text("LifecycleActionResult")
        .ok_or_else(|| missing("lifecycleActionResult"))?;
    let rule = "Member must satisfy enum value set: [CONTINUE, ABANDON]";
    ActionResult::parse(name).ok_or_else(|| invalid(broken(name, "lifecycleActionResult", rule)))
}
