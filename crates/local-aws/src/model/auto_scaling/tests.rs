use super::*;
use proptest::prelude::*;
use serde_json::json;

const HOOK: &str = "drain";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn call(world: &mut AutoScaling, seconds: i64, operation: &str, params: Value) -> Result<Value, ApiError> {
    world.call(at(seconds), operation, &params)
}

fn do_it(world: &mut AutoScaling, seconds: i64, operation: &str, params: Value) -> Value {
    call(world, seconds, operation, params).unwrap()
}

/// A group `g` of `size` instances and 10 at most, in cluster `c`.
fn world(size: i64) -> AutoScaling {
    let mut world = AutoScaling::new("us-east-1", "123456789012", 30);
    let tags = json!([{"Key": CLUSTER_TAG, "Value": "c", "PropagateAtLaunch": true}]);
    let params = json!({"AutoScalingGroupName": "g", "MinSize": 0, "MaxSize": 10, "DesiredCapacity": size, "Tags": tags});
    do_it(&mut world, 0, "CreateAutoScalingGroup", params);
    world
}

fn put_hook(world: &mut AutoScaling, hook: &str, transition: &str, default_result: &str) {
    let params = json!({"AutoScalingGroupName": "g", "LifecycleHookName": hook, "HeartbeatTimeout": 60,
        "LifecycleTransition": format!("autoscaling:EC2_INSTANCE_{transition}"), "DefaultResult": default_result});
    do_it(world, 0, "PutLifecycleHook", params);
}

fn instances(world: &AutoScaling) -> Vec<String> {
    world.groups["g"].staying().into_iter().map(|instance| instance.id.clone()).collect()
}

/// A group of one instance that waits in Terminating:Wait since 0 for these hooks; its id.
fn draining(hooks: &[&str], default_result: &str) -> (AutoScaling, String) {
    let mut world = world(1);
    for hook in hooks {
        put_hook(&mut world, hook, "TERMINATING", default_result);
    }
    let instance = instances(&world).remove(0);
    do_it(&mut world, 0, "SetDesiredCapacity", json!({"AutoScalingGroupName": "g", "DesiredCapacity": 0}));
    assert_eq!(world.lifecycle_state(&instance), Some("Terminating:Wait"));
    world.take_happenings();
    (world, instance)
}

fn action(hook: &str, instance: &str) -> Value {
    json!({"AutoScalingGroupName": "g", "LifecycleHookName": hook, "InstanceId": instance})
}

fn completion(hook: &str, instance: &str, result: &str) -> Value {
    let mut params = action(hook, instance);
    params["LifecycleActionResult"] = result.into();
    params
}

fn steps(world: &mut AutoScaling) -> Vec<String> {
    let happenings = world.take_happenings().into_iter();
    happenings
        .map(|happening| match happening {
            Happening::Launch { .. } => "launch".to_owned(),
            Happening::Terminate { .. } => "terminate".to_owned(),
            Happening::LifecycleState { state, .. } => state.to_string(),
            Happening::Hook { hook, what, .. } => format!("{hook} {what}"),
            Happening::Event(event) => event["detail-type"].as_str().unwrap().to_owned(),
        })
        .collect()
}

#[test]
fn without_hooks_instances_come_and_go_at_once() {
    let mut world = world(2);
    assert_eq!(steps(&mut world), ["launch", "Pending", "InService", "launch", "Pending", "InService"]);
    let instance = instances(&world).remove(0);
    let params = json!({"InstanceId": instance, "ShouldDecrementDesiredCapacity": true});
    let answer = do_it(&mut world, 1, "TerminateInstanceInAutoScalingGroup", params);
    assert_eq!(answer["Activity"]["StatusCode"], "InProgress");
    assert_eq!(steps(&mut world), ["Terminating", "Terminated", "terminate"]);
    assert_eq!(world.lifecycle_state(&instance), None);
}

