//! Services behind Classic Load Balancers: `protectorctl explain` and `doctor` see their connection draining.

use protector_aws_model::faults::{CallFilter, Limit};
use protector_aws_model::{Service, TaskStatus};
use protector_tests::{CLUSTER, Lab, LabConfig, PERSON, assert_has, ctl};
use serde_json::{Value, json};

const CALL: &str = "elasticloadbalancing:DescribeLoadBalancerAttributes";

/// An instance that drains, with a task of a service behind a load balancer that lets connections end for this long.
async fn draining(draining_seconds: u32) -> Lab {
    let lab = Lab::start(LabConfig::default().set("CLUSTERS", CLUSTER)).await;
    let classic = |operation: &str, params: Value| lab.call(Service::ClassicLoadBalancing, operation, params);
    let listener = json!({"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80});
    let balancer = json!({"LoadBalancerName": "old", "Listeners": [listener]});
    classic("CreateLoadBalancer", balancer);
    let attributes = json!({"ConnectionDraining": {"Enabled": true, "Timeout": draining_seconds}});
    let modify = json!({"LoadBalancerName": "old", "LoadBalancerAttributes": attributes});
    classic("ModifyLoadBalancerAttributes", modify);
    let container = json!({"name": "app", "image": "app", "memory": 16, "stopTimeout": 20,
        "dockerLabels": {"local-aws.simulated": "true"}});
    let definition = json!({"family": "web", "containerDefinitions": [container]});
    lab.ecs("RegisterTaskDefinition", definition);
    let balancers = json!([{"loadBalancerName": "old", "containerName": "app", "containerPort": 80}]);
    // So that ECS stops the only task although no other instance takes its replacement.
    let bounds = json!({"minimumHealthyPercent": 0, "maximumPercent": 100});
    lab.ecs(
        "CreateService",
        json!({"cluster": CLUSTER, "serviceName": "web", "taskDefinition": "web", "desiredCount": 1,
            "deploymentConfiguration": bounds, "loadBalancers": balancers}),
    );
    lab.wait("the task runs", |world| {
        let tasks = world.tasks_on(&world.running_instances()[0]);
        let mut running = tasks
            .iter()
            .filter(|task| task.last_status == TaskStatus::Running);
        running.next().map(drop)
    })
    .await;
    lab.set_status(lab.instance(), "DRAINING");
    lab.tick_until("the drain has its record", || {
        lab.record(lab.instance()).is_some()
    })
    .await;
    lab
}

#[tokio::test]
async fn explain_gives_the_bound_of_connection_draining_with_what_shows_it() {
    let lab = draining(300).await;
    let (lab, instance) = (&lab, lab.instance());
    let said = ctl(lab, &["explain", instance, "--json"]).await;
    let task = &said.json()["explanation"]["tasks"][0];
    let expected = json!({"group": "service:web", "cause": "deregistering", "ends": {"kind": "bound"}});
    assert_has(task, expected);
    let evidence = task["evidence"].to_string();
    let shown = format!("old: {instance} InService: Instance deregistration currently in progress.");
    assert!(evidence.contains(&shown), "{evidence}");
    ctl(lab, &["explain", instance]).await.shows(&["for 5m at most"]);
}

#[tokio::test]
async fn a_load_balancer_that_may_not_be_read_leaves_the_bound_open() {
    let lab = draining(300).await;
    let denied =
        CallFilter::operation(Service::ClassicLoadBalancing, "DescribeLoadBalancerAttributes").by(PERSON);
    lab.aws.faults(|faults| faults.deny(denied, Limit::Forever));
    let said = ctl(&lab, &["explain", lab.instance(), "--json"]).await.ended(2);
    let explanation = &said.json()["explanation"];
    assert_eq!(explanation["notKnown"][0]["call"], CALL, "{explanation}");
    let expected = json!({"cause": "deregistering", "ends": {"kind": "unknown"}});
    assert_has(&explanation["tasks"][0], expected);
}
