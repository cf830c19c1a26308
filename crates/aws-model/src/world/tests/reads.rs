//! What operators read beside tasks and services: target groups, capacity providers, scaling activities; and what fails.

use super::lab::{CLUSTER, INVALID, Lab, simulated};
use crate::faults::{CallFilter, Cut, DateHeader, Limit};
use crate::{Call, Service, TaskStatus};
use serde_json::{Value, json};

fn elb(lab: &mut Lab, operation: &str, params: Value) -> Value {
    lab.call(Service::LoadBalancing, operation, params)
}

/// A target group whose targets drain for so many seconds.
fn target_group(lab: &mut Lab, delay: &str) -> String {
    let made = elb(lab, "CreateTargetGroup", json!({"Name": "web", "Port": 8080}));
    let arn = made["TargetGroups"][0]["TargetGroupArn"].as_str().unwrap();
    let attributes = json!([{"Key": "deregistration_delay.timeout_seconds", "Value": delay}]);
    let params = json!({"TargetGroupArn": arn, "Attributes": attributes});
    elb(lab, "ModifyTargetGroupAttributes", params);
    arn.to_owned()
}

fn classic(lab: &mut Lab, operation: &str, params: Value) -> Value {
    lab.call(Service::ClassicLoadBalancing, operation, params)
}

