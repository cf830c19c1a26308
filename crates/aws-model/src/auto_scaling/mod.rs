//! EC2 Auto Scaling: groups, instances, lifecycle hooks with their heartbeats, time-outs and results.
//!
//! Rules are those of <https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html>, names and
//! limits those of the `autoscaling` service model, 2011-01-01. Left out: warm pools, standby, scaling policies,
//! instance refresh, balance between zones. A group needs no launch template: its instances are made of nothing.

mod action;
mod activities;
mod activity;
mod create;
mod event;
mod event_kind;
mod group;
mod hook;
mod hooks;
mod instance;
mod instances;
mod lifecycle;
mod outbox;
mod pages;
mod size;
mod state;
mod tags;
mod update;

pub use event_kind::{ActionResult, GroupEvent, HookStep};
pub use state::LifecycleState;

use super::ApiError;
use super::params::{Params, client, unknown_operation};
use group::Group;
use instance::Instance;
use jiff::Timestamp;
use outbox::Outbox;
use serde_json::Value;
use std::collections::BTreeMap;

/// The tag of a group that names the ECS cluster to which its instances belong.
pub const CLUSTER_TAG: &str = "local-aws.cluster";

/// The groups of one account and region.
#[derive(Debug)]
pub struct AutoScaling {
    heartbeat_min_seconds: i64,
    groups: BTreeMap<String, Group>,
    out: Outbox,
}

impl AutoScaling {
    /// An account without groups. A hook's `HeartbeatTimeout` is `hook_heartbeat_min_seconds` at least; in AWS
    /// that is 30.
    pub fn new(region: &str, account: &str, hook_heartbeat_min_seconds: u64) -> AutoScaling {
        AutoScaling {
            heartbeat_min_seconds: i64::try_from(hook_heartbeat_min_seconds).unwrap_or(i64::MAX),
            groups: BTreeMap::new(),
            out: Outbox::new(region, account),
        }
    }

    /// Does one operation, after all that was due before it.
    ///
    /// # Errors
    /// As the API reference says for the operation; `UnknownOperationException` for one that is not served.
    pub fn call(&mut self, now: Timestamp, operation: &str, params: &Value) -> Result<Value, ApiError> {
        self.advance(now);
        let params = Params(params);
        match operation {
            "CreateAutoScalingGroup" => self.create_group(now, params),
            "UpdateAutoScalingGroup" => self.update_group(now, params),
            "DeleteAutoScalingGroup" => self.delete_group(now, params),
            "DescribeAutoScalingGroups" => self.describe_groups(params),
            "DescribeAutoScalingInstances" => self.describe_instances(params),
            "DescribeScalingActivities" => self.describe_activities(params),
            "SetDesiredCapacity" => self.set_desired_capacity(now, params),
            "TerminateInstanceInAutoScalingGroup" => self.terminate_instance(now, params),
            "SetInstanceProtection" => self.set_instance_protection(params),
            _ => self.call_hooks_and_tags(now, operation, params),
        }
    }

    fn call_hooks_and_tags(
        &mut self,
        now: Timestamp,
        operation: &str,
        params: Params<'_>,
    ) -> Result<Value, ApiError> {
        match operation {
            "PutLifecycleHook" => self.put_hook(params),
            "DeleteLifecycleHook" => self.delete_hook(now, params),
            "DescribeLifecycleHooks" => self.describe_hooks(params),
            "RecordLifecycleActionHeartbeat" => self.heartbeat(now, params),
            "CompleteLifecycleAction" => self.complete(now, params),
            "CreateOrUpdateTags" => self.create_or_update_tags(params),
            "DeleteTags" => self.delete_tags(params),
            _ => Err(unknown_operation(operation)),
        }
    }

    /// When the next lifecycle action times out.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.waits().map(|(due, ..)| due).min()
    }

    /// Lets every lifecycle action time out that is due by `now`, each at its own moment.
    pub fn advance(&mut self, now: Timestamp) {
        while let Some((due, group, instance, hook)) = self.waits().min().filter(|(due, ..)| *due <= now) {
            let (group, instance, hook) = (group.to_owned(), instance.to_owned(), hook.to_owned());
            self.time_out(due, &group, &instance, &hook);
        }
    }

    /// What has happened since the last time, in order.
    pub fn take_events(&mut self) -> Vec<GroupEvent> {
        self.out.take()
    }

    /// The instance is gone without a request to its group: Spot took it, or EC2 was called directly. No hook runs, and
    /// the group replaces it. Instances that belong to no group are ignored.
    pub fn terminated(&mut self, now: Timestamp, instance: &str) {
        let Some(group) = self
            .groups
            .values_mut()
            .find(|group| group.instances.contains_key(instance))
        else {
            return;
        };
        lifecycle::vanish(now, group, &mut self.out, instance);
        size::reconcile(now, group, &mut self.out);
    }

    /// Where an instance of a group is, in the API's words.
    pub fn lifecycle_state(&self, instance: &str) -> Option<&'static str> {
        self.instance(instance).map(|instance| instance.state.name())
    }

    /// The target lifecycle state of an instance, as IMDS reports it (`autoscaling/target-lifecycle-state`):
    /// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/retrieving-target-lifecycle-state-through-imds.html>
    pub fn target_lifecycle_state(&self, instance: &str) -> Option<&'static str> {
        self.instance(instance).map(|instance| instance.state.target())
    }

    /// The group of an instance.
    pub fn group_of(&self, instance: &str) -> Option<&str> {
        let group = self
            .groups
            .values()
            .find(|group| group.instances.contains_key(instance))?;
        Some(&group.name)
    }

    pub(crate) fn zone_of(&self, instance: &str) -> Option<&str> {
        self.instance(instance).map(|instance| instance.zone.as_str())
    }

    fn instance(&self, id: &str) -> Option<&Instance> {
        self.groups.values().find_map(|group| group.instances.get(id))
    }

    fn group_mut(&mut self, params: Params<'_>) -> Result<(&mut Group, &mut Outbox), ApiError> {
        let name = group_name(params)?;
        match self.groups.get_mut(name) {
            Some(group) => Ok((group, &mut self.out)),
            None => Err(no_such_group(name)),
        }
    }

    /// Every open lifecycle action: when it times out, and whose it is.
    fn waits(&self) -> impl Iterator<Item = (Timestamp, &str, &str, &str)> {
        self.groups.values().flat_map(|group| {
            group.instances.values().flat_map(|instance| {
                let waits = instance.waits.iter();
                waits.map(|wait| {
                    (
                        wait.deadline,
                        group.name.as_str(),
                        instance.id.as_str(),
                        wait.hook.as_str(),
                    )
                })
            })
        })
    }
}

fn group_name(params: Params<'_>) -> Result<&str, ApiError> {
    params
        .text("AutoScalingGroupName")
        .ok_or_else(|| missing("autoScalingGroupName"))
}

fn no_such_group(name: &str) -> ApiError {
    invalid(format!(
        "AutoScalingGroup name not found - AutoScalingGroup: {name} not found"
    ))
}

fn missing(member: &str) -> ApiError {
    invalid(format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
    ))
}

fn invalid(message: impl Into<String>) -> ApiError {
    client("ValidationError", message)
}

#[cfg(test)]
mod tests;
