//! The receipt is one line at the end of a drain that reports all of it.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::ids::{AutoScalingGroupName, InstanceKey, LifecycleHookName};
use crate::record::{Ordered, Record, ReleaseReason, is_zero};
use crate::shared::to_the_second;

/// What a drain was. It names no token: neither `drainId` nor the lifecycle action's.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The name of the cluster in which the instance drained.
    pub cluster: String,
    /// The id of the EC2 instance that drained.
    pub instance: String,
    /// The ARN of its registration.
    pub container_instance: String,
    /// The Auto Scaling group, if a hook of ours waited.
    pub auto_scaling_group: Option<AutoScalingGroupName>,
    /// The name of that hook.
    pub lifecycle_hook: Option<LifecycleHookName>,
    /// Why the daemons were released.
    pub reason: Option<ReleaseReason>,
    /// Whether tasks still held when they were.
    pub forced: bool,
    /// When a protected daemon ended although tasks held; left out if none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daemons_gone_at: Option<Timestamp>,
    /// Daemons that were not protected, in sentences; left out if there were none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unprotected: Vec<String>,
    /// Daemons that had not stopped when the drain was over, or were not seen to stop before the instance was gone: some may
    /// never have read the release. Left out if there was none.
    #[serde(skip_serializing_if = "is_zero")]
    pub daemons_left: u32,
    /// The last order of an operator.
    pub order: Option<Ordered>,
    /// When the hold began, to the second: a shared record has no more, and of one drain each receipt has the same.
    pub started_at: Timestamp,
    /// When DRAINING was first seen.
    pub draining_confirmed_at: Option<Timestamp>,
    /// When EC2 said that it takes the instance back.
    pub spot_notice_at: Option<Timestamp>,
    /// When the daemons were released.
    pub released_at: Option<Timestamp>,
    /// When the drain was over.
    pub ended_at: Timestamp,
    /// Seconds from the start to the release.
    pub held_seconds: Option<i64>,
    /// How long the daemons were to stay after the last task, in seconds: the `LINGER` of the coordinator, which is a part
    /// of `held_seconds`. None if something else released them.
    pub linger_seconds: Option<i64>,
    /// Seconds from the release to the end.
    pub flush_seconds: Option<i64>,
    /// The groups that were waited for.
    pub waited_for: Vec<WaitedFor>,
    /// Tasks that still held at the end.
    pub remaining: u32,
    /// AWS calls that the coordinator made for this drain.
    pub calls: u32,
}

/// A group that was waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaitedFor {
    /// The task group that was waited for.
    pub group: String,
    /// The most of its tasks that held at one time.
    pub tasks: u32,
    /// Seconds from the start of the drain until none of them held, or until the release.
    pub seconds: i64,
}

