//! Tasks that run on because ECS does not move them, or may not.

use jiff::SignedDuration;
use protector_core::plural::counted;

use crate::cause::Cause;
use crate::command::CommandLine;
use crate::ends::Ends;
use crate::explain::finding::{CauseFinding, Source};
use crate::explain::look::TaskLook;
use crate::explain::service_event::{EventKind, newest_first};
use crate::explain::task_ends::{stop_time, task_id, up_to_second};
use crate::seen::SeenService;
use crate::time_format::span;

/// A drain that is younger than this may not have been acted on by ECS.
const FRESH_AGE_MAX: SignedDuration = SignedDuration::from_secs(60);

/// The number of events that are shown if no reason was found.
const EVENTS_SHOWN: usize = 3;

/// It is of no service.
pub(super) fn standalone(look: &TaskLook<'_>) -> Option<CauseFinding> {
    look.task.group.as_ref()?;
    if look.service_name().is_some() {
        return None;
    }
    let started = look.task.started_by.as_ref();
    let started = started.map(|by| format!(" Started by {by}.")).unwrap_or_default();
    let definition = look.definition();
    let stop = definition.and_then(|read| read.as_ref().ok()).and_then(stop_time);
    let stop = stop.map(|stop| format!(" A stop takes up to its {}.", stop.text()));
    let sentence = format!(
        "It is of no service, so DRAINING leaves it alone.{started}{} Wait, or stop it. The coordinator stops such \
         tasks itself if STANDALONE_TASKS or STOP_TASKS_AFTER is set.",
        stop.unwrap_or_default()
    );
    let gap = definition.and_then(|read| read.as_ref().err().cloned());
    let finding = CauseFinding::new(Cause::Standalone, sentence).gaps(gap);
    Some(finding.next(look.stop_line()))
}

/// Scale-in protection keeps it.
pub(super) fn protected(look: &TaskLook<'_>) -> Option<CauseFinding> {
    look.service_name()?;
    let until = *look.reads.protections.as_ref().ok()?.get(&look.task.arn)?;
    if until.is_some_and(|until| until <= look.now()) {
        return None;
    }
    let text = match until {
        Some(until) => format!("Scale-in protection keeps it until {}", look.clock(until)),
        None => "Scale-in protection keeps it, and no end of that is known".to_owned(),
    };
    let deadline = look.reads.drain.record.as_ref().map(|record| record.deadline_at);
    let late = until
        .zip(deadline)
        .map(|(until, deadline)| until.duration_since(deadline));
    let sentence = match late.filter(|late| late.is_positive()) {
        Some(late) => format!(
            "{text}, {} after the deadline: what it logs after the deadline is lost.",
            span(late)
        ),
        None => format!("{text}. ECS moves it after that."),
    };
    let cluster = look.reads.drain.key.cluster.as_str();
    let lift = CommandLine::new("aws ecs update-task-protection")
        .option("--cluster", cluster)
        .option("--tasks", task_id(&look.task.arn))
        .flag("--no-protection-enabled")
        .line();
    let bound = look.stopped_by(until);
    // The task may renew it, and ECS has to move it after that: no bound.
    let ends = bound
        .ends
        .at()
        .or(until.map(up_to_second))
        .map_or(Ends::Unknown, Ends::Estimate);
    let because = [String::from("protection"), bound.reason]
        .into_iter()
        .filter(|word| !word.is_empty());
    let because = because.collect::<Vec<_>>().join(", ");
    let evidence = until.map_or_else(|| "enabled".to_owned(), |until| format!("enabled until {until}"));
    let finding = CauseFinding::new(Cause::Protected, sentence).ends(ends, because);
    let finding = finding.evidence(Source::TaskProtection, None, evidence);
    let events = look
        .events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Protected(_)));
    let finding = events.fold(finding, |finding, event| {
        finding.evidence(Source::ServiceEvent, Some(event.at), event.text)
    });
    Some(finding.next(lift).gaps(bound.gaps).gaps(look.gaps()))
}

/// The deployment configuration allows no step.
pub(super) fn deployment_config(look: &TaskLook<'_>) -> Option<CauseFinding> {
    let service = look.service()?;
    if may_stop(service) || may_start(service) || service.desired == 0 {
        return None;
    }
    let (minimum, maximum) = (service.minimum_percent, service.maximum_percent);
    let sentence = format!(
        "minimumHealthyPercent {minimum} with maximumPercent {maximum} allows ECS neither to stop a task nor to start one \
         more: {} wanted, {} RUNNING, {} PENDING. This does not change by itself.",
        counted(service.desired, "task"),
        service.running,
        service.pending
    );
    let (minimum, maximum) = allowing(service);
    let update = CommandLine::new("aws ecs update-service")
        .option("--cluster", look.reads.drain.key.cluster.as_str())
        .option("--service", service.name.as_str())
        .option(
            "--deployment-configuration",
            &format!("minimumHealthyPercent={minimum},maximumPercent={maximum}"),
        )
        .line();
    let counts = format!(
        "desiredCount {}, runningCount {}, pendingCount {}",
        service.desired, service.running, service.pending
    );
    let finding =
        CauseFinding::new(Cause::DeploymentConfig, sentence).evidence(Source::Service, None, counts);
    let stated = |kind: &EventKind| *kind == EventKind::DeploymentConfiguration;
    let finding = match look.events.iter().find(|event| stated(&event.kind)) {
        Some(event) => finding.evidence(Source::ServiceEvent, Some(event.at), event.text),
        None => finding,
    };
    Some(finding.next(update).gaps(look.gaps()))
}

