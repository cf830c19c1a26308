//! Why one instance still drains, with the evidence and the next command.

pub(crate) mod cause;
mod clocks;
mod finding;
#[cfg(any(test, feature = "testing"))]
pub mod fixtures;
mod holding;
mod look;
pub mod reads;
pub mod service_event;
pub mod task_ends;
mod verdict;
mod whole;

use std::collections::BTreeSet;

use jiff::Timestamp;
use protector_core::ids::{ClusterName, InstanceId, LifecycleHookName, TaskArn};
use protector_core::record::Record;
use serde::Serialize;

use crate::drain::{Drain, DrainState, Hold, Looked, Risk};
use crate::ends::Ends;
use crate::read::Gap;
use crate::seen::SeenTask;
use crate::time_format::clock;
use crate::usual::Usual;
use look::TaskLook;
use reads::InstanceReads;

pub use crate::cause::Cause;
pub use clocks::Clock;
pub use finding::{CauseFinding, Evidence, Source};

pub(crate) use crate::command;

/// An explanation. Its sentences have neither line breaks nor colour; it has no token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The cluster.
    pub cluster: ClusterName,
    /// The instance.
    pub instance: InstanceId,
    /// How far its drain is; `no-record` also for an instance that does not drain.
    pub state: DrainState,
    /// Why it needs a person, as `status` shows it.
    pub risk: Risk,
    /// What there is to know, in one or two sentences.
    pub verdict: String,
    /// The overall cause; none if nothing is waited for.
    pub cause: Option<Cause>,
    /// When the wait ends.
    pub ends: Ends,
    /// Why the wait ends then.
    pub ends_because: Option<String>,
    /// What is wrong with the drain as a whole, the first the most important one.
    pub warnings: Vec<CauseFinding>,
    /// What the drain waits for when no task holds it: a flush, a tier, another hook.
    pub waits_for: Option<CauseFinding>,
    /// Hooks, deadline, sidecars, other hooks.
    pub clocks: Vec<Clock>,
    /// The tasks that hold, those that end last first.
    pub tasks: Vec<TaskExplanation>,
    /// Orders to the coordinator, with what they do.
    pub orders: Vec<Order>,
    /// Terminate hooks of the group that are not ours.
    pub other_hooks: Vec<LifecycleHookName>,
    /// How long such drains usually hold, if receipts were read and there are enough of them.
    pub usual: Option<Usual>,
    /// Remarks on what is shown.
    pub notes: Vec<String>,
    /// Every read that failed. What depends on it is not known.
    #[serde(rename = "notKnown")]
    pub gaps: Vec<Gap>,
}

/// Why one task holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskExplanation {
    /// The task.
    pub task: TaskArn,
    /// The first eight characters of its id, for a table.
    pub short_id: String,
    /// Its group, for example `service:web`.
    pub group: String,
    /// Its status.
    pub last_status: String,
    /// `STOPPED` if it is ordered to stop, else `RUNNING`.
    pub desired_status: &'static str,
    /// Since when it is in this status, as far as ECS says.
    pub since: Option<Timestamp>,
    /// Why it holds.
    #[serde(flatten)]
    pub why: CauseFinding,
}

/// An order to the coordinator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Order {
    /// The whole command; `...` stands for the reason that a person gives.
    pub command: String,
    /// What it does.
    pub effect: String,
}

/// Explains the state of an instance.
#[must_use]
pub fn explain(reads: &InstanceReads) -> Explanation {
    let policy = holding::policy(reads.beacon.as_ref());
    let all = reads.tasks.as_ref().ok().zip(policy.as_ref());
    let sorted = all.map(|(tasks, policy)| holding::sorted(tasks, reads, policy));
    let holds = reads.drain.state == DrainState::Holding || whole::is_draining(reads);
    let counted = sorted
        .as_ref()
        .filter(|_| holds && reads.drain.state != DrainState::Done);
    let mut tasks: Vec<TaskExplanation> = counted
        .map(|sorted| sorted.holding.iter().map(|task| explained(reads, task)).collect())
        .unwrap_or_default();
    tasks.sort_by_key(|task| std::cmp::Reverse(rank(task)));
    let daemons = sorted.as_ref().map(|sorted| sorted.daemons.as_slice());
    let sidecars = policy
        .as_ref()
        .map(|policy| clocks::sidecars(reads, daemons.unwrap_or_default(), policy))
        .unwrap_or_default();
    let names: Option<Vec<String>> = daemons.map(|daemons| daemons.iter().map(|task| group(task)).collect());
    let waits_for = whole::after_release(reads, names.as_deref());
    let warnings = whole::findings(reads);
    let (ends, ends_because) = verdict::ends(reads, &tasks, waits_for.as_ref());
    let summary = verdict::Summary {
        reads,
        tasks: &tasks,
        warnings: &warnings,
        waits_for: waits_for.as_ref(),
        ends,
        because: ends_because.as_deref(),
    };
    let others = whole::other_hooks(reads).unwrap_or_default();
    let mut explanation = Explanation {
        cluster: reads.drain.key.cluster.clone(),
        instance: reads.drain.key.instance.clone(),
        state: reads.drain.state,
        risk: reads.drain.risk,
        verdict: summary.verdict(),
        cause: summary.cause(),
        ends,
        clocks: clocks::clocks(reads, policy.as_ref(), &sidecars),
        orders: orders(reads, policy.as_ref(), &sidecars),
        other_hooks: others.iter().map(|hook| hook.name.clone()).collect(),
        notes: notes(reads, &tasks),
        gaps: gaps(reads),
        usual: reads.usual.as_ref().and_then(|read| read.as_ref().ok().copied()),
        ends_because,
        warnings,
        waits_for,
        tasks,
    };
    let invocation = reads.invocation.of(&reads.drain.key.cluster);
    for command in explanation.commands_mut() {
        *command = invocation.complete(command);
    }
    explanation
}

