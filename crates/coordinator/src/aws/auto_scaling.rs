//! Groups, hooks and the instances that wait.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use protector_core::ids::{AutoScalingGroupName, InstanceId, LifecycleHookName};
use protector_core::limits::coordinator::ACTIVITY_PAGES_MAX;
use protector_core::limits::{
    DESCRIBE_GROUPS_MAX, DESCRIBE_SCALING_INSTANCES_MAX, HOOK_HEARTBEAT_DEFAULT_SECONDS,
};
use protector_core::record::Lifecycle;
use protector_core::termination::{ScalingActivity, terminations};

use super::api::{ActivityDescription, ScalingDescription};
use super::{Aws, AwsError, ErrorKind};

/// An instance as Auto Scaling sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScalingInstance {
    /// The instance.
    pub instance: InstanceId,
    /// Its group.
    pub group: AutoScalingGroupName,
    /// Its lifecycle state, for example `Terminating:HoldState`.
    pub state: String,
    /// Whether its group registers instances with load balancers. What is not known counts as yes.
    pub load_balanced: bool,
}

impl ScalingInstance {
    /// Returns whether the instance is in service.
    #[must_use]
    pub fn is_in_service(&self) -> bool {
        self.state == "InService"
    }

    /// Returns whether the instance is on its way to a hook that waits, or there. The event of a hook may overtake the
    /// state. A warm pool's return and a root volume replacement take the instance away just as well.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        let leaving = ["Terminating", "Warmed:Terminating", "ReplacingRootVolume"];
        leaving
            .iter()
            .any(|state| self.state == *state || self.state == format!("{state}:Wait"))
    }

    /// Returns whether a hook waits for it now.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.is_leaving() && self.state.ends_with(":Wait")
    }
}

/// Groups of which Auto Scaling did not answer who waits; none are all groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlistedGroups {
    /// The groups of the call that failed.
    pub groups: Vec<AutoScalingGroupName>,
    /// Why.
    pub failure: AwsError,
}

impl Aws {
    /// The state of instances; those that are in no group are left out.
    pub async fn describe_scaling_instances(
        &self,
        instances: &[InstanceId],
    ) -> Result<HashMap<InstanceId, ScalingInstance>, AwsError> {
        let mut found = HashMap::new();
        for chunk in instances.chunks(DESCRIBE_SCALING_INSTANCES_MAX) {
            let ids = chunk.iter().map(ToString::to_string).collect();
            let request = self.api.describe_auto_scaling_instances(ids);
            let answer = self.call("DescribeAutoScalingInstances", request).await?;
            let parsed = answer.into_iter().filter_map(scaling_instance);
            found.extend(parsed.map(|instance| (instance.instance.clone(), instance)));
        }
        Ok(found)
    }

    /// Every instance of the groups for which a hook waits, and what was not answered: what one call does not answer hides
    /// nothing of the others. No groups are all groups.
    pub async fn list_waiting(
        &self,
        groups: &[AutoScalingGroupName],
    ) -> (Vec<ScalingInstance>, Vec<UnlistedGroups>) {
        let calls = match groups.is_empty() {
            true => vec![groups],
            false => groups.chunks(DESCRIBE_GROUPS_MAX).collect(),
        };
        let (mut waiting, mut unlisted) = (Vec::new(), Vec::new());
        for groups in calls {
            if let Err(failure) = self.list_waiting_of(groups, &mut waiting).await {
                let groups = groups.to_vec();
                unlisted.push(UnlistedGroups { groups, failure });
            }
        }
        (waiting, unlisted)
    }

