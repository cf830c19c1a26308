//! A run, line by line, for people.

use std::any::Any;
use std::fmt::Write;

use crate::model::{Caller, Fact, HookEnd, HostId, Observer, TaskId, World};
use crate::scenario::Ms;
use crate::shared_text;

/// Writes down what happens.
#[derive(Debug, Default)]
pub struct Transcript {
    text: String,
    calls: bool,
}

impl Transcript {
    /// Every fact, and every API call.
    #[must_use]
    pub fn with_calls() -> Transcript {
        Transcript {
            calls: true,
            ..Transcript::default()
        }
    }

    /// What was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Observer for Transcript {
    fn see(&mut self, now: Ms, fact: &Fact<'_>, world: &World) {
        let line = match fact {
            Fact::Call {
                by, operation, error, ..
            } if self.calls => Some(format!(
                "{} {operation} {}",
                caller(*by, world),
                error.unwrap_or("ok")
            )),
            Fact::Runs {
                environment,
                cold,
                invocation,
            } => Some(format!(
                "function {}{} runs {:?}, try {}",
                environment.0,
                if *cold { " (cold)" } else { "" },
                invocation.source,
                invocation.tries + 1
            )),
            Fact::Ran {
                environment,
                outcome,
                billed,
                ..
            } => Some(format!(
                "function {} {outcome:?} after {billed} ms",
                environment.0
            )),
            Fact::DeadLetter { invocation } => Some(format!("dead letter {:?}", invocation.source)),
            Fact::Line { line, .. } if self.calls => Some(format!("coordinator {line}")),
            Fact::Parameter {
                name,
                text,
                version,
                by,
            } if shared_text::is_shared(name) => {
                let what = text.map_or_else(|| "deleted".to_owned(), shared_text::summary);
                Some(format!("{name} v{version} (by {}): {what}", caller(*by, world)))
            }
            Fact::EventLost { detail_type } => Some(format!("event lost: {detail_type}")),
            Fact::Recycled => Some("function: every idle environment was replaced".to_owned()),
            fact => {
                about(fact, world).map(|(host, who, what)| format!("{} {who}: {what}", world.host(host).id))
            }
        };
        if let Some(line) = line {
            let _ = writeln!(self.text, "{:>9.1} s  {line}", now as f64 / 1000.0);
        }
    }

    fn reads_metrics(&self) -> bool {
        self.calls
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// The machine that a fact is about, who of it, and what happened.
pub(crate) fn about(fact: &Fact<'_>, world: &World) -> Option<(HostId, String, String)> {
    let task_name = |id: &TaskId| {
        let task = world.task(*id);
        format!("{} #{}", task.group, id.0)
    };
    let of_task = |id: &TaskId, what: String| Some((world.task(*id).host, task_name(id), what));
    let hook = |host: &HostId, wait: &usize| format!("hook {}", world.host(*host).scaling.waits[*wait].hook);
    match fact {
        Fact::HookWaits { host, wait } => Some((*host, hook(host, wait), "waits".to_owned())),
        Fact::Heartbeat { host, wait } => Some((*host, hook(host, wait), "heartbeat".to_owned())),
        Fact::HookEnds { host, wait, how } => {
            let how = match how {
                HookEnd::Completed(by) => format!("completed by {}", caller(*by, world)),
                HookEnd::RanOut => "ran out".to_owned(),
                HookEnd::Limit => "reached its limit".to_owned(),
                HookEnd::CutShort => "was cut short".to_owned(),
            };
            Some((*host, hook(host, wait), how))
        }
        Fact::Instance {
            registration,
            status,
            by,
        } => {
            let entry = world.registration(*registration);
            let what = format!("{status} (by {})", caller(*by, world));
            Some((entry.host, format!("registration {}", registration.0), what))
        }
        Fact::Registered { registration } => {
            let host = world.registration(*registration).host;
            Some((host, format!("registration {}", registration.0), "new".to_owned()))
        }
        Fact::Agent { host, connected } => {
            let what = if *connected { "connected" } else { "disconnected" };
            Some((*host, "agent".to_owned(), what.to_owned()))
        }
        Fact::TaskNotified { task, cause } => of_task(task, format!("asked to stop ({cause:?})")),
        Fact::TaskStatus { task, status } => of_task(task, status.to_string()),
        Fact::SidecarTerm { task } => of_task(task, "SIGTERM to the sidecar".to_owned()),
        Fact::SidecarStarted { task } => of_task(task, "the sidecar starts".to_owned()),
        Fact::SidecarExit { task, code, reason } => {
            of_task(task, format!("the sidecar exits with {code}: {reason}"))
        }
        Fact::DaemonTerm { task } => of_task(task, "SIGTERM to the daemon".to_owned()),
        Fact::LinesLost { task, left } => of_task(task, format!("had {left} ms of lines to read")),
        Fact::DaemonExit { task, killed } => of_task(
            task,
            if *killed {
                "the daemon is killed"
            } else {
                "the daemon ends"
            }
            .to_owned(),
        ),
        Fact::Notice { host, .. } => Some((*host, "EC2".to_owned(), "takes it back in 2 minutes".to_owned())),
        Fact::Off { host } => Some((*host, "EC2".to_owned(), "is off".to_owned())),
        Fact::On { host } => Some((*host, "EC2".to_owned(), "is on".to_owned())),
        Fact::Ordered { host, command } => Some((*host, "operator".to_owned(), format!("orders {command}"))),
        Fact::Parameter {
            name,
            text,
            version,
            by,
        } => {
            let host = world.host_of_parameter(name)?;
            let what = text.map_or_else(|| "deleted".to_owned(), record_text);
            Some((
                host,
                format!("record v{version} (by {})", caller(*by, world)),
                what,
            ))
        }
        _ => None,
    }
}

/// A record in a few words.
fn record_text(text: &str) -> String {
    let Ok(record) = serde_json::from_str::<serde_json::Value>(text) else {
        return "not readable".to_owned();
    };
    let word = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let mut words = format!("{}, {} to go", word("state"), record["remaining"]);
    if !word("reason").is_empty() {
        let _ = write!(words, " ({})", word("reason"));
    }
    if record.get("receiptAt").is_some() {
        words.push_str(", over");
    }
    words
}

fn caller(by: Caller, world: &World) -> String {
    match by {
        Caller::Coordinator(environment) => format!("function {}", environment.0),
        Caller::Sidecar(task) => format!("sidecar {} #{}", world.task(task).group, task.0),
        Caller::Person => "a person".to_owned(),
        Caller::Service => "AWS".to_owned(),
    }
}