impl Explanation {
    /// Every command that is shown.
    fn commands_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let of_tasks = self.tasks.iter_mut().map(|task| &mut task.why);
        let findings = self
            .warnings
            .iter_mut()
            .chain(&mut self.waits_for)
            .chain(of_tasks);
        let orders = self.orders.iter_mut().map(|order| &mut order.command);
        findings.flat_map(|finding| &mut finding.next).chain(orders)
    }

    /// The command that helps further: of what is wrong with the drain as a whole, else of the first task that does not
    /// end unless a person does something. None if the wait ends by itself, or if only a person can tell what is right.
    #[must_use]
    pub fn next_command(&self) -> Option<&str> {
        let tasks = self.tasks.iter().map(|task| &task.why);
        let tasks = tasks.filter(|finding| finding.cause.needs_a_person());
        let mut findings = self.warnings.iter().chain(tasks);
        findings
            .find_map(|finding| finding.next.first())
            .map(String::as_str)
    }
}

/// The drain as a list shows it after a look at its tasks, and the reads that failed.
///
/// Its hold ends when the last of its tasks does; not known if that of one is not, although its deadline ends it.
#[must_use]
pub fn looked_at(reads: &InstanceReads) -> (Drain, Vec<Gap>) {
    let explanation = explain(reads);
    let mut drain = reads.drain.clone();
    let (ends, because) = match drain.state {
        DrainState::Holding if is_open_ended(reads, &explanation) => (Ends::Unknown, None),
        DrainState::Holding => (explanation.ends, explanation.ends_because),
        _ => (drain.ends, None),
    };
    let (holds, flushing) = match drain.state {
        // A task that is still there holds no daemon any more.
        DrainState::Released => (Vec::new(), flushing(reads)),
        _ => (holds(&explanation.tasks), Vec::new()),
    };
    drain.ends = ends;
    drain.looked = Some(Looked {
        cause: explanation.cause,
        because: because.map(|because| shortened(because, &holds)),
        holds,
        flushing,
        usual: explanation.usual,
    });
    (drain, explanation.gaps)
}

/// A reason without the name of its group, where no other group holds.
fn shortened(because: String, holds: &[Hold]) -> String {
    let named = |hold: &Hold| {
        Some(
            because
                .strip_prefix(hold.group.as_str())?
                .strip_prefix(": ")?
                .to_owned(),
        )
    };
    match holds {
        [only] => named(only).unwrap_or(because),
        _ => because,
    }
}

/// Returns whether only the deadline is known to end the hold.
fn is_open_ended(reads: &InstanceReads, explanation: &Explanation) -> bool {
    let tasks = explanation.tasks.iter().map(|task| task.why.ends);
    let unknown = match tasks.reduce(Ends::and) {
        Some(ends) => ends == Ends::Unknown,
        None => reads.tasks.is_err(),
    };
    unknown && explanation.waits_for.is_none() && !whole::is_unattended(reads)
}

/// The tasks by group and cause, those that end last first.
fn holds(tasks: &[TaskExplanation]) -> Vec<Hold> {
    let mut holds: Vec<Hold> = Vec::new();
    for task in tasks {
        let same = |hold: &&mut Hold| hold.group == task.group && hold.cause == task.why.cause;
        match holds.iter_mut().find(same) {
            Some(hold) => {
                hold.tasks = hold.tasks.saturating_add(1);
                hold.ends = hold.ends.and(task.why.ends);
            }
            None => holds.push(Hold {
                group: task.group.clone(),
                tasks: 1,
                cause: task.why.cause,
                ends: task.why.ends,
            }),
        }
    }
    holds
}

