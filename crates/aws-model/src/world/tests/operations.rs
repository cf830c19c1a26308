//! What the operations answer and refuse.

use super::lab::{CLUSTER, Lab, simulated};
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
        let mut params = json!({"cluster": CLUSTER, "containerInstance": instance});
        params
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
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
    let mut run = json!({"cluster": CLUSTER, "taskDefinition": "web", "startedBy": "me", "group": "batch"});
    run["count"] = json!(2);
    lab.ecs("RunTask", run);
    lab.run(200);
    let mut list = |filter: Value| {
        let mut params = filter;
        params["cluster"] = json!(CLUSTER);
        lab.ecs("ListTasks", params)["taskArns"].as_array().unwrap().len()
    };
    assert_eq!(list(json!({})), 3);
    assert_eq!(list(json!({"serviceName": "web"})), 1);
    assert_eq!(list(json!({"startedBy": "me"})), 2);
    assert_eq!(lab.alive(&hosts[0], "batch").len(), 2);
    let both = json!({"cluster": CLUSTER, "startedBy": "me", "family": "web"});
    assert_eq!(lab.refusal("ListTasks", both), "InvalidParameterException");
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
        let first = lab.ecs(operation, json!({"cluster": CLUSTER}));
        assert_eq!(first[member].as_array().unwrap().len(), 100);
        let second = lab.ecs(
            operation,
            json!({"cluster": CLUSTER, "nextToken": first["nextToken"]}),
        );
        assert_eq!(second[member].as_array().unwrap().len(), 20);
        assert!(second.get("nextToken").is_none());
        let too_many = json!({"cluster": CLUSTER, "maxResults": 101});
        assert_eq!(lab.refusal(operation, too_many), "InvalidParameterException");
    }
}

#[test]
fn container_instances_are_found_by_their_ec2_id_and_status() {
    let (mut lab, hosts) = Lab::new(3);
    let arn = lab.container_instance(&hosts[1]);
    lab.set_state(&hosts[1], "DRAINING");
    let mut list = |filter: Value| {
        let mut params = filter;
        params["cluster"] = json!(CLUSTER);
        lab.ecs("ListContainerInstances", params)["containerInstanceArns"].clone()
    };
    assert_eq!(
        list(json!({"filter": format!("ec2InstanceId == {}", hosts[1])})),
        json!([arn])
    );
    assert_eq!(list(json!({"filter": "ec2InstanceId == i-unknown"})), json!([]));
    assert_eq!(list(json!({"status": "DRAINING"})), json!([arn]));
    assert_eq!(list(json!({})).as_array().unwrap().len(), 3);
    assert_eq!(
        lab.refusal(
            "ListContainerInstances",
            json!({"cluster": CLUSTER, "filter": "?"})
        ),
        "InvalidParameterException"
    );
}

#[test]
fn what_is_unknown_comes_as_a_failure() {
    let (mut lab, hosts) = Lab::new(1);
    let known = lab.container_instance(&hosts[0]);
    let missing = |arn: &Value| json!([{"arn": arn, "reason": "MISSING"}]);
    let cases = [
        ("DescribeTasks", "tasks", "task"),
        (
            "DescribeContainerInstances",
            "containerInstances",
            "container-instance",
        ),
        ("DescribeServices", "services", "service"),
    ];
    for (operation, member, kind) in cases {
        let arn = json!(format!(
            "arn:aws:ecs:eu-west-1:123456789012:{kind}/{CLUSTER}/nobody"
        ));
        let answer = lab.ecs(operation, json!({"cluster": CLUSTER, member: [arn]}));
        assert_eq!(
            (&answer[member], &answer["failures"]),
            (&json!([]), &missing(&arn)),
            "{operation}"
        );
    }
    let params = json!({"cluster": CLUSTER, "status": "DRAINING", "containerInstances": [known, "nobody"]});
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
    assert_eq!(
        lab.refusal("DescribeTaskDefinition", json!({"taskDefinition": "web:3"})),
        "ClientException"
    );
}

