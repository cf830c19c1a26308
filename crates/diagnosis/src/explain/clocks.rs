//! The clocks of a drain: hooks, deadline, sidecars, and what an order can still move.

use jiff::{SignedDuration, Timestamp};
use protector_core::hold::state::HoldPolicy;
use protector_core::limits::HOOK_HEARTBEAT_MIN_SECONDS;
use protector_core::plan::latest_deadline;
use protector_core::policy::{MANAGED_DRAINING_HOOK, Policy};
use protector_core::record::Record;
use protector_core::variables::Reader;
use serde::Serialize;

use super::reads::InstanceReads;
use super::task_ends::STOP_TIMEOUT_DEFAULT;
use super::whole;
use crate::drain::DrainState;
use crate::hook::HookClock;
use crate::read::Gap;
use crate::seen::{DefinedContainer, SeenTask};
use crate::time_format::{clock, span};

/// One line of the clocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clock {
    /// What it is of: `hook`, `deadline`, `sidecars`, `others` or `usual`.
    pub label: &'static str,
    /// What it says.
    pub text: String,
    /// What is wrong with it, if something is.
    pub warning: Option<String>,
}

/// When the sidecars leave, as far as that is known.
#[derive(Debug, Default)]
pub(super) struct Sidecars {
    /// How many there are.
    count: usize,
    /// When the first of them leaves whatever is ordered; none if none was ordered to stop, or if it is not known.
    pub(super) leave_at: Option<Timestamp>,
    /// The shortest hold of them, with what sets it.
    shortest: Option<(SignedDuration, String)>,
    pub(super) gaps: Vec<Gap>,
}

/// What the sidecars of these daemons allow.
pub(super) fn sidecars(reads: &InstanceReads, daemons: &[&SeenTask], policy: &Policy) -> Sidecars {
    let name = policy.sidecar_container.as_str();
    let mut sidecars = Sidecars::default();
    let has_one = |task: &&&SeenTask| task.containers.iter().any(|container| container.name == name);
    for task in daemons.iter().filter(has_one) {
        sidecars.count += 1;
        let read = task
            .definition
            .as_ref()
            .and_then(|arn| reads.definitions.get(arn));
        let definition = match read {
            Some(Ok(definition)) => definition,
            Some(Err(gap)) => {
                if !sidecars.gaps.contains(gap) {
                    sidecars.gaps.push(gap.clone());
                }
                continue;
            }
            None => continue,
        };
        let container = definition
            .containers
            .iter()
            .find(|container| container.name == name);
        let Some((hold, because)) = container.map(longest_hold) else {
            continue;
        };
        let leaves = task.stopping_at.and_then(|at| at.checked_add(hold).ok());
        sidecars.leave_at = sidecars.leave_at.into_iter().chain(leaves).min();
        if sidecars
            .shortest
            .as_ref()
            .is_none_or(|(shortest, _)| hold < *shortest)
        {
            sidecars.shortest = Some((hold, because));
        }
    }
    sidecars
}

/// How long a sidecar holds from its SIGTERM on: its setting, read as the sidecar reads it, or until the agent kills it.
fn longest_hold(container: &DefinedContainer) -> (SignedDuration, String) {
    let lookup = |name: &str| container.environment.get(name).cloned();
    let hold = Reader::new(&lookup).duration("MAX_HOLD", HoldPolicy::default().max_hold);
    let given = container.stop_timeout.filter(|seconds| *seconds > 0);
    let timeout = given.map_or(STOP_TIMEOUT_DEFAULT, |seconds| {
        SignedDuration::from_secs(i64::from(seconds))
    });
    if timeout < hold {
        (timeout, format!("stopTimeout {} of the sidecar", span(timeout)))
    } else {
        (hold, format!("PROTECTOR_MAX_HOLD {}", span(hold)))
    }
}

/// Up to when an order can keep the daemons, and what ends it.
pub(super) fn reach(record: &Record, policy: &Policy, sidecars: &Sidecars) -> (Timestamp, &'static str) {
    let latest = latest_deadline(record, policy);
    match sidecars.leave_at {
        Some(leave) if leave < latest => (leave, "the sidecars leave then"),
        _ if record.lifecycle.is_some() => (latest, "the hook's limit less the time to flush"),
        _ => (latest, "the longest drain"),
    }
}

pub(super) fn clocks(reads: &InstanceReads, policy: Option<&Policy>, sidecars: &Sidecars) -> Vec<Clock> {
    let mut clocks: Vec<Clock> = Vec::new();
    if reads.drain.state != DrainState::Done {
        clocks.extend(reads.drain.hooks.iter().map(|hook| of_hook(hook, reads.now)));
    }
    if let Some(record) = reads
        .drain
        .record
        .as_ref()
        .filter(|_| reads.drain.state == DrainState::Holding)
    {
        clocks.push(deadline(record, reads, policy));
        clocks.extend(of_sidecars(record, sidecars, reads.now));
    }
    if whole::is_draining(reads) || reads.drain.record.is_some() {
        clocks.extend(others(reads));
    }
    if reads.drain.state == DrainState::Holding {
        clocks.extend(usual(reads));
    }
    clocks
}

