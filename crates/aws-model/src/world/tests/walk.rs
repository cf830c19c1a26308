//! The statuses of one task, in order.

use super::lab::{Lab, simulated};
use crate::TaskStatus::{
    Activating, Deactivating, Deprovisioning, Pending, Provisioning, Running, Stopped, Stopping,
};
use crate::{DesiredStatus, StopCode, What};
use serde_json::json;

#[test]
fn a_task_walks_up_and_down() {
    let (mut lab, _) = Lab::new(1);
    lab.define("job", "1");
    let task = lab.standalone("job");
    lab.run(100);
    assert_eq!(lab.walked(&task), [Provisioning, Pending, Activating, Running]);
    lab.stop(&task);
    assert_eq!(lab.status(&task), Deactivating);
    lab.run(100);
    // Its container takes a second to stop.
    assert_eq!(lab.status(&task), Stopping);
    lab.run(1000);
    let down = [Deactivating, Stopping, Deprovisioning, Stopped];
    assert_eq!(lab.walked(&task)[4..], down);
    let task = lab.world.task(&task).unwrap();
    assert_eq!(task.stop_code, Some(StopCode::UserInitiated));
}

#[test]
fn a_task_that_is_stopped_before_its_agent_has_it_never_starts() {
    let (mut lab, _) = Lab::new(1);
    lab.define_containers("job", json!([{"name": "real", "command": ["true"]}]));
    let task = lab.standalone("job");
    lab.stop(&task);
    lab.run(100);
    assert_eq!(lab.walked(&task), [Provisioning, Deprovisioning, Stopped]);
    assert_eq!(lab.starts(), []);
}

#[test]
fn every_change_of_a_task_is_an_event_with_a_version() {
    let (mut lab, _) = Lab::new(1);
    lab.define("job", "0");
    let task = lab.standalone("job");
    lab.run(100);
    lab.stop(&task);
    lab.run(1000);
    let events = lab.world.journal().iter().filter_map(|entry| match &entry.what {
        What::Event { event } if event["detail"]["taskArn"] == *task => Some(event),
        _ => None,
    });
    let seen: Vec<_> = events.map(|event| &event["detail"]).collect();
    let versions = seen.iter().map(|detail| detail["version"].as_u64().unwrap());
    assert!(versions.eq(1..=8), "{seen:?}");
    let last = seen[7];
    assert_eq!(last["lastStatus"], "STOPPED");
    assert_eq!(last["desiredStatus"], "STOPPED");
    assert_eq!(last["group"], "family:job");
    assert_eq!(last["containers"][0]["exitCode"], 0);
    assert!(last["containerInstanceArn"].is_string());
    assert!(last["stoppedAt"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn an_essential_container_takes_its_task_along() {
    let (mut lab, _) = Lab::new(1);
    let extra = json!({"name": "extra", "command": ["y"], "essential": false});
    lab.define_containers("pair", json!([{"name": "main", "command": ["x"]}, extra]));
    let task = lab.standalone("pair");
    lab.run(100);
    for container in ["main", "extra"] {
        lab.world.container_started(lab.now, &task, container);
    }
    lab.run(100);
    assert_eq!(lab.status(&task), Running);
    lab.world.container_exited(lab.now, &task, "main", 1);
    let stopping = lab.world.task(&task).unwrap();
    assert_eq!(stopping.last_status, Stopping);
    assert_eq!(stopping.desired_status, DesiredStatus::Stopped);
    assert_eq!(stopping.stop_code, Some(StopCode::EssentialContainerExited));
    lab.world.container_exited(lab.now, &task, "extra", 143);
    lab.run(100);
    assert_eq!(lab.status(&task), Stopped);
}

#[test]
fn a_container_that_cannot_start_fails_its_task() {
    let (mut lab, _) = Lab::new(1);
    lab.define_containers("bad", json!([{"name": "main", "command": ["nothing"]}]));
    let task = lab.standalone("bad");
    lab.run(100);
    lab.world.container_exited(lab.now, &task, "main", 127);
    lab.run(100);
    let task = lab.world.task(&task).unwrap();
    assert_eq!(task.last_status, Stopped);
    assert_eq!(task.stop_code, Some(StopCode::TaskFailedToStart));
}

#[test]
fn a_simulated_container_ends_by_itself() {
    let (mut lab, _) = Lab::new(1);
    let mut container = simulated("main", "0");
    container["dockerLabels"]["local-aws.run-seconds"] = json!("2");
    lab.define_containers("job", json!([container]));
    let task = lab.standalone("job");
    lab.run(1900);
    assert_eq!(lab.status(&task), Running);
    lab.run(1000);
    assert_eq!(lab.status(&task), Stopped);
}

#[test]
fn a_stopped_task_is_described_for_an_hour() {
    let (mut lab, _) = Lab::new(1);
    lab.define("job", "0");
    let task = lab.standalone("job");
    lab.run(100);
    lab.stop(&task);
    lab.run(3_500_000);
    let describe = json!({"tasks": [task]});
    assert_eq!(lab.task(&task)["lastStatus"], "STOPPED");
    lab.run(200_000);
    let missing = json!([{"arn": task, "reason": "MISSING"}]);
    assert_eq!(lab.ecs("DescribeTasks", describe)["failures"], missing);
}
