//! What the operations refuse, and how far they go.

use super::lab::{INVALID, Lab};
use serde_json::json;

/// So many names.
fn many(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

#[test]
fn calls_that_ask_for_too_much_or_nothing_are_refused() {
    let (mut lab, _) = Lab::new(1);
    let set = "UpdateContainerInstancesState";
    let cases = [
        ("DescribeTasks", json!({"tasks": many(101)})),
        ("DescribeTasks", json!({"tasks": []})),
        ("DescribeServices", json!({"services": many(11)})),
        ("DescribeServices", json!({})),
        (
            "DescribeContainerInstances",
            json!({"containerInstances": many(101)}),
        ),
        (set, json!({"containerInstances": many(11), "status": "DRAINING"})),
        (set, json!({"containerInstances": many(1), "status": "INACTIVE"})),
        ("ListTasks", json!({"containerInstance": "unknown"})),
        ("StopTask", json!({"task": "unknown"})),
    ];
    for (operation, mut params) in cases {
        let code = lab.refusal(operation, params.clone());
        assert_eq!(code, INVALID, "{operation} {params}");
        params["cluster"] = json!("nowhere");
        let code = lab.refusal(operation, params);
        assert_eq!(code, "ClusterNotFoundException", "{operation}");
    }
    assert_eq!(lab.refusal("NoSuchThing", json!({})), "AccessDeniedException");
}

#[test]
fn limits_themselves_are_taken() {
    let (mut lab, _) = Lab::new(0);
    let drained = json!({"containerInstances": many(10), "status": "DRAINING"});
    let cases = [
        ("DescribeTasks", json!({"tasks": many(100)}), 100),
        ("DescribeServices", json!({"services": many(10)}), 10),
        ("UpdateContainerInstancesState", drained, 10),
    ];
    for (operation, params, failures) in cases {
        let answer = lab.ecs(operation, params);
        assert_eq!(answer["failures"].as_array().unwrap().len(), failures);
    }
}

#[test]
fn services_that_are_not_there_or_no_longer() {
    let (mut lab, _) = Lab::new(1);
    lab.define("web", "0");
    lab.replica("web", "web", 1);
    let service = |name: &str| json!({"service": name});
    let code = lab.refusal("UpdateService", service("unknown"));
    assert_eq!(code, "ServiceNotFoundException");
    assert_eq!(lab.refusal("DeleteService", service("web")), INVALID);
    lab.ecs("DeleteService", json!({"service": "web", "force": true}));
    let code = lab.refusal("UpdateService", service("web"));
    assert_eq!(code, "ServiceNotActiveException");
    let unknown = json!({"serviceName": "x", "taskDefinition": "nothing"});
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
        let code = lab.refusal("RegisterTaskDefinition", params.clone());
        assert_eq!(code, "ClientException", "{params}");
    }
    for family in ["a/b", "a:1", &"a".repeat(256)] {
        let params = json!({"family": family, "containerDefinitions": [{"name": "a"}]});
        let code = lab.refusal("RegisterTaskDefinition", params);
        assert_eq!(code, "ClientException", "{family}");
    }
}

#[test]
fn a_task_that_is_larger_than_every_number_finds_no_place() {
    let (mut lab, _) = Lab::new(1);
    let large = json!({"name": "a", "cpu": u32::MAX, "memory": u32::MAX});
    let more = json!({"name": "b", "cpu": u32::MAX, "memoryReservation": u32::MAX});
    lab.define_containers("f", json!([large, more]));
    let answer = lab.ecs("RunTask", json!({"taskDefinition": "f"}));
    assert_eq!(answer["tasks"], json!([]));
    assert_eq!(answer["failures"].as_array().map(Vec::len), Some(1));
}
