//! The request quotas of an account and region, as token buckets.
//!
//! ECS: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>. Parameter Store:
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-throughput.html>, default throughput;
//! a burst is not documented there, so one second's worth is taken. EC2 Auto Scaling publishes no numbers; those
//! here are an assumption, set near what ECS gives. STS: 600 requests a second
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>). Lambda limits what runs at once, not calls:
//! its number here is the default of that, ten times over
//! (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html>). Logs: FilterLogEvents, the only call of it here
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>). CloudWatch: GetMetricData
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html>). Elastic Load Balancing:
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/throttling.html>. EC2: actions that change nothing
//! (<https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>). IAM publishes no numbers; those here are an
//! assumption. SQS is as good as unlimited.

use super::faults::errors;
use super::{ApiError, Service};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Operations that share tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Bucket {
    EcsClusterResourceRead,
    EcsClusterResourceModify,
    EcsServiceResourceRead,
    EcsServiceModify,
    EcsClusterRead,
    EcsClusterModify,
    EcsTaskProtection,
    EcsTaskDefinition,
    SsmRead,
    SsmWrite,
    SsmDelete,
    AutoScalingRead,
    AutoScalingModify,
    Events,
    Lambda,
    Sts,
    LoadBalancing,
    Iam,
    Ec2,
    Logs,
    Sqs,
    CloudWatch,
}

impl Bucket {
    /// The bucket that an operation draws on.
    fn of(service: Service, operation: &str) -> Bucket {
        match service {
            Service::Ecs => Bucket::of_ecs(operation),
            Service::Ssm if operation.starts_with("Get") => Bucket::SsmRead,
            Service::Ssm if operation.starts_with("Delete") => Bucket::SsmDelete,
            Service::Ssm => Bucket::SsmWrite,
            Service::AutoScaling if operation.starts_with("Describe") => Bucket::AutoScalingRead,
            Service::AutoScaling => Bucket::AutoScalingModify,
            Service::Events => Bucket::Events,
            Service::Lambda => Bucket::Lambda,
            Service::Sts => Bucket::Sts,
            Service::LoadBalancing | Service::ClassicLoadBalancing => Bucket::LoadBalancing,
            Service::Iam => Bucket::Iam,
            Service::Ec2 => Bucket::Ec2,
            Service::Logs => Bucket::Logs,
            Service::Sqs => Bucket::Sqs,
            Service::CloudWatch => Bucket::CloudWatch,
        }
    }

    fn of_ecs(operation: &str) -> Bucket {
        match operation {
            "DescribeContainerInstances"
            | "DescribeTasks"
            | "ListAttributes"
            | "ListContainerInstances"
            | "ListTasks" => Bucket::EcsClusterResourceRead,
            "DescribeServices" | "ListServices" => Bucket::EcsServiceResourceRead,
            "CreateService" | "UpdateService" | "DeleteService" => Bucket::EcsServiceModify,
            "DescribeClusters" | "ListClusters" => Bucket::EcsClusterRead,
            "CreateCluster" | "DeleteCluster" | "UpdateCluster" => Bucket::EcsClusterModify,
            "GetTaskProtection" | "UpdateTaskProtection" => Bucket::EcsTaskProtection,
            "DescribeTaskDefinition" | "RegisterTaskDefinition" => Bucket::EcsTaskDefinition,
            _ => Bucket::EcsClusterResourceModify,
        }
    }

    /// Tokens when full, and tokens that come back in a second.
    fn rate(self) -> (i32, i32) {
        match self {
            Bucket::EcsClusterResourceRead | Bucket::EcsServiceResourceRead => (100, 20),
            Bucket::EcsClusterResourceModify => (100, 40),
            Bucket::EcsServiceModify => (50, 5),
            Bucket::EcsClusterRead | Bucket::EcsTaskDefinition => (50, 20),
            Bucket::EcsClusterModify => (20, 1),
            Bucket::EcsTaskProtection => (200, 80),
            Bucket::SsmRead => (40, 40),
            Bucket::SsmWrite | Bucket::SsmDelete => (3, 3),
            Bucket::AutoScalingRead | Bucket::AutoScalingModify => (100, 20),
            Bucket::Events => (400, 400),
            Bucket::Lambda => (10_000, 10_000),
            Bucket::Sts => (600, 600),
            Bucket::LoadBalancing => (40, 10),
            Bucket::Iam => (20, 5),
            Bucket::Ec2 => (100, 20),
            Bucket::Logs => (10, 10),
            Bucket::Sqs => (3_000, 3_000),
            Bucket::CloudWatch => (50, 50),
        }
    }
}

