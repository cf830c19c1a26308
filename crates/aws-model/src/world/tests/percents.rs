//! Replicas of a draining instance, as the deployment configuration of their service allows it, and the service's
//! events.

use super::lab::{CLUSTER, INVALID, Lab, simulated};
use crate::{DesiredStatus, InstanceStatus, TaskStatus};
use proptest::prelude::*;
use serde_json::json;

/// A replica service with a deployment configuration.
fn service(lab: &mut Lab, family: &str, desired: usize, minimum: u32, maximum: u32) {
    let percents = json!({"minimumHealthyPercent": minimum, "maximumPercent": maximum});
    lab.create_web(
        json!({"taskDefinition": family, "desiredCount": desired, "deploymentConfiguration": percents}),
    );
}

const BLOCKED: &str = "(service web) was unable to stop or start tasks during a deployment because of the service \
    deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.";

#[test]
fn a_service_at_100_and_100_is_never_drained_until_that_is_changed() {
    let (mut lab, hosts) = Lab::new(2);
    lab.define("web", "0");
    service(&mut lab, "web", 2, 100, 100);
    lab.run(500);
    assert_eq!(lab.alive(&hosts[0], "service:web").len(), 1);
    lab.set_state(&hosts[0], "DRAINING");
    lab.run(3_600_000);
    let kept = lab.alive(&hosts[0], "service:web");
    // There is room on the other, and no start is allowed.
    assert_eq!((kept.len(), kept[0].desired_status), (1, DesiredStatus::Running));
    assert_eq!(lab.messages("web")[0], BLOCKED);
    let configuration = json!({"minimumHealthyPercent": 50, "maximumPercent": 100});
    let params = json!({"service": "web", "deploymentConfiguration": configuration});
    lab.ecs("UpdateService", params);
    lab.run(1_000);
    assert_eq!(lab.counts(&hosts, "service:web"), [0, 2]);
    assert_eq!(lab.service("web")["deploymentConfiguration"], configuration);
    assert_eq!(
        lab.messages("web")[0],
        "(service web) has reached a steady state."
    );
}

#[test]
fn with_room_a_successor_runs_before_the_drained_task_is_stopped() {
    let (mut lab, hosts) = Lab::new(2);
    lab.define("web", "0");
    service(&mut lab, "web", 2, 100, 200);
    lab.run(500);
    let drained = lab.alive(&hosts[0], "service:web")[0].task_arn.clone();
    lab.set_state(&hosts[0], "DRAINING");
    while lab.world.task(&drained).unwrap().desired_status == DesiredStatus::Running {
        let running = lab.alive(&hosts[1], "service:web");
        let running = running
            .iter()
            .filter(|task| task.last_status == TaskStatus::Running);
        let is_replaced = running.count() == 2;
        lab.run(1);
        let stops = lab.world.task(&drained).unwrap().desired_status == DesiredStatus::Stopped;
        assert!(is_replaced || !stops, "it went before its successor ran");
    }
    lab.run(1_000);
    let counts = lab.counts(&hosts, "service:web");
    assert_eq!(counts, [0, 2], "no successor was too many");
}

#[test]
fn without_room_the_task_stays_and_the_service_says_what_is_missing() {
    let (mut lab, hosts) = Lab::with(2, |config| config.instance_memory = 1000);
    let mut big = simulated("main", "0");
    big["memory"] = json!(600);
    lab.define_containers("big", json!([big]));
    service(&mut lab, "big", 2, 100, 200);
    lab.run(500);
    lab.set_state(&hosts[0], "DRAINING");
    lab.run(60_000);
    assert_eq!(lab.alive(&hosts[0], "service:web").len(), 1);
    let other = lab.container_instance(&hosts[1]);
    let id = other.rsplit('/').next().unwrap();
    let expected = format!(
        "(service web) was unable to place a task because no container instance met all of its requirements. \
         The closest matching (container-instance {id}) has insufficient memory available."
    );
    assert_eq!(lab.messages("web")[0], expected);
    let third = lab.world.launch_instance(lab.now, CLUSTER);
    lab.run(1_000);
    assert!(lab.alive(&hosts[0], "service:web").is_empty());
    assert_eq!(lab.alive(&third, "service:web").len(), 1);
}

