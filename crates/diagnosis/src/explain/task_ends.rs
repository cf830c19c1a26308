//! When a task that is ordered to stop has stopped.
//!
//! The agent stops a container only when every container that lists it in `dependsOn` has ended, and gives each its own
//! `stopTimeout`, which begins with its own SIGTERM (agent source, `engine/dependencygraph` and
//! `engine/docker_task_engine.go`). So a task takes as long as the longest chain of them. What is computed is when the
//! last container is killed; ECS shows that some seconds later.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use protector_core::ids::TaskArn;

use crate::ends::Ends;
use crate::read::{Gap, Reading};
use crate::seen::{DefinedContainer, Definition, SeenTask};
use crate::time_format::span;

/// What the agent takes for a `stopTimeout` that is not given, unless the host's `ECS_CONTAINER_STOP_TIMEOUT` says
/// otherwise (agent source, `config`).
pub const STOP_TIMEOUT_DEFAULT: SignedDuration = SignedDuration::from_secs(30);

/// A task that is STOPPING for this long past its bound will not stop by itself: SIGKILL should have come.
pub const STOP_OVERDUE: SignedDuration = SignedDuration::from_secs(60);

/// How long the agent takes to stop all containers of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopTime {
    /// At most so long.
    pub longest: SignedDuration,
    /// Whether a `stopTimeout` is not given, so that the host may have another one in its place.
    pub is_estimate: bool,
    /// The containers of the longest chain, in the order in which they stop.
    pub chain: Vec<String>,
}

/// How long a task of this definition takes to stop; none if its containers wait for each other in a circle, which ECS
/// does not register, or if it has none.
#[must_use]
pub fn stop_time(definition: &Definition) -> Option<StopTime> {
    let containers = &definition.containers;
    let mut ends: BTreeMap<&str, (SignedDuration, Vec<&str>)> = BTreeMap::new();
    // A chain has no more links than there are containers, so one more round changes nothing unless there is a circle.
    for round in 0..=containers.len() {
        let mut changed = false;
        for container in containers {
            let (before, mut chain) = last_before(container, containers, &ends);
            chain.push(&container.name);
            let end = before.saturating_add(timeout(container));
            let known = ends.get(container.name.as_str()).map(|(known, _)| *known);
            if known != Some(end) {
                ends.insert(&container.name, (end, chain));
                changed = true;
            }
        }
        if !changed {
            break;
        }
        if round == containers.len() {
            return None;
        }
    }
    let (longest, chain) = ends.into_values().max_by_key(|(end, _)| *end)?;
    Some(StopTime {
        longest,
        is_estimate: containers.iter().any(|container| given(container).is_none()),
        chain: chain.into_iter().map(str::to_owned).collect(),
    })
}

/// When the last of the containers has ended that this one waits for, as far as that is computed, with their chain.
fn last_before<'a>(
    container: &DefinedContainer,
    containers: &'a [DefinedContainer],
    ends: &BTreeMap<&'a str, (SignedDuration, Vec<&'a str>)>,
) -> (SignedDuration, Vec<&'a str>) {
    let dependants = containers
        .iter()
        .filter(|other| other.depends_on.contains(&container.name));
    dependants
        .filter_map(|other| ends.get(other.name.as_str()))
        .max_by_key(|(end, _)| *end)
        .cloned()
        .unwrap_or_default()
}

/// The `stopTimeout` of a container; the agent takes 0 as not given.
fn given(container: &DefinedContainer) -> Option<SignedDuration> {
    let seconds = container.stop_timeout.filter(|seconds| *seconds > 0)?;
    Some(SignedDuration::from_secs(i64::from(seconds)))
}

fn timeout(container: &DefinedContainer) -> SignedDuration {
    given(container).unwrap_or(STOP_TIMEOUT_DEFAULT)
}