#[test]
fn moments_are_seconds_since_1970() {
    let (mut lab, hosts) = Lab::new(1);
    lab.define("job", "0");
    let task = lab.standalone("job");
    let answer = lab.ecs("DescribeTasks", json!({"cluster": CLUSTER, "tasks": [task]}));
    assert_eq!(answer["tasks"][0]["createdAt"], json!(1_800_000_000.1));
    let arn = lab.container_instance(&hosts[0]);
    let answer = lab.ecs(
        "DescribeContainerInstances",
        json!({"cluster": CLUSTER, "containerInstances": [arn]}),
    );
    assert_eq!(
        answer["containerInstances"][0]["registeredAt"],
        json!(1_800_000_000.005)
    );
}

#[test]
fn counts_of_an_instance_leave_out_what_is_stopping() {
    let (mut lab, hosts) = Lab::new(1);
    lab.define("job", "60");
    let task = lab.standalone("job");
    let arn = lab.container_instance(&hosts[0]);
    let counts = |lab: &mut Lab| {
        let params = json!({"cluster": CLUSTER, "containerInstances": [arn]});
        let answer = lab.ecs("DescribeContainerInstances", params);
        let one = &answer["containerInstances"][0];
        (
            one["pendingTasksCount"].as_u64().unwrap(),
            one["runningTasksCount"].as_u64().unwrap(),
        )
    };
    assert_eq!(counts(&mut lab), (1, 0));
    lab.run(100);
    assert_eq!(counts(&mut lab), (0, 1));
    lab.stop(&task);
    assert_eq!(counts(&mut lab), (0, 0));
}

#[test]
fn standalone_tasks_go_where_they_are_sent() {
    let (mut lab, hosts) = Lab::new(3);
    lab.define_containers("job", json!([simulated("main", "0")]));
    let expression = format!("ec2InstanceId == {}", hosts[2]);
    let constraint = json!([{"type": "memberOf", "expression": expression}]);
    let run =
        json!({"cluster": CLUSTER, "taskDefinition": "job", "count": 2, "placementConstraints": constraint});
    lab.ecs("RunTask", run);
    let arn = lab.container_instance(&hosts[1]);
    lab.ecs(
        "StartTask",
        json!({"cluster": CLUSTER, "taskDefinition": "job", "containerInstances": [arn]}),
    );
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
    let mut params = json!({"cluster": CLUSTER, "containerInstance": arn});
    assert_eq!(
        lab.refusal("DeregisterContainerInstance", params.clone()),
        "InvalidParameterException"
    );
    params["force"] = json!(true);
    let answer = lab.ecs("DeregisterContainerInstance", params);
    assert_eq!(answer["containerInstance"]["status"], "INACTIVE");
    let task = lab.ecs("DescribeTasks", json!({"cluster": CLUSTER, "tasks": [task]}));
    assert_eq!(task["tasks"][0]["lastStatus"], "STOPPED");
    let listed = lab.ecs("ListContainerInstances", json!({"cluster": CLUSTER}));
    assert_eq!(listed["containerInstanceArns"], json!([]));
}

#[test]
fn own_events_are_delivered_and_wrong_ones_are_not() {
    let (mut lab, _) = Lab::new(0);
    let good = json!({"Source": "me", "DetailType": "Hello", "Detail": "{\"a\":1}", "Resources": ["r"]});
    let entries = json!({"Entries": [good, {"Source": "me"}]});
    let answer = lab.try_call(Service::Events, "PutEvents", entries).unwrap();
    assert_eq!(answer["FailedEntryCount"], 1);
    lab.run(100);
    let events = lab
        .world
        .take_effects()
        .into_iter()
        .filter_map(|effect| match effect {
            crate::Effect::Event(event) => Some(event),
            _ => None,
        });
    let events: Vec<Value> = events.collect();
    assert_eq!(events.len(), 1);
    assert_eq!(
        (&events[0]["detail"]["a"], &events[0]["resources"]),
        (&json!(1), &json!(["r"]))
    );
}
