use super::*;

#[test]
fn groups_are_described_in_pages() {
    let mut world = AutoScaling::new("us-east-1", "123456789012", 30);
    for number in 0..5 {
        let name = format!("g{number}");
        let params = json!({"AutoScalingGroupName": name, "MinSize": 1, "MaxSize": 1});
        world.answers(0, "CreateAutoScalingGroup", params);
    }
    let mut names = Vec::new();
    let mut params = json!({"MaxRecords": 2});
    let mut pages = 0;
    loop {
        let page = world.answers(0, "DescribeAutoScalingGroups", params.clone());
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
    assert_eq!(pages, 3);
    assert_eq!(names, ["g0", "g1", "g2", "g3", "g4"]);
    let odd = json!({"NextToken": "x"});
    let error = world.refuses(0, "DescribeAutoScalingGroups", odd);
    assert_eq!(error.code, "InvalidNextToken");
}

#[test]
fn instances_are_described_by_id() {
    let mut world = world(3);
    let first = instances(&world).remove(0);
    let all = world.answers(0, "DescribeAutoScalingInstances", json!({}));
    assert_eq!(all["AutoScalingInstances"].as_array().unwrap().len(), 3);
    let params = json!({"InstanceIds": [first, "i-unknown"]});
    let some = world.answers(0, "DescribeAutoScalingInstances", params);
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
        let names = json!({"AutoScalingGroupNames": ["g"]});
        let groups = world.answers(0, "DescribeAutoScalingGroups", names);
        let tags = groups["AutoScalingGroups"][0]["Tags"].as_array().unwrap().clone();
        let text = |tag: &Value| format!("{}={}", tag["Key"], tag["Value"]).replace('"', "");
        tags.iter().map(text).collect::<Vec<_>>()
    };
    world.answers(0, "CreateOrUpdateTags", tag("1"));
    world.answers(0, "CreateOrUpdateTags", tag("2"));
    assert_eq!(tags(&mut world), ["k=2", "local-aws.cluster=c"]);
    world.answers(0, "DeleteTags", tag("2"));
    assert_eq!(tags(&mut world), ["local-aws.cluster=c"]);
}

#[test]
fn a_group_is_deleted_when_empty_or_by_force() {
    let (mut world, _) = draining(&[HOOK], "CONTINUE");
    let again = json!({"AutoScalingGroupName": "g", "MinSize": 0, "MaxSize": 1});
    let error = world.refuses(1, "CreateAutoScalingGroup", again);
    assert_eq!(error.code, "AlreadyExists");
    let name = json!({"AutoScalingGroupName": "g"});
    let error = world.refuses(1, "DeleteAutoScalingGroup", name);
    assert_eq!(error.code, "ResourceInUse");
    let force = json!({"AutoScalingGroupName": "g", "ForceDelete": true});
    world.answers(1, "DeleteAutoScalingGroup", force);
    assert_eq!(steps(&mut world), ["drain lost", "Terminated", "terminate"]);
    assert_eq!(world.next_due(), None);
}