#[test]
fn a_launch_names_the_cluster_of_the_groups_tag() {
    let mut world = world(1);
    let launch = world.take_happenings().remove(0);
    let Happening::Launch { instance, group, cluster } = launch else {
        panic!("{launch:?}");
    };
    assert_eq!((group.as_str(), cluster.as_deref()), ("g", Some("c")));
    assert_eq!(world.group_of(&instance), Some("g"));
    assert_eq!(world.target_lifecycle_state(&instance), Some("InService"));
}

#[test]
fn a_launch_hook_holds_the_launch() {
    let mut world = world(0);
    put_hook(&mut world, HOOK, "LAUNCHING", "ABANDON");
    do_it(&mut world, 0, "SetDesiredCapacity", json!({"AutoScalingGroupName": "g", "DesiredCapacity": 1}));
    let instance = instances(&world).remove(0);
    let launched = steps(&mut world);
    let expected =
        ["launch", "Pending", "Pending:Wait", "drain waiting", "EC2 Instance-launch Lifecycle Action"];
    assert_eq!(launched, expected);
    do_it(&mut world, 1, "CompleteLifecycleAction", completion(HOOK, &instance, "CONTINUE"));
    assert_eq!(steps(&mut world), ["drain completed CONTINUE", "Pending:Proceed", "InService"]);
}

#[test]
fn an_abandoned_launch_is_undone_and_tried_again() {
    let mut world = world(0);
    put_hook(&mut world, HOOK, "LAUNCHING", "ABANDON");
    do_it(&mut world, 0, "SetDesiredCapacity", json!({"AutoScalingGroupName": "g", "DesiredCapacity": 1}));
    let first = instances(&world);
    world.advance(at(60));
    let second = instances(&world);
    assert_eq!(second.len(), 1);
    assert_ne!(first, second);
    assert!(steps(&mut world).contains(&"terminate".to_owned()));
}

