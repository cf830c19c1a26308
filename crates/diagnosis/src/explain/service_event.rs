//! What the events of a service say (`DescribeServices`, `events[].message`).
//!
//! AWS gives them as sentences for people, in three spellings of the prefix. What follows it is matched; a text that is
//! not known stays as it is and says nothing. The texts are those of public logs and of
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html>.

use jiff::{SignedDuration, Timestamp};

use crate::seen::ServiceEvent;

/// ECS leaves out a message that it has just written, until its cause is gone or this has passed (see the
/// link above). So the event that explains a drain may be older than the drain.
pub const REPEATED_AFTER: SignedDuration = SignedDuration::from_hours(6);

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// The service has what it wants: whatever was said before is over.
    SteadyState,
    /// No container instance has room for a task, or is fit for it.
    NoPlacement(Placement),
    /// The deployment configuration allows neither to stop a task nor to start one.
    DeploymentConfiguration,
    /// A task could not be placed for a reason that is not the instances' room, in the words of AWS.
    PlacementFailed(String),
    /// Tasks under scale-in protection keep the service from having less of them; the reason in the words of AWS.
    Protected(String),
    /// The service does what it should.
    Progress(Progress),
    /// Its tasks do not start.
    CannotStart,
    /// A load balancer takes a target for unhealthy.
    Unhealthy(Unhealthy),
    /// ECS's own calls are throttled, for example `on elb`.
    Throttled(Option<String>),
    /// A deployment has failed; why, in the words of AWS.
    DeploymentFailed(String),
    /// A deployment is rolled back; to what, in the words of AWS.
    RollingBack(String),
    /// A text that is not known.
    Unknown,
}

/// A placement that found no instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The container instance that came nearest, as far as the text names one.
    pub closest: Option<String>,
    /// What it lacks, as far as the text says.
    pub lack: Option<Lack>,
}

/// What an instance lacks for a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// Memory.
    Memory,
    /// CPU units.
    Cpu,
    /// A GPU.
    Gpu,
    /// A port of the host that another task has.
    Port,
    /// An attribute that the task requires.
    Attribute,
    /// A connected agent.
    Agent,
    /// A placement constraint excludes it.
    Constraint,
    /// A network interface.
    NetworkInterface,
    /// The cluster has no instance that takes tasks.
    NoInstances,
    /// Anything else, in the words of AWS.
    Other(String),
}

/// A step of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Connections of this many tasks are drained.
    Draining(u32),
    /// This many targets were taken out of a target group.
    Deregistered(u32, Option<String>),
    /// This many targets were added to a target group.
    Registered(u32, Option<String>),
    /// These tasks were ordered to stop.
    Stopped(Vec<String>),
    /// These tasks were started.
    Started(Vec<String>),
    /// A deployment is complete.
    Deployed,
}

/// A target that fails its health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unhealthy {
    /// The instance, if the text names one.
    pub instance: Option<String>,
    /// The port, if the text names one.
    pub port: Option<String>,
    /// The load balancer or target group.
    pub balancer: Option<String>,
    /// Why, in the words of AWS.
    pub reason: Option<String>,
}

/// An event and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'a> {
    /// When it was written.
    pub at: Timestamp,
    /// Its text.
    pub text: &'a str,
    /// What it says.
    pub kind: EventKind,
}

/// The events that may still be true, the newest first: none older than the last steady state, which is not among them,
/// and none older than [`REPEATED_AFTER`].
#[must_use]
pub fn current(events: &[ServiceEvent], now: Timestamp) -> Vec<Event<'_>> {
    newest_first(events)
        .take_while(|event| now.duration_since(event.at) <= REPEATED_AFTER)
        .map(|event| Event {
            at: event.at,
            text: &event.message,
            kind: EventKind::of(&event.message),
        })
        .take_while(|event| event.kind != EventKind::SteadyState)
        .collect()
}

/// The same events, the newest first. Of two with the same time the one that AWS names first is the newer one.
pub(crate) fn newest_first(events: &[ServiceEvent]) -> impl Iterator<Item = &ServiceEvent> {
    let mut sorted: Vec<&ServiceEvent> = events.iter().collect();
    sorted.sort_by_key(|event| std::cmp::Reverse(event.at));
    sorted.into_iter()
}

