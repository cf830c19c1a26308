//! Putting a task on an instance.

use super::Ecs;
use super::agent::Container;
use super::definition::{Resources, TaskDefinition};
use super::instance::ContainerInstance;
use super::task::{Origin, Task, Times};
use crate::status::{DesiredStatus, TaskStatus};
use crate::time::later;
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

impl Ecs {
    /// Where to put `count` tasks of this size: one after the other, always on the instance of `cluster` with the
    /// fewest tasks among those that pass `fits`. Fewer if there is no more room.
    pub(super) fn spread(
        &self,
        cluster: &str,
        size: Resources,
        count: usize,
        fits: impl Fn(&ContainerInstance) -> bool,
    ) -> Vec<String> {
        let all = self
            .instances
            .values()
            .filter(|instance| instance.cluster == cluster);
        let able = all.filter(|instance| instance.takes_tasks() && instance.fits(size) && fits(instance));
        let candidate =
            |one: &'_ ContainerInstance| Reverse((one.alive, one.arn.clone(), one.room_for(size)));
        let mut candidates: BinaryHeap<_> = able.map(candidate).collect();
        let mut chosen = Vec::new();
        while chosen.len() < count
            && let Some(Reverse((alive, arn, room))) = candidates.pop()
        {
            chosen.push(arn.clone());
            if room > 1 {
                candidates.push(Reverse((alive + 1, arn, room - 1)));
            }
        }
        chosen
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
        if let Some(service) = task.service_in(&mut self.services) {
            service.placed(&task);
        }
        self.tasks.insert(arn.clone(), task);
        self.enter(now, &arn, TaskStatus::Provisioning);
        self.instance_event(now, &instance);
    }
}
