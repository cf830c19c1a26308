//! Things that many tests of this crate need.

use jiff::{SignedDuration, Timestamp};

use crate::aws::Scheduling;
use crate::observation::{Container, Task};
use crate::policy::Policy;
use crate::variables::Reader;

/// The default policy.
pub(crate) fn policy() -> Policy {
    Policy::read(&mut Reader::new(&|_| None)).unwrap()
}

/// A task of the cluster `prod`.
pub(crate) fn task(id: u32, group: &str, status: &str, scheduling: Scheduling, containers: &[&str]) -> Task {
    Task {
        arn: format!("arn:aws:ecs:eu-west-1:123456789012:task/prod/{id:032x}")
            .parse()
            .unwrap(),
        group: Some(group.to_owned().into()),
        last_status: status.to_owned().into(),
        stopping: !matches!(status, "PENDING" | "RUNNING"),
        agent_connected: true,
        scheduling,
        containers: containers
            .iter()
            .map(|name| Container::named(name.parse().unwrap()))
            .collect(),
        unprotected_before: None,
        stopped_at: None,
        protected_until: None,
    }
}

/// Returns the time this many seconds after noon of a day.
pub(crate) fn at(seconds: i64) -> Timestamp {
    "2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}
