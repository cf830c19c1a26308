//! The events of a service: the messages of its scheduler, in the words of ECS.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html>. The model writes the
//! events whose cause it knows. Messages about quotas are not among them.

use super::definition::Resources;
use super::instance::ContainerInstance;
use super::place_rules::PlaceRules;
use crate::time::seconds;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::VecDeque;

/// The API shows so many.
const SHOWN_MAX: usize = 100;

/// An event is not repeated for so long, unless a steady state came between.
const REPEATED_AFTER: SignedDuration = SignedDuration::from_hours(6);

/// So many tasks in a row that fail are a service that cannot start. ECS does not say how many it takes.
const FAILURES: u32 = 2;

/// An event of a scheduler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reported {
    /// These tasks were started.
    Started(Vec<String>),
    /// These tasks were stopped.
    Stopped(Vec<String>),
    /// The service has reached a steady state.
    Steady,
    /// A task found no room.
    NoRoom(Closest),
    /// The deployment configuration allows neither a stop nor a start.
    Blocked,
    /// So many tasks that are too many are protected.
    Protected(usize),
    /// Its tasks fail one after another.
    Failing,
    /// A task could not be started, and the agent has said why.
    NotStarted(String),
    /// The circuit breaker has ended this deployment.
    Broken(String),
    /// So many targets were registered in this target group.
    Registered(usize, String),
    /// The connections of so many tasks are given time to end.
    Draining(usize),
    /// So many targets were deregistered from this target group.
    Deregistered(usize, String),
    /// A target on this instance, with this port and in this target group, fails its health checks.
    Unhealthy(String, i64, String),
}

/// Why a task found no room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Closest {
    NoInstance,
    /// This one has the most room, and too little memory.
    Memory(String),
    /// This one has the most room, and too little CPU.
    Cpu(String),
    /// The placement constraints allow none of the instances, this one neither.
    Constraint(String),
}

impl Closest {
    /// The instance with the most memory left, and what it lacks.
    pub(super) fn of<'a>(
        instances: impl Iterator<Item = &'a ContainerInstance>,
        size: Resources,
        rules: &PlaceRules,
    ) -> Closest {
        let closest = instances.max_by_key(|one| (rules.allow(one), one.remaining.memory, one.remaining.cpu));
        let Some(one) = closest else {
            return Closest::NoInstance;
        };
        let id = crate::scope::short(&one.arn).to_owned();
        if !rules.allow(one) {
            return Closest::Constraint(id);
        }
        match one.remaining.memory < size.memory {
            true => Closest::Memory(id),
            false => Closest::Cpu(id),
        }
    }
}

impl Reported {
    /// The event for a service with so many failed tasks in a row, if there are enough of them.
    pub(super) fn failing(failures: u32) -> Option<Reported> {
        (failures >= FAILURES).then_some(Reported::Failing)
    }

