//! Putting a task on an instance.

use super::Ecs;
use super::definition::{Resources, TaskDefinition};
use super::instance::ContainerInstance;
use super::status::{DesiredStatus, TaskStatus};
use super::task::{Origin, Task, Times};
use crate::model::agent::Container;
use crate::model::time::later;
use jiff::Timestamp;
use std::sync::Arc;

impl Ecs {
    /// The instance of `cluster` that takes a task of this size, passes `fits`, and has the fewest tasks.
    pub(super) fn choose(
        &self,
        cluster: &str,
        size: Resources,
        fits: impl Fn(&ContainerInstance) -> bool,
    ) -> Option<String> {
        let all = self
            .instances
            .values()
            .filter(|instance| instance.cluster == cluster);
        let able = all.filter(|instance| instance.takes_tasks() && instance.fits(size) && fits(instance));
        able.min_by_key(|instance| instance.tasks.len())
            .map(|instance| instance.arn.clone())
    }

    /// Starts a task on an instance that was chosen for it. Its ARN; none if the instance is unknown.
    pub(super) fn place(
        &mut self,
        now: Timestamp,
        instance: &str,
        definition: &Arc<TaskDefinition>,
        origin: Origin,
    ) -> Option<String> {
        let id = self.ids.hex32();
        let instance = self.instances.get_mut(instance)?;
        let arn = self.scope.ecs(&format!("task/{}/{id}", instance.cluster));
        instance.take(definition.resources);
        instance.tasks.insert(arn.clone());
        let task = Task {
            arn: arn.clone(),
            id,
            cluster: instance.cluster.clone(),
            instance: instance.arn.clone(),
            host: instance.host.clone(),
            zone: instance.zone.clone(),
            definition: definition.clone(),
            origin,
            last_status: TaskStatus::Provisioning,
            desired: DesiredStatus::Running,
            agent: None,
            containers: definition
                .containers
                .iter()
                .map(|_| Container::new(&mut self.ids))
                .collect(),
            times: Times::new(now),
            stop: None,
            version: 0,
            visible_from: later(now, self.config.timings.placement),
            protected_until: None,
        };
        self.placed(now, task);
        Some(arn)
    }

    fn placed(&mut self, now: Timestamp, task: Task) {
        let (arn, instance) = (task.arn.clone(), task.instance.clone());
        if let Some(service) = task
            .origin
            .service
            .as_ref()
            .and_then(|key| self.services.get_mut(key))
        {
            service.tasks.insert(arn.clone());
        }
        self.tasks.insert(arn.clone(), task);
        self.enter(now, &arn, TaskStatus::Provisioning);
        self.instance_event(now, &instance);
    }
}