impl Receipt {
    /// Reports the drain of `record`, which ended at `ended_at`, of a coordinator with this `LINGER`.
    #[must_use]
    pub fn new(key: &InstanceKey, record: &Record, linger: SignedDuration, ended_at: Timestamp) -> Receipt {
        let lingered = record.reason == Some(ReleaseReason::Drained);
        let seconds = |from: Timestamp, to: Timestamp| SignedDuration::as_secs(&to.duration_since(from));
        let released_at = record.released_at.unwrap_or(ended_at);
        let waited_for = record.waited.iter().map(|waited| WaitedFor {
            group: waited.group.clone(),
            tasks: waited.count,
            seconds: seconds(
                record.started_at,
                waited.until.unwrap_or(released_at).min(released_at),
            ),
        });
        Receipt {
            cluster: key.cluster.to_string(),
            instance: key.instance.to_string(),
            container_instance: record.container_instance_arn.to_string(),
            auto_scaling_group: record
                .lifecycle
                .as_ref()
                .map(|hook| hook.auto_scaling_group_name.clone()),
            lifecycle_hook: record
                .lifecycle
                .as_ref()
                .map(|hook| hook.lifecycle_hook_name.clone()),
            reason: record.reason,
            forced: record.reason.is_some_and(ReleaseReason::is_forced),
            daemons_gone_at: record.daemons_gone_at,
            unprotected: record.unprotected.iter().map(ToString::to_string).collect(),
            daemons_left: record.daemons_left,
            order: record.ordered.clone(),
            started_at: to_the_second(record.started_at),
            draining_confirmed_at: record.draining_confirmed_at,
            spot_notice_at: record.spot_notice_at,
            released_at: record.released_at,
            ended_at,
            held_seconds: record.released_at.map(|at| seconds(record.started_at, at)),
            linger_seconds: lingered.then_some(linger.as_secs()),
            flush_seconds: record.released_at.map(|at| seconds(at, ended_at)),
            waited_for: waited_for.collect(),
            remaining: record.remaining,
            calls: record.calls,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Waited;
    use crate::shared::{SharedDrain, SharedRecord};
    use crate::testing::at;

    /// A drain from second 0 to its release in second 60, or one that is never released.
    fn record(reason: Option<ReleaseReason>) -> Record {
        let text = r#"{"schema":1,"state":"holding","remaining":0,"ec2InstanceId":"i-0123456789abcdef0",
            "containerInstanceArn":"arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/0a1b",
            "drainId":"secret","startedAt":"2026-03-01T12:00:00Z","updatedAt":"2026-03-01T12:00:00Z",
            "deadlineAt":"2026-03-01T13:00:00Z","pollSeconds":5}"#;
        let waited = |group: &str, until| Waited {
            group: group.to_owned(),
            count: 2,
            until,
        };
        Record {
            reason,
            released_at: reason.map(|_| at(60)),
            waited: vec![
                waited("service:early", Some(at(20))),
                waited("service:still-there", None),
                waited("service:late", Some(at(75))),
            ],
            ..Record::decode(text).unwrap()
        }
    }

    fn key() -> InstanceKey {
        InstanceKey {
            cluster: "prod".parse().unwrap(),
            instance: "i-0123456789abcdef0".parse().unwrap(),
        }
    }

    fn receipt(reason: Option<ReleaseReason>) -> Receipt {
        Receipt::new(&key(), &record(reason), SignedDuration::from_secs(7), at(90))
    }

    #[test]
    fn a_drain_is_distinguished_from_its_start_over_its_release_to_its_end() {
        let receipt = receipt(Some(ReleaseReason::Drained));
        assert_eq!(
            (receipt.held_seconds, receipt.flush_seconds),
            (Some(60), Some(30))
        );
        assert!(!receipt.forced);
        let waited: Vec<(&str, i64)> = receipt
            .waited_for
            .iter()
            .map(|waited| (waited.group.as_str(), waited.seconds))
            .collect();
        assert_eq!(
            waited,
            [
                ("service:early", 20),
                ("service:still-there", 60),
                ("service:late", 60)
            ],
            "no task is waited for after the release"
        );
    }

    #[test]
    fn a_drain_that_was_never_released_waited_until_its_end() {
        let receipt = receipt(None);
        assert_eq!((receipt.held_seconds, receipt.flush_seconds), (None, None));
        assert_eq!(receipt.waited_for[1].seconds, 90);
    }

    #[test]
    fn how_long_the_daemons_were_to_stay_is_reported_only_of_a_drain_that_ended_by_itself() {
        let linger = |reason| serde_json::to_value(receipt(reason)).unwrap()["lingerSeconds"].clone();
        assert_eq!(linger(Some(ReleaseReason::Drained)), 7);
        for other in [Some(ReleaseReason::Deadline), None] {
            assert!(linger(other).is_null(), "{other:?}");
        }
    }

    #[test]
    fn a_release_that_the_tasks_did_not_bring_about_is_forced() {
        assert!(receipt(Some(ReleaseReason::Deadline)).forced);
    }

    /// A new execution environment that knows a drain from its shared record alone may report it again.
    #[test]
    fn a_drain_is_known_by_its_start_whatever_record_reports_it() {
        let instance = key().instance;
        let begun = Timestamp::from_millisecond(at(0).as_millisecond() + 708).unwrap();
        let own = Record {
            started_at: begun,
            ..record(Some(ReleaseReason::Drained))
        };
        let mut shared = SharedRecord::empty(at(60));
        let drain = SharedDrain::of(&own).unwrap();
        shared.drains.insert(instance.clone(), drain);
        let again = shared
            .record(&instance, Some(&own.container_instance_arn))
            .unwrap();
        let of =
            |record: &Record, ended| Receipt::new(&key(), record, SignedDuration::ZERO, ended).started_at;
        assert_eq!(of(&own, at(90)), of(&again, at(95)));
    }

    #[test]
    fn no_token_is_reported() {
        let text = serde_json::to_string(&receipt(Some(ReleaseReason::Drained))).unwrap();
        assert!(!text.contains("secret"), "{text}");
    }
}
