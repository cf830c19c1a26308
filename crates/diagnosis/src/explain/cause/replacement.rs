//! Tasks whose replacement does not come up: ECS stops a task only when it may have one less.

use jiff::{SignedDuration, Timestamp};
use protector_core::aws::{InstanceStatus, TaskStatus};

use super::stopping::member_state;
use crate::cause::Cause;
use crate::command::CommandLine;
use crate::explain::finding::{CauseFinding, Source};
use crate::explain::look::TaskLook;
use crate::explain::service_event::{Event, EventKind, Lack, REPEATED_AFTER};
use crate::explain::task_ends::task_id;
use crate::seen::{Activity, Machine, ScalingGroup, SeenService, SeenTask, Target};

/// A replacement without a health check counts as healthy after running for so long:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html>
const COUNTS_AFTER: SignedDuration = SignedDuration::from_secs(40);

/// No instance has room for the replacement.
pub(super) fn no_room(look: &TaskLook<'_>) -> Option<CauseFinding> {
    let service = look.service()?;
    let event = look.events.iter().find_map(|event| match &event.kind {
        EventKind::NoPlacement(placement) => Some((event, placement.lack.as_ref())),
        _ => None,
    });
    let finding = match event {
        Some((event, lack)) => {
            let sentence = format!("No instance can take its replacement: {}.", lacking(lack, look));
            CauseFinding::new(Cause::NoRoom, sentence).evidence(
                Source::ServiceEvent,
                Some(event.at),
                event.text,
            )
        }
        None if misses_tasks(service, look) => CauseFinding::new(
            Cause::NoRoom,
            format!(
                "Its service wants {} tasks, {} run and none starts: most likely no instance has room.",
                service.desired, service.running
            ),
        )
        .evidence(
            Source::Service,
            None,
            format!(
                "desiredCount {}, runningCount {}, pendingCount 0",
                service.desired, service.running
            ),
        ),
        None => return None,
    };
    let machines = look
        .reads
        .machines
        .as_ref()
        .and_then(|read| read.as_ref().err().cloned());
    let definition = look.definition().and_then(|read| read.as_ref().err().cloned());
    let finding = finding.gaps(machines.into_iter().chain(definition));
    let lack = event.and_then(|(_, lack)| lack);
    Some(with_group(finding, look, lack).gaps(look.gaps()))
}

/// Returns whether tasks are missing, none starts, and nothing says that it is because they do not start. Without the
/// other tasks of the service that is not known.
fn misses_tasks(service: &SeenService, look: &TaskLook<'_>) -> bool {
    let missing = service.running < service.desired && service.pending == 0;
    let explained = failure(look).is_some()
        || look
            .events
            .iter()
            .any(|event| matches!(event.kind, EventKind::Throttled(_)));
    let starts = look
        .replacements()
        .any(|task| task.last_status != TaskStatus::Running);
    missing && look.elsewhere().is_some() && !explained && !starts
}