fn of_hook(hook: &HookClock, now: Timestamp) -> Clock {
    let timeout = span(SignedDuration::from_secs(i64::from(hook.timeout_seconds)));
    let last = match hook.heartbeat_at {
        Some(at) => format!("last heartbeat {}", clock(at, now)),
        None => "its last heartbeat is not known".to_owned(),
    };
    let out = match hook.runs_out_at {
        Some(at) => format!(", out at {}", clock(at, now)),
        None => String::new(),
    };
    let end = clock(hook.global_deadline_at, now);
    let short = hook.timeout_seconds < HOOK_HEARTBEAT_MIN_SECONDS;
    Clock {
        label: "hook",
        text: format!("{}, {timeout}; {last}{out}; never beyond {end}", hook.name),
        warning: short.then(|| {
            let least = span(SignedDuration::from_secs(i64::from(HOOK_HEARTBEAT_MIN_SECONDS)));
            format!("below {least}: a run each minute cannot serve it. Raise its HeartbeatTimeout (doctor: hook-heartbeat)")
        }),
    }
}

fn deadline(record: &Record, reads: &InstanceReads, policy: Option<&Policy>) -> Clock {
    let now = reads.now;
    // Without the beacon the coordinator's settings are not known.
    let policy = policy.filter(|_| reads.beacon.is_some());
    let by_setting = policy
        .filter(|policy| record.started_at.saturating_add(policy.max_drain).ok() == Some(record.deadline_at));
    let setting = by_setting.map(|policy| format!(" (MAX_DRAIN {})", span(policy.max_drain)));
    let moved = policy.map(|policy| {
        let latest = latest_deadline(record, policy).max(record.deadline_at);
        let flush = span(policy.flush());
        format!(
            "; may be moved to {} at most; flush window after it {flush}",
            clock(latest, now)
        )
    });
    Clock {
        label: "deadline",
        text: [Some(clock(record.deadline_at, now)), setting, moved]
            .into_iter()
            .flatten()
            .collect(),
        warning: (record.deadline_at < now).then(|| "it has passed".to_owned()),
    }
}

fn of_sidecars(record: &Record, sidecars: &Sidecars, now: Timestamp) -> Option<Clock> {
    let count = sidecars.count;
    if count == 0 {
        return None;
    }
    let text = match (&sidecars.shortest, sidecars.leave_at, sidecars.gaps.as_slice()) {
        (_, _, [gap, ..]) => format!("{count}; how long they stay is {gap}"),
        (Some((_, because)), Some(at), []) => {
            format!(
                "{count}; the first leaves at {} whatever is ordered ({because})",
                clock(at, now)
            )
        }
        (Some((hold, because)), None, []) => format!(
            "{count}; none is ordered to stop yet. From then on they stay {} at most ({because})",
            span(*hold)
        ),
        (None, _, []) => format!("{count}; how long they stay is not known"),
    };
    let early = sidecars.leave_at.is_some_and(|at| at < record.deadline_at);
    Some(Clock {
        label: "sidecars",
        text,
        warning: early.then(|| "that is before the deadline: its daemons are not held until then".to_owned()),
    })
}

/// The other terminate hooks of the group.
fn others(reads: &InstanceReads) -> Option<Clock> {
    let hooks = match whole::other_hooks(reads) {
        Ok(hooks) => hooks,
        Err(None) => return None,
        Err(Some(gap)) => {
            return Some(Clock {
                label: "others",
                text: format!("other hooks of the group are {gap}"),
                warning: None,
            });
        }
    };
    let reported: Vec<String> = hooks
        .iter()
        .map(|hook| {
            if hook.name.as_str() == MANAGED_DRAINING_HOOK {
                format!("{} is on the group: ECS waits too, up to 48h", hook.name)
            } else {
                let timeout = span(SignedDuration::from_secs(i64::from(hook.heartbeat_timeout)));
                format!(
                    "{} is on the group: it waits too, {timeout} after each heartbeat",
                    hook.name
                )
            }
        })
        .collect();
    (!reported.is_empty()).then(|| Clock {
        label: "others",
        text: reported.join("; "),
        warning: None,
    })
}

/// How long such drains usually hold. That it could not be read makes nothing else less known, so it is no gap.
fn usual(reads: &InstanceReads) -> Option<Clock> {
    let text = match reads.usual.as_ref()? {
        Ok(usual) => usual.text(),
        Err(gap) => format!("how long such drains hold is {gap}"),
    };
    Some(Clock {
        label: "usual",
        text,
        warning: None,
    })
}

/// By how much an order can move the deadline, in hours and whole minutes as `--by` takes it; none if that is nothing.
pub(super) fn extension(record: &Record, until: Timestamp, now: Timestamp) -> Option<String> {
    let minutes = until.duration_since(record.deadline_at).as_mins();
    let reaches = minutes > 0 && until > now;
    reaches.then(|| match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes}m"),
        (hours, 0) => format!("{hours}h"),
        (hours, minutes) => format!("{hours}h{minutes}m"),
    })
}
