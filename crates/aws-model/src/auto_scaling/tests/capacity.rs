use super::*;

#[test]
fn without_hooks_instances_come_and_go_at_once() {
    let mut world = world(2);
    let launched = ["launch", "Pending", "InService"];
    assert_eq!(steps(&mut world), [launched, launched].concat());
    let instance = instances(&world).remove(0);
    let params = json!({"InstanceId": instance, "ShouldDecrementDesiredCapacity": true});
    let answer = world.answers(1, "TerminateInstanceInAutoScalingGroup", params);
    assert_eq!(answer["Activity"]["StatusCode"], "InProgress");
    assert_eq!(steps(&mut world), ["Terminating", "Terminated", "terminate"]);
    assert_eq!(world.lifecycle_state(&instance), None);
}

#[test]
fn a_launch_names_the_cluster_of_the_groups_tag() {
    let mut world = world(1);
    let launch = world.take_events().remove(0);
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
    let terminate = "TerminateInstanceInAutoScalingGroup";
    world.answers(1, terminate, params.clone());
    assert_eq!(world.lifecycle_state(&instance), Some("Terminating:Wait"));
    assert_eq!(instances(&world).len(), 2);
    world.refuses(2, terminate, params);
    let other = instances(&world).remove(0);
    let params = json!({"InstanceId": other, "ShouldDecrementDesiredCapacity": true});
    world.answers(3, terminate, params);
    assert_eq!(instances(&world).len(), 1);
}

#[test]
fn an_instance_that_is_gone_is_replaced_and_its_actions_are_lost() {
    let (mut world, instance) = draining(&[HOOK], "CONTINUE");
    world.set_size(1, 1);
    world.take_events();
    world.terminated(at(2), &instance);
    assert_eq!(steps(&mut world), ["drain lost", "Terminated"]);
    let other = instances(&world).remove(0);
    world.terminated(at(3), &other);
    let replaced = ["Terminated", "launch", "Pending", "InService"];
    assert_eq!(steps(&mut world), replaced);
    world.terminated(at(4), "i-unknown");
    assert_eq!(steps(&mut world), Vec::<String>::new());
}

#[test]
fn scale_in_takes_the_oldest_but_nothing_protected() {
    let mut world = world(3);
    let all = instances(&world);
    let params = json!({"AutoScalingGroupName": "g", "InstanceIds": [all[0]], "ProtectedFromScaleIn": true});
    world.answers(0, "SetInstanceProtection", params);
    world.set_size(0, 2);
    assert_eq!(instances(&world), [all[0].clone(), all[2].clone()]);
    world.set_size(0, 0);
    assert_eq!(instances(&world), [all[0].clone()]);
}
