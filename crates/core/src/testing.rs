//! Many tests of this crate need these things.

pub(crate) mod any_record;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::aws::Scheduling;
use crate::ids::{ContainerInstanceArn, InstanceKey};
use crate::observation::{Container, ContainerInstance, Task};
use crate::policy::Policy;
use crate::record::{Lifecycle, Record, ReleaseReason, State};
use crate::variables::{Problems, Reader};

/// What `take` reads of these settings, whose names are without their prefix.
pub(crate) fn read<T>(
    settings: &[(&str, &str)],
    take: impl FnOnce(&mut Reader<'_>) -> T,
) -> Result<T, Problems> {
    let prefixed = settings
        .iter()
        .map(|(name, value)| (format!("PROTECTOR_{name}"), *value));
    let variables: BTreeMap<String, &str> = prefixed.collect();
    let lookup = |name: &str| variables.get(name).map(|value| (*value).to_owned());
    let mut reader = Reader::new(&lookup);
    let value = take(&mut reader);
    reader.refuse_unknown(variables.keys().cloned());
    reader.finish(value)
}

/// The names of what is wrong.
pub(crate) fn names(problems: &Problems) -> Vec<&str> {
    problems.0.iter().map(|problem| problem.name.as_str()).collect()
}

pub(crate) fn policy() -> Policy {
    read(&[], Policy::read).unwrap().unwrap()
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
        execution_stopped_at: None,
        stopped_at: None,
        protected_until: None,
    }
}

/// Returns the time this many seconds after noon of a day.
pub(crate) fn at(seconds: i64) -> Timestamp {
    "2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

/// Returns the name of a container instance of the cluster `prod`.
pub(crate) fn arn(number: u32) -> ContainerInstanceArn {
    format!("arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/{number:032x}")
        .parse()
        .unwrap()
}

/// Returns an instance of the cluster `prod`.
pub(crate) fn key(number: u32) -> InstanceKey {
    InstanceKey {
        cluster: "prod".parse().unwrap(),
        instance: format!("i-{number:017x}").parse().unwrap(),
    }
}

/// A connected registration, as ECS describes it.
pub(crate) fn registration(number: u32, status: &str, tasks: Option<u32>) -> ContainerInstance {
    ContainerInstance {
        arn: arn(number),
        status: status.to_owned().into(),
        agent_connected: true,
        tasks,
    }
}

/// The record of a drain with a hook, which holds since second 0.
pub(crate) fn holding(number: u32) -> Record {
    let (instance, drain) = (key(number).instance, format!("drain-{number}"));
    let first = Record::first(instance, arn(number), drain, at(0), at(3600), 5);
    Record {
        lifecycle: Some(Lifecycle {
            auto_scaling_group_name: "workers".parse().unwrap(),
            lifecycle_hook_name: "protect-daemons".parse().unwrap(),
            lifecycle_action_token: None,
            heartbeat_seconds: 900,
            heartbeat_at: at(0),
            global_deadline_at: at(100_000),
        }),
        draining_confirmed_at: Some(at(0)),
        ..first
    }
}

/// The same, released as drained at second 60.
pub(crate) fn released(number: u32) -> Record {
    Record {
        state: State::Released,
        reason: Some(ReleaseReason::Drained),
        released_at: Some(at(60)),
        updated_at: at(60),
        ..holding(number)
    }
}
