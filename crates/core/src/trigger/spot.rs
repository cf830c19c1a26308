//! The Spot interruption notice.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html>

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::field::members;
use super::{Parsed, SpotNotice, Trigger};
use crate::ids::InstanceId;

#[derive(Deserialize)]
struct Detail {
    #[serde(rename = "instance-id")]
    instance: InstanceId,
}

/// Every action (terminate, stop, hibernate) ends the tasks.
pub(super) fn notice(event: &Value) -> Parsed {
    #[derive(Deserialize)]
    struct Event {
        time: Timestamp,
    }
    let Event { time } = members("", event)?;
    let detail: Detail = members("detail", event.get("detail").unwrap_or(&Value::Null))?;
    Ok(Ok(Trigger::Spot(SpotNotice {
        instance: detail.instance,
        at: time,
    })))
}