impl StopTime {
    /// In words: `stopTimeout 2m`, or `stopTimeouts of proxy, app: 2m30s together`.
    #[must_use]
    pub fn text(&self) -> String {
        let time = span(self.longest);
        match (self.chain.as_slice(), self.is_estimate) {
            ([] | [_], true) => format!("stopTimeout {time} unless the host says otherwise"),
            ([] | [_], false) => format!("stopTimeout {time}"),
            (chain, estimate) => {
                let unless = if estimate {
                    ", unless the host says otherwise"
                } else {
                    ""
                };
                format!("stopTimeouts of {}: {time} together{unless}", chain.join(", "))
            }
        }
    }
}

/// How long load balancers let connections end before the task's containers are stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deregistration {
    /// It is behind no load balancer.
    None,
    /// At most so long: the longest delay of its target groups.
    Delay(SignedDuration),
    /// At most so long: the longest connection draining of its Classic Load Balancers, zero where that is off.
    Draining(SignedDuration),
    /// It is not known.
    Unknown(Vec<Gap>),
}

impl Deregistration {
    fn longest(&self) -> Option<SignedDuration> {
        match self {
            Deregistration::None => Some(SignedDuration::ZERO),
            Deregistration::Delay(delay) | Deregistration::Draining(delay) => Some(*delay),
            Deregistration::Unknown(_) => None,
        }
    }
}

/// When a stop ends, with its reason in words and what is not known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// When the task ends at the latest.
    pub ends: Ends,
    /// Why then, for example `deregistration delay 5m, stopTimeout 2m`.
    pub reason: String,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// When a task has stopped that was ordered to at `ordered`, or will be at the latest.
#[must_use]
pub fn stopped_by(
    ordered: Option<Timestamp>,
    deregistration: &Deregistration,
    definition: Option<&Reading<Definition>>,
) -> Bound {
    let stop = definition.and_then(|read| read.as_ref().ok()).and_then(stop_time);
    let mut gaps = match deregistration {
        Deregistration::Unknown(gaps) => gaps.clone(),
        Deregistration::None | Deregistration::Delay(_) | Deregistration::Draining(_) => Vec::new(),
    };
    gaps.extend(definition.and_then(|read| read.as_ref().err().cloned()));
    let mut reasons = Vec::new();
    match deregistration {
        Deregistration::Delay(delay) => reasons.push(format!("deregistration delay {}", span(*delay))),
        Deregistration::Draining(delay) => reasons.push(format!("connection draining {}", span(*delay))),
        Deregistration::None | Deregistration::Unknown(_) => {}
    }
    reasons.extend(stop.as_ref().map(StopTime::text));
    let whole = stop
        .as_ref()
        .zip(deregistration.longest())
        .map(|(stop, delay)| (stop.longest.saturating_add(delay), stop.is_estimate));
    let ends = ordered.zip(whole).and_then(|(ordered, (whole, is_estimate))| {
        let at = up_to_second(ordered.checked_add(whole).ok()?);
        Some(if is_estimate {
            Ends::Estimate(at)
        } else {
            Ends::Bound(at)
        })
    });
    Bound {
        ends: ends.unwrap_or(Ends::Unknown),
        reason: reasons.join(", "),
        gaps,
    }
}

/// The next whole second, so that a time that is shown to the second is not below the truth.
#[must_use]
pub fn up_to_second(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    let up = if at > Timestamp::from_second(second).unwrap_or(at) {
        second.saturating_add(1)
    } else {
        second
    };
    Timestamp::from_second(up).unwrap_or(at)
}

/// Returns whether a task should have ended by now: it is past `ends` by [`STOP_OVERDUE`].
#[must_use]
pub fn is_overdue(ends: Ends, now: Timestamp) -> bool {
    ends.at().is_some_and(|at| now.duration_since(at) >= STOP_OVERDUE)
}

/// The id of a task: the last part of its ARN.
#[must_use]
pub fn task_id(arn: &TaskArn) -> &str {
    arn.as_str().rsplit('/').next().unwrap_or_default()
}

/// Since when a task has been in its status, as far as ECS says.
#[must_use]
pub fn since(task: &SeenTask) -> Option<Timestamp> {
    if task.last_status.is_final() {
        return task.stopped_at;
    }
    task.execution_stopped_at
        .or(task.stopping_at)
        .or(task.started_at)
        .or(task.created_at)
}

#[cfg(test)]
mod tests;
