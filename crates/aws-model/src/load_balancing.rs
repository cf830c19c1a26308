//! Elastic Load Balancing, version 2: target groups, as far as drains meet them. Load balancers themselves are not modelled.
//!
//! Names, limits and texts are those of the `elasticloadbalancingv2` service model, 2015-12-01. Targets are not
//! registered by calls: they are the tasks of services that name the group.

use super::ApiError;
use super::ecs::{Target, TargetState};
use super::ids::Ids;
use super::params::{Params, client, unknown_operation};
use super::scope::Scope;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Sets these ids apart from those of the rest of the world.
const SALT: u64 = 0x0074_6172_6765_7473;

/// The attribute by which targets are given time.
const DELAY: &str = "deregistration_delay.timeout_seconds";

/// The longest delay, in seconds.
const DELAY_MAX: u64 = 3600;

/// The attributes of a new group that stand for what AWS has: the one that matters here, and two more.
const ATTRIBUTES: [(&str, &str); 3] = [
    (DELAY, "300"),
    ("stickiness.enabled", "false"),
    ("load_balancing.algorithm.type", "round_robin"),
];

/// The target groups of one account and region.
#[derive(Debug)]
pub(crate) struct LoadBalancing {
    scope: Scope,
    ids: Ids,
    groups: BTreeMap<String, TargetGroup>,
}

#[derive(Debug)]
struct TargetGroup {
    arn: String,
    name: String,
    protocol: String,
    port: i64,
    target_type: String,
    attributes: BTreeMap<String, String>,
}

impl LoadBalancing {
    /// An account without target groups.
    pub(crate) fn new(scope: Scope) -> LoadBalancing {
        LoadBalancing {
            scope,
            ids: Ids::new(SALT),
            groups: BTreeMap::new(),
        }
    }

    /// Does one operation. `targets` gives the targets of a group.
    pub(crate) fn call(
        &mut self,
        operation: &str,
        params: &Value,
        targets: impl Fn(&str) -> Vec<Target>,
    ) -> Result<Value, ApiError> {
        let params = Params(params);
        match operation {
            "CreateTargetGroup" => self.create(params),
            "DescribeTargetGroups" => self.describe(params),
            "ModifyTargetGroupAttributes" => self.modify(params),
            "DescribeTargetGroupAttributes" => Ok(described(self.group(params)?)),
            "DescribeTargetHealth" => Ok(health(params, &targets(&self.group(params)?.arn))),
            _ => Err(unknown_operation(operation)),
        }
    }

    /// Each group with its deregistration delay.
    pub(crate) fn delays(&self) -> impl Iterator<Item = (&str, Duration)> {
        self.groups.values().map(|group| {
            let seconds = group.attributes.get(DELAY).and_then(|text| text.parse().ok());
            (
                group.arn.as_str(),
                Duration::from_secs(seconds.unwrap_or_default()),
            )
        })
    }

    /// A group that exists with the same settings is returned; with others it is refused.
    fn create(&mut self, params: Params<'_>) -> Result<Value, ApiError> {
        let name = params
            .text("Name")
            .ok_or_else(|| client("ValidationError", "1 validation error detected: Value at 'name' failed to satisfy constraint: Member must not be null"))?;
        let given = |member: &str, default: &str| params.text(member).unwrap_or(default).to_owned();
        let (protocol, kind) = (given("Protocol", "HTTP"), given("TargetType", "instance"));
        let port = params.number("Port").unwrap_or(80);
        if let Some(known) = self.groups.values().find(|group| group.name == name) {
            return match (
                known.protocol == protocol,
                known.port == port,
                known.target_type == kind,
            ) {
                (true, true, true) => Ok(json!({"TargetGroups": [known.view()]})),
                _ => Err(client(
                    "DuplicateTargetGroupName",
                    format!("A target group with the same name '{name}' exists, but with different settings"),
                )),
            };
        }
        let Scope { region, account } = &self.scope;
        let id: String = self.ids.hex32().chars().take(16).collect();
        let arn = format!("arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{name}/{id}");
        let attributes = ATTRIBUTES.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let group = TargetGroup {
            arn: arn.clone(),
            name: name.to_owned(),
            protocol,
            port,
            target_type: kind,
            attributes: attributes.into(),
        };
        let view = group.view();
        self.groups.insert(arn, group);
        Ok(json!({"TargetGroups": [view]}))
    }

