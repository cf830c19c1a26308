//! Rules of EventBridge.

use super::Account;
use aws_sdk_eventbridge::types::RuleState;
use protector_diagnosis::doctor::reads::Rule;
use protector_diagnosis::read::Reading;

impl Account {
    pub(crate) async fn rules_of_target(&self, target: &str) -> Reading<Vec<Rule>> {
        let request = self.events.list_rule_names_by_target().target_arn(target);
        let send = |token| request.clone().set_next_token(token).send();
        let names = self.pages("events:ListRuleNamesByTarget", send, |page| {
            (page.rule_names.unwrap_or_default(), page.next_token)
        });
        let mut rules = Vec::new();
        for name in names.await? {
            let request = self.events.describe_rule().name(&name);
            let rule = self.call("events:DescribeRule", request.send()).await?;
            let pattern = rule.event_pattern.as_deref();
            rules.push(Rule {
                is_enabled: rule.state.as_ref().is_some_and(is_enabled),
                pattern: pattern.and_then(|text| serde_json::from_str(text).ok()),
                schedule: rule.schedule_expression.filter(|text| !text.is_empty()),
                name,
            });
        }
        Ok(rules)
    }
}

fn is_enabled(state: &RuleState) -> bool {
    !matches!(state, RuleState::Disabled)
}
