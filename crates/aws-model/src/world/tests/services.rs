//! What operators read of services and tasks: placement constraints, rollouts, failed starts, health.

use super::lab::{INVALID, Lab, simulated, with};
use serde_json::{Value, json};

/// All tasks of the service, the stopped ones too.
fn tasks(lab: &mut Lab) -> Vec<Value> {
    let mut arns = Vec::new();
    for status in ["RUNNING", "STOPPED"] {
        let params = json!({"serviceName": "web", "desiredStatus": status});
        let listed = lab.ecs("ListTasks", params);
        arns.extend(listed["taskArns"].as_array().unwrap().clone());
    }
    match arns.is_empty() {
        true => Vec::new(),
        false => {
            let answer = lab.ecs("DescribeTasks", json!({"tasks": arns}));
            answer["tasks"].as_array().unwrap().clone()
        }
    }
}

fn labelled(labels: Value) -> Value {
    let mut container = simulated("main", "0");
    container["dockerLabels"] = with(container["dockerLabels"].take(), labels);
    container
}

#[test]
fn tasks_go_only_where_the_constraints_of_their_service_allow_it() {
    let (mut lab, hosts) = Lab::new(3);
    lab.define("web", "0");
    let constraints = json!([{"type": "memberOf", "expression": format!("ec2InstanceId == {}", hosts[1])}]);
    lab.create_web(json!({"placementConstraints": constraints}));
    lab.run(500);
    assert_eq!(lab.alive(&hosts[1], "service:web").len(), 2);
    assert_eq!(lab.service("web")["placementConstraints"], constraints);
    lab.set_state(&hosts[1], "DRAINING");
    lab.run(500);
    let message = lab.messages("web").remove(0);
    let error = "encountered error \"MemberOf placement constraint unsatisfied.\".";
    assert!(message.ends_with(error), "{message}");
    let anywhere = json!({"service": "web", "placementConstraints": []});
    lab.ecs("UpdateService", anywhere);
    lab.run(500);
    assert_eq!(lab.counts(&hosts, "service:web"), [1, 0, 1]);
}

#[test]
fn a_daemon_obeys_its_constraints_too_and_others_than_member_of_are_refused() {
    let (mut lab, hosts) = Lab::new(2);
    lab.define("web", "0");
    let only = json!([{"type": "memberOf", "expression": format!("ec2InstanceId == {}", hosts[0])}]);
    let params = |constraints: Value| {
        json!({"serviceName": "web", "taskDefinition": "web", "schedulingStrategy": "DAEMON",
            "placementConstraints": constraints})
    };
    let distinct = params(json!([{"type": "distinctInstance"}]));
    assert_eq!(lab.refusal("CreateService", distinct), INVALID);
    lab.ecs("CreateService", params(only));
    lab.run(500);
    assert_eq!(lab.counts(&hosts, "service:web"), [1, 0]);
}

#[test]
fn a_container_that_cannot_start_gives_its_reason_to_task_service_and_deployment() {
    let (mut lab, _) = Lab::new(1);
    let reason = "CannotPullContainerError: pull access denied for web";
    lab.define_containers("web", json!([labelled(json!({"local-aws.fails": reason}))]));
    lab.create_web(json!({"desiredCount": 1}));
    lab.run(200);
    let stopped = tasks(&mut lab);
    let mut stopped = stopped.iter().filter(|task| task["lastStatus"] == "STOPPED");
    let stopped = stopped.next().unwrap();
    assert_eq!(stopped["stopCode"], "TaskFailedToStart");
    assert_eq!(stopped["stoppedReason"], reason);
    let container = &stopped["containers"][0];
    assert_eq!(container["reason"], reason);
    assert_eq!(container.get("exitCode"), None);
    let messages = lab.messages("web");
    let expected = format!("(service web) was unable to place a task. Reason: {reason}.");
    assert!(messages.contains(&expected), "{messages:?}");
    let deployment = &lab.service("web")["deployments"][0];
    assert!(deployment["failedTasks"].as_u64() > Some(0), "{deployment}");
    assert_eq!(deployment["rolloutState"], "IN_PROGRESS");
    let id = deployment["id"].as_str().unwrap();
    let words = format!("ECS deployment {id} in progress.");
    assert_eq!(deployment["rolloutStateReason"], words);
}

#[test]
fn a_task_runs_without_a_container_that_cannot_start_and_is_not_essential() {
    let (mut lab, _) = Lab::new(1);
    let reason = "CannotPullContainerError: pull access denied for side";
    let mut side = labelled(json!({"local-aws.fails": reason}));
    side["name"] = json!("side");
    side["essential"] = json!(false);
    lab.define_containers("web", json!([labelled(json!({})), side]));
    lab.create_web(json!({"desiredCount": 1}));
    lab.run(500);
    let all = tasks(&mut lab);
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0]["lastStatus"], "RUNNING");
    let containers = all[0]["containers"].as_array().unwrap().iter();
    let mut reported: Vec<Value> = containers
        .map(|one| json!([one["lastStatus"], one["reason"]]))
        .collect();
    reported.sort_by_key(ToString::to_string);
    assert_eq!(reported, [json!(["RUNNING", null]), json!(["STOPPED", reason])]);
}