/// The buckets. They are full at first.
#[derive(Clone, Debug)]
pub(crate) struct Quotas {
    on: bool,
    /// For each bucket that is not full: when it will be.
    full_at: BTreeMap<Bucket, Timestamp>,
}

impl Quotas {
    /// Quotas that hold; or none, if not `on`.
    pub(crate) fn new(on: bool) -> Quotas {
        Quotas {
            on,
            full_at: BTreeMap::new(),
        }
    }

    /// Takes the token that a call costs, or is the service's throttling error if there is none.
    pub(crate) fn take(&mut self, now: Timestamp, service: Service, operation: &str) -> Result<(), ApiError> {
        if !self.on {
            return Ok(());
        }
        let bucket = Bucket::of(service, operation);
        let (burst, per_second) = bucket.rate();
        let token = SignedDuration::from_secs(1) / per_second;
        let full_at = self.full_at.get(&bucket).copied().unwrap_or(now).max(now);
        let after = full_at.checked_add(token).unwrap_or(Timestamp::MAX);
        if after.duration_since(now) > token * burst {
            return Err(errors::throttled(service));
        }
        self.full_at.insert(bucket, after);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    /// How many of so many calls are not throttled.
    fn taken(quotas: &mut Quotas, now: i64, service: Service, operation: &str, tries: usize) -> usize {
        let calls = (0..tries).map(|_| quotas.take(at(now), service, operation));
        calls.filter(Result::is_ok).count()
    }

    #[test]
    fn a_burst_and_then_the_documented_rate() {
        let cases = [
            (Service::Ecs, "ListTasks", 100, 20),
            (Service::Ecs, "StopTask", 100, 40),
            (Service::Ecs, "DescribeServices", 100, 20),
            (Service::Ecs, "UpdateService", 50, 5),
            (Service::Ecs, "CreateCluster", 20, 1),
            (Service::Ssm, "GetParametersByPath", 40, 40),
            (Service::Ssm, "PutParameter", 3, 3),
            (Service::Ssm, "DeleteParameters", 3, 3),
            (Service::AutoScaling, "CompleteLifecycleAction", 100, 20),
        ];
        for (service, operation, burst, per_second) in cases {
            let mut quotas = Quotas::new(true);
            for (now, expected) in [(0, burst), (1000, per_second), (3_600_000, burst)] {
                let taken = taken(&mut quotas, now, service, operation, 500);
                assert_eq!(taken, expected, "{operation} {now}");
            }
        }
    }

    #[test]
    fn operations_of_one_bucket_share_it() {
        let mut quotas = Quotas::new(true);
        assert_eq!(taken(&mut quotas, 0, Service::Ssm, "GetParameter", 30), 30);
        assert_eq!(taken(&mut quotas, 0, Service::Ssm, "GetParameters", 30), 10);
        assert_eq!(taken(&mut quotas, 0, Service::Ssm, "PutParameter", 5), 3);
    }

    #[test]
    fn each_service_throttles_in_its_own_words() {
        let mut quotas = Quotas::new(true);
        for (service, operation, code) in [
            (Service::Ecs, "ListTasks", "ThrottlingException"),
            (Service::Ssm, "GetParameter", "ThrottlingException"),
            (Service::AutoScaling, "CompleteLifecycleAction", "Throttling"),
        ] {
            let mut tries = (0..1000).map(|_| quotas.take(at(0), service, operation));
            assert_eq!(tries.find_map(Result::err).unwrap().code, code, "{operation}");
        }
    }

    #[test]
    fn switched_off_they_never_throttle() {
        let mut quotas = Quotas::new(false);
        assert_eq!(taken(&mut quotas, 0, Service::Ssm, "PutParameter", 1000), 1000);
    }

    proptest! {
        /// In no period do the calls get more than a burst and its refill, for any sequence of calls.
        #[test]
        fn no_stretch_gives_more_than_burst_and_refill(gaps in prop::collection::vec(0_i64..700, 1..200)) {
            let mut quotas = Quotas::new(true);
            let mut now = 0;
            let mut granted = Vec::new();
            for gap in gaps {
                now += gap;
                if quotas.take(at(now), Service::Ssm, "PutParameter").is_ok() {
                    granted.push(now);
                }
            }
            for (index, start) in granted.iter().enumerate() {
                for (count, end) in granted[index..].iter().enumerate() {
                    prop_assert!(count as i64 * 1000 <= 3 * 1000 - 1000 + 3 * (end - start) + 1);
                }
            }
        }
    }
}
