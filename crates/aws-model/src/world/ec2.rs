//! EC2: what is asked of instances, and their metadata options.
//!
//! Names and texts are those of the `ec2` service model, 2016-11-15.

use super::World;
use super::hosts::Host;
use crate::ApiError;
use crate::params::{Params, client, unknown_operation};
use serde_json::{Value, json};

/// The largest hop limit.
const HOPS_MAX: i64 = 64;

impl World {
    /// Does one operation of EC2.
    pub(super) fn call_ec2(&mut self, operation: &str, params: &Value) -> Result<Value, ApiError> {
        let params = Params(params);
        match operation {
            "DescribeInstances" => self.describe_instances(params),
            "ModifyInstanceMetadataOptions" => self.modify_metadata_options(params),
            _ => Err(unknown_operation(operation)),
        }
    }

    /// All instances, or those that are named. A named one that is not there is an error; a filter does not find it.
    fn describe_instances(&self, params: Params<'_>) -> Result<Value, ApiError> {
        let named = params.texts("InstanceId");
        if let Some(unknown) = named.iter().find(|id| !self.hosts.contains_key(**id)) {
            return Err(no_instance(unknown));
        }
        let filters = params.list("Filter");
        if let Some(other) = filters.iter().find(|filter| filter["Name"] != "instance-id") {
            let name = other["Name"].as_str().unwrap_or_default();
            return Err(client(
                "InvalidParameterValue",
                format!("The filter '{name}' is invalid"),
            ));
        }
        let asked = self.hosts.iter().filter(|(id, _)| {
            let by_filter = filters
                .iter()
                .all(|filter| Params(filter).texts("Value").contains(&id.as_str()));
            by_filter && (named.is_empty() || named.contains(&id.as_str()))
        });
        let reservations = asked.map(|(id, host)| {
            json!({
                "reservationId": id.replacen("i-", "r-", 1),
                "ownerId": self.scope.account,
                "instancesSet": [instance(id, host)],
            })
        });
        Ok(json!({"reservationSet": reservations.collect::<Value>()}))
    }

    fn modify_metadata_options(&mut self, params: Params<'_>) -> Result<Value, ApiError> {
        let id = params.text("InstanceId").unwrap_or_default();
        let host = self.hosts.get_mut(id).ok_or_else(|| no_instance(id))?;
        let mut options = host.metadata_options;
        options.enabled = params
            .text("HttpEndpoint")
            .map_or(options.enabled, |text| text == "enabled");
        options.hop_limit = params
            .number("HttpPutResponseHopLimit")
            .unwrap_or(options.hop_limit);
        if !(1..=HOPS_MAX).contains(&options.hop_limit) {
            let message = format!(
                "Value ({}) for parameter HttpPutResponseHopLimit is invalid",
                options.hop_limit
            );
            return Err(client("InvalidParameterValue", message));
        }
        host.metadata_options = options;
        Ok(json!({"instanceId": id, "instanceMetadataOptions": options.view()}))
    }
}

fn instance(id: &str, host: &Host) -> Value {
    let (code, name) = if host.running {
        (16, "running")
    } else {
        (48, "terminated")
    };
    json!({
        "instanceId": id,
        "instanceType": "m5.large",
        "instanceState": {"code": code, "name": name},
        "placement": {"availabilityZone": host.zone, "tenancy": "default"},
        "metadataOptions": host.metadata_options.view(),
    })
}

fn no_instance(id: &str) -> ApiError {
    client(
        "InvalidInstanceID.NotFound",
        format!("The instance ID '{id}' does not exist"),
    )
}
