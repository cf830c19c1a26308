//! A world and its clock.

use crate::{
    ApiError, Call, ContainerStart, Effect, Entry, Service, TaskStatus, TaskView, What, World, WorldConfig,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

/// The cluster of every test.
pub(super) const CLUSTER: &str = "demo";

pub(super) struct Lab {
    pub(super) world: World,
    pub(super) now: Timestamp,
}

impl Lab {
    /// Without quotas, with so many instances in the cluster.
    pub(super) fn new(instances: usize) -> (Lab, Vec<String>) {
        Lab::with(instances, |_| {})
    }

    pub(super) fn with(instances: usize, change: impl FnOnce(&mut WorldConfig)) -> (Lab, Vec<String>) {
        let mut config = WorldConfig {
            quotas: false,
            ..WorldConfig::default()
        };
        change(&mut config);
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let mut lab = Lab {
            world: World::new(config, now),
            now,
        };
        lab.ecs("CreateCluster", json!({"clusterName": CLUSTER}));
        let ids: Vec<String> = (0..instances)
            .map(|_| lab.world.launch_instance(now, CLUSTER))
            .collect();
        lab.run(100);
        (lab, ids)
    }

    /// Lets so many milliseconds pass.
    pub(super) fn run(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
        self.world.advance(self.now);
    }

    pub(super) fn try_call(
        &mut self,
        service: Service,
        operation: &str,
        params: Value,
    ) -> Result<Value, ApiError> {
        let call = Call {
            service,
            operation: operation.to_owned(),
            params,
            principal: "test".to_owned(),
        };
        self.world.call(self.now, &call)
    }

    pub(super) fn ecs(&mut self, operation: &str, params: Value) -> Value {
        self.try_call(Service::Ecs, operation, params).unwrap()
    }

    /// The code of the error that an ECS operation gives.
    pub(super) fn refusal(&mut self, operation: &str, params: Value) -> String {
        self.try_call(Service::Ecs, operation, params).unwrap_err().code
    }

    /// Registers a family of one simulated container that takes so many seconds to stop.
    pub(super) fn define(&mut self, family: &str, stop_seconds: &str) {
        self.define_containers(family, json!([simulated("main", stop_seconds)]));
    }

    pub(super) fn define_containers(&mut self, family: &str, containers: Value) {
        self.ecs(
            "RegisterTaskDefinition",
            json!({"family": family, "containerDefinitions": containers}),
        );
    }

    pub(super) fn replica(&mut self, name: &str, family: &str, count: usize) {
        let params =
            json!({"cluster": CLUSTER, "serviceName": name, "taskDefinition": family, "desiredCount": count});
        self.ecs("CreateService", params);
    }

    pub(super) fn daemon(&mut self, name: &str, family: &str) {
        let params = json!({"cluster": CLUSTER, "serviceName": name, "taskDefinition": family,
            "schedulingStrategy": "DAEMON"});
        self.ecs("CreateService", params);
    }

    /// Runs one standalone task and gives its ARN.
    pub(super) fn standalone(&mut self, family: &str) -> String {
        let answer = self.ecs("RunTask", json!({"cluster": CLUSTER, "taskDefinition": family}));
        answer["tasks"][0]["taskArn"].as_str().unwrap().to_owned()
    }

    pub(super) fn stop(&mut self, task: &str) {
        self.ecs("StopTask", json!({"cluster": CLUSTER, "task": task}));
    }

    pub(super) fn container_instance(&self, host: &str) -> String {
        self.world
            .instance_state(host)
            .unwrap()
            .container_instance_arn
            .unwrap()
    }

    pub(super) fn set_state(&mut self, host: &str, status: &str) {
        let arn = self.container_instance(host);
        let params = json!({"cluster": CLUSTER, "containerInstances": [arn], "status": status});
        let answer = self.ecs("UpdateContainerInstancesState", params);
        assert_eq!(answer["failures"], json!([]));
    }

    /// The tasks of a group on an instance that are not STOPPED.
    pub(super) fn alive(&self, host: &str, group: &str) -> Vec<TaskView> {
        let tasks = self.world.tasks_on(host).into_iter();
        tasks
            .filter(|task| task.group == group && task.last_status != TaskStatus::Stopped)
            .collect()
    }

    pub(super) fn status(&self, task: &str) -> TaskStatus {
        self.world.task(task).unwrap().last_status
    }

    /// The statuses a task went through, in order.
    pub(super) fn walked(&self, task: &str) -> Vec<TaskStatus> {
        let of_task = |entry: &Entry| match &entry.what {
            What::TaskStatus { task_arn, status, .. } if task_arn == task => Some(*status),
            _ => None,
        };
        self.world.journal().iter().filter_map(of_task).collect()
    }

    /// The containers that were to be started since the last time.
    pub(super) fn starts(&mut self) -> Vec<ContainerStart> {
        let start = |effect| match effect {
            Effect::StartContainer(start) => Some(start),
            _ => None,
        };
        self.world.take_effects().into_iter().filter_map(start).collect()
    }
}

/// A container without a process.
pub(super) fn simulated(name: &str, stop_seconds: &str) -> Value {
    let labels = json!({"local-aws.simulated": "true", "local-aws.stop-seconds": stop_seconds});
    json!({"name": name, "dockerLabels": labels})
}