impl EventKind {
    /// What a message says.
    #[must_use]
    pub fn of(message: &str) -> EventKind {
        let (subject, said) = subject(without_prefix(message.trim()));
        kind(&subject, said).unwrap_or(EventKind::Unknown)
    }

    /// Returns whether a task could not be placed, for whatever reason.
    #[must_use]
    pub fn is_failed_placement(&self) -> bool {
        matches!(self, EventKind::NoPlacement(_) | EventKind::PlacementFailed(_))
    }
}

/// What follows `(service S)`, `(service S, taskSet ecs-svc/N)` or `service S`.
fn without_prefix(message: &str) -> &str {
    if let Some((inner, rest)) = bracket(message) {
        return if inner.starts_with("service ") {
            rest
        } else {
            message
        };
    }
    let Some(named) = message.strip_prefix("service ") else {
        return message;
    };
    let (name, rest) = named.split_once(' ').unwrap_or((named, ""));
    match name.strip_suffix(',') {
        // `service S, taskSet ecs-svc/N has …`
        Some(_) => rest
            .strip_prefix("taskSet ")
            .and_then(|rest| rest.split_once(' '))
            .map_or(rest, |(_, rest)| rest),
        None => rest,
    }
}

/// What a sentence is about, as far as it is in brackets before the verb: `(instance I) (port P) is …`.
#[derive(Default)]
struct Subject<'a> {
    instance: Option<&'a str>,
    port: Option<&'a str>,
}

fn subject(mut text: &str) -> (Subject<'_>, &str) {
    let mut subject = Subject::default();
    while let Some((inner, rest)) = bracket(text) {
        match inner.split_once(' ') {
            Some(("instance", id)) => subject.instance = Some(id),
            Some(("port", port)) => subject.port = Some(port),
            _ => {}
        }
        text = rest;
    }
    (subject, text)
}

/// The inner text of the bracket that the text begins with, and what follows it. Brackets may be in it.
fn bracket(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let inner = text.strip_prefix('(')?;
    let mut depth = 1_u32;
    let end = inner.char_indices().find_map(|(index, letter)| {
        depth = match letter {
            '(' => depth.saturating_add(1),
            ')' => depth.saturating_sub(1),
            _ => depth,
        };
        (depth == 0).then_some(index)
    })?;
    let (inner, rest) = inner.split_at_checked(end)?;
    Some((inner, rest.strip_prefix(')')?.trim_start()))
}

/// The value of the first bracket `(name value)` in a text.
fn named<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let start = text.find(&format!("({name} "))?;
    let (inner, _) = bracket(text.get(start..)?)?;
    Some(inner.strip_prefix(name)?.trim())
}

fn kind(subject: &Subject<'_>, said: &str) -> Option<EventKind> {
    if said.starts_with("has reached a steady state") {
        return Some(EventKind::SteadyState);
    }
    if let Some(rest) = said.strip_prefix("was unable to ") {
        return unable(rest);
    }
    if said.starts_with("is unable to consistently start tasks successfully") {
        return Some(EventKind::CannotStart);
    }
    if let Some(rest) = said.strip_prefix("is unhealthy in ") {
        return Some(EventKind::Unhealthy(unhealthy(subject, rest)));
    }
    if let Some(rest) = said.strip_prefix("operations are being throttled") {
        let until = rest.split('.').next().unwrap_or_default().trim();
        return Some(EventKind::Throttled(
            (!until.is_empty()).then(|| until.to_owned()),
        ));
    }
    if let Some(rest) = said.strip_prefix("deployment failed") {
        return Some(EventKind::DeploymentFailed(service_reason(rest)));
    }
    if let Some(rest) = said.strip_prefix("rolling back to") {
        return Some(EventKind::RollingBack(service_reason(rest)));
    }
    progress(said).map(EventKind::Progress)
}

