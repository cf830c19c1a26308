//! The operations of the API, as the `ecs` service model of 2014-11-13 has them.

mod capacity;
mod clusters;
mod instances;
mod list_tasks;
mod protection;
mod run;
mod services;
mod services_change;
mod tasks;

use super::Ecs;
use crate::ApiError;
use crate::params::{Params, client, unknown_operation};
use crate::scope::short;
use jiff::Timestamp;
use serde_json::{Value, json};

impl Ecs {
    /// Does one operation.
    pub(crate) fn call(
        &mut self,
        now: Timestamp,
        operation: &str,
        params: &Value,
    ) -> Result<Value, ApiError> {
        let params = Params(params);
        match operation {
            "CreateCluster" => self.create_cluster(params),
            "CreateCapacityProvider" => self.create_capacity_provider(params),
            "DescribeCapacityProviders" => Ok(self.describe_capacity_providers(params)),
            "PutClusterCapacityProviders" => self.put_cluster_capacity_providers(params),
            "ListClusters" => self.list_clusters(params),
            "DescribeClusters" => Ok(self.describe_clusters(params)),
            "RegisterTaskDefinition" => {
                let scope = &self.scope;
                self.definitions.register(params, |resource| scope.ecs(resource))
            }
            "DescribeTaskDefinition" => self.definitions.describe(params),
            "CreateService" => self.create_service(now, params),
            "UpdateService" => self.update_service(now, params),
            "DeleteService" => self.delete_service(now, params),
            "DescribeServices" => self.describe_services(params),
            "ListServices" => self.list_services(params),
            "RunTask" => self.run_task(now, params),
            "StartTask" => self.start_task(now, params),
            "StopTask" => self.stop_task_of(now, params),
            "ListTasks" => self.list_tasks(now, params),
            "DescribeTasks" => self.describe_tasks(now, params),
            "ListContainerInstances" => self.list_container_instances(params),
            "DescribeContainerInstances" => self.describe_container_instances(params),
            "UpdateContainerInstancesState" => self.update_container_instances_state(now, params),
            "DeregisterContainerInstance" => self.deregister_container_instance(now, params),
            "UpdateTaskProtection" => self.update_task_protection(now, params),
            "GetTaskProtection" => self.get_task_protection(now, params),
            _ => Err(unknown_operation(operation)),
        }
    }

    /// The cluster that a call is about: `default` if it names none.
    fn cluster_of(&self, params: Params<'_>) -> Result<String, ApiError> {
        let name = short(params.text("cluster").unwrap_or("default"));
        match self.clusters.contains(name) {
            true => Ok(name.to_owned()),
            false => Err(client("ClusterNotFoundException", "Cluster not found.")),
        }
    }

    /// The ARN that `kind` and an ARN or id mean in a cluster.
    fn arn_in(&self, kind: &str, cluster: &str, name: &str) -> String {
        self.scope.ecs(&format!("{kind}/{cluster}/{}", short(name)))
    }
}

/// An entry of `failures`.
fn failure(arn: &str, reason: &str) -> Value {
    json!({"arn": arn, "reason": reason})
}
