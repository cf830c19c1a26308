//! A world and its clock.

use crate::{
    ApiError, Call, ContainerStart, Effect, Entry, Service, TaskStatus, TaskView, What, World, WorldConfig,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

/// The cluster of every test.
pub(super) const CLUSTER: &str = "demo";

/// The code of the error for wrong input.
pub(super) const INVALID: &str = "InvalidParameterException";

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

    /// What a caller gets. An operation of ECS is about [`CLUSTER`] unless it names another.
    pub(super) fn try_call(
        &mut self,
        service: Service,
        operation: &str,
        mut params: Value,
    ) -> Result<Value, ApiError> {
        if service == Service::Ecs && params.get("cluster").is_none() {
            params["cluster"] = json!(CLUSTER);
        }
        let call = Call {
            service,
            operation: operation.to_owned(),
            params,
            principal: "test".to_owned(),
        };
        self.world.call(self.now, &call)
    }

    pub(super) fn call(&mut self, service: Service, operation: &str, params: Value) -> Value {
        self.try_call(service, operation, params).unwrap()
    }

    pub(super) fn ecs(&mut self, operation: &str, params: Value) -> Value {
        self.call(Service::Ecs, operation, params)
    }

    /// The service as it is described.
    pub(super) fn service(&mut self, name: &str) -> Value {
        self.ecs("DescribeServices", json!({"services": [name]}))["services"][0].clone()
    }

    /// The messages of the service's events, the newest first.
    pub(super) fn messages(&mut self, service: &str) -> Vec<String> {
        let events = self.service(service)["events"].clone();
        let text = |event: &Value| event["message"].as_str().unwrap().to_owned();
        events.as_array().unwrap().iter().map(text).collect()
    }

    /// The task as it is described.
    pub(super) fn task(&mut self, arn: &str) -> Value {
        self.ecs("DescribeTasks", json!({"tasks": [arn]}))["tasks"][0].clone()
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
        let params = json!({"family": family, "containerDefinitions": containers});
        self.ecs("RegisterTaskDefinition", params);
    }

    pub(super) fn replica(&mut self, name: &str, family: &str, count: usize) {
        let params = json!({"serviceName": name, "taskDefinition": family, "desiredCount": count});
        self.ecs("CreateService", params);
    }

    /// Creates the service `web`: two replicas of the family `web`, unless these members say otherwise.
    pub(super) fn create_web(&mut self, members: Value) {
        let params = json!({"serviceName": "web", "taskDefinition": "web", "desiredCount": 2});
        self.ecs("CreateService", with(params, members));
    }

    pub(super) fn daemon(&mut self, name: &str, family: &str) {
        let params = json!({"serviceName": name, "taskDefinition": family, "schedulingStrategy": "DAEMON"});
        self.ecs("CreateService", params);
    }

    /// Runs one standalone task and gives its ARN.
    pub(super) fn standalone(&mut self, family: &str) -> String {
        let answer = self.ecs("RunTask", json!({"taskDefinition": family}));
        answer["tasks"][0]["taskArn"].as_str().unwrap().to_owned()
    }

    pub(super) fn stop(&mut self, task: &str) {
        self.ecs("StopTask", json!({"task": task}));
    }

    pub(super) fn container_instance(&self, host: &str) -> String {
        let state = self.world.instance_state(host).unwrap();
        state.container_instance_arn.unwrap()
    }

    pub(super) fn set_state(&mut self, host: &str, status: &str) {
        let arn = self.container_instance(host);
        let params = json!({"containerInstances": [arn], "status": status});
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

    /// How many there are on each instance.
    pub(super) fn counts(&self, hosts: &[String], group: &str) -> Vec<usize> {
        hosts.iter().map(|host| self.alive(host, group).len()).collect()
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

    /// The events of a kind since the last time.
    pub(super) fn events(&mut self, detail_type: &str) -> Vec<Value> {
        let event = |effect| match effect {
            Effect::Event(event) if event["detail-type"] == detail_type => Some(event),
            _ => None,
        };
        self.world.take_effects().into_iter().filter_map(event).collect()
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

/// The object with these members too.
pub(super) fn with(mut object: Value, more: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    object
}

/// A container without a process.
pub(super) fn simulated(name: &str, stop_seconds: &str) -> Value {
    let labels = json!({"local-aws.simulated": "true", "local-aws.stop-seconds": stop_seconds});
    json!({"name": name, "dockerLabels": labels})
}