    /// The same of as many groups as one call takes, all pages. The pages before one that fails count.
    async fn list_waiting_of(
        &self,
        groups: &[AutoScalingGroupName],
        waiting: &mut Vec<ScalingInstance>,
    ) -> Result<(), AwsError> {
        let names: Vec<String> = groups.iter().map(ToString::to_string).collect();
        let mut token = None;
        loop {
            let request = self.api.describe_auto_scaling_groups(names.clone(), token);
            let page = self.call("DescribeAutoScalingGroups", request).await?;
            let parsed = page.items.into_iter().filter_map(scaling_instance);
            waiting.extend(parsed.filter(ScalingInstance::waits));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(());
            }
        }
    }

    /// The instances of a group that are being terminated, and since when. Only of those that go on, which Auto Scaling
    /// describes first, does anything need to be known.
    /// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-verify-scaling-activity.html>
    pub async fn terminations(
        &self,
        group: &AutoScalingGroupName,
    ) -> Result<BTreeMap<InstanceId, Timestamp>, AwsError> {
        let mut activities = Vec::new();
        let mut token = None;
        for _ in 0..ACTIVITY_PAGES_MAX {
            let request = self.api.describe_scaling_activities(group.as_str(), token);
            let page = self.call("DescribeScalingActivities", request).await?;
            activities.extend(page.items.into_iter().filter_map(scaling_activity));
            token = page.next_token.filter(|token| !token.is_empty());
            let more_go_on = activities.last().is_none_or(ScalingActivity::goes_on);
            if token.is_none() || !more_go_on {
                break;
            }
        }
        Ok(terminations(&activities))
    }

    /// The heartbeat timeouts, in seconds, of the group's terminate hooks.
    pub async fn describe_hooks(
        &self,
        group: &AutoScalingGroupName,
    ) -> Result<Vec<(LifecycleHookName, u32)>, AwsError> {
        let request = self.api.describe_lifecycle_hooks(group.as_str());
        let answer = self.call("DescribeLifecycleHooks", request).await?;
        let terminating = answer
            .iter()
            .filter(|hook| hook.transition.as_deref() == Some("autoscaling:EC2_INSTANCE_TERMINATING"));
        let named = terminating.filter_map(|hook| {
            let seconds = hook
                .heartbeat_timeout
                .and_then(|seconds| u32::try_from(seconds).ok());
            Some((
                hook.name.parse().ok()?,
                seconds.unwrap_or(HOOK_HEARTBEAT_DEFAULT_SECONDS),
            ))
        });
        Ok(named.collect())
    }

    /// Restarts the hook's heartbeat clock. False if the wait is over.
    pub async fn heartbeat(&self, instance: &InstanceId, hook: &Lifecycle) -> Result<bool, AwsError> {
        let request = self.api.record_lifecycle_action_heartbeat(instance, hook);
        unless_over(self.call("RecordLifecycleActionHeartbeat", request).await)
    }

    /// Completes the hook with CONTINUE. False if the wait was over already.
    pub async fn complete(&self, instance: &InstanceId, hook: &Lifecycle) -> Result<bool, AwsError> {
        let request = self.api.complete_lifecycle_action(instance, hook);
        unless_over(self.call("CompleteLifecycleAction", request).await)
    }
}

fn unless_over(outcome: Result<(), AwsError>) -> Result<bool, AwsError> {
    match outcome {
        Ok(()) => Ok(true),
        Err(failure) if failure.kind == ErrorKind::Over => Ok(false),
        Err(failure) => Err(failure),
    }
}

fn scaling_instance(description: ScalingDescription) -> Option<ScalingInstance> {
    Some(ScalingInstance {
        instance: description.instance.parse().ok()?,
        group: description.group.parse().ok()?,
        state: description.lifecycle_state,
        load_balanced: description.load_balanced.unwrap_or(true),
    })
}

fn scaling_activity(description: ActivityDescription) -> Option<ScalingActivity> {
    Some(ScalingActivity {
        description: description.description?,
        status: description.status?,
        started_at: description.started_at?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_some_states_lead_to_a_hook_that_waits() {
        for (state, leaving, waits) in [
            ("InService", false, false),
            ("Terminating", true, false),
            ("Terminating:Wait", true, true),
            ("Terminating:Proceed", false, false),
            ("Terminating:Retained", false, false),
            ("Warmed:Terminating:Wait", true, true),
            ("Warmed:Terminating:Retained", false, false),
            ("Warmed:Pending:Retained", false, false),
            ("ReplacingRootVolume:Wait", true, true),
            ("ReplacingRootVolume:Proceed", false, false),
            ("RootVolumeReplaced", false, false),
            ("Warmed:Stopped", false, false),
            ("Pending:Wait", false, false),
        ] {
            let instance = scaling_instance(ScalingDescription {
                instance: "i-12345678".to_owned(),
                group: "g".to_owned(),
                lifecycle_state: state.to_owned(),
                load_balanced: None,
            })
            .unwrap();
            assert_eq!(
                (instance.is_leaving(), instance.waits()),
                (leaving, waits),
                "{state}"
            );
        }
    }
}
