use super::*;
use proptest::prelude::*;

#[test]
fn a_termination_waits_for_its_hook() {
    let (mut world, instance) = draining(&[HOOK], "CONTINUE");
    assert_eq!(world.target_lifecycle_state(&instance), Some("Terminated"));
    world.end_action(1, HOOK, &instance, "CONTINUE");
    let expected = "drain completed CONTINUE, Terminating:Proceed, Terminated, terminate";
    assert_eq!(steps(&mut world).join(", "), expected);
}

#[test]
fn a_second_completion_finds_no_action() {
    let (mut world, instance) = draining(&[HOOK], "CONTINUE");
    let token = world.groups["g"].instances[&instance].waits[0].token.clone();
    let mut by_token = completion(HOOK, &instance, "CONTINUE");
    by_token["LifecycleActionToken"] = token.clone().into();
    world.answers(1, "CompleteLifecycleAction", by_token.clone());
    let by_instance = completion(HOOK, &instance, "CONTINUE");
    let error = world.refuses(2, "CompleteLifecycleAction", by_instance);
    assert_eq!((error.code.as_str(), error.status), ("ValidationError", 400));
    let none = "No active Lifecycle Action found with";
    assert_eq!(error.message, format!("{none} instance ID {instance}"));
    let error = world.refuses(2, "RecordLifecycleActionHeartbeat", by_token);
    assert_eq!(error.message, format!("{none} token {token}"));
}

#[test]
fn a_heartbeat_restarts_the_time_out() {
    let (mut world, instance) = draining(&[HOOK], "CONTINUE");
    assert_eq!(world.next_due(), Some(at(60)));
    world.send_heartbeat(50, &instance);
    assert_eq!(world.next_due(), Some(at(110)));
    world.advance(at(109));
    assert_eq!(world.lifecycle_state(&instance), Some("Terminating:Wait"));
    world.advance(at(110));
    assert_eq!(world.next_due(), None);
    let expected = "drain heartbeat, drain timed out CONTINUE, Terminating:Proceed, Terminated, terminate";
    assert_eq!(steps(&mut world).join(", "), expected);
}

#[test]
fn no_heartbeat_passes_the_global_limit() {
    let (mut world, instance) = draining(&[HOOK], "CONTINUE");
    for seconds in (50..6000).step_by(50) {
        world.send_heartbeat(seconds, &instance);
    }
    assert_eq!(world.next_due(), Some(at(6000)));
    let beat = action(HOOK, &instance);
    let late = world.refuses(6000, "RecordLifecycleActionHeartbeat", beat);
    assert!(late.message.starts_with("No active Lifecycle Action found"));
}

proptest! {
    /// For any sequence of calls, no action outlives its global limit, and the group keeps its capacity.
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
                0 => world.call(at(now), "CompleteLifecycleAction", &completion("a", &any, "CONTINUE")),
                1 => world.call(at(now), "CompleteLifecycleAction", &completion("b", &any, "ABANDON")),
                2 => world.call(at(now), "RecordLifecycleActionHeartbeat", &action("a", &any)),
                3 => world.call(at(now), "TerminateInstanceInAutoScalingGroup",
                    &json!({"InstanceId": any, "ShouldDecrementDesiredCapacity": false})),
                4 => world.call(at(now), "SetDesiredCapacity",
                    &json!({"AutoScalingGroupName": "g", "DesiredCapacity": now % 4})),
                _ => {
                    world.terminated(at(now), &any);
                    Ok(Value::Null)
                }
            };
            let group = &world.groups["g"];
            prop_assert_eq!(group.staying().len() as i64, group.size.desired);
            for instance in group.instances.values() {
                let waits = matches!(instance.state, LifecycleState::PendingWait | LifecycleState::TerminatingWait);
                prop_assert_eq!(waits, !instance.waits.is_empty());
            }
        }
        world.set_size(now, 0);
        world.advance(at(now + 60 + 60));
        prop_assert!(world.groups["g"].instances.is_empty());
    }
}
