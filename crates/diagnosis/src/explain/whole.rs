//! What is wrong with a drain as a whole, whichever tasks hold it.

use jiff::{SignedDuration, Timestamp};
use protector_core::aws::InstanceStatus;
use protector_core::control::Control;
use protector_core::ids::LifecycleHookName;
use protector_core::limits::{COORDINATOR_SILENCE, TICK_AND_DELAY, reading};
use protector_core::record::Record;

use super::finding::{CauseFinding, Source};
use super::reads::InstanceReads;
use crate::cause::Cause;
use crate::command::CommandLine;
use crate::drain::{Coordinator, DrainState};
use crate::ends::Ends;
use crate::time_format::{clock, span};

/// All that is wrong, in the order of precedence.
pub(super) fn findings(reads: &InstanceReads) -> Vec<CauseFinding> {
    let all = [
        no_record,
        coordinator_silent,
        hook_out_soon,
        observing,
        agent_lost,
    ];
    all.into_iter().filter_map(|row| row(reads)).collect()
}

fn is_open(reads: &InstanceReads) -> bool {
    matches!(reads.drain.state, DrainState::Holding | DrainState::Released)
}

pub(super) fn is_draining(reads: &InstanceReads) -> bool {
    let status = reads.drain.machine.as_ref().map(|machine| &machine.status);
    matches!(
        status,
        Some(InstanceStatus::Draining | InstanceStatus::Deregistering)
    )
}

/// It drains, and its daemons are not held. ECS does not say since when: a drain that has just begun looks the same.
fn no_record(reads: &InstanceReads) -> Option<CauseFinding> {
    let drain = &reads.drain;
    if drain.state != DrainState::NoRecord || !(is_draining(reads) || drain.unreadable.is_some()) {
        return None;
    }
    let finding = match &drain.unreadable {
        Some(why) => CauseFinding::new(
            Cause::NoRecord,
            "Its record cannot be read, so it is not known whether its daemons are held.",
        )
        .evidence(Source::Record, None, why.as_str()),
        None => CauseFinding::new(
            Cause::NoRecord,
            "It has no record, so its daemons are not held. If it began to drain less than 90s ago, look again.",
        ),
    };
    let cluster = &drain.key.cluster;
    let watched = reads.beacon.as_ref().and_then(|beacon| beacon.clusters.as_ref());
    let foreign = watched.filter(|watched| !watched.is_empty() && !watched.contains(cluster));
    let finding = match foreign {
        Some(_) => finding.also(&format!("The coordinator's CLUSTERS does not name {cluster}.")),
        None => finding,
    };
    let status = drain.machine.as_ref().map(|machine| machine.status.to_string());
    let finding = match status {
        Some(status) => finding.evidence(Source::ContainerInstance, None, status),
        None => finding,
    };
    Some(finding.next("protectorctl doctor --only coordinator,events".to_owned()))
}

/// Returns whether the drain holds although the coordinator had to release it.
fn is_late(reads: &InstanceReads) -> bool {
    let deadline = reads.drain.record.as_ref().map(|record| record.deadline_at);
    reads.drain.state == DrainState::Holding
        && deadline.is_some_and(|at| reads.now.duration_since(at) > TICK_AND_DELAY)
}

/// Returns whether the coordinator cannot be counted on to end the drain.
pub(super) fn is_unattended(reads: &InstanceReads) -> bool {
    coordinator(reads).is_silent(reads.now) || is_late(reads) || does_not_act(reads)
}

fn coordinator(reads: &InstanceReads) -> Coordinator<'_> {
    Coordinator {
        beacon: reads.beacon.as_ref(),
        heartbeats: None,
        control: reads.control,
    }
}

/// When sidecars take the coordinator for dead and leave at the latest.
pub(super) fn given_up_at(record: &Record) -> Timestamp {
    let silence = COORDINATOR_SILENCE.saturating_add(reading(record.poll_seconds));
    record
        .deadline_at
        .saturating_add(silence)
        .unwrap_or(record.deadline_at)
}

fn coordinator_silent(reads: &InstanceReads) -> Option<CauseFinding> {
    let silent = coordinator(reads).is_silent(reads.now);
    if !is_open(reads) || !(silent || is_late(reads)) {
        return None;
    }
    let record = reads.drain.record.as_ref()?;
    let tick = reads
        .beacon
        .as_ref()
        .map(|beacon| beacon.tick_at)
        .filter(|_| silent);
    let mut sentence = match tick {
        Some(tick) => format!(
            "The coordinator does not run: its last tick was at {}.",
            clock(tick, reads.now)
        ),
        None => format!(
            "The coordinator has not released it at its deadline, {}.",
            clock(record.deadline_at, reads.now)
        ),
    };
    if reads.drain.state == DrainState::Holding {
        let leave = clock(given_up_at(record), reads.now);
        sentence.push_str(&format!(" Its sidecars leave without it by {leave}."));
    }
    let finding = CauseFinding::new(Cause::CoordinatorSilent, sentence);
    let finding = match tick {
        Some(tick) => finding.evidence(Source::Beacon, Some(tick), "tickAt"),
        None => finding.evidence(Source::Record, Some(record.deadline_at), "deadlineAt"),
    };
    Some(finding.next("protectorctl doctor --only coordinator".to_owned()))
}