/// The groups of the daemons that have not ended yet.
fn flushing(reads: &InstanceReads) -> Vec<String> {
    let policy = holding::policy(reads.beacon.as_ref());
    let known = reads.tasks.as_ref().ok().zip(policy);
    let daemons = known.map(|(tasks, policy)| holding::sorted(tasks, reads, &policy).daemons);
    let names = daemons.unwrap_or_default().into_iter().map(group);
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

fn explained(reads: &InstanceReads, task: &SeenTask) -> TaskExplanation {
    let id = task_ends::task_id(&task.arn);
    TaskExplanation {
        short_id: id.chars().take(8).collect(),
        group: group(task),
        last_status: task.last_status.to_string(),
        desired_status: if task.stopping { "STOPPED" } else { "RUNNING" },
        since: task_ends::since(task),
        why: cause::task_cause(&TaskLook::new(reads, task)),
        task: task.arn.clone(),
    }
}

fn group(task: &SeenTask) -> String {
    let group = task.group.as_ref();
    group.map_or_else(|| "(no group)".to_owned(), ToString::to_string)
}

/// The task that decides has the highest rank: one whose end is not known, then the one that ends last.
fn rank(task: &TaskExplanation) -> (bool, bool, Option<Timestamp>) {
    let at = task.why.ends.at();
    (at.is_none(), at.is_none() && task.why.cause.needs_a_person(), at)
}

/// The orders that change something: to release the daemons, and to keep them for longer.
fn orders(
    reads: &InstanceReads,
    policy: Option<&protector_core::policy::Policy>,
    sidecars: &clocks::Sidecars,
) -> Vec<Order> {
    let held = reads
        .drain
        .record
        .as_ref()
        .filter(|_| reads.drain.state == DrainState::Holding);
    let Some(record) = held.filter(|_| !whole::does_not_act(reads)) else {
        return Vec::new();
    };
    let release = Order {
        command: whole::order(reads, "release").line(),
        effect: "the daemons go now; what the tasks log from then on is lost".to_owned(),
    };
    // What an order can reach depends on settings that only the beacon has.
    let reach = policy
        .filter(|_| reads.beacon.is_some() && record.releasing.is_none())
        .map(|policy| clocks::reach(record, policy, sidecars));
    let extend = reach.and_then(|(until, because)| {
        let by = clocks::extension(record, until, reads.now)?;
        Some(Order {
            command: whole::order(reads, "extend").option("--by", &by).line(),
            effect: format!("more is no use after {}: {because}", clock(until, reads.now)),
        })
    });
    std::iter::once(release).chain(extend).collect()
}

fn notes(reads: &InstanceReads, tasks: &[TaskExplanation]) -> Vec<String> {
    let mut notes = Vec::new();
    let record = reads.drain.record.as_ref();
    let counts = |record: &Record| record.draining_confirmed_at.is_some();
    let held = record.filter(|record| reads.drain.state == DrainState::Holding && counts(record));
    let seen = u32::try_from(tasks.len()).unwrap_or(u32::MAX);
    if let Some(record) = held.filter(|record| record.remaining != seen && reads.tasks.is_ok()) {
        notes.push(format!(
            "The record of {} counts {}: tasks may have ended since, or IGNORE_GROUPS or STANDALONE_TASKS leaves some out.",
            clock(record.updated_at, reads.now),
            record.remaining
        ));
    }
    let away = reads
        .drain
        .machine
        .as_ref()
        .is_some_and(|machine| !machine.agent_connected);
    if away && whole::agent_lost_at(reads).is_none() && reads.drain.state == DrainState::Holding {
        notes.push("The agent is not connected at the moment; short interruptions are normal.".to_owned());
    }
    notes
}

/// Every read that failed, each once.
fn gaps(reads: &InstanceReads) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = Vec::new();
    let tasks = reads.tasks.as_ref().err().into_iter();
    let all = tasks
        .chain(reads.services.values().filter_map(|read| read.as_ref().err()))
        .chain(reads.elsewhere.values().filter_map(|read| read.as_ref().err()))
        .chain(reads.protections.as_ref().err())
        .chain(reads.definitions.values().filter_map(|read| read.as_ref().err()))
        .chain(
            reads
                .target_groups
                .values()
                .filter_map(|read| read.as_ref().err()),
        )
        .chain(
            reads
                .classic_load_balancers
                .values()
                .filter_map(|read| read.as_ref().err()),
        )
        .chain(reads.group.iter().filter_map(|read| read.as_ref().err()))
        .chain(reads.activities.iter().filter_map(|read| read.as_ref().err()))
        .chain(reads.hooks.iter().filter_map(|read| read.as_ref().err()))
        .chain(reads.machines.iter().filter_map(|read| read.as_ref().err()));
    for gap in all {
        if !gaps.contains(gap) {
            gaps.push(gap.clone());
        }
    }
    gaps
}

#[cfg(test)]
mod tests;
