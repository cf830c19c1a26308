//! Target groups.

use super::Account;
use aws_sdk_elasticloadbalancingv2::types::TargetHealthDescription;
use protector_diagnosis::read::Reading;
use protector_diagnosis::seen::{Target, TargetGroup};

/// The default of `deregistration_delay.timeout_seconds`
/// (<https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html>).
const DELAY: u32 = 300;

impl Account {
    /// The deregistration delay of a target group, in seconds.
    pub(crate) async fn deregistration_delay(&self, arn: &str) -> Reading<u32> {
        let request = self
            .load_balancing
            .describe_target_group_attributes()
            .target_group_arn(arn);
        let answer = self
            .call(
                "elasticloadbalancing:DescribeTargetGroupAttributes",
                request.send(),
            )
            .await?;
        let attributes = answer.attributes.unwrap_or_default().into_iter();
        let delay = attributes
            .filter(|one| one.key.as_deref() == Some("deregistration_delay.timeout_seconds"))
            .find_map(|one| one.value?.parse().ok());
        Ok(delay.unwrap_or(DELAY))
    }

    pub(crate) async fn target_group(&self, arn: &str) -> Reading<TargetGroup> {
        let deregistration_delay = self.deregistration_delay(arn).await?;
        let request = self.load_balancing.describe_target_health().target_group_arn(arn);
        let answer = self
            .call("elasticloadbalancing:DescribeTargetHealth", request.send())
            .await?;
        let targets = answer.target_health_descriptions.unwrap_or_default();
        Ok(TargetGroup {
            arn: arn.to_owned(),
            deregistration_delay,
            targets: targets.into_iter().filter_map(target).collect(),
        })
    }
}

fn target(described: TargetHealthDescription) -> Option<Target> {
    let health = described.target_health?;
    Some(Target {
        id: described.target?.id?,
        state: health
            .state
            .map(|state| state.as_str().to_owned())
            .unwrap_or_default(),
        reason: health.reason.map(|reason| reason.as_str().to_owned()),
        description: health.description,
    })
}
