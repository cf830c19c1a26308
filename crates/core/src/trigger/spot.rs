//! EC2 gives notice of two minutes when it takes back a Spot instance, or one of an interruptible capacity reservation.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html>, and "Monitor
//! interruptible Capacity Reservations" in the same guide.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::field::members;
use super::{Event, Parsed, SpotNotice, Trigger};
use crate::ids::InstanceId;
use crate::limits::SPOT_NOTICE;

#[derive(Deserialize)]
struct InterruptionDetail {
    #[serde(rename = "instance-id")]
    instance: InstanceId,
}

/// Every action (terminate, stop, hibernate) ends the tasks.
pub(super) fn notice(event: &Value) -> Parsed {
    #[derive(Deserialize)]
    struct NoticeEnvelope {
        time: Timestamp,
    }
    let NoticeEnvelope { time } = members("", event)?;
    let detail: InterruptionDetail = members("detail", event.get("detail").unwrap_or(&Value::Null))?;
    Ok(Event::Trigger(Trigger::Spot(SpotNotice {
        instance: detail.instance,
        at: time,
    })))
}

/// This one names its end.
pub(super) fn reservation(event: &Value) -> Parsed {
    #[derive(Deserialize)]
    struct ReservationDetail {
        #[serde(rename = "instance-id")]
        instance: InstanceId,
        #[serde(rename = "instance-termination-time")]
        end: Timestamp,
    }
    let detail: ReservationDetail = members("detail", event.get("detail").unwrap_or(&Value::Null))?;
    let at = detail.end.checked_sub(SPOT_NOTICE).unwrap_or(Timestamp::MIN);
    Ok(Event::Trigger(Trigger::Spot(SpotNotice {
        instance: detail.instance,
        at,
    })))
}
