//! Tasks that ECS has dealt with: they start, stop, or cannot be reached.

use jiff::{SignedDuration, Timestamp};
use protector_core::aws::TaskStatus;

use crate::cause::Cause;
use crate::ends::Ends;
use crate::explain::finding::{CauseFinding, Source};
use crate::explain::look::TaskLook;
use crate::explain::task_ends::{Bound, Deregistration, STOP_OVERDUE, is_overdue, since};
use crate::explain::whole;
use crate::seen::Member;
use crate::time_format::span;

/// A network interface is detached in less than this; after it the task does not stop by itself.
pub(super) const DETACHED_WITHIN: SignedDuration = SignedDuration::from_mins(5);

/// Its host does not answer, so its status may be of long ago.
pub(super) fn agent_lost(look: &TaskLook<'_>) -> Option<CauseFinding> {
    let lost = whole::agent_lost_at(look.reads).filter(|_| look.task.connected != Some(true))?;
    let at = look.clock(lost);
    let status = &look.task.last_status;
    let sentence = format!("Its host does not answer since {at}: the status {status} may be of then.");
    Some(whole::counts_as_gone(
        CauseFinding::new(Cause::AgentLost, sentence),
        lost,
        look.reads,
    ))
}

/// It has not started.
pub(super) fn pending(look: &TaskLook<'_>) -> Option<CauseFinding> {
    let status = &look.task.last_status;
    let starts = matches!(
        status,
        TaskStatus::Provisioning | TaskStatus::Pending | TaskStatus::Activating
    );
    if !starts {
        return None;
    }
    if look.service_name().is_none() {
        let sentence = format!(
            "It is {status}. It is of no service, so DRAINING leaves it alone: it goes on to start. Wait, or stop it."
        );
        return Some(CauseFinding::new(Cause::Pending, sentence).next(look.stop_line()));
    }
    let sentence = format!(
        "It is {status}: it was placed just before DRAINING, and ECS stops such tasks of services at once."
    );
    Some(CauseFinding::new(Cause::Pending, sentence))
}

/// Load balancers let its connections end.
pub(super) fn deregistering(look: &TaskLook<'_>) -> Option<CauseFinding> {
    let deregistration = look.deregistration();
    if look.task.last_status != TaskStatus::Deactivating || deregistration == Deregistration::None {
        return None;
    }
    let sentence = match deregistration {
        Deregistration::Delay(delay) | Deregistration::Draining(delay) => format!(
            "Its load balancer lets connections end, for {} at most, before it is stopped.",
            span(delay)
        ),
        Deregistration::None | Deregistration::Unknown(_) => {
            "Its load balancer lets connections end before it is stopped.".to_owned()
        }
    };
    let bound = look.stopped_by(look.task.stopping_at);
    let finding = ordered(CauseFinding::new(Cause::Deregistering, sentence), look);
    let draining = look.target_groups().filter_map(|read| read.as_ref().ok());
    let targets = draining.flat_map(|group| group.targets.iter().filter(|target| target.state == "draining"));
    let finding = targets.fold(finding, |finding, target| {
        let reason = target.reason.as_deref().unwrap_or("draining");
        finding.evidence(Source::Target, None, format!("{}: {reason}", target.id))
    });
    let here = look.reads.drain.key.instance.as_str();
    let classic = look
        .classic_load_balancers()
        .filter_map(|read| read.as_ref().ok());
    let members = classic.flat_map(|balancer| {
        let mine = balancer.instances.iter().filter(|member| member.instance == here);
        mine.map(move |member| (balancer, member))
    });
    let finding = members.fold(finding, |finding, (balancer, member)| {
        let text = format!("{}: {}", balancer.name, member_state(member));
        finding.evidence(Source::Target, None, text)
    });
    Some(until(finding, bound, look.now()))
}

/// An instance of a Classic Load Balancer in its words: `i-… InService: Instance deregistration currently in progress.`
pub(super) fn member_state(member: &Member) -> String {
    let details = member.description.as_deref().or(member.reason.as_deref());
    let details = details.map(|text| format!(": {text}")).unwrap_or_default();
    format!("{} {}{details}", member.instance, member.state)
}

