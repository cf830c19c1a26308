//! Classic Load Balancers, as far as drains meet them: connection draining, and the health of their instances.
//!
//! Names, limits and texts are those of the `elb` service model, 2012-06-01. Instances are not registered by calls: they
//! are those on which tasks of services run that name the load balancer.

use super::ApiError;
use super::ecs::{Target, TargetState};
use super::params::{Params, client, unknown_operation};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Seconds of connection draining, unless the call says otherwise
/// (<https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/config-conn-drain.html>).
const TIMEOUT: i64 = 300;

/// The longest, in seconds.
const TIMEOUT_MAX: i64 = 3600;

/// The Classic Load Balancers of one account and region.
#[derive(Debug, Default)]
pub(crate) struct ClassicLoadBalancing(BTreeMap<String, ConnectionDraining>);

#[derive(Clone, Copy, Debug)]
struct ConnectionDraining {
    enabled: bool,
    timeout: i64,
}

impl ClassicLoadBalancing {
    /// Does one operation. `targets` gives the tasks behind a load balancer.
    pub(crate) fn call(
        &mut self,
        operation: &str,
        params: &Value,
        targets: impl Fn(&str) -> Vec<Target>,
    ) -> Result<Value, ApiError> {
        let params = Params(params);
        let name = params.text("LoadBalancerName").unwrap_or_default();
        match operation {
            "CreateLoadBalancer" => Ok(self.create(name)),
            "ModifyLoadBalancerAttributes" => self.modify(name, params),
            "DescribeLoadBalancerAttributes" => Ok(described(*self.find(name)?)),
            "DescribeInstanceHealth" => {
                self.find(name)?;
                Ok(health(&targets(name)))
            }
            _ => Err(unknown_operation(operation)),
        }
    }

    /// Each load balancer with the time that its connections have to end.
    pub(crate) fn delays(&self) -> impl Iterator<Item = (&str, Duration)> {
        self.0.iter().map(|(name, draining)| {
            let seconds = if draining.enabled { draining.timeout } else { 0 };
            (name.as_str(), Duration::from_secs(seconds.unsigned_abs()))
        })
    }

    /// A load balancer of that name stays as it is.
    fn create(&mut self, name: &str) -> Value {
        // The API makes it without connection draining; the console turns it on.
        self.0.entry(name.to_owned()).or_insert(ConnectionDraining {
            enabled: false,
            timeout: TIMEOUT,
        });
        json!({"DNSName": format!("{name}-1234567890.elb.amazonaws.com")})
    }

    fn modify(&mut self, name: &str, params: Params<'_>) -> Result<Value, ApiError> {
        let mut draining = *self.find(name)?;
        let given = Params(&params.0["LoadBalancerAttributes"]["ConnectionDraining"]);
        if !given.0.is_null() {
            draining.enabled = given.flag("Enabled");
            draining.timeout = given.number("Timeout").unwrap_or(TIMEOUT);
        }
        if !(1..=TIMEOUT_MAX).contains(&draining.timeout) {
            return Err(client(
                "ValidationError",
                format!("ConnectionDraining timeout must be between 1 and {TIMEOUT_MAX} seconds"),
            ));
        }
        self.0.insert(name.to_owned(), draining);
        let mut answer = described(draining);
        answer["LoadBalancerName"] = json!(name);
        Ok(answer)
    }

    fn find(&self, name: &str) -> Result<&ConnectionDraining, ApiError> {
        self.0.get(name).ok_or_else(|| {
            client(
                "LoadBalancerNotFound",
                format!("There is no ACTIVE Load Balancer named '{name}'"),
            )
        })
    }
}

fn described(draining: ConnectionDraining) -> Value {
    json!({"LoadBalancerAttributes": {
        "CrossZoneLoadBalancing": {"Enabled": false},
        "AccessLog": {"Enabled": false},
        "ConnectionDraining": {"Enabled": draining.enabled, "Timeout": draining.timeout},
        "ConnectionSettings": {"IdleTimeout": 60},
    }})
}

/// One state for each instance: that of its task that is least well, for an instance is registered once.
fn health(targets: &[Target]) -> Value {
    let mut states: BTreeMap<&str, TargetState> = BTreeMap::new();
    for target in targets {
        let known = states.entry(&target.host).or_insert(target.state);
        if rank(target.state) > rank(*known) {
            *known = target.state;
        }
    }
    let one = |(host, state): (&&str, &TargetState)| {
        let (state, reason, description) = health_texts(*state);
        json!({"InstanceId": host, "State": state, "ReasonCode": reason, "Description": description})
    };
    json!({"InstanceStates": states.iter().map(one).collect::<Value>()})
}

fn rank(state: TargetState) -> u8 {
    match state {
        TargetState::Healthy => 0,
        TargetState::Initial => 1,
        TargetState::Unhealthy => 2,
        TargetState::Draining => 3,
    }
}

/// `InstanceState`: state, reason, description.
/// <https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_InstanceState.html>.
fn health_texts(state: TargetState) -> (&'static str, &'static str, &'static str) {
    match state {
        TargetState::Healthy => ("InService", "N/A", "N/A"),
        TargetState::Initial => (
            "OutOfService",
            "ELB",
            "Instance registration is still in progress.",
        ),
        TargetState::Unhealthy => (
            "OutOfService",
            "Instance",
            "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.",
        ),
        TargetState::Draining => (
            "InService",
            "N/A",
            "Instance deregistration currently in progress.",
        ),
    }
}
