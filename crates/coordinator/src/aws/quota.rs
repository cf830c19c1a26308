//! One pace for every quota of every API, kept from run to run: we plan to use half of each, and a call that would
//! exceed it waits for its turn.
//!
//! ECS: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>. Parameter Store:
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-throughput.html>; of its reads the
//! sidecars have half. With its higher throughput a listing has 100 a second, a reading by name more, and a deletion 5.
//! EC2 Auto Scaling publishes no numbers: 20 a second have worked for the fleets that others
//! report. Heartbeats and completions share that quota, and come from two functions: the completions leave the heartbeats
//! what they need. Records are written at a pace of their own ([`crate::rate_limit`]).

use std::collections::BTreeMap;
use std::time::Duration;

use protector_core::limits::coordinator::{
    COMPLETION_WAIT_MAX, SCALING_CHANGES_BURST, SCALING_CHANGES_PER_SECOND,
};
use protector_core::throughput::ParameterThroughput;
use protector_runtime::guarded::Guarded;
use tokio::time::{Instant, sleep};

use crate::rate_limit::{Bucket, Rate};

/// Calls that share a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Quota {
    EcsRead,
    EcsDrain,
    EcsModify,
    EcsServiceRead,
    EcsClusterRead,
    EcsProtection,
    SsmRead,
    SsmDelete,
    ScalingRead,
    Heartbeat,
    Completion,
}

impl Quota {
    fn of(operation: &str) -> Option<Quota> {
        Some(match operation {
            "ListContainerInstances" | "DescribeContainerInstances" | "ListTasks" | "DescribeTasks" => {
                Quota::EcsRead
            }
            "UpdateContainerInstancesState" => Quota::EcsDrain,
            "StopTask" => Quota::EcsModify,
            "DescribeServices" | "ListServices" => Quota::EcsServiceRead,
            "ListClusters" | "DescribeClusters" | "DescribeCapacityProviders" => Quota::EcsClusterRead,
            "GetTaskProtection" => Quota::EcsProtection,
            "GetParameter" | "GetParameters" | "GetParametersByPath" => Quota::SsmRead,
            "DeleteParameters" => Quota::SsmDelete,
            "DescribeAutoScalingGroups"
            | "DescribeAutoScalingInstances"
            | "DescribeLifecycleHooks"
            | "DescribeScalingActivities" => Quota::ScalingRead,
            "RecordLifecycleActionHeartbeat" => Quota::Heartbeat,
            "CompleteLifecycleAction" => Quota::Completion,
            _ => return None,
        })
    }

    /// Our share, if heartbeats leave all of it to the completions.
    fn rate(self, throughput: ParameterThroughput) -> Rate {
        let higher = throughput == ParameterThroughput::Higher;
        let (burst, a_second) = match self {
            Quota::EcsRead | Quota::EcsServiceRead => (50, 10.0),
            // Of ten instances at a time. Their sidecars get SIGTERM within seconds, and read at once: a thousand of them
            // must not exceed what Parameter Store answers.
            Quota::EcsDrain => (4, 3.0),
            Quota::EcsModify => (50, 20.0),
            Quota::EcsClusterRead => (25, 10.0),
            Quota::EcsProtection => (100, 40.0),
            Quota::SsmRead if higher => (50, 50.0),
            Quota::SsmRead => (20, 20.0),
            Quota::SsmDelete if higher => (2, 2.5),
            Quota::SsmDelete => (2, 1.5),
            Quota::ScalingRead => (50, 10.0),
            Quota::Heartbeat | Quota::Completion => (SCALING_CHANGES_BURST, SCALING_CHANGES_PER_SECOND),
        };
        Rate {
            interval: Duration::from_secs_f64(1.0 / a_second),
            burst,
        }
    }
}

/// The pace of one execution environment.
#[derive(Debug, Default)]
pub(super) struct Quotas {
    throughput: ParameterThroughput,
    state: Guarded<QuotaState>,
}

#[derive(Debug, Default)]
struct QuotaState {
    buckets: BTreeMap<Quota, Bucket>,
    /// The time between two completions, if it is not the usual one.
    completion_interval: Option<Duration>,
    /// The turn of the last completion that was put off.
    put_off_until: Option<Instant>,
}

impl QuotaState {
    fn rate(&self, quota: Quota, throughput: ParameterThroughput) -> Rate {
        let rate = quota.rate(throughput);
        match self.completion_interval.filter(|_| quota == Quota::Completion) {
            Some(interval) => rate.at(interval),
            None => rate,
        }
    }
}

impl Quotas {
    /// Parameter Store at the pace of this throughput.
    pub(super) fn new(throughput: ParameterThroughput) -> Quotas {
        Quotas {
            throughput,
            state: Guarded::default(),
        }
    }

    /// Waits until it is this call's turn.
    pub(super) async fn acquire(&self, operation: &str) {
        if let Some(quota) = Quota::of(operation) {
            let wait = self.reserve(quota, Instant::now());
            if !wait.is_zero() {
                sleep(wait).await;
            }
        }
    }

    /// AWS has refused a call: others use the quota too, or ours is smaller. What comes next waits for new tokens.
    pub(super) fn throttled(&self, operation: &str) {
        if let Some(quota) = Quota::of(operation) {
            let mut state = self.state.lock();
            let rate = state.rate(quota, self.throughput);
            let bucket = state.buckets.entry(quota).or_default();
            bucket.empty(rate, Instant::now());
        }
    }

    /// From now on completions go at this pace.
    pub(super) fn pace_completions(&self, per_second: f64) {
        self.state.lock().completion_interval = Some(Duration::from_secs_f64(per_second.recip()));
    }

