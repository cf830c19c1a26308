use super::*;

#[test]
fn wrong_input_is_a_validation_error() {
    let (mut world, instance) = draining(&[HOOK], "CONTINUE");
    let hook = |member: &str, value: Value| json!({"AutoScalingGroupName": "g", "LifecycleHookName": HOOK, member: value});
    let transition = json!("autoscaling:EC2_INSTANCE_TERMINATING");
    let of = |group: &str, mut params: Value| {
        params["AutoScalingGroupName"] = json!(group);
        params
    };
    let create = "CreateAutoScalingGroup";
    let update = "UpdateAutoScalingGroup";
    let put = "PutLifecycleHook";
    let complete = "CompleteLifecycleAction";
    let terminate = json!({"InstanceId": "i-1", "ShouldDecrementDesiredCapacity": true});
    let tags = json!([{"ResourceId": "unknown", "Key": "k"}]);
    let cases = [
        (create, json!({"MinSize": 0, "MaxSize": 0})),
        (create, of("h", json!({"MinSize": 0}))),
        (create, of("h", json!({"MinSize": 2, "MaxSize": 1}))),
        (update, of("g", json!({"DesiredCapacity": 11}))),
        (update, of("unknown", json!({}))),
        ("SetDesiredCapacity", of("g", json!({"DesiredCapacity": 11}))),
        ("SetDesiredCapacity", of("g", json!({"DesiredCapacity": -1}))),
        ("DescribeAutoScalingGroups", json!({"MaxRecords": 101})),
        ("DescribeAutoScalingInstances", json!({"MaxRecords": 51})),
        (put, of("g", json!({"LifecycleHookName": "new"}))),
        (put, hook("HeartbeatTimeout", json!(29))),
        (put, hook("HeartbeatTimeout", json!(7201))),
        (put, hook("DefaultResult", json!("STOP"))),
        (put, hook("LifecycleTransition", json!("x"))),
        (put, hook("NotificationMetadata", json!("x".repeat(4001)))),
        (put, of("g", json!({"LifecycleTransition": transition}))),
        (complete, action(HOOK, &instance)),
        (complete, completion(HOOK, &instance, "STOP")),
        (complete, completion("other", &instance, "CONTINUE")),
        (
            "RecordLifecycleActionHeartbeat",
            of("g", json!({"LifecycleHookName": HOOK})),
        ),
        ("TerminateInstanceInAutoScalingGroup", terminate),
        ("CreateOrUpdateTags", json!({"Tags": tags})),
    ];
    for (operation, params) in cases {
        let error = world.refuses(1, operation, params.clone());
        let found = (error.code.as_str(), error.status);
        assert_eq!(found, ("ValidationError", 400), "{operation} {params}");
    }
    let unknown = world.refuses(1, "PutWarmPool", json!({}));
    assert_eq!(unknown.code, "UnknownOperationException");
    assert_eq!(steps(&mut world), Vec::<String>::new());
}
