//! Before the journal: a cluster of one instance in a group with its hooks, and what runs on it.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use protector_aws_model::Service;
use serde_json::{Value, json};

use super::harness::Harness;
use super::script::ScriptSetup;
use crate::names::{CLUSTER, SIDECAR};
use crate::requests::{self, simulated};

/// All of it takes so long.
pub(crate) const DURATION: Duration = Duration::from_secs(2);

/// A task runs so long after RunTask.
const START: SignedDuration = SignedDuration::from_millis(10);

/// Sets the setup. Comes back at the journal's zero, with the EC2 instance.
pub(crate) async fn set(harness: &Arc<Harness>, setup: &ScriptSetup) -> String {
    let cluster = Setup(harness);
    cluster.group(setup);
    tokio::time::sleep(DURATION / 4).await;
    let instance = cluster.instance();
    if let Some(ago) = setup.leftover {
        cluster.leftover(&instance, harness.clock.at(-ago));
    }
    cluster.services(setup);
    harness.clock.sleep_until(harness.clock.at(-START)).await;
    cluster.tasks(setup);
    harness
        .clock
        .sleep_until(harness.clock.at(SignedDuration::ZERO))
        .await;
    instance
}

struct Setup<'a>(&'a Arc<Harness>);

impl Setup<'_> {
    fn call(&self, service: Service, operation: &str, params: Value) {
        let answer = self.0.call(service, operation, params);
        answer.expect("the setup can be set");
    }

    fn ecs(&self, operation: &str, params: Value) {
        self.call(Service::Ecs, operation, params);
    }

    fn group(&self, setup: &ScriptSetup) {
        self.ecs("CreateCluster", json!({"clusterName": CLUSTER}));
        self.call(Service::AutoScaling, "CreateAutoScalingGroup", requests::group(1));
        for hook in &setup.hooks {
            let hook = requests::hook(&hook.name, hook.heartbeat.as_secs());
            self.call(Service::AutoScaling, "PutLifecycleHook", hook);
        }
    }

    fn instance(&self) -> String {
        let instances = self.0.with(|world, _| world.running_instances());
        instances
            .into_iter()
            .next()
            .expect("the group has launched an instance")
    }

    /// The record that a drain of an earlier life has left: the EC2 instance has come back, from a warm pool or with a
    /// new root volume, and registered as another container instance.
    fn leftover(&self, instance: &str, released: Timestamp) {
        let started = released
            .saturating_sub(SignedDuration::from_mins(5))
            .expect("a time");
        let record = json!({"schema": 1, "state": "released", "remaining": 0, "reason": "drained",
            "ec2InstanceId": instance, "drainId": format!("{instance}-{started}"), "pollSeconds": 1,
            "containerInstanceArn": format!("arn:aws:ecs:eu-west-1:123456789012:container-instance/{CLUSTER}/earlier"),
            "startedAt": started, "updatedAt": released, "releasedAt": released, "receiptAt": released,
            "deadlineAt": started.saturating_add(SignedDuration::from_hours(1)).expect("a time")});
        let name = format!("/ecs-daemon-protector/{CLUSTER}/{instance}");
        let params = json!({"Name": name, "Type": "String", "Value": record.to_string()});
        self.call(Service::Ssm, "PutParameter", params);
    }

    fn services(&self, setup: &ScriptSetup) {
        for daemon in &setup.daemons {
            let mut main = simulated(&daemon.name, seconds(daemon.flushes));
            main["essential"] = json!(true);
            let containers = match daemon.protected {
                true => json!([main, sidecar(&daemon.name)]),
                false => json!([main]),
            };
            self.define(&daemon.name, containers);
            self.ecs("CreateService", requests::daemon_service(&daemon.name));
        }
        for service in &setup.replicas {
            let name = &service.name;
            self.define(name, json!([simulated("app", seconds(service.stop_in))]));
            let tasks = service.tasks.try_into().unwrap_or(usize::MAX);
            self.ecs("CreateService", requests::replica_service(name, tasks));
        }
    }

    fn tasks(&self, setup: &ScriptSetup) {
        for task in &setup.standalone {
            let mut container = simulated("job", 0);
            container["dockerLabels"]["local-aws.run-seconds"] = json!(seconds(task.runs).to_string());
            self.define(&task.name, json!([container]));
            self.ecs(
                "RunTask",
                json!({"cluster": CLUSTER, "taskDefinition": task.name}),
            );
        }
    }

    fn define(&self, family: &str, containers: Value) {
        self.ecs("RegisterTaskDefinition", requests::definition(family, containers));
    }
}

/// As `examples/task-definition.json` has it.
fn sidecar(protects: &str) -> Value {
    json!({"name": SIDECAR, "essential": false, "memory": 32, "stopTimeout": 7500,
        "restartPolicy": {"enabled": true, "restartAttemptPeriod": 60},
        "dependsOn": [{"containerName": protects, "condition": "START"}]})
}

fn seconds(duration: SignedDuration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}