    /// If a completion is to be put off, returns how long: until its turn comes behind all that wait and were put off.
    pub(super) fn put_off_completion(&self, now: Instant) -> Option<Duration> {
        let mut state = self.state.lock();
        let rate = state.rate(Quota::Completion, self.throughput);
        let wait = state
            .buckets
            .entry(Quota::Completion)
            .or_default()
            .wait(rate, now);
        if wait <= COMPLETION_WAIT_MAX {
            return None;
        }
        let last = state.put_off_until.map(|last| last + rate.interval);
        let turn = last.map_or(now + wait, |last| last.max(now + wait));
        state.put_off_until = Some(turn);
        Some(turn - now)
    }

    /// Takes the next turn, and returns how long it is until then.
    fn reserve(&self, quota: Quota, now: Instant) -> Duration {
        let mut state = self.state.lock();
        let rate = state.rate(quota, self.throughput);
        let bucket = state.buckets.entry(quota).or_default();
        let wait = bucket.wait(rate, now);
        bucket.take(rate, now);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p10_half_of_a_quota_and_no_more_whatever_is_asked_for() {
        let (quotas, start) = (Quotas::default(), Instant::now());
        let waits: Vec<Duration> = (0..150).map(|_| quotas.reserve(Quota::EcsRead, start)).collect();
        assert_eq!(
            waits.iter().filter(|wait| wait.is_zero()).count(),
            50,
            "the burst"
        );
        assert_eq!(
            waits.last().map(Duration::as_millis),
            Some(10_000),
            "then ten a second"
        );
        let other = quotas.reserve(Quota::EcsModify, start);
        assert!(other.is_zero(), "each quota has its own pace");
    }

    /// Of the smallest of the quotas that share a pace.
    #[test]
    fn p10_half_of_what_parameter_store_answers_with_either_throughput() {
        for (throughput, quota, half_of_ten_seconds) in [
            (ParameterThroughput::Standard, Quota::SsmRead, 200),
            (ParameterThroughput::Higher, Quota::SsmRead, 500),
            (ParameterThroughput::Standard, Quota::SsmDelete, 15),
            (ParameterThroughput::Higher, Quota::SsmDelete, 25),
            (ParameterThroughput::Standard, Quota::EcsRead, 100),
            (ParameterThroughput::Higher, Quota::EcsRead, 100),
        ] {
            let (quotas, start) = (Quotas::new(throughput), Instant::now());
            let burst = quota.rate(throughput).burst;
            let waits = (0..burst + half_of_ten_seconds).map(|_| quotas.reserve(quota, start));
            let last = waits.last().map(|wait| wait.as_millis());
            assert_eq!(last, Some(10_000), "{throughput:?} {quota:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn p10_what_was_throttled_makes_the_next_ones_wait() {
        let quotas = Quotas::default();
        quotas.throttled("ListTasks");
        let start = Instant::now();
        quotas.acquire("ListTasks").await;
        quotas.acquire("DescribeTasks").await;
        assert!(
            start.elapsed() >= Duration::from_millis(100),
            "they share a quota"
        );
        quotas.acquire("PutParameter").await;
    }

    /// The function has some 50 s for them, and a hook of two minutes gets one a minute.
    #[test]
    fn p4_a_throttle_takes_the_burst_and_makes_no_heartbeat_late() {
        let (quotas, start) = (Quotas::default(), Instant::now());
        let mut last = Duration::ZERO;
        for heartbeat in 0..900 {
            if heartbeat % 100 == 0 {
                quotas.throttled("RecordLifecycleActionHeartbeat");
            }
            last = quotas.reserve(Quota::Heartbeat, start);
        }
        assert!(last <= Duration::from_secs(51), "the last one after {last:?}");
        assert!(last >= Duration::from_secs(49), "there is no burst: {last:?}");
        let completion = quotas.reserve(Quota::Completion, start);
        assert!(completion.is_zero(), "completions have a pace of their own");
    }

    #[test]
    fn p10_completions_go_at_the_pace_that_the_heartbeats_leave() {
        for (per_second, burst, in_ten_seconds) in [(18.0, 50, 180), (4.0, 11, 40), (3.0, 8, 30)] {
            let (quotas, start) = (Quotas::default(), Instant::now());
            quotas.pace_completions(per_second);
            let within = |wait: &Duration| *wait <= Duration::from_millis(10_010);
            let waits = (0..500).map(|_| quotas.reserve(Quota::Completion, start));
            let waits: Vec<Duration> = waits.filter(within).collect();
            let at_once = waits.iter().filter(|wait| wait.is_zero()).count();
            assert_eq!(at_once, burst, "{per_second}");
            assert_eq!(waits.len(), burst + in_ten_seconds, "{per_second}");
            assert!(quotas.reserve(Quota::Heartbeat, start).is_zero());
        }
    }

    #[test]
    fn p7_a_completion_that_would_keep_the_batch_is_put_off_until_its_turn() {
        let (quotas, start) = (Quotas::default(), Instant::now());
        quotas.pace_completions(4.0);
        let mut put_off = Vec::new();
        for _ in 0..36 {
            match quotas.put_off_completion(start) {
                Some(wait) => put_off.push(wait.as_millis()),
                None => drop(quotas.reserve(Quota::Completion, start)),
            }
        }
        assert_eq!(put_off, [5250, 5500, 5750, 6000, 6250]);
        let turn = start + Duration::from_millis(5250);
        assert_eq!(quotas.put_off_completion(turn), None);
    }

    #[test]
    fn every_operation_but_writes_has_a_quota() {
        assert_eq!(Quota::of("PutParameter"), None);
        for operation in [
            "RecordLifecycleActionHeartbeat",
            "ListTasks",
            "GetParameters",
            "DeleteParameters",
            "CompleteLifecycleAction",
        ] {
            assert!(Quota::of(operation).is_some(), "{operation}");
        }
    }
}