/// What the instances lack, with numbers where they are known.
fn lacking(lack: Option<&Lack>, look: &TaskLook<'_>) -> String {
    let definition = look.definition().and_then(|read| read.as_ref().ok());
    let numbers = |needed: Option<u32>, free: fn(&Machine) -> Option<u32>, unit: &str| {
        let machines = look.reads.machines.as_ref().and_then(|read| read.as_ref().ok());
        let active = |machine: &&Machine| machine.status == InstanceStatus::Active && machine.agent_connected;
        let freest = machines.and_then(|all| all.iter().filter(active).filter_map(free).max());
        let needed = needed.map(|needed| format!("it needs {needed} {unit}"));
        let freest = freest.map(|free| format!("the freest instance has {free}"));
        let known: Vec<String> = [needed, freest].into_iter().flatten().collect();
        if known.is_empty() {
            String::new()
        } else {
            format!(" ({})", known.join(", "))
        }
    };
    match lack {
        Some(Lack::Memory) => {
            let memory = definition.and_then(|definition| definition.memory);
            format!(
                "too little memory{}",
                numbers(memory, |machine| machine.remaining_memory, "MiB")
            )
        }
        Some(Lack::Cpu) => {
            let cpu = definition.and_then(|definition| definition.cpu);
            format!(
                "too little CPU{}",
                numbers(cpu, |machine| machine.remaining_cpu, "units")
            )
        }
        Some(Lack::Gpu) => "no GPU is free".to_owned(),
        Some(Lack::Port) => "a port of the host that it needs is taken".to_owned(),
        Some(Lack::Attribute) => "an attribute that it requires is missing".to_owned(),
        Some(Lack::Agent) => "the agent of the nearest instance is not connected".to_owned(),
        Some(Lack::Constraint) => "its placement constraints exclude them".to_owned(),
        Some(Lack::NetworkInterface) => "no network interface is free".to_owned(),
        Some(Lack::NoInstances) => "no instance of the cluster takes tasks".to_owned(),
        Some(Lack::Other(text)) => text.trim_end_matches('.').to_owned(),
        None => "none meets all of its requirements".to_owned(),
    }
}

/// Adds what the Auto Scaling group says, and the order that gives room if more instances give it.
fn with_group(finding: CauseFinding, look: &TaskLook<'_>, lack: Option<&Lack>) -> CauseFinding {
    let finding = match &look.reads.group {
        Some(Ok(group)) => at_size(finding, group, lack),
        Some(Err(gap)) => finding.gaps([gap.clone()]),
        None => finding,
    };
    match &look.reads.activities {
        Some(Ok(activities)) => last_failed(finding, activities),
        Some(Err(gap)) => finding.gaps([gap.clone()]),
        None => finding,
    }
}

fn at_size(finding: CauseFinding, group: &ScalingGroup, lack: Option<&Lack>) -> CauseFinding {
    let helps = !matches!(lack, Some(Lack::Attribute | Lack::Constraint | Lack::Other(_)));
    let name = group.name.as_str();
    let sizes = format!("{name}: desired {}, MaxSize {}", group.desired, group.maximum);
    let finding = finding.evidence(Source::AutoScaling, None, sizes);
    if group.desired >= group.maximum {
        let more = CommandLine::new("aws autoscaling update-auto-scaling-group")
            .option("--auto-scaling-group-name", name)
            .option("--max-size", &group.maximum.saturating_add(1).to_string());
        let finding = finding.also(&format!("Group {name} is at its MaxSize of {}.", group.maximum));
        return if helps { finding.next(more.line()) } else { finding };
    }
    let more = CommandLine::new("aws autoscaling set-desired-capacity")
        .option("--auto-scaling-group-name", name)
        .option("--desired-capacity", &group.desired.saturating_add(1).to_string());
    if helps { finding.next(more.line()) } else { finding }
}

fn last_failed(finding: CauseFinding, activities: &[Activity]) -> CauseFinding {
    let Some(last) = activities.iter().max_by_key(|activity| activity.started_at) else {
        return finding;
    };
    if last.status != "Failed" {
        return finding;
    }
    let text = last.message.as_deref().unwrap_or(&last.description);
    finding
        .also("The group's last scaling activity failed.")
        .evidence(Source::ScalingActivity, Some(last.started_at), text)
}

/// A capacity provider launches an instance for the replacement.
pub(super) fn waiting_for_instance(look: &TaskLook<'_>) -> Option<CauseFinding> {
    let service = look.service()?;
    let waits = look
        .replacements()
        .find(|task| task.last_status == TaskStatus::Provisioning);
    let waits = waits.filter(|_| !service.capacity_providers.is_empty())?;
    let providers = service.capacity_providers.join(", ");
    let sentence = format!(
        "Its replacement is PROVISIONING: capacity provider {providers} launches an instance for it."
    );
    let finding = CauseFinding::new(Cause::WaitingForInstance, sentence).evidence(
        Source::Task,
        waits.created_at,
        format!("{} PROVISIONING", task_id(&waits.arn)),
    );
    Some(with_activities(finding, look).gaps(look.gaps()))
}

