//! Request quotas of an account and region, as token buckets that all callers share.
//!
//! ECS: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>. Parameter Store:
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-throughput.html>; its burst is not
//! documented, so one second's worth is taken. EC2 Auto Scaling publishes no numbers; 100 and 20 a second are assumed.

use crate::scenario::{Aws, Ms};

/// Calls that share tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// Reads of container instances and tasks.
    EcsRead,
    /// Changes of container instances and tasks.
    EcsModify,
    /// Reads of services.
    EcsServiceRead,
    /// Reads of clusters.
    EcsClusterRead,
    /// Task protection.
    EcsProtection,
    /// Reads of parameters.
    SsmRead,
    /// Writes of parameters.
    SsmWrite,
    /// Deletions of parameters.
    SsmDelete,
    /// Reads of groups.
    ScalingRead,
    /// Heartbeats and completions.
    ScalingModify,
}

impl Bucket {
    /// All of them.
    pub const ALL: [Bucket; 10] = [
        Bucket::EcsRead,
        Bucket::EcsModify,
        Bucket::EcsServiceRead,
        Bucket::EcsClusterRead,
        Bucket::EcsProtection,
        Bucket::SsmRead,
        Bucket::SsmWrite,
        Bucket::SsmDelete,
        Bucket::ScalingRead,
        Bucket::ScalingModify,
    ];

    /// The bucket of an operation.
    #[must_use]
    pub fn of(operation: &str) -> Bucket {
        match operation {
            "UpdateContainerInstancesState" | "StopTask" => Bucket::EcsModify,
            "DescribeServices" => Bucket::EcsServiceRead,
            "DescribeClusters" | "ListClusters" => Bucket::EcsClusterRead,
            "GetTaskProtection" => Bucket::EcsProtection,
            "GetParameter" | "GetParameters" | "GetParametersByPath" => Bucket::SsmRead,
            "PutParameter" => Bucket::SsmWrite,
            "DeleteParameters" => Bucket::SsmDelete,
            "RecordLifecycleActionHeartbeat" | "CompleteLifecycleAction" => Bucket::ScalingModify,
            "DescribeAutoScalingGroups"
            | "DescribeAutoScalingInstances"
            | "DescribeLifecycleHooks"
            | "DescribeScalingActivities" => Bucket::ScalingRead,
            _ => Bucket::EcsRead,
        }
    }

    /// Its name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Bucket::EcsRead => "ECS cluster resource reads",
            Bucket::EcsModify => "ECS cluster resource changes",
            Bucket::EcsServiceRead => "ECS service reads",
            Bucket::EcsClusterRead => "ECS cluster reads",
            Bucket::EcsProtection => "ECS task protection",
            Bucket::SsmRead => "SSM parameter reads",
            Bucket::SsmWrite => "SSM parameter writes",
            Bucket::SsmDelete => "SSM parameter deletions",
            Bucket::ScalingRead => "Auto Scaling reads",
            Bucket::ScalingModify => "Auto Scaling changes",
        }
    }

    /// Tokens when full, and tokens that come back in a second, by default.
    fn default_rate(self) -> (u32, u32) {
        match self {
            Bucket::EcsRead | Bucket::EcsServiceRead => (100, 20),
            Bucket::EcsModify => (100, 40),
            Bucket::EcsClusterRead => (50, 20),
            Bucket::EcsProtection => (200, 80),
            Bucket::SsmRead => (40, 40),
            Bucket::SsmWrite | Bucket::SsmDelete => (3, 3),
            Bucket::ScalingRead | Bucket::ScalingModify => (100, 20),
        }
    }
}

/// The buckets of an account. They are full at first.
#[derive(Debug, Clone)]
pub struct Buckets {
    on: bool,
    rates: [(u32, u32); Bucket::ALL.len()],
    /// When each will be full again, in microseconds.
    full_at: [u64; Bucket::ALL.len()],
}

impl Buckets {
    /// The buckets that a scenario asks for.
    #[must_use]
    pub fn new(aws: &Aws) -> Buckets {
        let scaled = |rate: u32| (rate * aws.quota_percent / 100).max(1);
        let rates = Bucket::ALL.map(|bucket| {
            let (burst, rate) = match bucket {
                Bucket::SsmRead => (aws.ssm_reads_per_second, aws.ssm_reads_per_second),
                Bucket::SsmWrite => (aws.ssm_writes_per_second, aws.ssm_writes_per_second),
                _ => bucket.default_rate(),
            };
            let shared = match bucket {
                Bucket::SsmRead | Bucket::SsmWrite | Bucket::SsmDelete => 100,
                Bucket::ScalingRead | Bucket::ScalingModify => aws.scaling_percent,
                _ => aws.ecs_percent,
            };
            let left = |rate: u32| (scaled(rate) * shared / 100).max(1);
            (left(burst), left(rate))
        });
        Buckets {
            on: aws.quotas,
            rates,
            full_at: [0; Bucket::ALL.len()],
        }
    }

    /// Tokens that come back in a second.
    #[must_use]
    pub fn rate(&self, bucket: Bucket) -> u32 {
        self.rates[bucket as usize].1
    }

    /// Tokens when full.
    #[must_use]
    pub fn burst(&self, bucket: Bucket) -> u32 {
        self.rates[bucket as usize].0
    }

    /// Takes a token; false if there is none.
    pub fn take(&mut self, now: Ms, bucket: Bucket) -> bool {
        if !self.on {
            return true;
        }
        let (burst, rate) = self.rates[bucket as usize];
        let token = 1_000_000 / u64::from(rate);
        let now = now * 1000;
        let full_at = self.full_at[bucket as usize].max(now) + token;
        if full_at - now > token * u64::from(burst) {
            return false;
        }
        self.full_at[bucket as usize] = full_at;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_the_documented_rate() {
        for (operation, burst, rate) in [
            ("ListTasks", 100, 20),
            ("StopTask", 100, 40),
            ("DescribeServices", 100, 20),
            ("GetParameter", 40, 40),
            ("PutParameter", 3, 3),
            ("DeleteParameters", 3, 3),
            ("CompleteLifecycleAction", 100, 20),
        ] {
            let mut buckets = Buckets::new(&Aws::default());
            let mut taken = |at| {
                (0..500)
                    .filter(|_| buckets.take(at, Bucket::of(operation)))
                    .count()
            };
            assert_eq!((taken(0), taken(1000)), (burst, rate), "{operation}");
        }
    }

    #[test]
    fn operations_of_one_bucket_share_it() {
        let mut buckets = Buckets::new(&Aws::default());
        for _ in 0..30 {
            assert!(buckets.take(0, Bucket::of("GetParameter")));
        }
        let left = (0..50)
            .filter(|_| buckets.take(0, Bucket::of("GetParametersByPath")))
            .count();
        assert_eq!(left, 10);
    }
}