    /// All groups, or those that are named by ARN or name.
    fn describe(&self, params: Params<'_>) -> Result<Value, ApiError> {
        let (arns, names) = (params.texts("TargetGroupArns"), params.texts("Names"));
        if let Some(unknown) = arns.iter().find(|arn| !self.groups.contains_key(**arn)) {
            return Err(not_found(unknown));
        }
        let asked = self.groups.values().filter(|group| {
            let by_arn = arns.is_empty() || arns.contains(&group.arn.as_str());
            by_arn && (names.is_empty() || names.contains(&group.name.as_str()))
        });
        Ok(json!({"TargetGroups": asked.map(TargetGroup::view).collect::<Value>()}))
    }

    fn modify(&mut self, params: Params<'_>) -> Result<Value, ApiError> {
        let arn = self.group(params)?.arn.clone();
        let mut changes = Vec::new();
        for one in params.list("Attributes").iter().map(Params) {
            let (key, value) = (
                one.text("Key").unwrap_or_default(),
                one.text("Value").unwrap_or_default(),
            );
            check(key, value)?;
            changes.push((key.to_owned(), value.to_owned()));
        }
        let Some(group) = self.groups.get_mut(&arn) else {
            return Err(not_found(&arn));
        };
        group.attributes.extend(changes);
        Ok(described(group))
    }

    fn group(&self, params: Params<'_>) -> Result<&TargetGroup, ApiError> {
        let arn = params.text("TargetGroupArn").unwrap_or_default();
        self.groups.get(arn).ok_or_else(|| not_found(arn))
    }
}

impl TargetGroup {
    fn view(&self) -> Value {
        json!({
            "TargetGroupArn": self.arn,
            "TargetGroupName": self.name,
            "Protocol": self.protocol,
            "Port": self.port,
            "TargetType": self.target_type,
            "HealthCheckIntervalSeconds": 30,
            "HealthyThresholdCount": 5,
            "UnhealthyThresholdCount": 2,
        })
    }
}

fn described(group: &TargetGroup) -> Value {
    let one = |(key, value): (&String, &String)| json!({"Key": key, "Value": value});
    json!({"Attributes": group.attributes.iter().map(one).collect::<Value>()})
}

/// The health of all targets, or of those that are named.
fn health(params: Params<'_>, targets: &[Target]) -> Value {
    let named = params.list("Targets");
    let asked = |target: &&Target| {
        let fits = |one: &Value| {
            let port = one["Port"].as_i64();
            one["Id"] == target.host.as_str() && port.is_none_or(|port| port == target.port)
        };
        named.is_empty() || named.iter().any(fits)
    };
    let one = |target: &Target| {
        json!({
            "Target": {"Id": target.host, "Port": target.port, "AvailabilityZone": target.zone},
            "HealthCheckPort": target.port.to_string(),
            "TargetHealth": state(target.state),
        })
    };
    json!({"TargetHealthDescriptions": targets.iter().filter(asked).map(one).collect::<Value>()})
}

/// `TargetHealth`: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html>.
fn state(state: TargetState) -> Value {
    let reported = |state: &str, reason: &str, description: &str| json!({"State": state, "Reason": reason, "Description": description});
    match state {
        TargetState::Healthy => json!({"State": "healthy"}),
        TargetState::Initial => reported(
            "initial",
            "Elb.RegistrationInProgress",
            "Target registration is in progress",
        ),
        TargetState::Unhealthy => reported("unhealthy", "Target.FailedHealthChecks", "Health checks failed"),
        TargetState::Draining => reported(
            "draining",
            "Target.DeregistrationInProgress",
            "Target deregistration is in progress",
        ),
    }
}

fn check(key: &str, value: &str) -> Result<(), ApiError> {
    let known = ATTRIBUTES.iter().any(|(known, _)| *known == key);
    let fits = key != DELAY || value.parse::<u64>().is_ok_and(|seconds| seconds <= DELAY_MAX);
    match (known, fits) {
        (true, true) => Ok(()),
        (true, false) => Err(client(
            "ValidationError",
            format!("'{DELAY}' must be a whole number from 0 to {DELAY_MAX}, not '{value}'"),
        )),
        (false, _) => Err(client(
            "ValidationError",
            format!("Target group attribute key '{key}' is not recognized"),
        )),
    }
}

fn not_found(arn: &str) -> ApiError {
    client("TargetGroupNotFound", format!("Target groups '{arn}' not found"))
}
