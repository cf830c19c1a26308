//! Task definitions: the parts that the scheduler and the agent obey.

mod container;
mod validate;

pub(crate) use container::{Condition, ContainerDefinition, RestartPolicy};

use crate::ApiError;
use crate::params::{Params, client};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One revision of a family.
#[derive(Clone, Debug)]
pub(crate) struct TaskDefinition {
    pub(crate) family: String,
    /// From 1.
    pub(crate) revision: u64,
    pub(crate) arn: String,
    pub(crate) containers: Vec<ContainerDefinition>,
    /// Whether it names a task role.
    pub(crate) task_role: bool,
    /// CPU units and MiB that a task takes from its instance.
    pub(crate) resources: Resources,
    /// As the API gives it.
    pub(crate) json: Value,
}

/// What a task takes, or an instance has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resources {
    /// CPU units.
    pub(crate) cpu: u32,
    /// MiB.
    pub(crate) memory: u32,
}

impl TaskDefinition {
    /// The index of the container `name` in the list.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.containers
            .iter()
            .position(|container| container.name == name)
    }

    /// Whether the health checks of a target group fail for its tasks.
    pub(crate) fn is_unhealthy_target(&self) -> bool {
        self.containers
            .iter()
            .any(ContainerDefinition::is_unhealthy_target)
    }
}

/// Every revision of every family.
#[derive(Debug, Default)]
pub(super) struct Definitions(BTreeMap<String, Vec<Arc<TaskDefinition>>>);

impl Definitions {
    /// `RegisterTaskDefinition`. `arn` makes the ARN of a resource.
    pub(super) fn register(
        &mut self,
        params: Params<'_>,
        arn: impl Fn(&str) -> String,
    ) -> Result<Value, ApiError> {
        let family = params
            .text("family")
            .ok_or_else(|| client("ClientException", "Family cannot be blank."))?;
        validate::family(family)?;
        let containers = container::list(params)?;
        validate::containers(&containers)?;
        let revisions = self.0.entry(family.to_owned()).or_default();
        let revision = revisions.len() as u64 + 1;
        let arn = arn(&format!("task-definition/{family}:{revision}"));
        let mut json = params.0.clone();
        json["taskDefinitionArn"] = json!(arn);
        json["revision"] = json!(revision);
        json["status"] = json!("ACTIVE");
        let definition = TaskDefinition {
            family: family.to_owned(),
            revision,
            arn,
            resources: resources(params, &containers),
            containers,
            task_role: params.text("taskRoleArn").is_some(),
            json,
        };
        let answer = json!({"taskDefinition": definition.json, "tags": params.list("tags")});
        revisions.push(Arc::new(definition));
        Ok(answer)
    }

    /// `DescribeTaskDefinition`.
    pub(super) fn describe(&self, params: Params<'_>) -> Result<Value, ApiError> {
        let definition = self.find(params.required("taskDefinition")?)?;
        Ok(json!({"taskDefinition": definition.json, "tags": params.list("tags")}))
    }

    /// By ARN, `family:revision`, or `family` for the latest.
    pub(super) fn find(&self, name: &str) -> Result<Arc<TaskDefinition>, ApiError> {
        let name = name.rsplit('/').next().unwrap_or(name);
        let found = match name.split_once(':') {
            Some((family, revision)) => self.revision(family, revision),
            None => self.0.get(name).and_then(|revisions| revisions.last()),
        };
        found
            .cloned()
            .ok_or_else(|| client("ClientException", "Unable to describe task definition."))
    }

    fn revision(&self, family: &str, revision: &str) -> Option<&Arc<TaskDefinition>> {
        let index = revision.parse::<usize>().ok()?.checked_sub(1)?;
        self.0.get(family)?.get(index)
    }
}

/// The task's own size, or else the sum of its containers' sizes. A sum that overflows fits on no instance.
fn resources(params: Params<'_>, containers: &[ContainerDefinition]) -> Resources {
    let own = |name| params.text(name).and_then(|text| text.parse().ok());
    let sum = |of: fn(&ContainerDefinition) -> u32| containers.iter().map(of).fold(0, u32::saturating_add);
    Resources {
        cpu: own("cpu").unwrap_or_else(|| sum(|container| container.cpu)),
        memory: own("memory").unwrap_or_else(|| sum(ContainerDefinition::reserved)),
    }
}
