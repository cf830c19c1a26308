//! The account as a whole: its services on one clock, their faults, and what passes between them.

mod advance;
mod answer;
mod ec2;
mod events;
mod hosts;
mod imds;
mod metadata;
mod metadata_options;
mod missing;
mod views;

pub use views::{ContainerView, InstanceView, TaskView};

use super::ApiError;
use super::auto_scaling::AutoScaling;
use super::classic::ClassicLoadBalancing;
use super::config::WorldConfig;
use super::ecs::Ecs;
use super::effects::Effect;
use super::faults::Faults;
use super::iam::Iam;
use super::ids::Ids;
use super::journal::{Entry, What};
use super::load_balancing::LoadBalancing;
use super::quotas::Quotas;
use super::scope::Scope;
use super::ssm::Ssm;
use super::timers::Timers;
use hosts::Host;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// Sets the ids of this level apart from those of ECS and Auto Scaling.
const SALT: u64 = 3;

/// One account and region.
///
/// Time passes only through the methods that take `now`; it must not go back. Each of them first lets happen what
/// was due.
pub struct World {
    config: WorldConfig,
    scope: Scope,
    ecs: Ecs,
    ssm: Ssm,
    auto_scaling: AutoScaling,
    load_balancing: LoadBalancing,
    classic: ClassicLoadBalancing,
    iam: Iam,
    quotas: Quotas,
    faults: Faults,
    ids: Ids,
    hosts: BTreeMap<String, Host>,
    timers: Timers<Due>,
    journal: Vec<Entry>,
    effects: Vec<Effect>,
}

/// What is due at some time.
#[derive(Debug)]
enum Due {
    /// An EC2 instance has started its agent.
    Register(String),
    /// Spot takes an EC2 instance.
    Take(String),
    /// An event arrives.
    Deliver(Value),
}

impl World {
    /// An empty account. Nothing has happened before `now`.
    pub fn new(config: WorldConfig, _now: Timestamp) -> World {
        let (region, account) = (&config.region, &config.account);
        let scope = Scope {
            region: region.clone(),
            account: account.clone(),
        };
        World {
            load_balancing: LoadBalancing::new(scope.clone()),
            classic: ClassicLoadBalancing::default(),
            iam: Iam::new(scope.clone()),
            scope,
            ecs: Ecs::new(config.clone()),
            ssm: Ssm::new(region, account),
            auto_scaling: AutoScaling::new(region, account, config.hook_heartbeat_min_seconds),
            quotas: Quotas::new(config.quotas),
            faults: Faults::default(),
            ids: Ids::new(SALT),
            hosts: BTreeMap::new(),
            timers: Timers::default(),
            journal: Vec::new(),
            effects: Vec::new(),
            config,
        }
    }

    /// What is to be done outside, in order, since the last time.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Everything that has happened, in order.
    pub fn journal(&self) -> &[Entry] {
        &self.journal
    }

    /// What goes wrong.
    pub fn faults_mut(&mut self) -> &mut Faults {
        &mut self.faults
    }

    /// The latest value of a parameter, without a call.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.ssm.value(name)
    }

    /// A container that was to be started has started.
    pub fn container_started(&mut self, now: Timestamp, task_arn: &str, container: &str) {
        self.advance(now);
        self.ecs.container_started(now, task_arn, container);
        self.settle(now);
    }

    /// A container has exited, or could not be started; `code` as docker reports it, 128 + signal after a signal.
    pub fn container_exited(&mut self, now: Timestamp, task_arn: &str, container: &str, code: i32) {
        self.advance(now);
        self.ecs.container_exited(now, task_arn, container, code);
        self.settle(now);
    }

    /// A scaling activity of a group fails: an instance could not be launched, for the reason `message`.
    ///
    /// # Errors
    /// There is no such group.
    pub fn fail_launch(&mut self, now: Timestamp, group: &str, message: &str) -> Result<(), ApiError> {
        self.advance(now);
        self.auto_scaling.fail_launch(now, group, message)
    }

    fn log(&mut self, at: Timestamp, what: What) {
        self.journal.push(Entry { at, what });
    }
}

#[cfg(test)]
mod tests;