/// Returns whether ECS may stop a task: so many are kept, rounded up.
pub(crate) fn may_stop(service: &SeenService) -> bool {
    let kept = (u64::from(service.minimum_percent) * u64::from(service.desired)).div_ceil(100);
    u64::from(service.running) > kept
}

/// Returns whether ECS may start a task: so many may be, rounded down.
pub(crate) fn may_start(service: &SeenService) -> bool {
    most(service.maximum_percent, service) > u64::from(service.running) + u64::from(service.pending)
}

fn most(maximum_percent: u32, service: &SeenService) -> u64 {
    u64::from(maximum_percent) * u64::from(service.desired) / 100
}

/// The percentages that allow a step: a replacement first if that helps.
pub(crate) fn allowing(service: &SeenService) -> (u32, u32) {
    let maximum = service.maximum_percent.max(200);
    let count = u64::from(service.running) + u64::from(service.pending);
    if most(maximum, service) > count {
        (service.minimum_percent, maximum)
    } else {
        (0, maximum)
    }
}

/// ECS's own calls are throttled.
pub(super) fn throttled(look: &TaskLook<'_>) -> Option<CauseFinding> {
    let throttled = |kind: &EventKind| matches!(kind, EventKind::Throttled(_));
    let event = look.events.iter().find(|event| throttled(&event.kind))?;
    let finding = CauseFinding::new(
        Cause::Throttled,
        "ECS's own calls are throttled, and it tries again later.",
    );
    let finding = finding.evidence(Source::ServiceEvent, Some(event.at), event.text);
    Some(finding.gaps(look.gaps()))
}

/// ECS has not had the time to act.
pub(super) fn fresh(look: &TaskLook<'_>) -> Option<CauseFinding> {
    let started = look.reads.drain.record.as_ref()?.started_at;
    let age = look.now().duration_since(started);
    (age < FRESH_AGE_MAX).then(|| {
        let sentence = format!("The drain is {} old: ECS has not acted yet.", span(age));
        CauseFinding::new(Cause::Fresh, sentence)
            .evidence(Source::Record, Some(started), "startedAt")
            .gaps(look.gaps())
    })
}

/// A deployment is in progress.
pub(super) fn deploying(look: &TaskLook<'_>) -> Option<CauseFinding> {
    let service = look.service()?;
    if service.deployments.len() < 2 {
        return None;
    }
    let sentence = format!(
        "Service {} has {} at once: ECS works on a deployment.",
        service.name,
        counted(service.deployments.len(), "deployment")
    );
    let finding = CauseFinding::new(Cause::Deploying, sentence).gaps(look.gaps());
    Some(service.deployments.iter().fold(finding, |finding, deployment| {
        let state = deployment.rollout_state.as_deref().unwrap_or("no rolloutState");
        let reason = deployment.rollout_reason.as_ref();
        let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        finding.evidence(
            Source::Deployment,
            None,
            format!("{} {state}{reason}", deployment.status),
        )
    }))
}

/// No row fits: there is no reason, or what would show it could not be read.
pub(super) fn not_found(look: &TaskLook<'_>) -> CauseFinding {
    let gaps = look.gaps();
    let finding = if look.is_known() {
        CauseFinding::new(Cause::NotFound, "No reason found.")
    } else if gaps.is_empty() {
        let sentence = match look.service_name() {
            Some(name) => {
                format!("The reason is not known: service {name} or its other tasks were not read.")
            }
            None => "ECS does not say of which group it is, so the reason is not known.".to_owned(),
        };
        CauseFinding::new(Cause::NotKnown, sentence)
    } else {
        let texts: Vec<String> = gaps.iter().map(ToString::to_string).collect();
        CauseFinding::new(Cause::NotKnown, format!("The reason is {}.", texts.join("; ")))
    };
    let events = look
        .service()
        .map(|service| service.events.as_slice())
        .unwrap_or_default();
    let shown = newest_first(events).take(EVENTS_SHOWN);
    shown
        .fold(finding, |finding, event| {
            finding.evidence(Source::ServiceEvent, Some(event.at), event.message.as_str())
        })
        .gaps(gaps)
}
