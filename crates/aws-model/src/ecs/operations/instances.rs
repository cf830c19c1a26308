//! Container instances.

use super::failure;
use crate::ApiError;
use crate::ecs::filter::Filter;
use crate::ecs::{ContainerInstance, Ecs, shape};
use crate::page::page;
use crate::params::{Params, client, invalid};
use crate::status::{InstanceStatus, StopCode};
use crate::time::seconds;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The most that one UpdateContainerInstancesState takes.
const MAX_UPDATES: usize = 10;

/// The most that one DescribeContainerInstances takes.
const MAX_DESCRIBED: usize = 100;

impl Ecs {
    /// Without a status, all but the inactive ones.
    pub(super) fn list_container_instances(&self, params: Params<'_>) -> Result<Value, ApiError> {
        let cluster = self.cluster_of(params)?;
        let status = params.text("status");
        let filter = params.text("filter").map_or(Ok(Filter::all()), Filter::parse)?;
        let of_cluster = self
            .instances
            .values()
            .filter(|instance| instance.cluster == cluster);
        let listed = of_cluster.filter(|instance| match status {
            Some(status) => instance.status.to_string() == status,
            None => instance.status != InstanceStatus::Inactive,
        });
        let arns = listed
            .filter(|instance| filter.passes(instance))
            .map(|instance| instance.arn.clone());
        page(params, "containerInstanceArns", arns, 100)
    }

    pub(super) fn describe_container_instances(&self, params: Params<'_>) -> Result<Value, ApiError> {
        let cluster = self.cluster_of(params)?;
        let names = named(params, MAX_DESCRIBED)?;
        let arns = names
            .iter()
            .map(|name| self.arn_in("container-instance", &cluster, name));
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for arn in arns {
            match self.instances.get(&arn) {
                Some(instance) => found.push(self.described_instance(instance)),
                None => failures.push(failure(&arn, "MISSING")),
            }
        }
        Ok(json!({"containerInstances": found, "failures": failures}))
    }

    fn described_instance(&self, instance: &ContainerInstance) -> Value {
        let counts = shape::count(self.tasks_of_instance(&instance.arn));
        let mut json = shape::container_instance(instance, seconds);
        json["runningTasksCount"] = json!(counts.running);
        json["pendingTasksCount"] = json!(counts.pending);
        json["attachments"] = json!([]);
        json["tags"] = json!([]);
        json
    }

    pub(super) fn update_container_instances_state(
        &mut self,
        now: Timestamp,
        params: Params<'_>,
    ) -> Result<Value, ApiError> {
        let cluster = self.cluster_of(params)?;
        let status = match params.text("status") {
            Some("ACTIVE") => InstanceStatus::Active,
            Some("DRAINING") => InstanceStatus::Draining,
            _ => {
                return Err(invalid(
                    "Container instance status should be one of [ACTIVE,DRAINING].",
                ));
            }
        };
        let (mut done, mut failures) = (Vec::new(), Vec::new());
        for name in named(params, MAX_UPDATES)? {
            let arn = self.arn_in("container-instance", &cluster, name);
            match self.update_one(now, &arn, status) {
                Ok(json) => done.push(json),
                Err(reason) => failures.push(failure(&arn, reason)),
            }
        }
        Ok(json!({"containerInstances": done, "failures": failures}))
    }

    fn update_one(
        &mut self,
        now: Timestamp,
        arn: &str,
        status: InstanceStatus,
    ) -> Result<Value, &'static str> {
        match self.instances.get(arn).map(|instance| instance.status) {
            None => return Err("MISSING"),
            Some(InstanceStatus::Inactive) => return Err("INACTIVE"),
            Some(_) => self.set_instance_status(now, arn, status),
        }
        self.instances
            .get(arn)
            .map(|instance| self.described_instance(instance))
            .ok_or("MISSING")
    }

    /// With `force`, what still runs there is no longer ECS's concern; it is not stopped.
    pub(super) fn deregister_container_instance(
        &mut self,
        now: Timestamp,
        params: Params<'_>,
    ) -> Result<Value, ApiError> {
        let cluster = self.cluster_of(params)?;
        let arn = self.arn_in(
            "container-instance",
            &cluster,
            params.required("containerInstance")?,
        );
        let known = self
            .instances
            .get(&arn)
            .is_some_and(|one| one.status != InstanceStatus::Inactive);
        if !known {
            return Err(client(
                "InvalidParameterException",
                "Referenced container instance not found.",
            ));
        }
        if !params.flag("force") && self.tasks_of_instance(&arn).any(|task| task.is_alive()) {
            return Err(invalid("Found running tasks on the instance."));
        }
        let reason = "Container instance deregistered.";
        self.deregister(now, &arn, StopCode::ServiceSchedulerInitiated, reason);
        let instance = self
            .instances
            .get(&arn)
            .map(|instance| self.described_instance(instance));
        Ok(json!({"containerInstance": instance}))
    }
}

fn named(params: Params<'_>, most: usize) -> Result<Vec<&str>, ApiError> {
    let names = params.texts("containerInstances");
    match names.len() {
        0 => Err(invalid("Container instances cannot be empty.")),
        count if count > most => Err(invalid(format!(
            "Container instances cannot have more than {most} elements."
        ))),
        _ => Ok(names),
    }
}