/// Its containers are inside their SIGTERM window, or should have been killed.
pub(super) fn stopping(look: &TaskLook<'_>) -> Option<CauseFinding> {
    let status = &look.task.last_status;
    let is_ordered = look.task.stopping && *status == TaskStatus::Running;
    if !matches!(status, TaskStatus::Stopping | TaskStatus::Deactivating) && !is_ordered {
        return None;
    }
    let mut bound = look.stopped_by(look.task.stopping_at);
    if *status == TaskStatus::Deactivating {
        // How long that takes is documented nowhere.
        bound.ends = bound.ends.at().map_or(Ends::Unknown, Ends::Estimate);
    }
    if is_overdue(bound.ends, look.now()) && *status == TaskStatus::Stopping {
        return Some(will_not_stop(look, &bound));
    }
    let sentence = match status {
        TaskStatus::Running => "It is ordered to stop, and its agent has not begun yet.",
        TaskStatus::Deactivating => "It is taken out of service discovery, and gets its SIGTERM then.",
        _ => "Its containers have had SIGTERM and have time to end.",
    };
    let finding = ordered(CauseFinding::new(Cause::Stopping, sentence), look);
    Some(until(finding, bound, look.now()))
}

fn will_not_stop(look: &TaskLook<'_>, bound: &Bound) -> CauseFinding {
    let killed = bound.ends.at().map(|at| look.clock(at)).unwrap_or_default();
    let mut sentence = format!("It should have been killed by {killed} ({}).", bound.reason);
    if matches!(bound.ends, Ends::Estimate(_)) {
        sentence.push_str(" The host may set a longer ECS_CONTAINER_STOP_TIMEOUT.");
    }
    let finding = CauseFinding::new(Cause::WillNotStop, sentence).also(LOOK_AT_HOST);
    ordered(finding, look)
}

const LOOK_AT_HOST: &str = "Look at the host: docker ps, and the agent's log.";

/// Its network interface is being detached.
pub(super) fn detaching(look: &TaskLook<'_>) -> Option<CauseFinding> {
    if look.task.last_status != TaskStatus::Deprovisioning {
        return None;
    }
    let began = look.task.execution_stopped_at.or(look.task.stopping_at);
    let overdue = began.filter(|at| look.now().duration_since(*at) >= DETACHED_WITHIN);
    let finding = match overdue {
        Some(at) => CauseFinding::new(
            Cause::WillNotStop,
            format!(
                "Its network interface has been detached since {}, which usually takes less than a minute.",
                look.clock(at)
            ),
        )
        .also(LOOK_AT_HOST),
        None => CauseFinding::new(
            Cause::Detaching,
            "Its containers have ended, and its network interface is being detached: usually less than a minute.",
        ),
    };
    let usually = began.and_then(|at| at.checked_add(SignedDuration::from_mins(1)).ok());
    let ends = usually.filter(|at| overdue.is_none() && *at >= look.now());
    let ends = ends.map_or(Ends::Unknown, Ends::Estimate);
    Some(ordered(finding, look).ends(ends, "usually less than a minute"))
}

/// The evidence of a task that is ordered to stop.
fn ordered(finding: CauseFinding, look: &TaskLook<'_>) -> CauseFinding {
    let reason = look.task.stopped_reason.as_ref();
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let text = format!("{}{reason}", look.task.last_status);
    finding.evidence(Source::Task, since(look.task), text)
}

/// Adds when it ends. ECS shows the end of a task up to a minute after it, and a bound that is longer past was wrong.
fn until(finding: CauseFinding, bound: Bound, now: Timestamp) -> CauseFinding {
    let ends = match bound.ends.at() {
        Some(at) if at >= now => bound.ends,
        Some(at) if !is_overdue(bound.ends, now) => {
            at.checked_add(STOP_OVERDUE).map_or(Ends::Unknown, Ends::Estimate)
        }
        Some(_) | None => Ends::Unknown,
    };
    finding.gaps(bound.gaps).ends(ends, bound.reason)
}