#[test]
fn a_task_behind_a_classic_load_balancer_is_deactivating_for_its_connection_draining() {
    let (mut lab, hosts) = Lab::new(1);
    lab.define("web", "0");
    let name = json!({"LoadBalancerName": "old"});
    let listener = json!({"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80});
    let create = json!({"LoadBalancerName": "old", "Listeners": [listener]});
    classic(&mut lab, "CreateLoadBalancer", create);
    let attributes = |lab: &mut Lab| {
        let answer = classic(lab, "DescribeLoadBalancerAttributes", name.clone());
        answer["LoadBalancerAttributes"]["ConnectionDraining"].clone()
    };
    assert_eq!(attributes(&mut lab), json!({"Enabled": false, "Timeout": 300}));
    let on = json!({"ConnectionDraining": {"Enabled": true, "Timeout": 120}});
    let modify = json!({"LoadBalancerName": "old", "LoadBalancerAttributes": on});
    classic(&mut lab, "ModifyLoadBalancerAttributes", modify);
    assert_eq!(attributes(&mut lab), on["ConnectionDraining"]);
    let balancers = json!([{"loadBalancerName": "old", "containerName": "main", "containerPort": 80}]);
    lab.create_web(json!({"desiredCount": 1, "loadBalancers": balancers}));
    lab.run(500);
    let states = |lab: &mut Lab| {
        let answer = classic(lab, "DescribeInstanceHealth", name.clone());
        answer["InstanceStates"].as_array().unwrap().clone()
    };
    let found = states(&mut lab);
    assert_eq!((found.len(), &found[0]["State"]), (1, &json!("InService")));
    lab.set_state(&hosts[0], "DRAINING");
    lab.run(119_000);
    let description = "Instance deregistration currently in progress.";
    assert_eq!(states(&mut lab)[0]["Description"], description);
    lab.run(2_000);
    assert!(states(&mut lab).is_empty());
    let unknown = json!({"LoadBalancerName": "other"});
    let refused = lab.try_call(Service::ClassicLoadBalancing, "DescribeInstanceHealth", unknown);
    assert_eq!(refused.unwrap_err().code, "LoadBalancerNotFound");
}

#[test]
fn the_metadata_options_of_instances_are_reported_and_changed() {
    let (mut lab, hosts) = Lab::new(2);
    let options = |lab: &mut Lab, params: Value| -> Vec<Value> {
        let answer = lab.call(Service::Ec2, "DescribeInstances", params);
        let reserved = answer["reservationSet"].as_array().unwrap().clone();
        let of = |one: &Value| one["instancesSet"][0]["metadataOptions"].clone();
        reserved.iter().map(of).collect()
    };
    assert_eq!(options(&mut lab, json!({})).len(), 2);
    let change = json!({"InstanceId": hosts[0], "HttpPutResponseHopLimit": 1, "HttpEndpoint": "disabled"});
    lab.call(Service::Ec2, "ModifyInstanceMetadataOptions", change);
    let filter = |ids: &[&str]| json!({"Filter": [{"Name": "instance-id", "Value": ids}]});
    let found = options(&mut lab, filter(&[&hosts[0], "i-0"]));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["httpPutResponseHopLimit"], 1);
    assert_eq!(found[0]["httpEndpoint"], "disabled");
    let other = options(&mut lab, json!({"InstanceId": [hosts[1]]}));
    assert_eq!(other[0]["httpPutResponseHopLimit"], 2);
    let unknown = lab.try_call(Service::Ec2, "DescribeInstances", json!({"InstanceId": ["i-0"]}));
    assert_eq!(unknown.unwrap_err().code, "InvalidInstanceID.NotFound");
}

fn behind(lab: &mut Lab, group: &str, count: usize) {
    let balancers = json!([{"targetGroupArn": group, "containerName": "main", "containerPort": 8080}]);
    lab.create_web(json!({"desiredCount": count, "loadBalancers": balancers,
        "healthCheckGracePeriodSeconds": 60}));
}

/// State and reason of each target.
fn health(lab: &mut Lab, group: &str) -> Vec<(String, String)> {
    let answer = elb(lab, "DescribeTargetHealth", json!({"TargetGroupArn": group}));
    let one = |target: &Value| {
        let health = &target["TargetHealth"];
        let text = |member: &str| health[member].as_str().unwrap_or_default().to_owned();
        (text("State"), text("Reason"))
    };
    let targets = answer["TargetHealthDescriptions"].as_array().unwrap();
    targets.iter().map(one).collect()
}

#[test]
fn a_task_behind_a_target_group_is_deactivating_for_the_deregistration_delay() {
    let (mut lab, hosts) = Lab::new(1);
    let group = target_group(&mut lab, "120");
    lab.define("web", "5");
    behind(&mut lab, &group, 1);
    lab.run(500);
    assert_eq!(health(&mut lab, &group), [("healthy".to_owned(), String::new())]);
    let task = lab.alive(&hosts[0], "service:web")[0].task_arn.clone();
    lab.set_state(&hosts[0], "DRAINING");
    lab.run(119_000);
    assert_eq!(lab.status(&task), TaskStatus::Deactivating);
    let reason = "Target.DeregistrationInProgress".to_owned();
    assert_eq!(health(&mut lab, &group), [("draining".to_owned(), reason)]);
    lab.run(2_000);
    assert_eq!(lab.status(&task), TaskStatus::Stopping);
    assert_eq!(health(&mut lab, &group), []);
    lab.run(10_000);
    assert_eq!(lab.status(&task), TaskStatus::Stopped);
    let reported = lab.messages("web");
    for expected in [
        format!("(service web) registered 1 targets in (target-group {group})"),
        "(service web) has begun draining connections on 1 tasks.".to_owned(),
        format!("(service web) deregistered 1 targets in (target-group {group})"),
    ] {
        assert!(reported.contains(&expected), "{expected}: {reported:?}");
    }
}

#[test]
fn a_service_shows_its_target_group_and_one_that_is_not_there_is_refused() {
    let (mut lab, _) = Lab::new(1);
    lab.define("web", "0");
    let group = target_group(&mut lab, "0");
    let other = json!([{"targetGroupArn": format!("{group}0"), "containerName": "main", "containerPort": 1}]);
    let params = json!({"serviceName": "x", "taskDefinition": "web", "loadBalancers": other});
    assert_eq!(lab.refusal("CreateService", params), INVALID);
    behind(&mut lab, &group, 2);
    let service = lab.service("web");
    assert_eq!(service["loadBalancers"][0]["targetGroupArn"], group);
    assert_eq!(service["healthCheckGracePeriodSeconds"], 60);
}

#[test]
fn a_target_is_initial_then_unhealthy_if_its_label_says_so_and_the_service_tells_it() {
    let activating = std::time::Duration::from_secs(10);
    let (mut lab, hosts) = Lab::with(1, |config| config.timings.activating = activating);
    let group = target_group(&mut lab, "0");
    let mut container = simulated("main", "0");
    container["dockerLabels"]["local-aws.target-health"] = json!("unhealthy");
    lab.define_containers("web", json!([container]));
    behind(&mut lab, &group, 1);
    lab.run(1_000);
    assert_eq!(health(&mut lab, &group)[0].0, "initial");
    lab.run(20_000);
    let failed = "Target.FailedHealthChecks".to_owned();
    assert_eq!(health(&mut lab, &group), [("unhealthy".to_owned(), failed)]);
    let expected = format!(
        "(service web) (instance {}) (port 8080) is unhealthy in (target-group {group}) due to (reason Health checks \
         failed)",
        hosts[0]
    );
    let reported = lab.messages("web");
    assert!(reported.contains(&expected), "{reported:?}");
    let named = json!({"TargetGroupArn": group, "Targets": [{"Id": hosts[0], "Port": 1}]});
    let answer = elb(&mut lab, "DescribeTargetHealth", named);
    let none = json!([]);
    assert_eq!(
        answer["TargetHealthDescriptions"], none,
        "no target has this port"
    );
}

#[test]
fn attributes_of_a_target_group_are_checked_and_shown() {
    let (mut lab, _) = Lab::new(0);
    let group = target_group(&mut lab, "45");
    let name = json!({"TargetGroupArn": group});
    let shown = elb(&mut lab, "DescribeTargetGroupAttributes", name);
    let attributes = shown["Attributes"].as_array().unwrap();
    let delay = "deregistration_delay.timeout_seconds";
    assert!(
        attributes.contains(&json!({"Key": delay, "Value": "45"})),
        "{shown}"
    );
    let mut refused = |operation: &str, params: Value| {
        let answer = lab.try_call(Service::LoadBalancing, operation, params);
        answer.unwrap_err().code
    };
    for (key, value) in [(delay, "3601"), ("no.such.key", "1")] {
        let params = json!({"TargetGroupArn": group, "Attributes": [{"Key": key, "Value": value}]});
        let code = refused("ModifyTargetGroupAttributes", params);
        assert_eq!(code, "ValidationError", "{key}");
    }
    let unknown = refused("DescribeTargetHealth", json!({"TargetGroupArn": "arn:x"}));
    assert_eq!(unknown, "TargetGroupNotFound");
    let other = refused("CreateTargetGroup", json!({"Name": "web", "Port": 1}));
    assert_eq!(other, "DuplicateTargetGroupName");
    let same = json!({"Name": "web", "Port": 8080});
    let again = elb(&mut lab, "CreateTargetGroup", same);
    assert_eq!(again["TargetGroups"][0]["TargetGroupArn"], group);
}

#[test]
fn capacity_providers_are_shown_with_their_group_and_their_cluster() {
    let (mut lab, _) = Lab::new(0);
    let provider = json!({"autoScalingGroupArn": "arn:group", "managedScaling": {"status": "ENABLED"}});
    let create = json!({"name": "ec2", "autoScalingGroupProvider": provider});
    lab.ecs("CreateCapacityProvider", create);
    let strategy = json!([{"capacityProvider": "ec2", "weight": 1}]);
    let put = json!({"capacityProviders": ["ec2"], "defaultCapacityProviderStrategy": strategy});
    lab.ecs("PutClusterCapacityProviders", put);
    let cluster = lab.ecs("DescribeClusters", json!({"clusters": [CLUSTER]}))["clusters"][0].clone();
    assert_eq!(cluster["capacityProviders"], json!(["ec2"]));
    let strategy = &cluster["defaultCapacityProviderStrategy"];
    assert_eq!(strategy[0]["capacityProvider"], "ec2");
    let names = json!({"capacityProviders": ["ec2", "gone"]});
    let answer = lab.ecs("DescribeCapacityProviders", names);
    let shown = &answer["capacityProviders"][0]["autoScalingGroupProvider"];
    assert_eq!(shown["autoScalingGroupArn"], "arn:group");
    assert_eq!(shown["managedDraining"], "ENABLED");
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
    let all = lab.ecs("DescribeCapacityProviders", json!({}));
    let all = all["capacityProviders"].as_array().unwrap();
    assert_eq!(all.len(), 3, "those of AWS too");
    let unknown = json!({"capacityProviders": ["gone"], "defaultCapacityProviderStrategy": []});
    assert_eq!(lab.refusal("PutClusterCapacityProviders", unknown), INVALID);
}

fn group(lab: &mut Lab, capacity: u32) {
    let params =
        json!({"AutoScalingGroupName": "g", "MinSize": 0, "MaxSize": 9, "DesiredCapacity": capacity});
    lab.call(Service::AutoScaling, "CreateAutoScalingGroup", params);
}

/// Status code and description of each activity, the newest first, over all pages.
fn activities(lab: &mut Lab) -> Vec<(String, String)> {
    let mut params = json!({"AutoScalingGroupName": "g", "MaxRecords": 2});
    let mut all = Vec::new();
    loop {
        let page = lab.call(Service::AutoScaling, "DescribeScalingActivities", params.clone());
        let text = |one: &Value, member: &str| one[member].as_str().unwrap_or_default().to_owned();
        let items = page["Activities"].as_array().unwrap().iter();
        all.extend(items.map(|one| (text(one, "StatusCode"), text(one, "Description"))));
        match page.get("NextToken") {
            Some(token) => params["NextToken"] = token.clone(),
            None => return all,
        }
    }
}

#[test]
fn scaling_activities_follow_what_a_group_does() {
    let (mut lab, _) = Lab::new(0);
    group(&mut lab, 2);
    let hook = json!({"AutoScalingGroupName": "g", "LifecycleHookName": "h", "HeartbeatTimeout": 60,
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING", "DefaultResult": "CONTINUE"});
    lab.call(Service::AutoScaling, "PutLifecycleHook", hook);
    let id = lab.world.running_instances()[0].clone();
    let params = json!({"InstanceId": id, "ShouldDecrementDesiredCapacity": true});
    lab.call(
        Service::AutoScaling,
        "TerminateInstanceInAutoScalingGroup",
        params,
    );
    let terminating = format!("Terminating EC2 instance: {id}");
    let seen = activities(&mut lab);
    assert_eq!(seen.len(), 3, "{seen:?}");
    let waits = ("MidTerminatingLifecycleAction".to_owned(), terminating.clone());
    assert_eq!(seen[0], waits);
    for (status, text) in &seen[1..] {
        assert_eq!(status, "Successful");
        assert!(text.starts_with("Launching"), "{text}");
    }
    lab.run(1_000);
    let larger = json!({"AutoScalingGroupName": "g", "DesiredCapacity": 2});
    lab.call(Service::AutoScaling, "SetDesiredCapacity", larger);
    lab.run(1_000);
    let seen = activities(&mut lab);
    assert_eq!(
        (seen.len(), &seen[0]),
        (4, &waits),
        "what goes on comes before what is newer: {seen:?}"
    );
    lab.run(61_000);
    let seen = activities(&mut lab);
    assert_eq!(seen[1], ("Successful".to_owned(), terminating), "{seen:?}");
    let message = "We currently do not have sufficient m5.large capacity";
    lab.world.fail_launch(lab.now, "g", message).unwrap();
    let failed = format!("Launching a new EC2 instance.  Status Reason: {message}");
    assert_eq!(activities(&mut lab)[0], ("Failed".to_owned(), failed));
    assert!(lab.world.fail_launch(lab.now, "none", message).is_err());
}

fn describe_clusters(caller: &str) -> Call {
    Call {
        service: Service::Ecs,
        operation: "DescribeClusters".to_owned(),
        params: json!({}),
        principal: caller.to_owned(),
    }
}

#[test]
fn an_answer_is_given_or_cut_for_one_caller_and_as_often_as_planned() {
    let (mut lab, _) = Lab::new(0);
    let of_ana = CallFilter::operation(Service::Ecs, "DescribeClusters").by("ana");
    let fixture = json!({"clusters": [{"clusterName": "fixture"}]});
    let faults = lab.world.faults_mut();
    faults.answer(of_ana.clone(), fixture.clone(), 1);
    faults.cut(of_ana, Cut::HalfOfTheBody, Limit::Times(1));
    let now = lab.now;
    let mut ask = |caller: &str| lab.world.call(now, &describe_clusters(caller)).unwrap();
    assert_ne!(ask("COORDINATOR"), fixture);
    assert_eq!(ask("ana"), fixture);
    assert_ne!(ask("ana"), fixture);
    let mut cut = |caller: &str| lab.world.faults_mut().take_cut(now, &describe_clusters(caller));
    assert_eq!(cut("COORDINATOR"), None);
    assert_eq!(cut("ana"), Some(Cut::HalfOfTheBody));
    assert_eq!(cut("ana"), None);
}

#[test]
fn the_third_read_gets_another_answer_than_the_first_two() {
    let (mut lab, _) = Lab::new(0);
    let reads = CallFilter::operation(Service::Ecs, "DescribeClusters");
    let faults = lab.world.faults_mut();
    faults.answer(reads.clone(), json!("holding"), 2);
    faults.answer(reads.clone(), json!("released"), Limit::Forever);
    faults.date(reads, DateHeader::Absent, 1);
    let now = lab.now;
    let answers = [(); 4].map(|()| lab.world.call(now, &describe_clusters("ana")).unwrap());
    assert_eq!(answers, ["holding", "holding", "released", "released"]);
    let mut date = || lab.world.faults_mut().take_date(now, &describe_clusters("ana"));
    assert_eq!((date(), date()), (Some(DateHeader::Absent), None));
}

#[test]
fn an_operation_that_is_not_known_is_denied_in_the_words_of_its_service() {
    let (mut lab, _) = Lab::new(0);
    for (service, code) in [
        (Service::Ecs, "AccessDeniedException"),
        (Service::Ssm, "AccessDeniedException"),
        (Service::Events, "AccessDeniedException"),
        (Service::AutoScaling, "AccessDenied"),
        (Service::LoadBalancing, "AccessDenied"),
        (Service::Sts, "AccessDenied"),
        (Service::ClassicLoadBalancing, "AccessDenied"),
        (Service::Iam, "AccessDenied"),
        (Service::Ec2, "UnauthorizedOperation"),
    ] {
        let error = lab.try_call(service, "NoSuchThing", json!({})).unwrap_err();
        assert_eq!(error.code, code, "{service:?}");
        let action = format!("{}:NoSuchThing", service.prefix());
        assert!(error.message.contains(&action), "{}", error.message);
    }
}