fn hook_out_soon(reads: &InstanceReads) -> Option<CauseFinding> {
    let hook = reads.drain.first_hook().filter(|_| is_open(reads))?;
    let left = hook.left(reads.now).filter(|_| hook.is_at_risk(reads.now))?;
    let sentence = format!(
        "Hook {} runs out in {} unless a heartbeat comes first.",
        hook.name,
        span(left)
    );
    let heartbeat = CommandLine::new("aws autoscaling record-lifecycle-action-heartbeat")
        .option("--lifecycle-hook-name", hook.name.as_str())
        .option("--auto-scaling-group-name", hook.group.as_str())
        .option("--instance-id", reads.drain.key.instance.as_str());
    let timeout = format!("HeartbeatTimeout {} s, last heartbeat", hook.timeout_seconds);
    let finding =
        CauseFinding::new(Cause::HookOutSoon, sentence).evidence(Source::Hook, hook.heartbeat_at, timeout);
    Some(finding.next(heartbeat.line()))
}

/// Returns whether the coordinator looks and does nothing.
pub(super) fn does_not_act(reads: &InstanceReads) -> bool {
    coordinator(reads).mode() == Control::Observe || reads.dry_run == Some(true)
}

fn observing(reads: &InstanceReads) -> Option<CauseFinding> {
    if !is_open(reads) || !does_not_act(reads) {
        return None;
    }
    let is_mode = coordinator(reads).mode() == Control::Observe;
    let why = if is_mode {
        "The mode is observe"
    } else {
        "The coordinator has PROTECTOR_DRY_RUN"
    };
    let hook = reads.drain.first_hook();
    let sentence = match hook {
        Some(hook) => {
            let out = clock(hook.runs_out_at.unwrap_or(hook.global_deadline_at), reads.now);
            format!(
                "{why}: no heartbeat and no release is sent. Hook {} ends its wait at {out}.",
                hook.name
            )
        }
        None => format!("{why}: no release is sent, and the sidecars leave by themselves."),
    };
    let finding = CauseFinding::new(Cause::Observing, sentence);
    if !is_mode {
        return Some(finding);
    }
    let finding = finding.evidence(Source::Control, None, "observe");
    Some(finding.next("protectorctl mode on".to_owned()))
}

/// Since when the agent of an open drain does not answer, if it does not. Agents reconnect several times an hour: only an
/// absence that the coordinator has noted counts.
pub(super) fn agent_lost_at(reads: &InstanceReads) -> Option<Timestamp> {
    let away = reads
        .drain
        .machine
        .as_ref()
        .is_some_and(|machine| !machine.agent_connected);
    let tasks = reads.tasks.as_ref().map(Vec::as_slice).unwrap_or_default();
    let apart = tasks
        .iter()
        .any(|task| task.connected == Some(false) && !task.last_status.is_final());
    let record = reads.drain.record.as_ref()?;
    record.agent_lost_at.filter(|_| is_open(reads) && (away || apart))
}

fn agent_lost(reads: &InstanceReads) -> Option<CauseFinding> {
    let lost = agent_lost_at(reads)?;
    let sentence = format!("The host does not answer since {}.", clock(lost, reads.now));
    let finding = CauseFinding::new(Cause::AgentLost, sentence).evidence(
        Source::ContainerInstance,
        Some(lost),
        "agentConnected false",
    );
    let release = order(reads, "release").line();
    Some(counts_as_gone(finding, lost, reads).next(release))
}

/// Adds when what is on the host counts as gone: an estimate, because the agent may come back.
pub(super) fn counts_as_gone(finding: CauseFinding, lost: Timestamp, reads: &InstanceReads) -> CauseFinding {
    let Some(after) = reads.beacon.as_ref().map(|beacon| beacon.agent_lost) else {
        return finding.also("It counts as gone after the coordinator's AGENT_LOST.");
    };
    let gone = lost.saturating_add(after).unwrap_or(lost);
    let text = format!(
        "It counts as gone at {} (AGENT_LOST {}).",
        clock(gone, reads.now),
        span(after)
    );
    let ends = if gone >= reads.now {
        Ends::Estimate(gone)
    } else {
        Ends::Unknown
    };
    finding
        .also(&text)
        .ends(ends, format!("AGENT_LOST {}", span(after)))
}

/// An order to the coordinator; the reason is the caller's.
pub(super) fn order(reads: &InstanceReads, name: &str) -> CommandLine {
    CommandLine::new("protectorctl")
        .argument(name)
        .argument(reads.drain.key.instance.as_str())
        .option("--why", "...")
}

/// What a drain waits for once its tasks do not hold it any more.
pub(super) fn after_release(reads: &InstanceReads, daemons: Option<&[String]>) -> Option<CauseFinding> {
    let record = reads.drain.record.as_ref()?;
    match reads.drain.state {
        DrainState::NotKnown | DrainState::NoRecord => None,
        DrainState::Holding => tier(reads, record),
        DrainState::Released => flushing(reads, record, daemons),
        DrainState::Done => other_hook(reads),
    }
}

