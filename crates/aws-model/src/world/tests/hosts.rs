//! EC2 instances come and go; groups, hooks, Spot, metadata.

use super::lab::{CLUSTER, Lab};
use crate::{Effect, InstanceStatus, Service, StopCode, TaskStatus};
use serde_json::{Value, json};

fn group(lab: &mut Lab, operation: &str, params: Value) -> Value {
    lab.try_call(Service::AutoScaling, operation, params).unwrap()
}

/// A group of one instance with a terminate hook; the instance.
fn grouped(lab: &mut Lab) -> String {
    let tags = json!([{"Key": "local-aws.cluster", "Value": CLUSTER}]);
    group(
        lab,
        "CreateAutoScalingGroup",
        json!({"AutoScalingGroupName": "g", "MinSize": 0, "MaxSize": 2,
        "DesiredCapacity": 1, "Tags": tags}),
    );
    group(
        lab,
        "PutLifecycleHook",
        json!({"AutoScalingGroupName": "g", "LifecycleHookName": "h",
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING", "HeartbeatTimeout": 60,
        "DefaultResult": "CONTINUE"}),
    );
    lab.run(100);
    lab.world.running_instances().remove(0)
}

fn events(lab: &mut Lab, detail_type: &str) -> Vec<Value> {
    let event = |effect| match effect {
        Effect::Event(event) if event["detail-type"] == detail_type => Some(event),
        _ => None,
    };
    lab.world.take_effects().into_iter().filter_map(event).collect()
}

#[test]
fn a_group_launches_into_its_cluster_and_terminates_after_its_hook() {
    let (mut lab, _) = Lab::new(0);
    let host = grouped(&mut lab);
    lab.define("job", "0");
    let task = lab.standalone("job");
    lab.run(100);
    let state = lab.world.instance_state(&host).unwrap();
    assert_eq!(
        (state.status, state.lifecycle_state.as_deref()),
        (Some(InstanceStatus::Active), Some("InService"))
    );
    group(
        &mut lab,
        "SetDesiredCapacity",
        json!({"AutoScalingGroupName": "g", "DesiredCapacity": 0}),
    );
    lab.run(100);
    let event = events(&mut lab, "EC2 Instance-terminate Lifecycle Action").remove(0);
    assert_eq!(event["detail"]["EC2InstanceId"], *host);
    let target = lab
        .world
        .imds(lab.now, &host, "autoscaling/target-lifecycle-state");
    assert_eq!(target.as_deref(), Some("Terminated"));
    let complete = json!({"AutoScalingGroupName": "g", "LifecycleHookName": "h", "LifecycleActionResult": "CONTINUE",
        "LifecycleActionToken": event["detail"]["LifecycleActionToken"]});
    group(&mut lab, "CompleteLifecycleAction", complete);
    assert!(lab.world.take_effects().contains(&Effect::InstanceTerminated {
        instance: host.clone()
    }));
    let task = lab.world.task(&task).unwrap();
    assert_eq!(
        (task.last_status, task.stop_code),
        (TaskStatus::Stopped, Some(StopCode::TerminationNotice))
    );
    let state = lab.world.instance_state(&host).unwrap();
    assert_eq!(
        (state.running, state.status),
        (false, Some(InstanceStatus::Inactive))
    );
    assert_eq!(lab.world.imds(lab.now, &host, "instance-id"), None);
}

#[test]
fn a_hook_that_no_caller_completes_times_out() {
    let (mut lab, _) = Lab::new(0);
    let host = grouped(&mut lab);
    group(
        &mut lab,
        "SetDesiredCapacity",
        json!({"AutoScalingGroupName": "g", "DesiredCapacity": 0}),
    );
    lab.run(59_900);
    assert!(lab.world.instance_state(&host).unwrap().running);
    lab.run(200);
    assert!(!lab.world.instance_state(&host).unwrap().running);
}

