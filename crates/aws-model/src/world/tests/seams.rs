//! Faults, quotas and the journal, as a caller meets them.

use super::lab::Lab;
use crate::faults::{CallFilter, EventFilter, errors};
use crate::{Outcome, Service, What};
use serde_json::json;
use std::time::Duration;

#[test]
fn a_planned_fault_is_what_the_caller_gets() {
    let (mut lab, hosts) = Lab::new(1);
    let list = CallFilter::operation(Service::Ecs, "ListTasks");
    lab.world.faults_mut().throttle(list, 1);
    assert_eq!(lab.refusal("ListTasks", json!({})), "ThrottlingException");
    lab.ecs("ListTasks", json!({}));
    let update = CallFilter::operation(Service::Ecs, "UpdateContainerInstancesState");
    let broken = errors::broken(Service::Ecs);
    lab.world.faults_mut().fail_after_effect(update, broken, 1);
    let arn = lab.container_instance(&hosts[0]);
    let params = json!({"containerInstances": [arn], "status": "DRAINING"});
    let code = lab.refusal("UpdateContainerInstancesState", params);
    assert_eq!(code, "ServerException");
    let listed = lab.ecs("ListContainerInstances", json!({"status": "DRAINING"}));
    assert_eq!(listed["containerInstanceArns"], json!([arn]));
}

#[test]
fn a_described_thing_can_be_missing_for_once() {
    let (mut lab, _) = Lab::new(1);
    lab.define("job", "0");
    let task = lab.standalone("job");
    lab.world.faults_mut().missing_in_describe(&task, 1);
    let describe = json!({"tasks": [task]});
    let answer = lab.ecs("DescribeTasks", describe.clone());
    assert_eq!(answer["tasks"], json!([]));
    let missing = json!([{"arn": task, "reason": "MISSING"}]);
    assert_eq!(answer["failures"], missing);
    let again = lab.ecs("DescribeTasks", describe);
    assert_eq!(again["tasks"].as_array().unwrap().len(), 1);
}

#[test]
fn events_are_lost_doubled_and_late_by_plan() {
    for (plan, expected) in [("drop", [0, 0]), ("double", [2, 2]), ("delay", [0, 1])] {
        let (mut lab, hosts) = Lab::new(1);
        let draining = EventFilter::any().mentioning("DRAINING");
        let faults = lab.world.faults_mut();
        match plan {
            "drop" => faults.drop_events(draining, 1),
            "double" => faults.duplicate_events(draining, 1),
            _ => faults.delay_events(draining, Duration::from_secs(1), 1),
        }
        lab.set_state(&hosts[0], "DRAINING");
        let count = |lab: &Lab| {
            let is_one = |what: &What| matches!(what, What::Event { event } if event["detail"]["status"] == "DRAINING");
            let journal = lab.world.journal().iter();
            journal.filter(|entry| is_one(&entry.what)).count()
        };
        lab.run(100);
        let early = count(&lab);
        lab.run(2_000);
        assert_eq!([early, count(&lab)], expected, "{plan}");
    }
}

#[test]
fn quotas_throttle_a_burst() {
    let (mut lab, _) = Lab::with(1, |config| config.quotas = true);
    let answers = (0..150).map(|_| lab.try_call(Service::Ecs, "ListTasks", json!({})).is_ok());
    assert_eq!(answers.filter(|ok| *ok).count(), 100);
    lab.run(1_000);
    lab.ecs("ListTasks", json!({}));
}

#[test]
fn the_journal_has_calls_with_their_outcome_and_parameters_with_their_value() {
    let (mut lab, _) = Lab::new(0);
    let put = json!({"Name": "/a/b", "Value": "v", "Type": "String"});
    lab.call(Service::Ssm, "PutParameter", put);
    let missing = lab.try_call(Service::Ssm, "GetParameter", json!({"Name": "/a/c"}));
    assert!(missing.is_err());
    let journal = lab.world.journal().iter().rev();
    let tail: Vec<&What> = journal.map(|entry| &entry.what).take(3).collect();
    assert!(
        matches!(tail[0], What::Call { outcome: Outcome::Error(error), .. } if error.code == "ParameterNotFound")
    );
    let written = What::Parameter {
        name: "/a/b".to_owned(),
        version: 1,
        value: Some("v".to_owned()),
    };
    assert_eq!(tail[1], &written);
    assert!(
        matches!(tail[2], What::Call { operation, outcome: Outcome::Ok, .. } if operation == "PutParameter")
    );
    assert_eq!(lab.world.parameter("/a/b"), Some("v"));
}

#[test]
fn the_journal_is_readable_json() {
    let (mut lab, hosts) = Lab::new(1);
    lab.set_state(&hosts[0], "DRAINING");
    let mut journal = lab.world.journal().iter().rev();
    let entry = journal.find(|entry| matches!(entry.what, What::InstanceStatus { .. }));
    let json = serde_json::to_value(entry.unwrap()).unwrap();
    assert_eq!(json["kind"], "instance-status");
    assert_eq!(json["instance"], *hosts[0]);
    assert_eq!(json["status"], "DRAINING");
    assert_eq!(json["agentConnected"], true);
}

#[test]
fn the_same_calls_make_the_same_world() {
    let run = || {
        let (mut lab, hosts) = Lab::new(2);
        lab.define("web", "1");
        lab.replica("web", "web", 3);
        lab.run(100);
        lab.set_state(&hosts[0], "DRAINING");
        lab.run(5_000);
        serde_json::to_string(lab.world.journal()).unwrap()
    };
    assert_eq!(run(), run());
}
