//! What the operations refuse, and how far they go.

use super::lab::{CLUSTER, Lab};
use serde_json::json;

#[test]
fn calls_that_ask_for_too_much_or_nothing_are_refused() {
    let (mut lab, _) = Lab::new(1);
    let many = |count: usize| json!((0..count).map(|number| number.to_string()).collect::<Vec<_>>());
    let cases = [
        ("DescribeTasks", json!({"tasks": many(101)})),
        ("DescribeTasks", json!({"tasks": []})),
        ("DescribeServices", json!({"services": many(11)})),
        ("DescribeServices", json!({})),
        (
            "DescribeContainerInstances",
            json!({"containerInstances": many(101)}),
        ),
        (
            "UpdateContainerInstancesState",
            json!({"containerInstances": many(11), "status": "DRAINING"}),
        ),
        (
            "UpdateContainerInstancesState",
            json!({"containerInstances": many(1), "status": "INACTIVE"}),
        ),
        ("ListTasks", json!({"containerInstance": "nobody"})),
        ("StopTask", json!({"task": "nobody"})),
    ];
    for (operation, mut params) in cases {
        params["cluster"] = json!(CLUSTER);
        assert_eq!(
            lab.refusal(operation, params.clone()),
            "InvalidParameterException",
            "{operation} {params}"
        );
        params["cluster"] = json!("nowhere");
        assert_eq!(
            lab.refusal(operation, params),
            "ClusterNotFoundException",
            "{operation}"
        );
    }
    assert_eq!(lab.refusal("NoSuchThing", json!({})), "AccessDeniedException");
}

#[test]
fn limits_themselves_are_taken() {
    let (mut lab, _) = Lab::new(0);
    let many = |count: usize| json!((0..count).map(|number| number.to_string()).collect::<Vec<_>>());
    let cases = [
        ("DescribeTasks", json!({"tasks": many(100)}), 100),
        ("DescribeServices", json!({"services": many(10)}), 10),
        (
            "UpdateContainerInstancesState",
            json!({"containerInstances": many(10), "status": "DRAINING"}),
            10,
        ),
    ];
    for (operation, mut params, failures) in cases {
        params["cluster"] = json!(CLUSTER);
        assert_eq!(
            lab.ecs(operation, params)["failures"].as_array().unwrap().len(),
            failures
        );
    }
}

#[test]
fn services_that_are_not_there_or_no_longer() {
    let (mut lab, _) = Lab::new(1);
    lab.define("web", "0");
    lab.replica("web", "web", 1);
    let service = |name: &str| json!({"cluster": CLUSTER, "service": name});
    assert_eq!(
        lab.refusal("UpdateService", service("nobody")),
        "ServiceNotFoundException"
    );
    assert_eq!(
        lab.refusal("DeleteService", service("web")),
        "InvalidParameterException"
    );
    lab.ecs(
        "DeleteService",
        json!({"cluster": CLUSTER, "service": "web", "force": true}),
    );
    assert_eq!(
        lab.refusal("UpdateService", service("web")),
        "ServiceNotActiveException"
    );
    let unknown = json!({"cluster": CLUSTER, "serviceName": "x", "taskDefinition": "nothing"});
    assert_eq!(lab.refusal("CreateService", unknown), "ClientException");
}

#[test]
fn task_definitions_that_make_no_sense_are_refused() {
    let (mut lab, _) = Lab::new(0);
    let on = |name: &str, condition: &str| json!([{"containerName": name, "condition": condition}]);
    let cases = [
        json!([]),
        json!([{"name": ""}]),
        json!([{"name": "a/b"}]),
        json!([{"name": "a".repeat(256)}]),
        json!([{"name": "a", "restartPolicy": {"enabled": true, "restartAttemptPeriod": 0}}]),
        json!([{"name": "a"}, {"name": "a"}]),
        json!([{"name": "a", "essential": false}]),
        json!([{"name": "a", "dependsOn": on("b", "START")}]),
        json!([{"name": "a", "dependsOn": on("a", "START")}]),
        json!([{"name": "a", "dependsOn": on("b", "START")}, {"name": "b", "dependsOn": on("a", "START")}]),
        json!([{"name": "a"}, {"name": "b", "dependsOn": on("a", "COMPLETE")}]),
        json!([{"name": "a"}, {"name": "b", "dependsOn": on("a", "LATER")}]),
    ];
    for containers in cases {
        let params = json!({"family": "f", "containerDefinitions": containers});
        assert_eq!(
            lab.refusal("RegisterTaskDefinition", params.clone()),
            "ClientException",
            "{params}"
        );
    }
    for family in ["a/b", "a:1", &"a".repeat(256)] {
        let params = json!({"family": family, "containerDefinitions": [{"name": "a"}]});
        assert_eq!(
            lab.refusal("RegisterTaskDefinition", params),
            "ClientException",
            "{family}"
        );
    }
}

#[test]
fn a_task_that_is_larger_than_every_number_finds_no_place() {
    let (mut lab, _) = Lab::new(1);
    let large = json!({"name": "a", "cpu": u32::MAX, "memory": u32::MAX});
    let more = json!({"name": "b", "cpu": u32::MAX, "memoryReservation": u32::MAX});
    lab.ecs(
        "RegisterTaskDefinition",
        json!({"family": "f", "containerDefinitions": [large, more]}),
    );
    let answer = lab.ecs("RunTask", json!({"cluster": CLUSTER, "taskDefinition": "f"}));
    assert_eq!(answer["tasks"], json!([]));
    assert_eq!(answer["failures"].as_array().map(Vec::len), Some(1));
}
