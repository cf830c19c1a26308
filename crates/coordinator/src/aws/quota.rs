//! One pace for every quota of every API, kept from run to run: we plan to use half of each, and a call that would
//! exceed it waits for its turn.
//!
//! ECS: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>. Parameter Store:
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-throughput.html>; of its reads the
//! sidecars have half. With its higher throughput a listing has 100 a second, a reading by name more, and a deletion 5.
//! EC2 Auto Scaling publishes no numbers: 20 a second have worked for the fleets that others
//! report. Records are written at a pace of their own ([`crate::rate_limit`]), and so are heartbeats.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protector_core::throughput::ParameterThroughput;
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
    ScalingModify,
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
            "CompleteLifecycleAction" => Quota::ScalingModify,
            _ => return None,
        })
    }

    /// Our share.
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
            // Heartbeats come by bursts, and not when many hooks are completed.
            Quota::ScalingModify => (50, 18.0),
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
    buckets: Mutex<BTreeMap<Quota, Bucket>>,
}

impl Quotas {
    /// Parameter Store at the pace of this throughput.
    pub(super) fn new(throughput: ParameterThroughput) -> Quotas {
        Quotas {
            throughput,
            buckets: Mutex::default(),
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
            let rate = quota.rate(self.throughput);
            self.buckets()
                .entry(quota)
                .or_default()
                .empty(rate, Instant::now());
        }
    }

    /// Takes the next turn, and returns how long it is until then.
    fn reserve(&self, quota: Quota, now: Instant) -> Duration {
        let rate = quota.rate(self.throughput);
        let mut buckets = self.buckets();
        let bucket = buckets.entry(quota).or_default();
        let wait = bucket.wait(rate, now);
        bucket.take(rate, now);
        wait
    }

    fn buckets(&self) -> MutexGuard<'_, BTreeMap<Quota, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[test]
    fn every_operation_but_writes_and_heartbeats_has_a_quota() {
        assert_eq!(Quota::of("PutParameter"), None);
        assert_eq!(Quota::of("RecordLifecycleActionHeartbeat"), None);
        for operation in [
            "ListTasks",
            "GetParameters",
            "DeleteParameters",
            "CompleteLifecycleAction",
        ] {
            assert!(Quota::of(operation).is_some(), "{operation}");
        }
    }
}
