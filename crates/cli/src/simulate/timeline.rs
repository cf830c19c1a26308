//! What happens to one instance, as typed moments: the page draws them.

use protector_sim::model::{
    Caller, EnvironmentId, Fact, HookEnd, HostId, InstanceStatus, Observer, TaskId, TaskStatus, World,
};
use protector_sim::scenario::Ms;
use std::any::Any;
use std::collections::BTreeMap;

/// A span on a lane; it has no end if the run ended first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    /// From.
    pub(crate) from: Ms,
    /// To.
    pub(crate) to: Option<Ms>,
}

/// One task of the instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TaskLane {
    /// `service:web #2`.
    pub(crate) name: String,
    /// When ECS ordered it to stop, and when it was STOPPED.
    pub(crate) notified: Option<Ms>,
    pub(crate) stopped: Option<Ms>,
    /// The sidecar's hold: from its SIGTERM to its exit.
    pub(crate) hold: Option<Span>,
    /// The daemon's flush: from its SIGTERM to its exit.
    pub(crate) flush: Option<Span>,
    /// When the sidecar read its record.
    pub(crate) reads: Vec<Ms>,
    pub(crate) daemon: bool,
}

/// Everything about one instance.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    host: HostId,
    /// Its id.
    pub(crate) instance: String,
    /// Hooks: the wait.
    pub(crate) hook: Option<Span>,
    /// How the wait ended.
    pub(crate) hook_end: &'static str,
    pub(crate) heartbeats: Vec<Ms>,
    /// From DRAINING to INACTIVE.
    pub(crate) draining: Option<Span>,
    /// Versions of the record: when, and whether it says released.
    pub(crate) records: Vec<(Ms, bool)>,
    /// Runs of the coordinator that asked or changed something about it.
    pub(crate) runs: Vec<Span>,
    pub(crate) tasks: BTreeMap<TaskId, TaskLane>,
    /// When the machine went off.
    pub(crate) off: Option<Ms>,
    running: BTreeMap<EnvironmentId, (Ms, bool)>,
}

impl Timeline {
    pub(crate) fn new(host: HostId) -> Timeline {
        Timeline {
            host,
            instance: String::new(),
            hook: None,
            hook_end: "",
            heartbeats: Vec::new(),
            draining: None,
            records: Vec::new(),
            runs: Vec::new(),
            tasks: BTreeMap::new(),
            off: None,
            running: BTreeMap::new(),
        }
    }

    /// Returns when the drain began.
    pub(crate) fn began(&self) -> Option<Ms> {
        let began = [self.hook.as_ref(), self.draining.as_ref()];
        began.into_iter().flatten().map(|span| span.from).min()
    }

    fn task(&mut self, task: TaskId, world: &World) -> Option<&mut TaskLane> {
        let entry = world.task(task);
        if entry.host != self.host {
            return None;
        }
        let lane = self.tasks.entry(task).or_default();
        lane.name = format!("{} #{}", entry.group.trim_start_matches("service:"), task.0);
        lane.daemon = entry.daemon_task;
        Some(lane)
    }

    fn of_task(&mut self, now: Ms, fact: &Fact<'_>, world: &World) {
        match fact {
            Fact::TaskNotified { task, .. } => {
                self.with(*task, world, |lane| lane.notified = lane.notified.or(Some(now)))
            }
            Fact::TaskStatus { task, status } if *status == TaskStatus::Stopped => {
                self.with(*task, world, |lane| lane.stopped = Some(now));
            }
            Fact::SidecarTerm { task } => self.with(*task, world, |lane| lane.hold = Some(begin(now))),
            Fact::SidecarExit { task, .. } => self.with(*task, world, |lane| end(&mut lane.hold, now)),
            Fact::DaemonTerm { task } => self.with(*task, world, |lane| lane.flush = Some(begin(now))),
            Fact::DaemonExit { task, .. } => self.with(*task, world, |lane| end(&mut lane.flush, now)),
            _ => {}
        }
    }

    fn with(&mut self, task: TaskId, world: &World, change: impl FnOnce(&mut TaskLane)) {
        if let Some(lane) = self.task(task, world) {
            change(lane);
        }
    }

    fn of_host(&mut self, now: Ms, fact: &Fact<'_>, world: &World) {
        match fact {
            Fact::HookWaits { host, .. } if *host == self.host => {
                self.instance.clone_from(&world.host(*host).id);
                self.hook = Some(begin(now));
            }
            Fact::Heartbeat { host, .. } if *host == self.host => self.heartbeats.push(now),
            Fact::HookEnds { host, how, .. } if *host == self.host => {
                end(&mut self.hook, now);
                self.hook_end = hook_end(*how);
            }
            Fact::Instance {
                registration, status, ..
            } if world.registration(*registration).host == self.host => match status {
                InstanceStatus::Draining => self.draining = Some(begin(now)),
                _ => end(&mut self.draining, now),
            },
            Fact::Off { host } if *host == self.host => self.off = Some(now),
            Fact::Parameter {
                name,
                text: Some(text),
                ..
            } if name.ends_with(world.host(self.host).id.as_str()) => {
                self.records.push((now, text.contains("\"state\":\"released\"")));
            }
            _ => {}
        }
    }

    fn of_function(&mut self, now: Ms, fact: &Fact<'_>, world: &World) {
        match fact {
            Fact::Runs { environment, .. } => drop(self.running.insert(*environment, (now, false))),
            Fact::Ran { environment, .. } => {
                if let Some((from, true)) = self.running.remove(environment) {
                    self.runs.push(Span { from, to: Some(now) });
                }
            }
            Fact::Call {
                by: Caller::Coordinator(environment),
                about: Some(host),
                ..
            } if *host == self.host => {
                if let Some(run) = self.running.get_mut(environment) {
                    run.1 = true;
                }
            }
            Fact::Call {
                by: Caller::Sidecar(task),
                ..
            } => self.with(*task, world, |lane| lane.reads.push(now)),
            _ => {}
        }
    }
}

fn hook_end(how: HookEnd) -> &'static str {
    match how {
        HookEnd::Completed(_) => "completed",
        HookEnd::RanOut => "ran out",
        HookEnd::Limit => "reached its limit",
        HookEnd::CutShort => "was cut short",
    }
}

fn begin(from: Ms) -> Span {
    Span { from, to: None }
}

fn end(span: &mut Option<Span>, now: Ms) {
    if let Some(span) = span.as_mut().filter(|span| span.to.is_none()) {
        span.to = Some(now);
    }
}

impl Observer for Timeline {
    fn see(&mut self, now: Ms, fact: &Fact<'_>, world: &World) {
        self.of_host(now, fact, world);
        self.of_task(now, fact, world);
        self.of_function(now, fact, world);
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
