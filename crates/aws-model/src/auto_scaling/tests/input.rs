use super::*;

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
        (
            "CreateAutoScalingGroup",
            json!({"AutoScalingGroupName": "h", "MinSize": 0}),
        ),
        (
            "CreateAutoScalingGroup",
            json!({"AutoScalingGroupName": "h", "MinSize": 2, "MaxSize": 1}),
        ),
        (
            "UpdateAutoScalingGroup",
            json!({"AutoScalingGroupName": "g", "DesiredCapacity": 11}),
        ),
        (
            "UpdateAutoScalingGroup",
            json!({"AutoScalingGroupName": "nobody"}),
        ),
        (
            "SetDesiredCapacity",
            json!({"AutoScalingGroupName": "g", "DesiredCapacity": 11}),
        ),
        (
            "SetDesiredCapacity",
            json!({"AutoScalingGroupName": "g", "DesiredCapacity": -1}),
        ),
        ("DescribeAutoScalingGroups", json!({"MaxRecords": 101})),
        ("DescribeAutoScalingInstances", json!({"MaxRecords": 51})),
        (
            "PutLifecycleHook",
            json!({"AutoScalingGroupName": "g", "LifecycleHookName": "new"}),
        ),
        ("PutLifecycleHook", hook("HeartbeatTimeout", json!(29))),
        ("PutLifecycleHook", hook("HeartbeatTimeout", json!(7201))),
        ("PutLifecycleHook", hook("DefaultResult", json!("STOP"))),
        ("PutLifecycleHook", hook("LifecycleTransition", json!("x"))),
        (
            "PutLifecycleHook",
            hook("NotificationMetadata", json!("x".repeat(4001))),
        ),
        (
            "PutLifecycleHook",
            json!({"AutoScalingGroupName": "g", "LifecycleTransition": transition}),
        ),
        ("CompleteLifecycleAction", action(HOOK, &instance)),
        ("CompleteLifecycleAction", completion(HOOK, &instance, "STOP")),
        (
            "CompleteLifecycleAction",
            completion("other", &instance, "CONTINUE"),
        ),
        (
            "RecordLifecycleActionHeartbeat",
            json!({"AutoScalingGroupName": "g", "LifecycleHookName": HOOK}),
        ),
        (
            "TerminateInstanceInAutoScalingGroup",
            json!({"InstanceId": "i-1", "ShouldDecrementDesiredCapacity": true}),
        ),
        (
            "CreateOrUpdateTags",
            json!({"Tags": [{"ResourceId": "nobody", "Key": "k"}]}),
        ),
    ];
    for (operation, params) in cases {
        let error = call(&mut world, 1, operation, params.clone()).unwrap_err();
        assert_eq!(
            (error.code.as_str(), error.status),
            ("ValidationError", 400),
            "{operation} {params}"
        );
    }
    assert_eq!(
        call(&mut world, 1, "PutWarmPool", json!({})).unwrap_err().code,
        "UnknownOperationException"
    );
    assert_eq!(steps(&mut world), Vec::<String>::new());
}
