//! Clusters.

use crate::ApiError;
use crate::ecs::{Ecs, shape};
use crate::page::page;
use crate::params::Params;
use crate::scope::short;
use crate::status::InstanceStatus;
use serde_json::{Value, json};

impl Ecs {
    /// Creating a cluster that exists returns the existing one.
    pub(super) fn create_cluster(&mut self, params: Params<'_>) -> Result<Value, ApiError> {
        let name = params.text("clusterName").unwrap_or("default");
        if !params.0["capacityProviders"].is_null() {
            self.associate(name, params)?;
        }
        self.clusters.insert(name.to_owned());
        Ok(json!({"cluster": self.cluster(name)}))
    }

    pub(super) fn list_clusters(&self, params: Params<'_>) -> Result<Value, ApiError> {
        let arns = self.clusters.iter().map(|name| self.scope.cluster(name));
        page(params, "clusterArns", arns, 100)
    }

    pub(super) fn describe_clusters(&self, params: Params<'_>) -> Value {
        let names = params.texts("clusters");
        let names = if names.is_empty() { vec!["default"] } else { names };
        let (known, unknown): (Vec<&str>, Vec<&str>) = names
            .into_iter()
            .map(short)
            .partition(|name| self.clusters.contains(*name));
        json!({
            "clusters": known.into_iter().map(|name| self.cluster(name)).collect::<Value>(),
            "failures": unknown.into_iter().map(|name| super::failure(&self.scope.cluster(name), "MISSING")).collect::<Value>(),
        })
    }

    pub(super) fn cluster(&self, name: &str) -> Value {
        let (providers, strategy) = self.cluster_providers.get(name).cloned().unwrap_or_default();
        let counts = shape::count(self.tasks.values().filter(|task| task.cluster == name));
        let instances = self
            .instances
            .values()
            .filter(|instance| instance.cluster == name);
        let services = self
            .services
            .values()
            .filter(|service| service.key.0 == name && !service.deleted);
        json!({
            "clusterArn": self.scope.cluster(name),
            "clusterName": name,
            "status": "ACTIVE",
            "registeredContainerInstancesCount":
                instances.filter(|instance| instance.status != InstanceStatus::Inactive).count(),
            "runningTasksCount": counts.running,
            "pendingTasksCount": counts.pending,
            "activeServicesCount": services.count(),
            "statistics": [],
            "tags": [],
            "settings": [],
            "capacityProviders": providers,
            "defaultCapacityProviderStrategy": strategy,
        })
    }
}
