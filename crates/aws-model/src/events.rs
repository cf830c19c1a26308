//! EventBridge events in their real shapes.

use super::ids::Ids;
use super::scope::Scope;
use jiff::Timestamp;
use serde_json::{Value, json};

/// `EC2 Spot Instance Interruption Warning`. Its resource has the zone where others have the region.
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html>
pub(crate) fn spot(
    scope: &Scope,
    ids: &mut Ids,
    now: Timestamp,
    zone: &str,
    instance: &str,
    action: &str,
) -> Value {
    let resource = format!("arn:aws:ec2:{zone}:instance/{instance}");
    let detail = json!({"instance-id": instance, "instance-action": action});
    envelope(
        scope,
        ids,
        now,
        "aws.ec2",
        "EC2 Spot Instance Interruption Warning",
        &resource,
        detail,
    )
}

/// An event about one resource.
pub(crate) fn envelope(
    scope: &Scope,
    ids: &mut Ids,
    now: Timestamp,
    source: &str,
    detail_type: &str,
    resource: &str,
    detail: Value,
) -> Value {
    json!({
        "version": "0",
        "id": ids.uuid(),
        "detail-type": detail_type,
        "source": source,
        "account": scope.account,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": scope.region,
        "resources": [resource],
        "detail": detail,
    })
}
