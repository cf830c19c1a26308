//! Capacity providers: kept and shown. They scale nothing and drain nothing here.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProvider.html>

use super::failure;
use crate::ApiError;
use crate::ecs::Ecs;
use crate::params::{Params, client, invalid};
use crate::scope::short;
use serde_json::{Value, json};

/// Those of AWS itself, which each account has.
const OF_AWS: [&str; 2] = ["FARGATE", "FARGATE_SPOT"];

/// What a member of `autoScalingGroupProvider` is if the call does not say it.
const DEFAULTS: [(&str, &str); 2] = [
    ("managedTerminationProtection", "DISABLED"),
    ("managedDraining", "ENABLED"),
];

impl Ecs {
    pub(super) fn create_capacity_provider(&mut self, params: Params<'_>) -> Result<Value, ApiError> {
        let name = params.required("name")?;
        if self.capacity_providers.contains_key(name) || OF_AWS.contains(&name) {
            return Err(client(
                "ClientException",
                "The specified capacity provider already exists.",
            ));
        }
        let mut provider = params.0["autoScalingGroupProvider"].clone();
        if provider["autoScalingGroupArn"].as_str().is_none() {
            return Err(invalid("An Auto Scaling group ARN is required."));
        }
        for (member, default) in DEFAULTS {
            if provider[member].is_null() {
                provider[member] = json!(default);
            }
        }
        let view = json!({
            "capacityProviderArn": self.scope.ecs(&format!("capacity-provider/{name}")),
            "name": name,
            "status": "ACTIVE",
            "autoScalingGroupProvider": provider,
            "tags": [],
        });
        self.capacity_providers.insert(name.to_owned(), view.clone());
        Ok(json!({"capacityProvider": view}))
    }

    /// All, or those that are named by name or ARN.
    pub(super) fn describe_capacity_providers(&self, params: Params<'_>) -> Value {
        let names: Vec<&str> = params.texts("capacityProviders").into_iter().map(short).collect();
        let of_aws = |name: &str| {
            json!({"capacityProviderArn": self.scope.ecs(&format!("capacity-provider/{name}")), "name": name,
                "status": "ACTIVE", "tags": []})
        };
        let mut known: Vec<(&str, Value)> = OF_AWS.iter().map(|name| (*name, of_aws(name))).collect();
        let own = self.capacity_providers.iter();
        known.extend(own.map(|(name, view)| (name.as_str(), view.clone())));
        let missing = names
            .iter()
            .filter(|name| known.iter().all(|(one, _)| one != *name));
        let missing = missing.map(|name| failure(name, "MISSING")).collect::<Value>();
        let asked = known
            .into_iter()
            .filter(|(name, _)| names.is_empty() || names.contains(name));
        json!({"capacityProviders": asked.map(|(_, view)| view).collect::<Value>(), "failures": missing})
    }

    /// `PutClusterCapacityProviders`: in the place of those that the cluster had.
    pub(super) fn put_cluster_capacity_providers(&mut self, params: Params<'_>) -> Result<Value, ApiError> {
        let name = self.cluster_of(params)?;
        self.associate(&name, params)?;
        Ok(json!({"cluster": self.cluster(&name)}))
    }

    /// Keeps what a call says of the capacity providers of a cluster.
    pub(super) fn associate(&mut self, cluster: &str, params: Params<'_>) -> Result<(), ApiError> {
        let names: Vec<&str> = params.texts("capacityProviders").into_iter().map(short).collect();
        let known = |name: &&str| self.capacity_providers.contains_key(*name) || OF_AWS.contains(name);
        if !names.iter().all(known) {
            return Err(invalid("The specified capacity provider was not found."));
        }
        let strategy = params.list("defaultCapacityProviderStrategy").to_vec();
        let names = names.into_iter().map(str::to_owned).collect();
        self.cluster_providers
            .insert(cluster.to_owned(), (names, strategy));
        Ok(())
    }
}