#[test]
fn spot_gives_notice_and_then_takes_the_instance() {
    let (mut lab, hosts) = Lab::with(1, |config| config.spot_instance_draining = true);
    let host = &hosts[0];
    assert_eq!(lab.world.imds(lab.now, host, "spot/instance-action"), None);
    lab.world.spot_notice(lab.now, host, "terminate");
    lab.run(100);
    let event = events(&mut lab, "EC2 Spot Instance Interruption Warning").remove(0);
    assert_eq!(
        event["detail"],
        json!({"instance-id": host, "instance-action": "terminate"})
    );
    let notice = lab.world.imds(lab.now, host, "spot/instance-action").unwrap();
    let notice: Value = serde_json::from_str(&notice).unwrap();
    assert_eq!(
        notice,
        json!({"action": "terminate", "time": "2027-01-15T08:02:00Z"})
    );
    assert_eq!(
        lab.world.instance_state(host).unwrap().status,
        Some(InstanceStatus::Draining)
    );
    lab.run(120_000);
    assert!(!lab.world.instance_state(host).unwrap().running);
}

#[test]
fn an_instance_that_goes_with_its_agent_cut_off_leaves_phantoms() {
    let (mut lab, hosts) = Lab::new(2);
    lab.define("agent", "0");
    lab.daemon("router", "agent");
    lab.run(100);
    lab.world.agent_connected(lab.now, &hosts[0], false);
    for host in &hosts {
        lab.world.terminate_instance(lab.now, host);
    }
    lab.run(60_000);
    let status = |host: &str| lab.world.instance_state(host).unwrap().status;
    assert_eq!(
        [status(&hosts[0]), status(&hosts[1])],
        [Some(InstanceStatus::Active), Some(InstanceStatus::Inactive)]
    );
    assert_eq!(lab.world.tasks_on(&hosts[0])[0].last_status, TaskStatus::Running);
    assert_eq!(lab.world.tasks_on(&hosts[1])[0].last_status, TaskStatus::Stopped);
}

#[test]
fn an_instance_shows_itself_in_its_metadata() {
    let (lab, hosts) = Lab::new(1);
    let get = |path: &str| lab.world.imds(lab.now, &hosts[0], path);
    assert_eq!(get("instance-id"), Some(hosts[0].clone()));
    assert_eq!(get("placement/region").as_deref(), Some("eu-west-1"));
    assert_eq!(get("placement/availability-zone").as_deref(), Some("eu-west-1a"));
    assert_eq!(get("autoscaling/target-lifecycle-state"), None);
    assert_eq!(get("nothing"), None);
}

#[test]
fn task_metadata_is_what_the_agent_knows() {
    let (mut lab, _) = Lab::new(1);
    let sidecar = json!({"name": "side", "command": ["/s"], "essential": false,
        "dependsOn": [{"containerName": "main", "condition": "START"}]});
    lab.define_containers("pair", json!([{"name": "main", "command": ["/m"]}, sidecar]));
    lab.daemon("router", "pair");
    lab.run(100);
    let start = lab.starts().remove(0);
    lab.world.container_started(lab.now, &start.task_arn, "main");
    lab.world.container_started(lab.now, &start.task_arn, "side");
    lab.run(100);
    let task = lab.world.task_metadata(&start.task_id).unwrap();
    assert_eq!(
        (&task["Cluster"], &task["ServiceName"]),
        (&json!(CLUSTER), &json!("router"))
    );
    assert_eq!(
        (&task["DesiredStatus"], &task["KnownStatus"]),
        (&json!("RUNNING"), &json!("RUNNING"))
    );
    lab.world.container_exited(lab.now, &start.task_arn, "main", 9);
    let task = lab.world.task_metadata(&start.task_id).unwrap();
    assert_eq!(
        (&task["DesiredStatus"], &task["KnownStatus"]),
        (&json!("STOPPED"), &json!("RUNNING"))
    );
    let main = lab.world.container_metadata(&start.task_id, "main").unwrap();
    assert_eq!(
        (&main["KnownStatus"], &main["ExitCode"]),
        (&json!("STOPPED"), &json!(9))
    );
    let side = lab.world.container_metadata(&start.task_id, "side").unwrap();
    assert_eq!(side["KnownStatus"], "RUNNING");
    assert_eq!(lab.world.container_metadata(&start.task_id, "nobody"), None);
}

#[test]
fn the_agent_of_a_daemon_instance_tells_its_events() {
    let (mut lab, hosts) = Lab::new(1);
    lab.world.take_effects();
    lab.set_state(&hosts[0], "DRAINING");
    lab.run(100);
    let event = events(&mut lab, "ECS Container Instance State Change").remove(0);
    assert_eq!(
        (&event["detail"]["status"], &event["detail"]["ec2InstanceId"]),
        (&json!("DRAINING"), &json!(hosts[0]))
    );
    assert_eq!(event["source"], "aws.ecs");
}