#[test]
fn the_event_of_a_termination_is_the_real_one() {
    let mut world = world(1);
    let params = json!({"AutoScalingGroupName": "g", "LifecycleHookName": HOOK, "NotificationMetadata": "m",
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"});
    do_it(&mut world, 0, "PutLifecycleHook", params);
    let instance = instances(&world).remove(0);
    do_it(&mut world, 7, "SetDesiredCapacity", json!({"AutoScalingGroupName": "g", "DesiredCapacity": 0}));
    let happenings = world.take_happenings().into_iter();
    let event = happenings.filter_map(|one| if let Happening::Event(event) = one { Some(event) } else { None }).next();
    let event = event.unwrap();
    let token = world.groups["g"].instances[&instance].waits[0].token.clone();
    assert_eq!(token.len(), 36);
    let expected = json!({
        "version": "0", "id": event["id"], "source": "aws.autoscaling", "account": "123456789012",
        "detail-type": "EC2 Instance-terminate Lifecycle Action",
        "time": "1970-01-01T00:00:07.000Z", "region": "us-east-1", "resources": [world.groups["g"].arn],
        "detail": {"LifecycleActionToken": token, "AutoScalingGroupName": "g", "LifecycleHookName": HOOK,
            "EC2InstanceId": instance, "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
            "NotificationMetadata": "m", "Origin": "AutoScalingGroup", "Destination": "EC2"}});
    assert_eq!(event, expected);
    assert_ne!(event["id"], event["detail"]["LifecycleActionToken"]);
}

#[test]
fn a_termination_waits_for_its_hook() {
    let (mut world, instance) = draining(&[HOOK], "CONTINUE");
    assert_eq!(world.target_lifecycle_state(&instance), Some("Terminated"));
    do_it(&mut world, 1, "CompleteLifecycleAction", completion(HOOK, &instance, "CONTINUE"));
    let expected = ["drain completed CONTINUE", "Terminating:Proceed", "Terminated", "terminate"];
    assert_eq!(steps(&mut world), expected);
}

#[test]
fn a_second_completion_finds_no_action() {
    let (mut world, instance) = draining(&[HOOK], "CONTINUE");
    let token = world.groups["g"].instances[&instance].waits[0].token.clone();
    let mut by_token = completion(HOOK, &instance, "CONTINUE");
    by_token["LifecycleActionToken"] = token.clone().into();
    do_it(&mut world, 1, "CompleteLifecycleAction", by_token.clone());
    let error = call(&mut world, 2, "CompleteLifecycleAction", completion(HOOK, &instance, "CONTINUE")).unwrap_err();
    assert_eq!((error.code.as_str(), error.status), ("ValidationError", 400));
    assert_eq!(error.message, format!("No active Lifecycle Action found with instance ID {instance}"));
    let error = call(&mut world, 2, "RecordLifecycleActionHeartbeat", by_token).unwrap_err();
    assert_eq!(error.message, format!("No active Lifecycle Action found with token {token}"));
}

#[test]
fn a_heartbeat_restarts_the_time_out() {
    let (mut world, instance) = draining(&[HOOK], "CONTINUE");
    assert_eq!(world.next_due(), Some(at(60)));
    do_it(&mut world, 50, "RecordLifecycleActionHeartbeat", action(HOOK, &instance));
    assert_eq!(world.next_due(), Some(at(110)));
    world.advance(at(109));
    assert_eq!(world.lifecycle_state(&instance), Some("Terminating:Wait"));
    world.advance(at(110));
    assert_eq!(world.next_due(), None);
    assert_eq!(
        steps(&mut world),
        ["drain heartbeat", "drain timed out CONTINUE", "Terminating:Proceed", "Terminated", "terminate"]
    );
}

#[test]
fn no_heartbeat_passes_the_global_limit() {
    let (mut world, instance) = draining(&[HOOK], "CONTINUE");
    for seconds in (50..6000).step_by(50) {
        do_it(&mut world, seconds, "RecordLifecycleActionHeartbeat", action(HOOK, &instance));
    }
    assert_eq!(world.next_due(), Some(at(6000)));
    let late = call(&mut world, 6000, "RecordLifecycleActionHeartbeat", action(HOOK, &instance)).unwrap_err();
    assert!(late.message.starts_with("No active Lifecycle Action found"));
}

#[test]
fn every_hook_is_waited_for_unless_one_is_abandoned() {
    let (mut world, instance) = draining(&["a", "b"], "CONTINUE");
    do_it(&mut world, 1, "CompleteLifecycleAction", completion("a", &instance, "CONTINUE"));
    assert_eq!(world.lifecycle_state(&instance), Some("Terminating:Wait"));
    do_it(&mut world, 2, "CompleteLifecycleAction", completion("b", &instance, "CONTINUE"));
    assert_eq!(world.lifecycle_state(&instance), None);

    let (mut world, instance) = draining(&["a", "b"], "CONTINUE");
    do_it(&mut world, 1, "CompleteLifecycleAction", completion("a", &instance, "ABANDON"));
    let expected = ["a completed ABANDON", "b skipped", "Terminating:Proceed", "Terminated", "terminate"];
    assert_eq!(steps(&mut world), expected);
}

#[test]
fn a_deleted_hook_is_not_waited_for() {
    let (mut world, instance) = draining(&[HOOK], "ABANDON");
    let params = json!({"AutoScalingGroupName": "g", "LifecycleHookName": HOOK});
    do_it(&mut world, 1, "DeleteLifecycleHook", params.clone());
    assert_eq!(world.lifecycle_state(&instance), None);
    assert_eq!(steps(&mut world)[0], "drain hook deleted CONTINUE");
    assert!(call(&mut world, 1, "DeleteLifecycleHook", params).is_err());
}

#[test]
fn a_terminated_instance_is_replaced_unless_capacity_goes_down() {
    let mut world = world(2);
    put_hook(&mut world, HOOK, "TERMINATING", "CONTINUE");
    let instance = instances(&world).remove(0);
    let params = json!({"InstanceId": instance, "ShouldDecrementDesiredCapacity": false});
    do_it(&mut world, 1, "TerminateInstanceInAutoScalingGroup", params.clone());
    assert_eq!(world.lifecycle_state(&instance), Some("Terminating:Wait"));
    assert_eq!(instances(&world).len(), 2);
    assert!(call(&mut world, 2, "TerminateInstanceInAutoScalingGroup", params).is_err());
    let other = instances(&world).remove(0);
    let params = json!({"InstanceId": other, "ShouldDecrementDesiredCapacity": true});
    do_it(&mut world, 3, "TerminateInstanceInAutoScalingGroup", params);
    assert_eq!(instances(&world).len(), 1);
}

#[test]
fn an_instance_that_is_gone_is_replaced_and_its_actions_are_lost() {
    let (mut world, instance) = draining(&[HOOK], "CONTINUE");
    do_it(&mut world, 1, "SetDesiredCapacity", json!({"AutoScalingGroupName": "g", "DesiredCapacity": 1}));
    world.take_happenings();
    world.terminated(at(2), &instance);
    assert_eq!(steps(&mut world), ["drain lost", "Terminated"]);
    let other = instances(&world).remove(0);
    world.terminated(at(3), &other);
    assert_eq!(steps(&mut world), ["Terminated", "launch", "Pending", "InService"]);
    world.terminated(at(4), "i-unknown");
    assert_eq!(steps(&mut world), Vec::<String>::new());
}

#[test]
fn scale_in_takes_the_oldest_but_nothing_protected() {
    let mut world = world(3);
    let all = instances(&world);
    let params = json!({"AutoScalingGroupName": "g", "InstanceIds": [all[0]], "ProtectedFromScaleIn": true});
    do_it(&mut world, 0, "SetInstanceProtection", params);
    do_it(&mut world, 0, "SetDesiredCapacity", json!({"AutoScalingGroupName": "g", "DesiredCapacity": 2}));
    assert_eq!(instances(&world), [all[0].clone(), all[2].clone()]);
    do_it(&mut world, 0, "SetDesiredCapacity", json!({"AutoScalingGroupName": "g", "DesiredCapacity": 0}));
    assert_eq!(instances(&world), [all[0].clone()]);
}

#[test]
fn a_hook_has_aws_defaults_and_keeps_what_is_not_changed() {
    let mut world = world(0);
    let name = json!({"AutoScalingGroupName": "g", "LifecycleHookName": HOOK});
    let mut new = name.clone();
    new["LifecycleTransition"] = "autoscaling:EC2_INSTANCE_TERMINATING".into();
    do_it(&mut world, 0, "PutLifecycleHook", new);
    let hook = do_it(&mut world, 0, "DescribeLifecycleHooks", name.clone())["LifecycleHooks"][0].clone();
    assert_eq!(hook["HeartbeatTimeout"], 3600);
    assert_eq!(hook["GlobalTimeout"], 172_800);
    assert_eq!(hook["DefaultResult"], "ABANDON");
    let mut change = name.clone();
    change["HeartbeatTimeout"] = 120.into();
    do_it(&mut world, 0, "PutLifecycleHook", change);
    let hook = do_it(&mut world, 0, "DescribeLifecycleHooks", name)["LifecycleHooks"][0].clone();
    assert_eq!(hook["HeartbeatTimeout"], 120);
    assert_eq!(hook["GlobalTimeout"], 12_000);
    assert_eq!(hook["LifecycleTransition"], "autoscaling:EC2_INSTANCE_TERMINATING");
}

#[test]
fn wrong_input_is_a_validation_error() {
    let (mut world, instance) = draining(&[HOOK], "CONTINUE");
    let hook = |member: &str, value: Value| {
        let mut params = json!({"AutoScalingGroupName": "g", "LifecycleHookName": HOOK});
        params[member] = value;
        params
    };
    let transition = json!("autoscaling:EC2_INSTANCE_TERMINATING");
    let cases = [
        ("CreateAutoScalingGroup", json!({"MinSize": 0, "MaxSize": 0})),
        ("CreateAutoScalingGroup", json!({"AutoScalingGroupName": "h", "MinSize": 0})),
        ("CreateAutoScalingGroup", json!({"AutoScalingGroupName": "h", "MinSize": 2, "MaxSize": 1})),
        ("UpdateAutoScalingGroup", json!({"AutoScalingGroupName": "g", "DesiredCapacity": 11})),
        ("UpdateAutoScalingGroup", json!({"AutoScalingGroupName": "nobody"})),
        ("SetDesiredCapacity", json!({"AutoScalingGroupName": "g", "DesiredCapacity": 11})),
        ("SetDesiredCapacity", json!({"AutoScalingGroupName": "g", "DesiredCapacity": -1})),
        ("DescribeAutoScalingGroups", json!({"MaxRecords": 101})),
        ("DescribeAutoScalingInstances", json!({"MaxRecords": 51})),
        ("PutLifecycleHook", json!({"AutoScalingGroupName": "g", "LifecycleHookName": "new"})),
        ("PutLifecycleHook", hook("HeartbeatTimeout", json!(29))),
        ("PutLifecycleHook", hook("HeartbeatTimeout", json!(7201))),
        ("PutLifecycleHook", hook("DefaultResult", json!("STOP"))),
        ("PutLifecycleHook", hook("LifecycleTransition", json!("x"))),
        ("PutLifecycleHook", hook("NotificationMetadata", json!("x".repeat(4001)))),
        ("PutLifecycleHook", json!({"AutoScalingGroupName": "g", "LifecycleTransition": transition})),
        ("CompleteLifecycleAction", action(HOOK, &instance)),
        ("CompleteLifecycleAction", completion(HOOK, &instance, "STOP")),
        ("CompleteLifecycleAction", completion("other", &instance, "CONTINUE")),
        ("RecordLifecycleActionHeartbeat", json!({"AutoScalingGroupName": "g", "LifecycleHookName": HOOK})),
        ("TerminateInstanceInAutoScalingGroup", json!({"InstanceId": "i-1", "ShouldDecrementDesiredCapacity": true})),
        ("CreateOrUpdateTags", json!({"Tags": [{"ResourceId": "nobody", "Key": "k"}]})),
    ];
    for (operation, params) in cases {
        let error = call(&mut world, 1, operation, params.clone()).unwrap_err();
        assert_eq!((error.code.as_str(), error.status), ("ValidationError", 400), "{operation} {params}");
    }
    assert_eq!(call(&mut world, 1, "PutWarmPool", json!({})).unwrap_err().code, "UnknownOperationException");
    assert_eq!(steps(&mut world), Vec::<String>::new());
}

#[test]
fn groups_are_described_in_pages() {
    let mut world = AutoScaling::new("us-east-1", "123456789012", 30);
    for number in 0..5 {
        let name = format!("g{number}");
        do_it(&mut world, 0, "CreateAutoScalingGroup", json!({"AutoScalingGroupName": name, "MinSize": 1, "MaxSize": 1}));
    }
    let mut names = Vec::new();
    let mut params = json!({"MaxRecords": 2});
    let mut pages = 0;
    loop {
        let page = do_it(&mut world, 0, "DescribeAutoScalingGroups", params.clone());
        pages += 1;
        for group in page["AutoScalingGroups"].as_array().unwrap() {
            names.push(group["AutoScalingGroupName"].as_str().unwrap().to_owned());
            assert_eq!(group["Instances"].as_array().unwrap().len(), 1);
        }
        let Some(token) = page.get("NextToken") else {
            break;
        };
        params["NextToken"] = token.clone();
    }
    assert_eq!((pages, names), (3, vec!["g0".into(), "g1".into(), "g2".into(), "g3".into(), "g4".into()]));
    let error = call(&mut world, 0, "DescribeAutoScalingGroups", json!({"NextToken": "x"})).unwrap_err();
    assert_eq!(error.code, "InvalidNextToken");
}

#[test]
fn instances_are_described_by_id() {
    let mut world = world(3);
    let first = instances(&world).remove(0);
    let all = do_it(&mut world, 0, "DescribeAutoScalingInstances", json!({}));
    assert_eq!(all["AutoScalingInstances"].as_array().unwrap().len(), 3);
    let params = json!({"InstanceIds": [first, "i-unknown"]});
    let some = do_it(&mut world, 0, "DescribeAutoScalingInstances", params);
    let expected = json!([{"InstanceId": first, "InstanceType": "m5.large", "AvailabilityZone": "us-east-1a",
        "LifecycleState": "InService", "HealthStatus": "HEALTHY", "ProtectedFromScaleIn": false,
        "AutoScalingGroupName": "g"}]);
    assert_eq!(some["AutoScalingInstances"], expected);
}

#[test]
fn tags_are_set_changed_and_taken_away() {
    let mut world = world(0);
    let tag = |value: &str| json!({"Tags": [{"ResourceId": "g", "ResourceType": "auto-scaling-group", "Key": "k", "Value": value}]});
    let tags = |world: &mut AutoScaling| {
        let groups = do_it(world, 0, "DescribeAutoScalingGroups", json!({"AutoScalingGroupNames": ["g"]}));
        let tags = groups["AutoScalingGroups"][0]["Tags"].as_array().unwrap().clone();
        tags.iter().map(|tag| format!("{}={}", tag["Key"], tag["Value"]).replace('"', "")).collect::<Vec<_>>()
    };
    do_it(&mut world, 0, "CreateOrUpdateTags", tag("1"));
    do_it(&mut world, 0, "CreateOrUpdateTags", tag("2"));
    assert_eq!(tags(&mut world), ["k=2", "local-aws.cluster=c"]);
    do_it(&mut world, 0, "DeleteTags", tag("2"));
    assert_eq!(tags(&mut world), ["local-aws.cluster=c"]);
}

#[test]
fn a_group_is_deleted_when_empty_or_by_force() {
    let (mut world, _) = draining(&[HOOK], "CONTINUE");
    let again = json!({"AutoScalingGroupName": "g", "MinSize": 0, "MaxSize": 1});
    assert_eq!(call(&mut world, 1, "CreateAutoScalingGroup", again).unwrap_err().code, "AlreadyExists");
    let name = json!({"AutoScalingGroupName": "g"});
    assert_eq!(call(&mut world, 1, "DeleteAutoScalingGroup", name).unwrap_err().code, "ResourceInUse");
    do_it(&mut world, 1, "DeleteAutoScalingGroup", json!({"AutoScalingGroupName": "g", "ForceDelete": true}));
    assert_eq!(steps(&mut world), ["drain lost", "Terminated", "terminate"]);
    assert_eq!(world.next_due(), None);
}

proptest! {
    /// Whatever is done and when, no action outlives its global limit, and the group keeps its capacity.
    #[test]
    fn every_wait_ends(deeds in prop::collection::vec((0_u8..6, 1_i64..200), 1..60)) {
        let mut world = world(2);
        put_hook(&mut world, "a", "TERMINATING", "CONTINUE");
        put_hook(&mut world, "b", "TERMINATING", "ABANDON");
        put_hook(&mut world, "c", "LAUNCHING", "CONTINUE");
        let mut now = 0;
        for (deed, gap) in deeds {
            now += gap;
            world.advance(at(now));
            let any = world.groups["g"].instances.keys().next().cloned().unwrap_or_default();
            let _ = match deed {
                0 => call(&mut world, now, "CompleteLifecycleAction", completion("a", &any, "CONTINUE")),
                1 => call(&mut world, now, "CompleteLifecycleAction", completion("b", &any, "ABANDON")),
                2 => call(&mut world, now, "RecordLifecycleActionHeartbeat", action("a", &any)),
                3 => call(&mut world, now, "TerminateInstanceInAutoScalingGroup",
                    json!({"InstanceId": any, "ShouldDecrementDesiredCapacity": false})),
                4 => call(&mut world, now, "SetDesiredCapacity",
                    json!({"AutoScalingGroupName": "g", "DesiredCapacity": now % 4})),
                _ => Ok(world.terminated(at(now), &any)).map(|()| Value::Null),
            };
            let group = &world.groups["g"];
            prop_assert_eq!(group.staying().len() as i64, group.size.desired);
            for instance in group.instances.values() {
                let waits = matches!(instance.state, LifecycleState::PendingWait | LifecycleState::TerminatingWait);
                prop_assert_eq!(waits, !instance.waits.is_empty());
            }
        }
        do_it(&mut world, now, "SetDesiredCapacity", json!({"AutoScalingGroupName": "g", "DesiredCapacity": 0}));
        world.advance(at(now + 60 + 60));
        prop_assert!(world.groups["g"].instances.is_empty());
    }
}
