//! What goes wrong with AWS, for a while.

use super::Draw;
use crate::scenario::{CallerKind, HOUR, MINUTE, SECOND, Trouble};

/// The calls of the coordinator and of sidecars; none stands for all of them.
const OPERATIONS: &[Option<&str>] = &[
    None,
    Some("GetParameter"),
    Some("GetParameters"),
    Some("GetParametersByPath"),
    Some("PutParameter"),
    Some("DeleteParameters"),
    Some("ListClusters"),
    Some("ListContainerInstances"),
    Some("DescribeContainerInstances"),
    Some("UpdateContainerInstancesState"),
    Some("DescribeCapacityProviders"),
    Some("ListServices"),
    Some("DescribeServices"),
    Some("ListTasks"),
    Some("DescribeTasks"),
    Some("StopTask"),
    Some("DescribeAutoScalingGroups"),
    Some("DescribeAutoScalingInstances"),
    Some("DescribeLifecycleHooks"),
    Some("DescribeScalingActivities"),
    Some("RecordLifecycleActionHeartbeat"),
    Some("CompleteLifecycleAction"),
];

impl Draw {
    pub(super) fn trouble(&mut self) {
        let count = match self.rng.u32(0..100) {
            0..40 => 0,
            40..70 => 1,
            70..90 => 2,
            _ => 3,
        };
        for _ in 0..count {
            let from = self.rng.u64(0..3 * MINUTE);
            let to = from + self.time(5 * SECOND, 5 * MINUTE);
            let percent = self.pick(&[5, 20, 60, 100]);
            let what = self.kind();
            self.fault(from, to, percent, what);
        }
        if self.percent(15) {
            let percent = self.pick(&[20, 60, 100]);
            self.fault(0, HOUR, percent, Trouble::LoseEvents { of: None });
        }
        if self.strikes(8, "order-lost-by-a-kill") {
            self.fault(0, 10 * MINUTE, 3, Trouble::Crash);
        }
        if self.strikes(6, "one-stale-not-found") {
            self.fault(0, 10 * MINUTE, 5, Trouble::ParameterNotFound);
        }
        if self.strikes(8, "order-lost-when-a-count-crosses-it") {
            self.fault(0, 10 * MINUTE, 20, Trouble::StaleParameter);
        }
        if self.strikes(4, "writes-refused") {
            self.fault(0, HOUR, 100, Trouble::RefuseWrites);
        }
    }

    fn kind(&mut self) -> Trouble {
        let of = self.pick(OPERATIONS).map(str::to_owned);
        let by = Some(CallerKind::Coordinator);
        match self.rng.u32(0..12) {
            0..3 => Trouble::Throttle { of, by },
            3 => Trouble::Fail { of, by },
            4 if self.strikes(100, "late-retry-of-a-write") => {
                let of = of.or_else(|| Some("ListTasks".to_owned()));
                Trouble::LoseAnswer { of }
            }
            5 => Trouble::DoubleEvents,
            6 => Trouble::DelayEvents {
                max: 30 * SECOND,
                of: None,
            },
            7 if self.strikes(100, "stale-status-twice-cancels") => Trouble::StaleInstance,
            8 => Trouble::MissingTask,
            9 => Trouble::TornListing,
            10 if of.is_some() && self.strikes(100, "retained-after-a-time-out") => Trouble::Deny { of },
            11 if self.strikes(30, "sidecar-gives-up-before-a-late-release") => Trouble::LoseTicks,
            _ => Trouble::Throttle {
                of: None,
                by: Some(CallerKind::Sidecar),
            },
        }
    }
}
