//! A drain for programs. Fields are added and never changed; neither the drain's id nor a lifecycle action token is one.

use jiff::Timestamp;
use protector_core::record::{HeldBy, ReleaseReason};
use serde::Serialize;

use crate::cause::Cause;
use crate::drain::{Drain, DrainState, Hold, Risk};
use crate::ends::Ends;
use crate::usual::Usual;

/// A drain for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DrainJson<'a> {
    cluster: &'a str,
    instance: &'a str,
    container_instance: Option<&'a str>,
    auto_scaling_group: Option<&'a str>,
    lifecycle_state: Option<&'a str>,
    state: DrainState,
    risk: Risk,
    agent_connected: Option<bool>,
    started_at: Option<Timestamp>,
    deadline_at: Option<Timestamp>,
    remaining: Option<u32>,
    most: Option<u32>,
    held_by: &'a [HeldBy],
    sidecars: Option<u32>,
    ends: Ends,
    ends_because: Option<&'a str>,
    cause: Option<Cause>,
    holds: Option<&'a [Hold]>,
    usual: Option<&'a Usual>,
    hooks: Vec<HookJson<'a>>,
    release: Option<ReleaseJson>,
    order: Option<OrderJson<'a>>,
    receipt_at: Option<Timestamp>,
    record_version: Option<i64>,
    record_problem: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HookJson<'a> {
    name: &'a str,
    timeout_seconds: u32,
    heartbeat_at: Option<Timestamp>,
    left_seconds: Option<i64>,
    global_deadline_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct ReleaseJson {
    reason: Option<ReleaseReason>,
    forced: bool,
    at: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct OrderJson<'a> {
    command: &'a str,
    who: &'a str,
    why: &'a str,
    at: Timestamp,
}

impl<'a> DrainJson<'a> {
    /// The drain as it is at `now`.
    #[must_use]
    pub fn of(drain: &'a Drain, now: Timestamp) -> DrainJson<'a> {
        let record = drain.record.as_ref();
        let looked = drain.looked.as_ref();
        let left = drain.left();
        let release = record
            .filter(|record| record.is_released())
            .map(|record| ReleaseJson {
                reason: record.reason,
                forced: record.reason.is_some_and(ReleaseReason::is_forced),
                at: record.released_at,
            });
        let order = record.and_then(|record| record.ordered.as_ref());
        DrainJson {
            cluster: drain.key.cluster.as_str(),
            instance: drain.key.instance.as_str(),
            container_instance: drain.registration().map(|arn| arn.as_str()),
            auto_scaling_group: drain.group().map(|group| group.as_str()),
            lifecycle_state: drain.scaling.as_ref().map(|one| one.lifecycle_state.as_str()),
            state: drain.state,
            risk: drain.risk,
            agent_connected: drain.machine.as_ref().map(|machine| machine.agent_connected),
            started_at: record.map(|record| record.started_at),
            deadline_at: record.map(|record| record.deadline_at),
            remaining: left.map(|(remaining, _)| remaining),
            most: left.map(|(_, most)| most),
            held_by: record.map_or(&[], |record| &record.held_by),
            sidecars: record.map(|record| record.sidecars),
            ends: drain.ends,
            ends_because: looked.and_then(|looked| looked.because.as_deref()),
            cause: looked.and_then(|looked| looked.cause),
            holds: looked.map(|looked| looked.holds.as_slice()),
            usual: looked.and_then(|looked| looked.usual.as_ref()),
            hooks: drain
                .hooks
                .iter()
                .map(|hook| HookJson {
                    name: hook.name.as_str(),
                    timeout_seconds: hook.timeout_seconds,
                    heartbeat_at: hook.heartbeat_at,
                    left_seconds: hook.left(now).map(|left| left.as_secs()),
                    global_deadline_at: hook.global_deadline_at,
                })
                .collect(),
            release,
            order: order.map(|order| OrderJson {
                command: &order.command,
                who: &order.who,
                why: &order.why,
                at: order.at,
            }),
            receipt_at: record.and_then(|record| record.receipt_at),
            record_version: drain.version,
            record_problem: drain.unreadable.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drain::{Coordinator, Parts};
    use crate::testing::{TOKEN, at, key, lifecycle, record, recorded};
    use protector_core::record::Record;

    #[test]
    fn a_drain_for_programs_has_no_token() {
        let record = Record {
            lifecycle: Some(lifecycle(900, 0, true)),
            ..record()
        };
        let recorded = recorded(record);
        let parts = Parts {
            recorded: Some(&recorded),
            ..Parts::default()
        };
        let drain = Drain::of(key(), &parts, Coordinator::default(), at(60));
        let value = serde_json::to_value(DrainJson::of(&drain, at(60))).unwrap();
        assert!(!value.to_string().contains(TOKEN) && !value.to_string().contains("drainId"));
        assert_eq!(value["state"], "holding");
        assert_eq!(value["risk"], "none");
        assert_eq!(value["hooks"][0]["leftSeconds"], 840);
        assert_eq!(value["ends"]["kind"], "unknown");
        assert_eq!(value["recordVersion"], 7);
        assert_eq!(value["autoScalingGroup"], "prod-ecs");
    }
}
