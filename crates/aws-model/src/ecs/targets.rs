//! Services behind target groups: their tasks are registered when they run, and deregistered before they stop.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-load-balancing.html>. A task that is to stop is
//! DEACTIVATING until the target group has let its connections end: for `deregistration_delay.timeout_seconds`. Not
//! modelled: the stop of tasks whose targets stay unhealthy.

use super::Ecs;
use super::task::Task;
use crate::ApiError;
use crate::params::{Params, invalid};
use crate::status::TaskStatus;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// An entry of `loadBalancers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoadBalancer {
    /// The target group's ARN.
    pub(crate) target_group: String,
    container: String,
    /// The port of the container, which is that of the target.
    pub(crate) port: i64,
}

/// A target: a task of a service, as a target group sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The EC2 id of its instance.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: i64,
    /// Its availability zone.
    pub(crate) zone: String,
    /// Where it is.
    pub(crate) state: TargetState,
}

/// `State` of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TargetState {
    /// It is being registered.
    Initial,
    /// Its health checks pass.
    Healthy,
    /// They do not: the label `local-aws.target-health` says so.
    Unhealthy,
    /// It is being deregistered.
    Draining,
}

impl LoadBalancer {
    /// Reads `loadBalancers`; none if the call has none. `known` has the target groups that there are.
    pub(super) fn read(
        params: Params<'_>,
        known: &BTreeSet<String>,
    ) -> Result<Option<Vec<LoadBalancer>>, ApiError> {
        if params.0["loadBalancers"].is_null() {
            return Ok(None);
        }
        let all = params.list("loadBalancers").iter().map(|one| {
            let one = Params(one);
            let group = one.required("targetGroupArn")?;
            if !known.contains(group) {
                let problem = "does not have an associated load balancer.";
                return Err(invalid(format!(
                    "The target group with targetGroupArn {group} {problem}"
                )));
            }
            Ok(LoadBalancer {
                target_group: group.to_owned(),
                container: one.required("containerName")?.to_owned(),
                port: one.number("containerPort").unwrap_or_default(),
            })
        });
        all.collect::<Result<_, ApiError>>().map(Some)
    }

    /// As the API writes it.
    pub(super) fn described(&self) -> Value {
        json!({
            "targetGroupArn": self.target_group,
            "containerName": self.container,
            "containerPort": self.port,
        })
    }
}

impl TargetState {
    /// The state of a task as a target; none if it is none (yet, or any more).
    fn of(task: &Task) -> Option<TargetState> {
        match task.last_status {
            TaskStatus::Activating => Some(TargetState::Initial),
            TaskStatus::Running if task.definition.is_unhealthy_target() => Some(TargetState::Unhealthy),
            TaskStatus::Running => Some(TargetState::Healthy),
            TaskStatus::Deactivating => Some(TargetState::Draining),
            _ => None,
        }
    }
}

impl Ecs {
    /// A target group has this deregistration delay, from now on for targets that begin to drain.
    pub(crate) fn set_target_group(&mut self, arn: &str, delay: Duration) {
        self.target_groups.insert(arn.to_owned(), delay);
    }

    /// The targets of a group, in the order of their tasks.
    pub(crate) fn targets(&self, group: &str) -> Vec<Target> {
        let tasks = self.tasks.values();
        let targets = tasks.flat_map(|task| {
            let mine = self.load_balancers(task).iter();
            let mine = mine.filter(|balancer| balancer.target_group == group);
            mine.filter_map(|balancer| {
                Some(Target {
                    host: task.host.clone(),
                    port: balancer.port,
                    zone: task.zone.clone(),
                    state: TargetState::of(task)?,
                })
            })
        });
        targets.collect()
    }

    /// How long a task is DEACTIVATING: the longest delay of its target groups, or as long as without any.
    pub(super) fn deactivating(&self, task: &Task) -> Duration {
        let delays = self.load_balancers(task).iter();
        let delays = delays.filter_map(|balancer| self.target_groups.get(&balancer.target_group).copied());
        delays.fold(self.config.timings.deactivating, Duration::max)
    }

    /// The load balancers of a task's service; none for a standalone task.
    pub(super) fn load_balancers(&self, task: &Task) -> &[LoadBalancer] {
        let service = task
            .origin
            .service
            .as_ref()
            .and_then(|key| self.services.get(key));
        service
            .map(|service| service.balancers.as_slice())
            .unwrap_or_default()
    }
}