#[test]
fn the_circuit_breaker_ends_a_deployment_that_cannot_start() {
    let (mut lab, _) = Lab::new(1);
    let failing = labelled(json!({"local-aws.fails": "CannotStartContainerError: no"}));
    lab.define_containers("web", json!([failing]));
    let breaker = json!({"deploymentCircuitBreaker": {"enable": true, "rollback": false}});
    lab.create_web(json!({"desiredCount": 1, "deploymentConfiguration": breaker}));
    lab.run(60_000);
    let deployment = lab.service("web")["deployments"][0].clone();
    assert_eq!(deployment["rolloutState"], "FAILED");
    let words = "ECS deployment circuit breaker: tasks failed to start.";
    assert_eq!(deployment["rolloutStateReason"], words);
    assert_eq!(deployment["failedTasks"], 3);
    let id = deployment["id"].as_str().unwrap();
    let messages = lab.messages("web");
    let expected = format!("(service web) (deployment {id}) deployment failed: tasks failed to start.");
    assert!(messages.contains(&expected), "{messages:?}");
    let before = tasks(&mut lab).len();
    lab.run(60_000);
    assert_eq!(tasks(&mut lab).len(), before, "no more tasks are started");
}

#[test]
fn a_rollout_stays_complete_when_its_tasks_are_drained() {
    let (mut lab, hosts) = Lab::new(1);
    lab.define("web", "30");
    lab.create_web(json!({}));
    let begun = lab.service("web")["deployments"][0].clone();
    assert_eq!(begun["rolloutState"], "IN_PROGRESS");
    lab.run(500);
    lab.set_state(&hosts[0], "DRAINING");
    lab.run(500);
    let service = lab.service("web");
    let deployment = &service["deployments"][0];
    assert_eq!(service["runningCount"], 0);
    assert_eq!(deployment["runningCount"], 0);
    assert_eq!(deployment["rolloutState"], "COMPLETED");
    let id = deployment["id"].as_str().unwrap();
    let words = format!("ECS deployment {id} completed.");
    assert_eq!(deployment["rolloutStateReason"], words);
}

#[test]
fn health_is_reported_of_containers_with_a_check_and_of_the_task_by_its_essential_ones() {
    let (mut lab, _) = Lab::new(1);
    let check = json!({"command": ["CMD", "true"]});
    let container = |name: &str, health: &str, essential: bool, checked: bool| {
        let mut one = labelled(json!({"local-aws.health": health}));
        one["name"] = json!(name);
        one["essential"] = json!(essential);
        if checked {
            one["healthCheck"] = check.clone();
        }
        one
    };
    let healthy = container("a", "HEALTHY", true, true);
    let not_known = container("a", "UNKNOWN", true, true);
    let unchecked = container("a", "HEALTHY", true, false);
    let other = |health: &str, essential: bool| container("b", health, essential, true);
    let cases = [
        ("HEALTHY", vec![healthy.clone(), other("UNHEALTHY", false)]),
        ("UNHEALTHY", vec![healthy, other("UNHEALTHY", true)]),
        ("UNKNOWN", vec![not_known, other("HEALTHY", true)]),
        ("UNKNOWN", vec![unchecked]),
    ];
    for (expected, containers) in cases {
        let reported: Vec<Value> = containers
            .iter()
            .map(|one| match one.get("healthCheck") {
                Some(_) => one["dockerLabels"]["local-aws.health"].clone(),
                None => json!("UNKNOWN"),
            })
            .collect();
        lab.define_containers("job", json!(containers));
        let arn = lab.standalone("job");
        assert_eq!(lab.task(&arn)["healthStatus"], "UNKNOWN", "it does not run yet");
        lab.run(500);
        let task = lab.task(&arn);
        assert_eq!(task["healthStatus"], expected);
        let containers = task["containers"].as_array().unwrap().iter();
        let health = containers.map(|one| one["healthStatus"].clone());
        assert_eq!(health.collect::<Vec<_>>(), reported);
    }
}

#[test]
fn a_container_that_ends_by_itself_gives_the_code_of_its_label() {
    let (mut lab, _) = Lab::new(1);
    let labels = json!({"local-aws.run-seconds": "1", "local-aws.exit-code": "3"});
    lab.define_containers("job", json!([labelled(labels)]));
    let arn = lab.standalone("job");
    lab.run(2_000);
    let task = lab.task(&arn);
    assert_eq!(task["containers"][0]["exitCode"], 3);
    assert_eq!(task["stopCode"], "EssentialContainerExited");
}

#[test]
fn a_definition_is_described_as_it_was_registered() {
    let (mut lab, _) = Lab::new(1);
    let container = json!({"name": "app", "image": "app", "stopTimeout": 120, "essential": true,
        "environment": [{"name": "A", "value": "b"}],
        "dependsOn": [{"containerName": "log", "condition": "START"}]});
    let containers = json!([container, {"name": "log", "image": "log"}]);
    lab.define_containers("web", containers.clone());
    let answer = lab.ecs("DescribeTaskDefinition", json!({"taskDefinition": "web"}));
    assert_eq!(answer["taskDefinition"]["containerDefinitions"], containers);
}
