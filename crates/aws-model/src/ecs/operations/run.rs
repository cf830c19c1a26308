//! RunTask and StartTask: standalone tasks.

use super::failure;
use crate::ApiError;
use crate::ecs::Ecs;
use crate::ecs::definition::TaskDefinition;
use crate::ecs::place_rules::PlaceRules;
use crate::ecs::task::Origin;
use crate::params::{Params, invalid};
use crate::status::InstanceStatus;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// The most tasks, or instances, of one call.
const MAX_COUNT: usize = 10;

impl Ecs {
    /// On the instances with the fewest tasks; what finds no place is a failure, not an error.
    pub(super) fn run_task(&mut self, now: Timestamp, params: Params<'_>) -> Result<Value, ApiError> {
        let cluster = self.cluster_of(params)?;
        let definition = self.definitions.find(params.required("taskDefinition")?)?;
        let count = usize::try_from(params.number("count").unwrap_or(1)).unwrap_or_default();
        if !(1..=MAX_COUNT).contains(&count) {
            return Err(invalid("Count must be between 1 and 10."));
        }
        let rules = PlaceRules::read(params)?.unwrap_or_default();
        self.require_instances(&cluster)?;
        let chosen = self.spread(&cluster, definition.resources, count, |one| rules.allow(one));
        let failures = vec![self.no_place(&cluster); count - chosen.len()];
        let run = |instance: &String| self.run_on(now, instance, &definition, params);
        let tasks: Vec<Value> = chosen.iter().filter_map(run).collect();
        Ok(json!({"tasks": tasks, "failures": failures}))
    }

    /// On the instances named.
    pub(super) fn start_task(&mut self, now: Timestamp, params: Params<'_>) -> Result<Value, ApiError> {
        let cluster = self.cluster_of(params)?;
        let definition = self.definitions.find(params.required("taskDefinition")?)?;
        let instances = params.texts("containerInstances");
        if !(1..=MAX_COUNT).contains(&instances.len()) {
            return Err(invalid("Container instances must have 1 to 10 elements."));
        }
        let (mut tasks, mut failures) = (Vec::new(), Vec::new());
        for name in instances {
            let arn = self.arn_in("container-instance", &cluster, name);
            match self.refusal(&arn, &definition) {
                Some(reason) => failures.push(failure(&arn, &reason)),
                None => tasks.extend(self.run_on(now, &arn, &definition, params)),
            }
        }
        Ok(json!({"tasks": tasks, "failures": failures}))
    }

    /// Why an instance does not take a task. (What AWS answers for a draining one is not documented.)
    fn refusal(&self, arn: &str, definition: &TaskDefinition) -> Option<String> {
        let Some(one) = self.instances.get(arn) else {
            return Some("MISSING".to_owned());
        };
        match one.status {
            InstanceStatus::Active if !one.agent_connected => Some("AGENT".to_owned()),
            InstanceStatus::Active if one.fits(definition.resources) => None,
            InstanceStatus::Active => Some("RESOURCE:MEMORY".to_owned()),
            status => Some(status.to_string()),
        }
    }

    fn run_on(
        &mut self,
        now: Timestamp,
        instance: &str,
        definition: &Arc<TaskDefinition>,
        params: Params<'_>,
    ) -> Option<Value> {
        let family = format!("family:{}", definition.family);
        let origin = Origin {
            group: params.text("group").map_or(family, str::to_owned),
            started_by: params.text("startedBy").map(str::to_owned),
            overrides: params.0["overrides"].clone(),
            ..Origin::default()
        };
        let arn = self.place(now, instance, definition, origin)?;
        self.tasks.get(&arn).map(|task| self.described_task(task))
    }

    fn require_instances(&self, cluster: &str) -> Result<(), ApiError> {
        let mut instances = self
            .instances
            .values()
            .filter(|instance| instance.cluster == cluster);
        match instances.any(|instance| instance.status != InstanceStatus::Inactive) {
            true => Ok(()),
            false => Err(invalid("No Container Instances were found in your cluster.")),
        }
    }

    fn no_place(&self, cluster: &str) -> Value {
        let mut instances = self.instances.values();
        let any = instances.find(|one| one.cluster == cluster && one.status != InstanceStatus::Inactive);
        failure(any.map_or("", |instance| &instance.arn), "RESOURCE:MEMORY")
    }
}
