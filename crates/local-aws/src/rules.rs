//! EventBridge: which events reach the coordinator's queue. The patterns are those of `template.yaml`.
//!
//! Of the pattern language, what they need: exact values, `exists`, nesting.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html>

use jiff::Timestamp;
use serde_json::{Value, json};

/// What the rules of [`product_rules`] are called, after the name of the stack.
pub(crate) const PRODUCT_RULES: [&str; 4] = ["terminate", "task-stopped", "instance-draining", "spot-notice"];

/// The event patterns of the product's rules, for any group, hook and cluster.
pub fn product_rules() -> Vec<Value> {
    vec![
        json!({"source": ["aws.autoscaling"], "detail-type": ["EC2 Instance-terminate Lifecycle Action"],
            "detail": {"AutoScalingGroupName": [{"exists": true}], "LifecycleHookName": [{"exists": true}]}}),
        json!({"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"],
            "detail": {"containerInstanceArn": [{"exists": true}], "lastStatus": ["STOPPED", "DELETED"]}}),
        json!({"source": ["aws.ecs"], "detail-type": ["ECS Container Instance State Change"],
            "detail": {"status": ["DRAINING", "DEREGISTERING", "INACTIVE"]}}),
        json!({"source": ["aws.ec2"], "detail-type": ["EC2 Spot Instance Interruption Warning",
            "EC2 Capacity Reservation Instance Interruption Warning"]}),
    ]
}

/// Returns whether `event` matches `pattern`. A structure requires all its members, a list one of its values.
pub fn matches(pattern: &Value, event: &Value) -> bool {
    match pattern {
        Value::Object(members) => members.iter().all(|(name, wanted)| matches(wanted, &event[name])),
        Value::Array(choices) => choices.iter().any(|choice| accepts(choice, event)),
        _ => false,
    }
}

fn accepts(choice: &Value, value: &Value) -> bool {
    match choice.get("exists").and_then(Value::as_bool) {
        Some(exists) => exists != value.is_null(),
        None => choice == value,
    }
}

/// The event of the schedule that ticks.
pub fn tick(id: &str, region: &str, account: &str, now: Timestamp) -> Value {
    json!({
        "version": "0",
        "id": id,
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": account,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": region,
        "resources": [format!("arn:aws:events:{region}:{account}:rule/ecs-daemon-protector-tick")],
        "detail": {},
    })
}

/// The constant event of the schedule that asks for heartbeats.
pub fn heartbeats() -> Value {
    json!({"source": "ecs-daemon-protector", "detail-type": "Heartbeats", "detail": {}})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reaches_coordinator(event: &Value) -> bool {
        product_rules().iter().any(|rule| matches(rule, event))
    }

    fn task(detail: Value) -> Value {
        json!({"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": detail})
    }

    #[test]
    fn only_stopped_tasks_on_instances_reach_the_coordinator() {
        assert!(reaches_coordinator(&task(
            json!({"containerInstanceArn": "a", "lastStatus": "STOPPED"})
        )));
        assert!(!reaches_coordinator(&task(
            json!({"containerInstanceArn": "a", "lastStatus": "RUNNING"})
        )));
        assert!(!reaches_coordinator(&task(json!({"lastStatus": "STOPPED"}))));
    }

    #[test]
    fn instances_reach_it_when_they_drain() {
        let instance = |status: &str| {
            json!({"source": "aws.ecs", "detail-type": "ECS Container Instance State Change",
                "detail": {"status": status}})
        };
        assert!(reaches_coordinator(&instance("DRAINING")));
        assert!(!reaches_coordinator(&instance("ACTIVE")));
    }

    #[test]
    fn hooks_and_notices_reach_it_launches_do_not() {
        let hook = |detail_type: &str| {
            json!({"source": "aws.autoscaling", "detail-type": detail_type,
                "detail": {"AutoScalingGroupName": "g", "LifecycleHookName": "h"}})
        };
        assert!(reaches_coordinator(&hook(
            "EC2 Instance-terminate Lifecycle Action"
        )));
        assert!(!reaches_coordinator(&hook(
            "EC2 Instance-launch Lifecycle Action"
        )));
        for kind in ["Spot", "Capacity Reservation"] {
            let kind = format!("EC2 {kind} Instance Interruption Warning");
            assert!(reaches_coordinator(
                &json!({"source": "aws.ec2", "detail-type": kind})
            ));
        }
    }
}
