//! EC2 instances come and go; groups, hooks, Spot, metadata.

use super::lab::{CLUSTER, Lab};
use crate::{Effect, InstanceStatus, Service, StopCode, TaskStatus};
use serde_json::{Value, json};

fn group(lab: &mut Lab, operation: &str, params: Value) -> Value {
    lab.call(Service::AutoScaling, operation, params)
}

/// A group of one instance with a terminate hook; the instance.
fn grouped(lab: &mut Lab) -> String {
    let tags = json!([{"Key": "local-aws.cluster", "Value": CLUSTER}]);
    let create =
        json!({"AutoScalingGroupName": "g", "MinSize": 0, "MaxSize": 2, "DesiredCapacity": 1, "Tags": tags});
    group(lab, "CreateAutoScalingGroup", create);
    let hook = json!({"AutoScalingGroupName": "g", "LifecycleHookName": "h", "HeartbeatTimeout": 60,
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING", "DefaultResult": "CONTINUE"});
    group(lab, "PutLifecycleHook", hook);
    lab.run(100);
    lab.world.running_instances().remove(0)
}

fn scale_in(lab: &mut Lab) {
    let params = json!({"AutoScalingGroupName": "g", "DesiredCapacity": 0});
    group(lab, "SetDesiredCapacity", params);
}

#[test]
fn a_group_launches_into_its_cluster_and_terminates_after_its_hook() {
    let (mut lab, _) = Lab::new(0);
    let host = grouped(&mut lab);
    lab.define("job", "0");
    let task = lab.standalone("job");
    lab.run(100);
    let state = lab.world.instance_state(&host).unwrap();
    assert_eq!(state.status, Some(InstanceStatus::Active));
    assert_eq!(state.lifecycle_state.as_deref(), Some("InService"));
    scale_in(&mut lab);
    lab.run(100);
    let event = lab.events("EC2 Instance-terminate Lifecycle Action").remove(0);
    assert_eq!(event["detail"]["EC2InstanceId"], *host);
    let path = "autoscaling/target-lifecycle-state";
    assert_eq!(
        lab.world.imds(lab.now, &host, path).as_deref(),
        Some("Terminated")
    );
    let complete = json!({"AutoScalingGroupName": "g", "LifecycleHookName": "h", "LifecycleActionResult": "CONTINUE",
        "LifecycleActionToken": event["detail"]["LifecycleActionToken"]});
    group(&mut lab, "CompleteLifecycleAction", complete);
    let instance = host.clone();
    let terminated = Effect::InstanceTerminated { instance };
    assert!(lab.world.take_effects().contains(&terminated));
    let task = lab.world.task(&task).unwrap();
    assert_eq!(task.last_status, TaskStatus::Stopped);
    assert_eq!(task.stop_code, Some(StopCode::TerminationNotice));
    let state = lab.world.instance_state(&host).unwrap();
    assert!(!state.running);
    assert_eq!(state.status, Some(InstanceStatus::Inactive));
    assert_eq!(lab.world.imds(lab.now, &host, "instance-id"), None);
}

#[test]
fn a_hook_that_no_caller_completes_times_out() {
    let (mut lab, _) = Lab::new(0);
    let host = grouped(&mut lab);
    scale_in(&mut lab);
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
    let event = lab.events("EC2 Spot Instance Interruption Warning").remove(0);
    let detail = json!({"instance-id": host, "instance-action": "terminate"});
    assert_eq!(event["detail"], detail);
    let notice = lab.world.imds(lab.now, host, "spot/instance-action").unwrap();
    let notice: Value = serde_json::from_str(&notice).unwrap();
    let expected = json!({"action": "terminate", "time": "2027-01-15T08:02:00Z"});
    assert_eq!(notice, expected);
    let state = lab.world.instance_state(host).unwrap();
    assert_eq!(state.status, Some(InstanceStatus::Draining));
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
    assert_eq!(status(&hosts[0]), Some(InstanceStatus::Active));
    assert_eq!(status(&hosts[1]), Some(InstanceStatus::Inactive));
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
    let members = |value: Value, names: [&str; 2]| names.map(|name| value[name].clone());
    let task = |lab: &Lab, names| members(lab.world.task_metadata(&start.task_id).unwrap(), names);
    let statuses = ["DesiredStatus", "KnownStatus"];
    assert_eq!(task(&lab, ["Cluster", "ServiceName"]), [CLUSTER, "router"]);
    assert_eq!(task(&lab, statuses), ["RUNNING", "RUNNING"]);
    lab.world.container_exited(lab.now, &start.task_arn, "main", 9);
    assert_eq!(task(&lab, statuses), ["STOPPED", "RUNNING"]);
    let main = lab.world.container_metadata(&start.task_id, "main").unwrap();
    assert_eq!(
        members(main, ["KnownStatus", "ExitCode"]),
        [json!("STOPPED"), json!(9)]
    );
    let side = lab.world.container_metadata(&start.task_id, "side").unwrap();
    assert_eq!(side["KnownStatus"], "RUNNING");
    assert_eq!(lab.world.container_metadata(&start.task_id, "unknown"), None);
}

#[test]
fn the_agent_of_a_daemon_instance_tells_its_events() {
    let (mut lab, hosts) = Lab::new(1);
    lab.world.take_effects();
    lab.set_state(&hosts[0], "DRAINING");
    lab.run(100);
    let event = lab.events("ECS Container Instance State Change").remove(0);
    assert_eq!(event["detail"]["status"], "DRAINING");
    assert_eq!(event["detail"]["ec2InstanceId"], *hosts[0]);
    assert_eq!(event["source"], "aws.ecs");
}
