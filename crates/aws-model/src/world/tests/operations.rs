//! What the operations answer and refuse.

use super::lab::{CLUSTER, INVALID, Lab, simulated, with};
use crate::Service;
use serde_json::{Value, json};

#[test]
fn list_tasks_hides_what_is_stopping_unless_asked() {
    let (mut lab, hosts) = Lab::new(1);
    lab.define("job", "60");
    let (stays, goes) = (lab.standalone("job"), lab.standalone("job"));
    lab.run(100);
    lab.stop(&goes);
    lab.run(100);
    let instance = lab.container_instance(&hosts[0]);
    let mut list = |extra: Value| {
        let params = with(json!({"containerInstance": instance}), extra);
        lab.ecs("ListTasks", params)["taskArns"].clone()
    };
    assert_eq!(list(json!({})), json!([stays]));
    assert_eq!(list(json!({"desiredStatus": "RUNNING"})), json!([stays]));
    assert_eq!(list(json!({"desiredStatus": "STOPPED"})), json!([goes]));
    assert_eq!(list(json!({"desiredStatus": "PENDING"})), json!([]));
    assert_eq!(list(json!({"family": "job"})), json!([stays]));
    assert_eq!(list(json!({"family": "other"})), json!([]));
    assert_eq!(list(json!({"launchType": "FARGATE"})), json!([]));
}

#[test]
fn list_tasks_filters_by_service_and_by_who_started() {
    let (mut lab, hosts) = Lab::new(1);
    lab.define("web", "0");
    lab.replica("web", "web", 1);
    let mut run = json!({"taskDefinition": "web", "startedBy": "me", "group": "batch"});
    run["count"] = json!(2);
    lab.ecs("RunTask", run);
    lab.run(200);
    let mut list = |filter| lab.ecs("ListTasks", filter)["taskArns"].as_array().unwrap().len();
    assert_eq!(list(json!({})), 3);
    assert_eq!(list(json!({"serviceName": "web"})), 1);
    assert_eq!(list(json!({"startedBy": "me"})), 2);
    assert_eq!(lab.alive(&hosts[0], "batch").len(), 2);
    let both = json!({"startedBy": "me", "family": "web"});
    assert_eq!(lab.refusal("ListTasks", both), INVALID);
}

#[test]
fn lists_have_pages_of_a_hundred() {
    let (mut lab, _) = Lab::new(120);
    lab.define("agent", "0");
    lab.daemon("router", "agent");
    lab.run(1_000);
    for (operation, member) in [
        ("ListTasks", "taskArns"),
        ("ListContainerInstances", "containerInstanceArns"),
    ] {
        let first = lab.ecs(operation, json!({}));
        assert_eq!(first[member].as_array().unwrap().len(), 100);
        let second = lab.ecs(operation, json!({"nextToken": first["nextToken"]}));
        assert_eq!(second[member].as_array().unwrap().len(), 20);
        assert!(second.get("nextToken").is_none());
        let too_many = json!({"maxResults": 101});
        assert_eq!(lab.refusal(operation, too_many), INVALID);
    }
}

#[test]
fn container_instances_are_found_by_their_ec2_id_and_status() {
    let (mut lab, hosts) = Lab::new(3);
    let arn = lab.container_instance(&hosts[1]);
    lab.set_state(&hosts[1], "DRAINING");
    let mut list = |filter: Value| lab.ecs("ListContainerInstances", filter)["containerInstanceArns"].clone();
    let by_id = format!("ec2InstanceId == {}", hosts[1]);
    assert_eq!(list(json!({"filter": by_id})), json!([arn]));
    assert_eq!(list(json!({"filter": "ec2InstanceId == i-unknown"})), json!([]));
    assert_eq!(list(json!({"status": "DRAINING"})), json!([arn]));
    assert_eq!(list(json!({})).as_array().unwrap().len(), 3);
    let odd = json!({"filter": "?"});
    assert_eq!(lab.refusal("ListContainerInstances", odd), INVALID);
}

#[test]
fn what_is_unknown_comes_as_a_failure() {
    let (mut lab, hosts) = Lab::new(1);
    let known = lab.container_instance(&hosts[0]);
    let missing = |arn: &str| json!([{"arn": arn, "reason": "MISSING"}]);
    let instances = ("containerInstances", "container-instance");
    let cases = [
        ("DescribeTasks", ("tasks", "task")),
        ("DescribeContainerInstances", instances),
        ("DescribeServices", ("services", "service")),
    ];
    for (operation, (member, kind)) in cases {
        let arn = format!("arn:aws:ecs:eu-west-1:123456789012:{kind}/{CLUSTER}/unknown");
        let answer = lab.ecs(operation, json!({member: [arn]}));
        assert_eq!(answer[member], json!([]), "{operation}");
        assert_eq!(answer["failures"], missing(&arn), "{operation}");
    }
    let params = json!({"status": "DRAINING", "containerInstances": [known, "unknown"]});
    let answer = lab.ecs("UpdateContainerInstancesState", params);
    assert_eq!(answer["containerInstances"][0]["status"], "DRAINING");
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
}

