//! The service scheduler.

use super::lab::{CLUSTER, Lab, simulated};
use crate::{DesiredStatus, TaskStatus};
use serde_json::json;

#[test]
fn a_daemon_has_one_task_on_each_active_instance() {
    let (mut lab, mut hosts) = Lab::new(3);
    lab.define("agent", "0");
    lab.daemon("router", "agent");
    lab.run(200);
    let late = lab.world.launch_instance(lab.now, CLUSTER);
    hosts.push(late);
    lab.run(200);
    assert_eq!(lab.counts(&hosts, "service:router"), [1, 1, 1, 1]);
    let service = lab.service("router");
    assert_eq!(service["desiredCount"], 4);
    assert_eq!(service["runningCount"], 4);
}

#[test]
fn replicas_are_spread_and_follow_the_desired_count() {
    let (mut lab, hosts) = Lab::new(2);
    lab.define("web", "0");
    lab.replica("web", "web", 6);
    lab.run(200);
    assert_eq!(lab.counts(&hosts, "service:web"), [3, 3]);
    for desired in [1, 4] {
        let params = json!({"service": "web", "desiredCount": desired});
        lab.ecs("UpdateService", params);
        lab.run(1_000);
        assert_eq!(lab.counts(&hosts, "service:web").iter().sum::<usize>(), desired);
    }
}

#[test]
fn tasks_wait_for_a_place_and_take_it() {
    let (mut lab, hosts) = Lab::with(1, |config| config.instance_memory = 1000);
    let mut big = simulated("main", "0");
    big["memory"] = json!(600);
    lab.define_containers("big", json!([big]));
    lab.replica("web", "big", 2);
    lab.run(1_000);
    let first = lab.alive(&hosts[0], "service:web");
    assert_eq!(first.len(), 1);
    let other = lab.world.launch_instance(lab.now, CLUSTER);
    lab.run(200);
    assert_eq!(lab.alive(&other, "service:web").len(), 1);
    lab.stop(&first[0].task_arn);
    lab.run(1_000);
    assert_eq!(lab.alive(&hosts[0], "service:web").len(), 1);
}

#[test]
fn a_daemon_deployment_waits_for_the_old_task_of_each_instance() {
    let (mut lab, hosts) = Lab::new(1);
    lab.define("agent", "5");
    lab.daemon("router", "agent");
    lab.run(200);
    let old = lab.alive(&hosts[0], "service:router")[0].clone();
    let params = json!({"service": "router", "forceNewDeployment": true});
    lab.ecs("UpdateService", params);
    lab.run(1_000);
    let now = lab.alive(&hosts[0], "service:router");
    assert_eq!((now.len(), &now[0].task_arn), (1, &old.task_arn));
    assert_eq!(now[0].desired_status, DesiredStatus::Stopped);
    let deployments = lab.service("router")["deployments"].clone();
    assert_eq!(deployments.as_array().unwrap().len(), 2);
    lab.run(5_000);
    let new = lab.alive(&hosts[0], "service:router");
    assert_eq!((new.len(), new[0].last_status), (1, TaskStatus::Running));
    assert_ne!(new[0].task_arn, old.task_arn);
    let deployments = lab.service("router")["deployments"].clone();
    assert_eq!(deployments.as_array().unwrap().len(), 1);
}

#[test]
fn a_replica_deployment_keeps_the_old_tasks_until_the_new_ones_run() {
    let (mut lab, hosts) = Lab::new(1);
    lab.define("web", "0");
    lab.replica("web", "web", 3);
    lab.run(200);
    lab.define("web", "0");
    let params = json!({"service": "web", "taskDefinition": "web"});
    lab.ecs("UpdateService", params);
    for _ in 0..200 {
        lab.run(1);
        let tasks = lab.alive(&hosts[0], "service:web");
        let runs = |task: &&crate::TaskView| task.last_status == TaskStatus::Running;
        let running = tasks.iter().filter(runs).count();
        assert!((3..=6).contains(&running), "{running}");
    }
    assert_eq!(lab.alive(&hosts[0], "service:web").len(), 3);
}

#[test]
fn a_service_whose_tasks_fail_is_tried_more_and_more_seldom() {
    let (mut lab, hosts) = Lab::new(1);
    lab.define_containers("bad", json!([{"name": "main", "command": ["nothing"]}]));
    lab.replica("bad", "bad", 1);
    for _ in 0..10_000 {
        lab.run(1);
        for start in lab.starts() {
            lab.world.container_exited(lab.now, &start.task_arn, "main", 127);
        }
    }
    let tries = lab.world.tasks_on(&hosts[0]).len();
    assert!((5..=12).contains(&tries), "{tries}");
}

#[test]
fn a_deleted_service_stops_its_tasks() {
    let (mut lab, hosts) = Lab::new(1);
    lab.define("agent", "0");
    lab.daemon("router", "agent");
    lab.run(200);
    let deleted = lab.ecs("DeleteService", json!({"service": "router"}));
    assert_eq!(deleted["service"]["status"], "DRAINING");
    lab.run(1_000);
    assert!(lab.alive(&hosts[0], "service:router").is_empty());
    let listed = lab.ecs("ListServices", json!({}));
    assert_eq!(listed["serviceArns"], json!([]));
    assert_eq!(lab.service("router")["status"], "INACTIVE");
}