fn with_activities(finding: CauseFinding, look: &TaskLook<'_>) -> CauseFinding {
    match &look.reads.activities {
        Some(Ok(activities)) => last_failed(finding, activities),
        Some(Err(gap)) => finding.gaps([gap.clone()]),
        None => finding,
    }
}

/// The replacement does not start, or ends at once.
pub(super) fn cannot_start(look: &TaskLook<'_>) -> Option<CauseFinding> {
    let (source, at, text) = failure(look)?;
    let sentence = format!("Its replacement does not come up: {text}");
    let finding = CauseFinding::new(Cause::CannotStart, sentence).evidence(source, at, text);
    let events = look.events.iter().filter(|event| is_failure(event));
    let finding = events
        .filter(|event| source != Source::ServiceEvent || Some(event.at) != at)
        .fold(finding, |finding, event| {
            finding.evidence(Source::ServiceEvent, Some(event.at), event.text)
        });
    Some(finding.gaps(look.gaps()))
}

/// What shows that tasks of the service do not start: its newest task that has stopped, its deployment, or an event.
fn failure<'a>(look: &TaskLook<'a>) -> Option<(Source, Option<Timestamp>, String)> {
    let stopped = newest_stopped(look).and_then(|task| Some((Source::Task, task.stopped_at, died(task)?)));
    let failed = || {
        let service: &'a SeenService = look.service()?;
        let mut deployments = service.deployments.iter();
        let failed = deployments.find(|deployment| deployment.rollout_state.as_deref() == Some("FAILED"))?;
        let reason = failed.rollout_reason.as_deref().unwrap_or("rolloutState FAILED");
        Some((Source::Deployment, None, reason.to_owned()))
    };
    let reported = || {
        let event = look.events.iter().find(|event| is_failure(event))?;
        Some((Source::ServiceEvent, Some(event.at), event.text.to_owned()))
    };
    stopped.or_else(failed).or_else(reported)
}

fn is_failure(event: &Event<'_>) -> bool {
    matches!(
        event.kind,
        EventKind::PlacementFailed(_)
            | EventKind::CannotStart
            | EventKind::Unhealthy(_)
            | EventKind::DeploymentFailed(_)
            | EventKind::RollingBack(_)
    )
}

/// The task of the service that stopped last, unless that was before its last steady state or long ago.
fn newest_stopped<'a>(look: &TaskLook<'a>) -> Option<&'a SeenTask> {
    let steady = |kind: &EventKind| *kind == EventKind::SteadyState;
    let events = look
        .service()
        .map(|service| service.events.as_slice())
        .unwrap_or_default();
    let cleared = events
        .iter()
        .filter(|event| steady(&EventKind::of(&event.message)));
    let cleared = cleared.map(|event| event.at).max();
    let stopped = look
        .elsewhere()?
        .iter()
        .filter(|task| task.last_status.is_final());
    let newest = stopped.max_by_key(|task| task.stopped_at)?;
    let at = newest.stopped_at?;
    let counts = cleared.is_none_or(|cleared| at > cleared);
    (counts && look.now().duration_since(at) <= REPEATED_AFTER).then_some(newest)
}