fn tier(reads: &InstanceReads, record: &Record) -> Option<CauseFinding> {
    let releasing = record.releasing?;
    let number = releasing.tier.saturating_add(1);
    let since = clock(releasing.since, reads.now);
    let beacon = reads.beacon.as_ref();
    let tiers = beacon.and_then(|beacon| beacon.tiers.as_ref()).map(Vec::len);
    let of = tiers.map(|count| format!(" of {count}")).unwrap_or_default();
    let sentence = format!("Daemons go tier by tier: tier {number}{of} may go since {since}.");
    let left = tiers.and_then(|count| {
        i32::try_from(count)
            .ok()?
            .checked_sub(i32::try_from(releasing.tier).ok()?)
    });
    let each = beacon.map(|beacon| beacon.daemon_stop.saturating_add(reading(record.poll_seconds)));
    let ends = left
        .zip(each)
        .and_then(|(left, each)| releasing.since.checked_add(each * left.max(1)).ok());
    let ends = ends
        .filter(|at| *at >= reads.now)
        .map_or(Ends::Unknown, Ends::Estimate);
    let finding =
        CauseFinding::new(Cause::Tier, sentence).ends(ends, "DAEMON_STOP for each tier that is left");
    Some(finding.evidence(
        Source::Record,
        Some(releasing.since),
        format!("releasing tier {number}"),
    ))
}

fn flushing(reads: &InstanceReads, record: &Record, daemons: Option<&[String]>) -> Option<CauseFinding> {
    if daemons.is_some_and(<[String]>::is_empty) {
        return None;
    }
    let names = daemons
        .map(|names| format!(": {}", names.join(", ")))
        .unwrap_or_default();
    let over = reads.drain.ends.at().filter(|at| *at < reads.now);
    let sentence = match (over, reads.drain.ends.at()) {
        (Some(at), _) => format!(
            "Its daemons had until {} to flush{names}. The coordinator's next tick ends the drain.",
            clock(at, reads.now)
        ),
        (None, Some(at)) => format!("Its daemons have until {} to flush{names}.", clock(at, reads.now)),
        (None, None) => format!("Its daemons have DAEMON_STOP to flush{names}."),
    };
    let ends = if over.is_some() {
        Ends::Unknown
    } else {
        reads.drain.ends
    };
    let finding = CauseFinding::new(Cause::Flushing, sentence).ends(ends, "DAEMON_STOP");
    Some(finding.evidence(Source::Record, record.released_at, "releasedAt"))
}

/// Our part is done, and the instance still waits.
fn other_hook(reads: &InstanceReads) -> Option<CauseFinding> {
    let scaling = reads.drain.scaling.as_ref().filter(|scaling| scaling.waits())?;
    let (others, gap) = match other_hooks(reads) {
        Ok(others) => (others, None),
        Err(gap) => (Vec::new(), gap),
    };
    let names: Vec<String> = others.iter().map(|hook| hook.name.to_string()).collect();
    let sentence = match (names.as_slice(), &gap) {
        ([], Some(gap)) => format!("Another hook of group {} waits: {gap}.", scaling.group),
        ([], None) => format!(
            "A hook of group {} waits still; ours has been completed.",
            scaling.group
        ),
        (names, _) => format!(
            "Another hook waits: {}. It is its owner's to complete.",
            names.join(", ")
        ),
    };
    let longest = others.iter().map(|hook| i64::from(hook.heartbeat_timeout)).max();
    let finding = CauseFinding::new(Cause::OtherHook, sentence).gaps(gap);
    let finding = match longest {
        Some(seconds) => finding.also(&format!(
            "It ends by itself {} after its last heartbeat.",
            span(SignedDuration::from_secs(seconds))
        )),
        None => finding,
    };
    Some(finding.evidence(Source::AutoScaling, None, scaling.lifecycle_state.as_str()))
}

/// The group's terminate hooks that are not ours; an error without a gap if they were not asked for.
pub(super) fn other_hooks(
    reads: &InstanceReads,
) -> Result<Vec<&crate::seen::LifecycleHook>, Option<crate::read::Gap>> {
    let hooks = match &reads.hooks {
        Some(Ok(hooks)) => hooks,
        Some(Err(gap)) => return Err(Some(gap.clone())),
        None => return Err(None),
    };
    let record = reads.drain.record.as_ref();
    let recorded = |name: &LifecycleHookName| {
        record.is_some_and(|record| record.lifecycles().any(|hook| hook.lifecycle_hook_name == *name))
    };
    let beacon = reads.beacon.as_ref().and_then(|beacon| beacon.hooks.as_ref());
    let listed = |name: &LifecycleHookName| beacon.is_some_and(|hooks| hooks.contains(name));
    let foreign = hooks
        .iter()
        .filter(|hook| hook.terminates && !recorded(&hook.name) && !listed(&hook.name));
    Ok(foreign.collect())
}
