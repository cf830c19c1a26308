use super::*;

#[test]
fn groups_are_described_in_pages() {
    let mut world = AutoScaling::new("us-east-1", "123456789012", 30);
    for number in 0..5 {
        let name = format!("g{number}");
        do_it(
            &mut world,
            0,
            "CreateAutoScalingGroup",
            json!({"AutoScalingGroupName": name, "MinSize": 1, "MaxSize": 1}),
        );
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
    assert_eq!(
        (pages, names),
        (
            3,
            vec!["g0".into(), "g1".into(), "g2".into(), "g3".into(), "g4".into()]
        )
    );
    let error = call(
        &mut world,
        0,
        "DescribeAutoScalingGroups",
        json!({"NextToken": "x"}),
    )
    .unwrap_err();
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
        let groups = do_it(
            world,
            0,
            "DescribeAutoScalingGroups",
            json!({"AutoScalingGroupNames": ["g"]}),
        );
        let tags = groups["AutoScalingGroups"][0]["Tags"].as_array().unwrap().clone();
        tags.iter()
            .map(|tag| format!("{}={}", tag["Key"], tag["Value"]).replace('"', ""))
            .collect::<Vec<_>>()
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
    assert_eq!(
        call(&mut world, 1, "CreateAutoScalingGroup", again)
            .unwrap_err()
            .code,
        "AlreadyExists"
    );
    let name = json!({"AutoScalingGroupName": "g"});
    assert_eq!(
        call(&mut world, 1, "DeleteAutoScalingGroup", name)
            .unwrap_err()
            .code,
        "ResourceInUse"
    );
    do_it(
        &mut world,
        1,
        "DeleteAutoScalingGroup",
        json!({"AutoScalingGroupName": "g", "ForceDelete": true}),
    );
    assert_eq!(steps(&mut world), ["drain lost", "Terminated", "terminate"]);
    assert_eq!(world.next_due(), None);
}
