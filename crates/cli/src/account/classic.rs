//! Classic Load Balancers.

use super::Account;
use super::query::{QueryForm, QueryService};
use protector_diagnosis::read::Reading;
use protector_diagnosis::seen::{ClassicLoadBalancer, Member};
use serde::Deserialize;

/// The answer of `DescribeLoadBalancerAttributes`.
#[derive(Debug, Deserialize)]
struct Attributes {
    #[serde(rename = "DescribeLoadBalancerAttributesResult")]
    result: AttributesResult,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AttributesResult {
    load_balancer_attributes: LoadBalancerAttributes,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LoadBalancerAttributes {
    connection_draining: Option<ConnectionDraining>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ConnectionDraining {
    enabled: bool,
    timeout: Option<u32>,
}

/// The default of `ConnectionDraining.Timeout`
/// (<https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/config-conn-drain.html>).
const TIMEOUT: u32 = 300;

/// The answer of `DescribeInstanceHealth`.
#[derive(Debug, Deserialize)]
struct Health {
    #[serde(rename = "DescribeInstanceHealthResult")]
    result: HealthResult,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HealthResult {
    #[serde(default)]
    instance_states: InstanceStates,
}

#[derive(Debug, Default, Deserialize)]
struct InstanceStates {
    #[serde(default)]
    member: Vec<InstanceState>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InstanceState {
    instance_id: String,
    state: String,
    reason_code: Option<String>,
    description: Option<String>,
}

/// What the API writes where it has nothing to say.
const NOTHING: &str = "N/A";

impl Account {
    /// For how long a Classic Load Balancer lets connections to an instance end, in seconds; 0 if it does not.
    pub(crate) async fn connection_draining(&self, name: &str) -> Reading<u32> {
        let form = QueryForm::default().with("LoadBalancerName", name);
        let service = QueryService::ClassicLoadBalancing;
        let request = self
            .query
            .call::<Attributes>(service, "DescribeLoadBalancerAttributes", &form);
        let answer = self
            .call("elasticloadbalancing:DescribeLoadBalancerAttributes", request)
            .await?;
        let draining = answer.result.load_balancer_attributes.connection_draining;
        let on = draining.filter(|draining| draining.enabled);
        Ok(on.map_or(0, |draining| draining.timeout.unwrap_or(TIMEOUT)))
    }

    /// A Classic Load Balancer with its instances.
    pub(crate) async fn classic_load_balancer(&self, name: &str) -> Reading<ClassicLoadBalancer> {
        let connection_draining = self.connection_draining(name).await?;
        let form = QueryForm::default().with("LoadBalancerName", name);
        let service = QueryService::ClassicLoadBalancing;
        let request = self
            .query
            .call::<Health>(service, "DescribeInstanceHealth", &form);
        let answer = self
            .call("elasticloadbalancing:DescribeInstanceHealth", request)
            .await?;
        let states = answer.result.instance_states.member.into_iter();
        Ok(ClassicLoadBalancer {
            name: name.to_owned(),
            connection_draining,
            instances: states.map(member).collect(),
        })
    }
}

fn member(state: InstanceState) -> Member {
    let given = |text: Option<String>| text.filter(|text| text != NOTHING && !text.is_empty());
    Member {
        instance: state.instance_id,
        state: state.state,
        reason: given(state.reason_code),
        description: given(state.description),
    }
}