    fn message(&self, service: &str) -> String {
        let tasks = |arns: &[String]| {
            let named = arns
                .iter()
                .map(|arn| format!(" (task {})", crate::scope::short(arn)));
            named.collect::<String>()
        };
        let no_room = "was unable to place a task because no container instance met all of its requirements.";
        let lacks = |id: &str, what: &str| {
            format!(
                "{no_room} The closest matching (container-instance {id}) has insufficient {what} available."
            )
        };
        let text = match self {
            Reported::Started(arns) => format!("has started {} tasks:{}.", arns.len(), tasks(arns)),
            Reported::Stopped(arns) => format!("has stopped {} running tasks:{}.", arns.len(), tasks(arns)),
            Reported::Steady => "has reached a steady state.".to_owned(),
            Reported::NoRoom(Closest::NoInstance) => {
                format!("{no_room} Reason: No Container Instances were found in your cluster.")
            }
            Reported::NoRoom(Closest::Memory(id)) => lacks(id, "memory"),
            Reported::NoRoom(Closest::Cpu(id)) => lacks(id, "CPU units"),
            Reported::NoRoom(Closest::Constraint(id)) => format!(
                "{no_room} The closest matching (container-instance {id}) encountered error \"MemberOf placement \
                 constraint unsatisfied.\"."
            ),
            Reported::Blocked => "was unable to stop or start tasks during a deployment because of the service \
                deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again."
                .to_owned(),
            Reported::Protected(count) => {
                format!("was unable to scale in due to (reason {count} tasks under protection)")
            }
            Reported::Failing => "is unable to consistently start tasks successfully.".to_owned(),
            Reported::NotStarted(reason) => format!("was unable to place a task. Reason: {reason}."),
            Reported::Broken(id) => {
                return format!("(service {service}) (deployment {id}) deployment failed: tasks failed to start.");
            }
            Reported::Registered(count, group) => format!("registered {count} targets in (target-group {group})"),
            Reported::Draining(count) => format!("has begun draining connections on {count} tasks."),
            Reported::Deregistered(count, group) => {
                format!("deregistered {count} targets in (target-group {group})")
            }
            Reported::Unhealthy(host, port, group) => format!(
                "(instance {host}) (port {port}) is unhealthy in (target-group {group}) due to (reason Health checks \
                 failed)"
            ),
        };
        format!("(service {service}) {text}")
    }
}

/// The last events of a service.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServiceEvents {
    newest_first: VecDeque<ServiceEvent>,
    count: u64,
}

#[derive(Clone, Debug)]
struct ServiceEvent {
    number: u64,
    at: Timestamp,
    steady: bool,
    message: String,
}

impl ServiceEvents {
    /// Adds an event, unless it was added a while ago and its cause has persisted since.
    pub(super) fn tell(&mut self, now: Timestamp, service: &str, reported: &Reported) {
        let message = reported.message(service);
        let steady = *reported == Reported::Steady;
        if self.is_known(now, &message, steady) {
            return;
        }
        self.count += 1;
        self.newest_first.push_front(ServiceEvent {
            number: self.count,
            at: now,
            steady,
            message,
        });
        self.newest_first.truncate(SHOWN_MAX);
    }

    /// Returns whether the event was added since the last steady state, that one included.
    fn is_known(&self, now: Timestamp, message: &str, steady: bool) -> bool {
        let fresh = |event: &ServiceEvent| now.duration_since(event.at) < REPEATED_AFTER;
        for event in self.newest_first.iter().filter(|event| fresh(event)) {
            if event.message == message {
                return true;
            }
            // A steady state ends the event before it, and any event after one ends the steady state.
            if event.steady || steady {
                return false;
            }
        }
        false
    }

    /// As the API writes them.
    pub(super) fn described(&self, service_arn: &str) -> Value {
        let one = |event: &ServiceEvent| {
            json!({
                "id": id(service_arn, event.number),
                "createdAt": seconds(event.at),
                "message": event.message,
            })
        };
        self.newest_first.iter().map(one).collect()
    }
}