#[test]
fn task_definitions_have_revisions() {
    let (mut lab, _) = Lab::new(0);
    lab.define("web", "0");
    lab.define("web", "0");
    for (name, revision) in [("web", 2), ("web:1", 1)] {
        let answer = lab.ecs("DescribeTaskDefinition", json!({"taskDefinition": name}));
        assert_eq!(answer["taskDefinition"]["revision"], revision);
    }
    let third = json!({"taskDefinition": "web:3"});
    assert_eq!(lab.refusal("DescribeTaskDefinition", third), "ClientException");
}

#[test]
fn moments_are_seconds_since_1970() {
    let (mut lab, hosts) = Lab::new(1);
    lab.define("job", "0");
    let task = lab.standalone("job");
    assert_eq!(lab.task(&task)["createdAt"], json!(1_800_000_000.1));
    let params = json!({"containerInstances": [lab.container_instance(&hosts[0])]});
    let answer = lab.ecs("DescribeContainerInstances", params);
    let instance = &answer["containerInstances"][0];
    assert_eq!(instance["registeredAt"], json!(1_800_000_000.005));
}

#[test]
fn counts_of_an_instance_leave_out_what_is_stopping() {
    let (mut lab, hosts) = Lab::new(1);
    lab.define("job", "60");
    let task = lab.standalone("job");
    let arn = lab.container_instance(&hosts[0]);
    let counts = |lab: &mut Lab| {
        let params = json!({"containerInstances": [arn]});
        let answer = lab.ecs("DescribeContainerInstances", params);
        let one = &answer["containerInstances"][0];
        ["pendingTasksCount", "runningTasksCount"].map(|count| one[count].as_u64().unwrap())
    };
    assert_eq!(counts(&mut lab), [1, 0]);
    lab.run(100);
    assert_eq!(counts(&mut lab), [0, 1]);
    lab.stop(&task);
    assert_eq!(counts(&mut lab), [0, 0]);
}

#[test]
fn standalone_tasks_go_where_they_are_sent() {
    let (mut lab, hosts) = Lab::new(3);
    lab.define_containers("job", json!([simulated("main", "0")]));
    let expression = format!("ec2InstanceId == {}", hosts[2]);
    let constraint = json!([{"type": "memberOf", "expression": expression}]);
    let run = json!({"taskDefinition": "job", "count": 2, "placementConstraints": constraint});
    lab.ecs("RunTask", run);
    let arn = lab.container_instance(&hosts[1]);
    let start = json!({"taskDefinition": "job", "containerInstances": [arn]});
    lab.ecs("StartTask", start);
    let counts: Vec<usize> = hosts.iter().map(|host| lab.world.tasks_on(host).len()).collect();
    assert_eq!(counts, [0, 1, 2]);
}

#[test]
fn a_deregistered_instance_is_inactive_and_its_tasks_are_written_off() {
    let (mut lab, hosts) = Lab::new(1);
    lab.define("job", "0");
    let task = lab.standalone("job");
    lab.run(100);
    let arn = lab.container_instance(&hosts[0]);
    let mut params = json!({"containerInstance": arn});
    let code = lab.refusal("DeregisterContainerInstance", params.clone());
    assert_eq!(code, INVALID);
    params["force"] = json!(true);
    let answer = lab.ecs("DeregisterContainerInstance", params);
    assert_eq!(answer["containerInstance"]["status"], "INACTIVE");
    assert_eq!(lab.task(&task)["lastStatus"], "STOPPED");
    let listed = lab.ecs("ListContainerInstances", json!({}));
    assert_eq!(listed["containerInstanceArns"], json!([]));
}

#[test]
fn own_events_are_delivered_and_wrong_ones_are_not() {
    let (mut lab, _) = Lab::new(0);
    let good = json!({"Source": "me", "DetailType": "Hello", "Detail": "{\"a\":1}", "Resources": ["r"]});
    let entries = json!({"Entries": [good, {"Source": "me"}]});
    let answer = lab.call(Service::Events, "PutEvents", entries);
    assert_eq!(answer["FailedEntryCount"], 1);
    lab.run(100);
    let [event] = lab.events("Hello").try_into().unwrap();
    assert_eq!(event["detail"]["a"], 1);
    assert_eq!(event["resources"], json!(["r"]));
}
