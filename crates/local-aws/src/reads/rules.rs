//! EventBridge: the rules by which events reach the functions, named as `deploy/terraform` names them.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeRule.html>

use super::ReadAnswer;
use crate::lambda::queues;
use crate::live::Live;
use crate::rules::{PRODUCT_RULES, product_rules};
use protector_aws_model::ApiError;
use serde_json::{Value, json};

const STACK: &str = "ecs-daemon-protector";

/// The message group of all events.
const MESSAGE_GROUP: &str = "drains";

pub(crate) struct Rule {
    name: String,
    arn: String,
    /// Its pattern, or its schedule.
    trigger: Trigger,
    target: Value,
}

enum Trigger {
    Pattern(Value),
    Schedule(&'static str),
}

/// The rules with these patterns, and the two schedules.
pub(super) fn of(live: &Live, patterns: &[Value]) -> Vec<Rule> {
    let (region, account) = (live.region(), live.account());
    let queue = queues::arn(region, account, queues::EVENTS);
    let queued = json!({"Id": "queue", "Arn": queue, "SqsParameters": {"MessageGroupId": MESSAGE_GROUP}});
    let rule = |name: &str, trigger, target: &Value| Rule {
        name: format!("{STACK}-{name}"),
        arn: format!("arn:aws:events:{region}:{account}:rule/{STACK}-{name}"),
        trigger,
        target: target.clone(),
    };
    let known = product_rules();
    let named = patterns.iter().enumerate().map(|(place, pattern)| {
        let product = known
            .iter()
            .position(|one| one == pattern)
            .and_then(|place| PRODUCT_RULES.get(place));
        let name = product.map_or_else(|| format!("rule-{place}"), |name| (*name).to_owned());
        rule(&name, Trigger::Pattern(pattern.clone()), &queued)
    });
    let mut rules: Vec<Rule> = named.collect();
    rules.push(rule("tick", Trigger::Schedule("rate(1 minute)"), &queued));
    let heartbeats = format!("arn:aws:lambda:{region}:{account}:function:{STACK}-heartbeats");
    let input = crate::rules::heartbeats().to_string();
    let called = json!({"Id": "function", "Arn": heartbeats, "Input": input});
    rules.push(rule("heartbeats", Trigger::Schedule("rate(1 minute)"), &called));
    rules
}

/// `DescribeRule`.
pub(super) fn describe(rules: &[Rule], params: &Value) -> ReadAnswer {
    let rule = find(rules, &params["Name"])?;
    let mut answer = json!({
        "Name": rule.name,
        "Arn": rule.arn,
        "State": "ENABLED",
        "EventBusName": "default",
    });
    match &rule.trigger {
        Trigger::Pattern(pattern) => answer["EventPattern"] = pattern.to_string().into(),
        Trigger::Schedule(schedule) => answer["ScheduleExpression"] = (*schedule).into(),
    }
    Ok(answer)
}

/// `ListRuleNamesByTarget`.
pub(super) fn by_target(rules: &[Rule], params: &Value) -> Value {
    let of_target = rules
        .iter()
        .filter(|rule| rule.target["Arn"] == params["TargetArn"]);
    let names: Vec<&str> = of_target.map(|rule| rule.name.as_str()).collect();
    json!({"RuleNames": names})
}

/// `ListTargetsByRule`.
pub(super) fn targets(rules: &[Rule], params: &Value) -> ReadAnswer {
    let rule = find(rules, &params["Rule"])?;
    Ok(json!({"Targets": [rule.target]}))
}

fn find<'a>(rules: &'a [Rule], name: &Value) -> Result<&'a Rule, ApiError> {
    let name = name.as_str().unwrap_or_default();
    let found = rules.iter().find(|rule| rule.name == name);
    let message = || format!("Rule {name} does not exist on EventBus default.");
    found.ok_or_else(|| ApiError::new("ResourceNotFoundException", message(), 400))
}
