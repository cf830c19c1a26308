//! Container instances come, go, and lose their agent.

use super::definition::Resources;
use super::instance::ContainerInstance;
use super::{Ecs, EcsTimer};
use crate::journal::What;
use crate::status::{DesiredStatus, InstanceStatus, StopCode, TaskStatus};
use crate::time::later;
use jiff::Timestamp;
use std::collections::BTreeSet;

impl Ecs {
    /// The agent of an EC2 instance registers it with a cluster, which is made if it is missing.
    pub(crate) fn register(&mut self, now: Timestamp, host: &str, zone: &str, cluster: &str) {
        self.clusters.insert(cluster.to_owned());
        let id = self.ids.hex32();
        let arn = self.scope.ecs(&format!("container-instance/{cluster}/{id}"));
        let size = Resources {
            cpu: self.config.instance_cpu,
            memory: self.config.instance_memory,
        };
        let instance = ContainerInstance {
            arn: arn.clone(),
            host: host.to_owned(),
            cluster: cluster.to_owned(),
            zone: zone.to_owned(),
            status: InstanceStatus::Active,
            agent_connected: true,
            registered_at: now,
            version: 0,
            registered: size,
            remaining: size,
            alive: 0,
            tasks: BTreeSet::new(),
            drain_is_due: false,
        };
        self.instances.insert(arn.clone(), instance);
        self.hosts.insert(host.to_owned(), arn.clone());
        self.instance_changed(now, &arn);
    }

    /// Sets the status of a container instance. Setting it again changes nothing.
    pub(super) fn set_instance_status(&mut self, now: Timestamp, arn: &str, status: InstanceStatus) {
        let Some(instance) = self.instances.get_mut(arn) else {
            return;
        };
        if instance.status != status {
            instance.status = status;
            self.instance_changed(now, arn);
        }
    }

    /// Journal, event, and a look at everything that places tasks there.
    fn instance_changed(&mut self, now: Timestamp, arn: &str) {
        let Some(instance) = self.instances.get(arn) else {
            return;
        };
        let open_cluster = instance.takes_tasks().then(|| instance.cluster.clone());
        let what = What::InstanceStatus {
            instance: instance.host.clone(),
            container_instance_arn: arn.to_owned(),
            status: instance.status,
            agent_connected: instance.agent_connected,
        };
        self.journal(now, what);
        self.instance_event(now, arn);
        self.request_drain(now, arn);
        if let Some(cluster) = open_cluster {
            self.request_services(now, &cluster);
        }
    }

    /// The agent of an EC2 instance loses ECS, or finds it again.
    pub(crate) fn agent_connected(&mut self, now: Timestamp, host: &str, connected: bool) {
        let Some(arn) = self.hosts.get(host).cloned() else {
            return;
        };
        let Some(instance) = self.instances.get_mut(&arn) else {
            return;
        };
        if instance.agent_connected == connected || instance.status == InstanceStatus::Inactive {
            return;
        }
        instance.agent_connected = connected;
        let tasks = instance.tasks.clone();
        self.instance_changed(now, &arn);
        if connected {
            tasks.iter().for_each(|task| self.catch_up(now, task));
        }
    }

    /// The agent sets its own instance DRAINING, as it does at a Spot notice if it is configured to.
    pub(crate) fn agent_drains(&mut self, now: Timestamp, host: &str) {
        let Some(arn) = self.hosts.get(host).cloned() else {
            return;
        };
        if self.instance(host).is_some_and(ContainerInstance::takes_tasks) {
            self.set_instance_status(now, &arn, InstanceStatus::Draining);
        }
    }

    /// The agent and ECS exchange what they missed about a task.
    fn catch_up(&mut self, now: Timestamp, arn: &str) {
        self.report(now, arn);
        let Some(task) = self.tasks.get(arn) else { return };
        match (task.last_status, task.desired) {
            (TaskStatus::Pending, DesiredStatus::Running) => {
                self.tell_agent(now, arn, DesiredStatus::Running)
            }
            (TaskStatus::Stopping, _) => self.tell_agent(now, arn, DesiredStatus::Stopped),
            (_, DesiredStatus::Stopped) => self.begin_stop(now, arn),
            _ => {}
        }
    }

    /// The power of an EC2 instance is off. ECS notices if the agent was connected until then; if not, the tasks
    /// stay as they were last seen (<https://github.com/aws/containers-roadmap/issues/2040>).
    pub(crate) fn power_off(&mut self, now: Timestamp, host: &str) {
        let Some(arn) = self.hosts.get(host).cloned() else {
            return;
        };
        let Some(instance) = self.instances.get(&arn) else {
            return;
        };
        let (tasks, heard) = (instance.tasks.clone(), instance.agent_connected);
        tasks.iter().for_each(|task| self.cut_power(now, task));
        if heard {
            let reason = format!("Host EC2 (instance {host}) terminated.");
            self.deregister(now, &arn, StopCode::TerminationNotice, &reason);
        }
    }

    /// A container instance is INACTIVE from now on, and its tasks are over for ECS.
    pub(super) fn deregister(&mut self, now: Timestamp, arn: &str, code: StopCode, reason: &str) {
        let Some(instance) = self.instances.get_mut(arn) else {
            return;
        };
        instance.agent_connected = false;
        let tasks = instance.tasks.clone();
        self.set_instance_status(now, arn, InstanceStatus::Inactive);
        tasks
            .iter()
            .for_each(|task| self.write_off(now, task, code, reason));
        let end = later(now, self.config.timings.stopped_retention);
        self.timers.push(end, EcsTimer::ForgetInstance(arn.to_owned()));
    }

    /// Sets a task whose instance is gone to STOPPED at once.
    fn write_off(&mut self, now: Timestamp, arn: &str, code: StopCode, reason: &str) {
        let Some(task) = self.tasks.get_mut(arn).filter(|task| task.is_alive()) else {
            return;
        };
        task.times.execution_stopped.get_or_insert(now);
        self.unwant(now, arn, code, reason);
        self.enter(now, arn, TaskStatus::Stopped);
    }

    /// The API no longer shows an inactive instance.
    pub(super) fn forget_instance(&mut self, arn: &str) {
        if let Some(instance) = self.instances.remove(arn)
            && self.hosts.get(&instance.host).is_some_and(|latest| latest == arn)
        {
            self.hosts.remove(&instance.host);
        }
    }
}