/// Why a task ended that should run on, in the words of AWS; none if it was stopped on purpose.
fn died(task: &SeenTask) -> Option<String> {
    const REASONS: [&str; 4] = [
        "Cannot",
        "ResourceInitializationError",
        "TaskFailedToStart",
        "Task failed ",
    ];
    let reason = task.stopped_reason.as_deref().unwrap_or_default();
    let by_code = matches!(
        task.stop_code.as_deref(),
        Some("TaskFailedToStart" | "EssentialContainerExited")
    );
    let container = task.containers.iter().find_map(|container| {
        let exit = container.exit_code.filter(|code| *code != 0);
        let code = exit.map(|code| format!("container {} ended with exit code {code}", container.name));
        let reason = container
            .reason
            .as_ref()
            .map(|reason| format!("{}: {reason}", container.name));
        reason.or(code)
    });
    if !by_code && !REASONS.iter().any(|known| reason.starts_with(known)) {
        return None;
    }
    let reported = Some(reason)
        .filter(|reason| !reason.is_empty())
        .map(str::to_owned);
    let parts: Vec<String> = reported.into_iter().chain(container).collect();
    Some(if parts.is_empty() {
        "it ended by itself".to_owned()
    } else {
        parts.join("; ")
    })
}

/// The replacement runs, or starts, and does not count yet.
pub(super) fn not_healthy_yet(look: &TaskLook<'_>) -> Option<CauseFinding> {
    let waits = look
        .replacements()
        .find_map(|task| Some((task, not_yet(task, look)?)));
    let targets = look.target_groups().filter_map(|read| read.as_ref().ok());
    let here = &look.reads.drain.key.instance;
    let targets = targets
        .flat_map(|group| &group.targets)
        .filter(|target| {
            target.id != here.as_str() && matches!(target.state.as_str(), "initial" | "unhealthy")
        })
        .map(|target| (format!("target {} is {}", target.id, target.state), state(target)));
    let classic = look
        .classic_load_balancers()
        .filter_map(|read| read.as_ref().ok());
    let members = classic.flat_map(|balancer| {
        let others = balancer
            .instances
            .iter()
            .filter(|member| member.instance != here.as_str() && member.state != "InService");
        others.map(|member| {
            let is = format!(
                "instance {} of load balancer {} is {}",
                member.instance, balancer.name, member.state
            );
            (is, format!("{}: {}", balancer.name, member_state(member)))
        })
    });
    let mut targets = targets.chain(members).peekable();
    let sentence = match (&waits, targets.peek()) {
        (Some((_, reason)), _) => format!("Its replacement does not count yet: it is {reason}."),
        (None, Some((is, _))) => format!("A replacement does not count yet: {is}."),
        (None, None) => return None,
    };
    let finding = CauseFinding::new(Cause::NotHealthyYet, sentence);
    let finding = match waits {
        Some((task, reason)) => finding.evidence(
            Source::Task,
            task.started_at,
            format!("{} {reason}", task_id(&task.arn)),
        ),
        None => finding,
    };
    let finding = targets.fold(finding, |finding, (_, text)| {
        finding.evidence(Source::Target, None, text)
    });
    Some(finding.gaps(look.load_balancer_gaps()).gaps(look.gaps()))
}

/// Why a replacement does not count yet.
fn not_yet(task: &SeenTask, look: &TaskLook<'_>) -> Option<String> {
    if task.last_status != TaskStatus::Running {
        return Some(task.last_status.to_string());
    }
    let definition = task
        .definition
        .as_ref()
        .and_then(|arn| look.reads.definitions.get(arn));
    let checks = definition.and_then(|read| read.as_ref().ok());
    let has_check =
        checks.is_some_and(|all| all.containers.iter().any(|container| container.has_health_check));
    let young = task
        .started_at
        .is_none_or(|at| look.now().duration_since(at) < COUNTS_AFTER);
    match task.health.as_deref() {
        Some("HEALTHY") => None,
        Some("UNHEALTHY") => Some("RUNNING, UNHEALTHY".to_owned()),
        _ if has_check => Some("RUNNING, and its health check has not passed".to_owned()),
        _ if young => Some("RUNNING for less than 40s".to_owned()),
        _ => None,
    }
}

fn state(target: &Target) -> String {
    let details = [target.reason.as_deref(), target.description.as_deref()];
    let details: Vec<&str> = details.into_iter().flatten().collect();
    let details = if details.is_empty() {
        String::new()
    } else {
        format!(": {}", details.join(", "))
    };
    format!("{} {}{details}", target.id, target.state)
}
