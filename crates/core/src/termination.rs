//! The scaling activities of an Auto Scaling group say since when an instance leaves it.
//!
//! The event of a hook says when its wait began, and a record says when its drain began. An execution environment that
//! has neither knows a wait only since it came upon it. The scaling activity that terminates the instance is there for as
//! long as the wait is, and began before it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::ids::InstanceId;
use crate::limits::DEREGISTRATION_MAX;

/// How the description of each activity begins that terminates an instance; the id of the instance follows. An activity
/// that launches one, or whose description is unknown to us, begins differently, and says nothing about a wait.
/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-verify-scaling-activity.html>
const TERMINATING: &str = "Terminating EC2 instance: ";

/// The status codes of an activity that is over. Everything else goes on: the code of an activity that waits for a
/// terminate hook is not the one that the API reference has (`MidTerminatingLifecycleAction` is reported, and
/// `MidLifecycleAction` documented). <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Activity.html>
const OVER: [&str; 3] = ["Successful", "Failed", "Cancelled"];

/// A scaling activity of a group (`DescribeScalingActivities`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScalingActivity {
    /// What it does, for people.
    pub description: String,
    /// How it stands, as Auto Scaling writes it: the status code.
    pub status: String,
    /// When it began.
    pub started_at: Timestamp,
}

impl ScalingActivity {
    /// Returns whether the activity goes on.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        !OVER.contains(&self.status.as_str())
    }

    /// The instance that the activity terminates, if it terminates one.
    #[must_use]
    pub fn terminates(&self) -> Option<InstanceId> {
        let named = self.description.strip_prefix(TERMINATING)?;
        named.split_whitespace().next()?.parse().ok()
    }
}

/// The instances that these activities are terminating, and since when. Of two activities for one instance the later one
/// counts: its wait cannot be older than that.
#[must_use]
pub fn terminations(activities: &[ScalingActivity]) -> BTreeMap<InstanceId, Timestamp> {
    let mut found: BTreeMap<InstanceId, Timestamp> = BTreeMap::new();
    for activity in activities.iter().filter(|activity| activity.goes_on()) {
        if let Some(instance) = activity.terminates() {
            let since = found.entry(instance).or_insert(activity.started_at);
            *since = activity.started_at.max(*since);
        }
    }
    found
}

/// The latest moment at which the hooks of an instance can have begun to wait whose termination began at
/// `terminated_at`. A group with load balancers deregisters the instance first, and its hooks wait afterwards.
/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks-overview.html>
#[must_use]
pub fn waits_since(terminated_at: Timestamp, load_balanced: bool) -> Timestamp {
    if !load_balanced {
        return terminated_at;
    }
    let deregistered = terminated_at.checked_add(DEREGISTRATION_MAX);
    deregistered.unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    fn activity(description: &str, status: &str, started: i64) -> ScalingActivity {
        ScalingActivity {
            description: description.to_owned(),
            status: status.to_owned(),
            started_at: at(started),
        }
    }

    #[test]
    fn an_activity_that_terminates_an_instance_and_goes_on_says_since_when() {
        let name = "i-0123456789abcdef0";
        for (description, status, found) in [
            (
                "Terminating EC2 instance: i-0123456789abcdef0",
                "MidTerminatingLifecycleAction",
                true,
            ),
            (
                "Terminating EC2 instance: i-0123456789abcdef0",
                "MidLifecycleAction",
                true,
            ),
            (
                "Terminating EC2 instance: i-0123456789abcdef0",
                "InProgress",
                true,
            ),
            (
                "Terminating EC2 instance: i-0123456789abcdef0 - Waiting For ELB connection draining.",
                "WaitingForELBConnectionDraining",
                true,
            ),
            (
                "Terminating EC2 instance: i-0123456789abcdef0",
                "Successful",
                false,
            ),
            ("Terminating EC2 instance: i-0123456789abcdef0", "Failed", false),
            (
                "Terminating EC2 instance: i-0123456789abcdef0",
                "Cancelled",
                false,
            ),
            (
                "Launching a new EC2 instance: i-0123456789abcdef0",
                "WaitingForInstanceWarmup",
                false,
            ),
            (
                "Launching a new EC2 instance into warm pool: i-0123456789abcdef0",
                "InProgress",
                false,
            ),
            ("Terminating EC2 instance: ", "InProgress", false),
            ("Terminating EC2 instance: (unknown)", "InProgress", false),
            ("", "InProgress", false),
        ] {
            let seen = terminations(&[activity(description, status, 7)]);
            let expected = found.then(|| (name.parse().unwrap(), at(7)));
            assert_eq!(seen.into_iter().next(), expected, "{description}, {status}");
        }
    }

    #[test]
    fn p2_of_two_terminations_of_an_instance_the_later_one_counts() {
        let text = "Terminating EC2 instance: i-12345678";
        let (early, late) = (activity(text, "InProgress", 5), activity(text, "InProgress", 900));
        let other = activity("Terminating EC2 instance: i-87654321", "InProgress", 60);
        for seen in [[&early, &late, &other], [&other, &late, &early]] {
            let found = terminations(&seen.map(Clone::clone));
            let expected = [("i-12345678", at(900)), ("i-87654321", at(60))];
            assert_eq!(
                found,
                expected.map(|(id, since)| (id.parse().unwrap(), since)).into()
            );
        }
    }

    #[test]
    fn p2_a_hook_behind_a_load_balancer_may_have_begun_to_wait_much_later() {
        assert_eq!(waits_since(at(60), false), at(60));
        assert_eq!(waits_since(at(60), true), at(3660));
        assert_eq!(waits_since(Timestamp::MAX, true), Timestamp::MAX);
    }
}