/// An id that looks like the UUIDs of ECS. It is unique in one service.
fn id(service_arn: &str, number: u64) -> String {
    let service = service_arn.bytes().fold(0xcbf2_9ce4_u32, |sum, byte| {
        (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("{service:08x}-0000-4000-8000-{number:012x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    fn messages(events: &ServiceEvents) -> Vec<String> {
        let shown = events.described("arn:service/web");
        let text = |event: &Value| event["message"].as_str().unwrap().to_owned();
        shown.as_array().unwrap().iter().map(text).collect()
    }

    #[test]
    fn the_words_are_those_of_ecs() {
        let arn = |id: &str| format!("arn:aws:ecs:eu-west-1:1:task/prod/{id}");
        let instance = || "0a1b".to_owned();
        let group = || "arn:tg".to_owned();
        let no_room = "was unable to place a task because no container instance met all of its requirements.";
        let closest = format!("{no_room} The closest matching (container-instance 0a1b)");
        let no_memory = format!("{closest} has insufficient memory available.");
        let no_cpu = format!("{closest} has insufficient CPU units available.");
        let no_instance = format!("{no_room} Reason: No Container Instances were found in your cluster.");
        let unsatisfied =
            format!("{closest} encountered error \"MemberOf placement constraint unsatisfied.\".");
        for (reported, words) in [
            (Reported::NoRoom(Closest::Memory(instance())), no_memory.as_str()),
            (Reported::NoRoom(Closest::Cpu(instance())), &no_cpu),
            (Reported::NoRoom(Closest::NoInstance), &no_instance),
            (Reported::NoRoom(Closest::Constraint(instance())), &unsatisfied),
            (Reported::Steady, "has reached a steady state."),
            (
                Reported::Started(vec![arn("a"), arn("b")]),
                "has started 2 tasks: (task a) (task b).",
            ),
            (
                Reported::Stopped(vec![arn("a")]),
                "has stopped 1 running tasks: (task a).",
            ),
            (
                Reported::NotStarted("CannotPullContainerError: pull access denied".to_owned()),
                "was unable to place a task. Reason: CannotPullContainerError: pull access denied.",
            ),
            (
                Reported::Broken("ecs-svc/1".to_owned()),
                "(deployment ecs-svc/1) deployment failed: tasks failed to start.",
            ),
            (
                Reported::Registered(2, group()),
                "registered 2 targets in (target-group arn:tg)",
            ),
            (
                Reported::Draining(2),
                "has begun draining connections on 2 tasks.",
            ),
            (
                Reported::Deregistered(2, group()),
                "deregistered 2 targets in (target-group arn:tg)",
            ),
            (
                Reported::Unhealthy("i-1".to_owned(), 80, group()),
                "(instance i-1) (port 80) is unhealthy in (target-group arn:tg) due to (reason Health checks failed)",
            ),
            (
                Reported::Blocked,
                "was unable to stop or start tasks during a deployment because of the service deployment \
                 configuration. Update the minimumHealthyPercent or maximumPercent value and try again.",
            ),
            (
                Reported::Protected(3),
                "was unable to scale in due to (reason 3 tasks under protection)",
            ),
            (
                Reported::Failing,
                "is unable to consistently start tasks successfully.",
            ),
        ] {
            assert_eq!(reported.message("web"), format!("(service web) {words}"));
        }
    }

    #[test]
    fn what_was_reported_is_reported_again_after_six_hours_or_a_steady_state() {
        let mut events = ServiceEvents::default();
        let mut reported = |minutes, reported: &Reported| {
            events.tell(at(minutes), "web", reported);
            events.newest_first.len()
        };
        assert_eq!(reported(0, &Reported::Blocked), 1);
        assert_eq!(reported(10, &Reported::Blocked), 1);
        assert_eq!(reported(11, &Reported::Failing), 2);
        // Another one between is no end of the cause.
        assert_eq!(reported(359, &Reported::Blocked), 2);
        assert_eq!(reported(361, &Reported::Blocked), 3);
        assert_eq!(reported(362, &Reported::Steady), 4);
        assert_eq!(reported(363, &Reported::Steady), 4);
        assert_eq!(reported(364, &Reported::Blocked), 5);
        assert_eq!(reported(365, &Reported::Steady), 6, "it was left in between");
    }

    #[test]
    fn the_newest_hundred_are_shown_each_with_an_id_of_its_own() {
        let mut events = ServiceEvents::default();
        for number in 0..150 {
            events.tell(at(number), "web", &Reported::Started(vec![number.to_string()]));
        }
        let shown = events.described("arn:service/web");
        assert_eq!(shown.as_array().unwrap().len(), SHOWN_MAX);
        assert!(messages(&events)[0].contains("(task 149)"));
        let ids = shown
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["id"].to_string());
        assert_eq!(ids.collect::<std::collections::BTreeSet<_>>().len(), SHOWN_MAX);
    }
}