/// What follows `was unable to `.
fn unable(said: &str) -> Option<EventKind> {
    const NO_INSTANCE: &str = "place a task because no container instance met all of its requirements.";
    if let Some(rest) = said.strip_prefix(NO_INSTANCE) {
        return Some(EventKind::NoPlacement(placement(rest.trim())));
    }
    if let Some(rest) = said.strip_prefix("place a task. Reason:") {
        return Some(EventKind::PlacementFailed(rest.trim().to_owned()));
    }
    if said.starts_with(
        "stop or start tasks during a deployment because of the service deployment configuration",
    ) {
        return Some(EventKind::DeploymentConfiguration);
    }
    if let Some(rest) = said.strip_prefix("scale in due to ") {
        let reason = named(rest, "reason").unwrap_or(rest);
        return Some(EventKind::Protected(reason.to_owned()));
    }
    let because = said.strip_prefix("reach steady state because ")?;
    let (_, because) = self::subject(because);
    because.strip_prefix("was unable to ").and_then(unable)
}

fn placement(said: &str) -> Placement {
    let closest = named(said, "container-instance").or_else(|| {
        let bare = said.strip_prefix("The closest matching container-instance ")?;
        bare.split_once(' ').map(|(id, _)| id)
    });
    Placement {
        closest: closest.map(str::to_owned),
        lack: lack(said),
    }
}

fn lack(said: &str) -> Option<Lack> {
    const KNOWN: [(&str, Lack); 9] = [
        ("insufficient memory", Lack::Memory),
        ("insufficient CPU", Lack::Cpu),
        ("insufficient GPU", Lack::Gpu),
        ("already using a port", Lack::Port),
        ("missing an attribute", Lack::Attribute),
        ("\"AGENT\"", Lack::Agent),
        ("placement constraint", Lack::Constraint),
        ("RESOURCE:ENI", Lack::NetworkInterface),
        ("No Container Instances were found", Lack::NoInstances),
    ];
    if said.is_empty() {
        return None;
    }
    let known = KNOWN.into_iter().find(|(text, _)| said.contains(text));
    Some(known.map_or_else(|| Lack::Other(said.to_owned()), |(_, lack)| lack))
}

fn unhealthy(subject: &Subject<'_>, rest: &str) -> Unhealthy {
    let balancer = named(rest, "target-group").or_else(|| named(rest, "elb"));
    Unhealthy {
        instance: subject.instance.map(str::to_owned),
        port: subject.port.map(str::to_owned),
        balancer: balancer.map(str::to_owned),
        reason: named(rest, "reason").map(str::to_owned),
    }
}

fn progress(said: &str) -> Option<Progress> {
    let counted = |rest: &str| rest.split(' ').next().and_then(|count| count.parse::<u32>().ok());
    let group = |rest: &str| named(rest, "target-group").map(str::to_owned);
    if let Some(rest) = said.strip_prefix("has begun draining connections on ") {
        return counted(rest).map(Progress::Draining);
    }
    if let Some(rest) = said.strip_prefix("deregistered ") {
        return Some(Progress::Deregistered(counted(rest)?, group(rest)));
    }
    if let Some(rest) = said.strip_prefix("registered ") {
        return Some(Progress::Registered(counted(rest)?, group(rest)));
    }
    if let Some(rest) = said.strip_prefix("has stopped ") {
        return counted(rest).map(|_| Progress::Stopped(tasks(rest)));
    }
    if let Some(rest) = said.strip_prefix("has started ") {
        return counted(rest).map(|_| Progress::Started(tasks(rest)));
    }
    said.starts_with("deployment completed")
        .then_some(Progress::Deployed)
}

/// The ids of all `(task ID)` in a text.
fn tasks(text: &str) -> Vec<String> {
    let after = text.split("(task ").skip(1);
    after
        .filter_map(|rest| rest.split_once(')'))
        .map(|(id, _)| id.to_owned())
        .collect()
}

/// A remark of AWS without the colon before it and the full stop at its end.
fn service_reason(rest: &str) -> String {
    rest.trim_start_matches(':')
        .trim()
        .trim_end_matches('.')
        .to_owned()
}

#[cfg(test)]
mod tests;
