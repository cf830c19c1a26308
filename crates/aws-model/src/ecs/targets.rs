//! Services behind load balancers: their tasks are registered when they run, and deregistered before they stop.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-load-balancing.html>. A task that is to stop is
//! DEACTIVATING until the load balancer has let its connections end: for `deregistration_delay.timeout_seconds` of a target
//! group, or the connection draining of a Classic Load Balancer. Not
//! modelled: the stop of tasks whose targets stay unhealthy.

use super::Ecs;
use super::task::Task;
use crate::ApiError;
use crate::params::{Params, invalid};
use crate::status::TaskStatus;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// What sends requests to tasks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Balancer {
    /// A target group, by its ARN.
    TargetGroup(String),
    /// A Classic Load Balancer, by its name.
    Classic(String),
}

/// An entry of `loadBalancers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoadBalancer {
    /// What it names.
    pub(crate) balancer: Balancer,
    container: String,
    /// The port of the container, which is that of the target.
    pub(crate) port: i64,
}

/// A target: a task of a service, as a target group sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The EC2 id of its instance.
    pub(crate) host: String,
    pub(crate) port: i64,
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
    /// Reads `loadBalancers`; none if the call has none. `known` has what can be named.
    pub(super) fn read(
        params: Params<'_>,
        known: &BTreeSet<Balancer>,
    ) -> Result<Option<Vec<LoadBalancer>>, ApiError> {
        if params.0["loadBalancers"].is_null() {
            return Ok(None);
        }
        let all = params.list("loadBalancers").iter().map(|one| {
            let one = Params(one);
            let balancer = match one.text("loadBalancerName") {
                Some(name) => Balancer::Classic(name.to_owned()),
                None => Balancer::TargetGroup(one.required("targetGroupArn")?.to_owned()),
            };
            if !known.contains(&balancer) {
                return Err(invalid(match balancer {
                    Balancer::TargetGroup(arn) => format!(
                        "The target group with targetGroupArn {arn} does not have an associated load balancer."
                    ),
                    Balancer::Classic(name) => {
                        format!("The load balancer {name} does not exist.")
                    }
                }));
            }
            Ok(LoadBalancer {
                balancer,
                container: one.required("containerName")?.to_owned(),
                port: one.number("containerPort").unwrap_or_default(),
            })
        });
        all.collect::<Result<_, ApiError>>().map(Some)
    }

    /// As the API writes it.
    pub(super) fn described(&self) -> Value {
        let (member, name) = match &self.balancer {
            Balancer::TargetGroup(arn) => ("targetGroupArn", arn),
            Balancer::Classic(name) => ("loadBalancerName", name),
        };
        json!({member: name, "containerName": self.container, "containerPort": self.port})
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
    /// A load balancer lets connections end for so long, from now on for targets that begin to drain.
    pub(crate) fn set_delay(&mut self, balancer: Balancer, delay: Duration) {
        self.balancers.insert(balancer, delay);
    }

    /// The targets of a load balancer, in the order of their tasks.
    pub(crate) fn targets(&self, of: &Balancer) -> Vec<Target> {
        let tasks = self.tasks.values();
        let targets = tasks.flat_map(|task| {
            let mine = self.load_balancers(task).iter();
            let mine = mine.filter(|entry| entry.balancer == *of);
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

    /// How long a task is DEACTIVATING: the longest delay of its load balancers, or as long as without any.
    pub(super) fn deactivating(&self, task: &Task) -> Duration {
        let delays = self.load_balancers(task).iter();
        let delays = delays.filter_map(|entry| self.balancers.get(&entry.balancer).copied());
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