#[test]
fn an_instance_that_is_active_again_keeps_its_task_and_none_is_too_many() {
    let (mut lab, hosts) = Lab::new(2);
    lab.define("web", "0");
    service(&mut lab, "web", 2, 100, 100);
    lab.run(500);
    lab.set_state(&hosts[0], "DRAINING");
    lab.run(500);
    lab.set_state(&hosts[0], "ACTIVE");
    lab.run(1_000);
    assert_eq!(lab.counts(&hosts, "service:web"), [1, 1]);
}

#[test]
fn protection_is_reported_when_it_keeps_a_service_from_scaling_in() {
    let (mut lab, _) = Lab::new(1);
    lab.define("web", "0");
    lab.replica("web", "web", 3);
    lab.run(500);
    let all = lab.ecs("ListTasks", json!({}))["taskArns"].clone();
    let protect = json!({"tasks": all, "protectionEnabled": true});
    lab.ecs("UpdateTaskProtection", protect);
    lab.ecs("UpdateService", json!({"service": "web", "desiredCount": 1}));
    lab.run(1_000);
    let expected = "(service web) was unable to scale in due to (reason 2 tasks under protection)";
    assert_eq!(lab.messages("web")[0], expected);
}

#[test]
fn what_is_started_and_stopped_is_reported_with_its_ids() {
    let (mut lab, hosts) = Lab::new(1);
    lab.define("web", "0");
    lab.replica("web", "web", 1);
    lab.run(500);
    let task = lab.alive(&hosts[0], "service:web")[0].task_arn.clone();
    let id = task.rsplit('/').next().unwrap();
    let started = format!("(service web) has started 1 tasks: (task {id}).");
    let expected = ["(service web) has reached a steady state.", &started];
    assert_eq!(lab.messages("web"), expected);
    let described = lab.service("web");
    let at = |index: usize| described["events"][index]["createdAt"].as_f64().unwrap();
    assert!(at(0) > at(1));
    // Without one it is drained at once, and says so.
    let configuration = json!({"minimumHealthyPercent": 0, "maximumPercent": 200});
    assert_eq!(described["deploymentConfiguration"], configuration);
}

#[test]
fn a_configuration_that_no_service_can_have_is_refused() {
    let (mut lab, _) = Lab::new(1);
    lab.define("web", "0");
    for (strategy, configuration) in [
        ("REPLICA", json!({"minimumHealthyPercent": -1})),
        ("DAEMON", json!({"maximumPercent": 200})),
    ] {
        let params = json!({"serviceName": "odd", "taskDefinition": "web", "desiredCount": 1,
            "schedulingStrategy": strategy, "deploymentConfiguration": configuration});
        assert_eq!(lab.refusal("CreateService", params), INVALID, "{strategy}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However an instance is drained, a service never has fewer healthy tasks than its minimum nor more tasks than its
    /// maximum, once it had them; and an action that is not allowed does not happen later either.
    #[test]
    fn a_drain_keeps_the_bounds_of_the_deployment_configuration(
        desired in 1_usize..6,
        minimum in 0_u32..=100,
        more in 0_u32..=100,
        instances in 2_usize..4,
    ) {
        let (mut lab, hosts) = Lab::new(instances);
        lab.define("web", "0");
        let maximum = 100 + more;
        service(&mut lab, "web", desired, minimum, maximum);
        lab.run(2_000);
        let least = (desired as u64 * u64::from(minimum)).div_ceil(100);
        let most = desired as u64 * u64::from(maximum) / 100;
        let had = lab.alive(&hosts[0], "service:web").len();
        lab.set_state(&hosts[0], "DRAINING");
        for _ in 0..400 {
            lab.run(1);
            let service = lab.service("web");
            let (running, pending) =
                (service["runningCount"].as_u64().unwrap(), service["pendingCount"].as_u64().unwrap());
            prop_assert!(running >= least, "{running} healthy of {least}");
            prop_assert!(running + pending <= most.max(desired as u64), "{running} and {pending} of {most}");
        }
        let left = lab.alive(&hosts[0], "service:web").len();
        let stuck = least == desired as u64 && most == desired as u64;
        prop_assert_eq!(left, if stuck { had } else { 0 });
        let state = lab.world.instance_state(&hosts[0]).unwrap();
        prop_assert_eq!(state.status, Some(InstanceStatus::Draining));
    }
}
