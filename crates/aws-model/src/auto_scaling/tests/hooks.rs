use super::*;

#[test]
fn a_launch_hook_holds_the_launch() {
    let mut world = world(0);
    put_hook(&mut world, HOOK, "LAUNCHING", "ABANDON");
    world.set_size(0, 1);
    let instance = instances(&world).remove(0);
    let expected = "launch, Pending, Pending:Wait, drain waiting, EC2 Instance-launch Lifecycle Action";
    assert_eq!(steps(&mut world).join(", "), expected);
    world.end_action(1, HOOK, &instance, "CONTINUE");
    let proceeded = ["drain completed CONTINUE", "Pending:Proceed", "InService"];
    assert_eq!(steps(&mut world), proceeded);
}

#[test]
fn an_abandoned_launch_is_undone_and_tried_again() {
    let mut world = world(0);
    put_hook(&mut world, HOOK, "LAUNCHING", "ABANDON");
    world.set_size(0, 1);
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
    world.answers(0, "PutLifecycleHook", params);
    let instance = instances(&world).remove(0);
    world.set_size(7, 0);
    let event = world.take_events().into_iter().find_map(|one| match one {
        GroupEvent::Event(event) => Some(event),
        _ => None,
    });
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
fn every_hook_is_waited_for_unless_one_is_abandoned() {
    let (mut world, instance) = draining(&["a", "b"], "CONTINUE");
    world.end_action(1, "a", &instance, "CONTINUE");
    assert_eq!(world.lifecycle_state(&instance), Some("Terminating:Wait"));
    world.end_action(2, "b", &instance, "CONTINUE");
    assert_eq!(world.lifecycle_state(&instance), None);

    let (mut world, instance) = draining(&["a", "b"], "CONTINUE");
    world.end_action(1, "a", &instance, "ABANDON");
    let expected = "a completed ABANDON, b skipped, Terminating:Proceed, Terminated, terminate";
    assert_eq!(steps(&mut world).join(", "), expected);
}

#[test]
fn a_deleted_hook_is_not_waited_for() {
    let (mut world, instance) = draining(&[HOOK], "ABANDON");
    let params = json!({"AutoScalingGroupName": "g", "LifecycleHookName": HOOK});
    world.answers(1, "DeleteLifecycleHook", params.clone());
    assert_eq!(world.lifecycle_state(&instance), None);
    assert_eq!(steps(&mut world)[0], "drain hook deleted CONTINUE");
    world.refuses(1, "DeleteLifecycleHook", params);
}

#[test]
fn a_hook_has_aws_defaults_and_keeps_what_is_not_changed() {
    let mut world = world(0);
    let name = json!({"AutoScalingGroupName": "g", "LifecycleHookName": HOOK});
    let mut new = name.clone();
    new["LifecycleTransition"] = "autoscaling:EC2_INSTANCE_TERMINATING".into();
    world.answers(0, "PutLifecycleHook", new);
    let hook = world.answers(0, "DescribeLifecycleHooks", name.clone())["LifecycleHooks"][0].clone();
    assert_eq!(hook["HeartbeatTimeout"], 3600);
    assert_eq!(hook["GlobalTimeout"], 172_800);
    assert_eq!(hook["DefaultResult"], "ABANDON");
    let mut change = name.clone();
    change["HeartbeatTimeout"] = 120.into();
    world.answers(0, "PutLifecycleHook", change);
    let hook = world.answers(0, "DescribeLifecycleHooks", name)["LifecycleHooks"][0].clone();
    assert_eq!(hook["HeartbeatTimeout"], 120);
    assert_eq!(hook["GlobalTimeout"], 12_000);
    let transition = "autoscaling:EC2_INSTANCE_TERMINATING";
    assert_eq!(hook["LifecycleTransition"], transition);
}
