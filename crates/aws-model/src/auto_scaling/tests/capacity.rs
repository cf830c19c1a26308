use super::*;

#[test]
fn without_hooks_instances_come_and_go_at_once() {
    let mut world = world(2);
    assert_eq!(
        steps(&mut world),
        ["launch", "Pending", "InService", "launch", "Pending", "InService"]
    );
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
    let GroupEvent::Launch {
        instance,
        group,
        cluster,
    } = launch
    else {
        panic!("{launch:?}");
    };
    assert_eq!((group.as_str(), cluster.as_deref()), ("g", Some("c")));
    assert_eq!(world.group_of(&instance), Some("g"));
    assert_eq!(world.target_lifecycle_state(&instance), Some("InService"));
}

#[test]
fn a_terminated_instance_is_replaced_unless_capacity_goes_down() {
    let mut world = world(2);
    put_hook(&mut world, HOOK, "TERMINATING", "CONTINUE");
    let instance = instances(&world).remove(0);
    let params = json!({"InstanceId": instance, "ShouldDecrementDesiredCapacity": false});
    do_it(
        &mut world,
        1,
        "TerminateInstanceInAutoScalingGroup",
        params.clone(),
    );
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
    set_size(&mut world, 1, 1);
    world.take_happenings();
    world.terminated(at(2), &instance);
    assert_eq!(steps(&mut world), ["drain lost", "Terminated"]);
    let other = instances(&world).remove(0);
    world.terminated(at(3), &other);
    assert_eq!(
        steps(&mut world),
        ["Terminated", "launch", "Pending", "InService"]
    );
    world.terminated(at(4), "i-unknown");
    assert_eq!(steps(&mut world), Vec::<String>::new());
}

#[test]
fn scale_in_takes_the_oldest_but_nothing_protected() {
    let mut world = world(3);
    let all = instances(&world);
    let params = json!({"AutoScalingGroupName": "g", "InstanceIds": [all[0]], "ProtectedFromScaleIn": true});
    do_it(&mut world, 0, "SetInstanceProtection", params);
    set_size(&mut world, 0, 2);
    assert_eq!(instances(&world), [all[0].clone(), all[2].clone()]);
    set_size(&mut world, 0, 0);
    assert_eq!(instances(&world), [all[0].clone()]);
}
