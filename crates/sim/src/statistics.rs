//! What a run has cost and how long it took, counted from the facts.

use std::any::Any;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{
    Bucket, Caller, Fact, HookEnd, HostId, InstanceStatus, Observer, Outcome, Process, Source, TaskId,
    TaskStatus, World,
};
use crate::scenario::{Ms, SECOND};
use crate::shared_text::{is_beacon, is_shared, members};

/// Each task writes so many lines a second, until it ends.
const LINES_PER_SECOND: u64 = 10;

/// Counts while a world is played.
#[derive(Debug, Default)]
pub struct Statistics {
    drains: BTreeMap<HostId, Drain>,
    numbers: Numbers,
    buckets: BTreeMap<Bucket, Usage>,
    timeline: Vec<Moment>,
    watched: Option<HostId>,
}

/// Numbers of a whole run.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Numbers {
    /// Requests to AWS by the function, its retries among them.
    pub function_requests: u64,
    /// Requests to AWS by sidecars.
    pub sidecar_requests: u64,
    /// Requests that were throttled.
    pub throttled: u64,
    /// Records that were written.
    pub writes: u64,
    /// Requests by operation.
    pub operations: BTreeMap<&'static str, u64>,
    /// Invocations of the function.
    pub invocations: u64,
    /// Of these, by the schedule.
    pub ticks: u64,
    /// Invocations that failed.
    pub failed: u64,
    /// Of these, by the schedule.
    pub ticks_failed: u64,
    /// The longest run of the schedule, in milliseconds.
    pub longest_tick: Ms,
    /// Events that were given up.
    pub dead_letters: u64,
    /// Milliseconds for which the function ran.
    pub billed: Ms,
    /// Hooks of ours whose heartbeat time-out ran out.
    pub hooks_ran_out: u64,
    /// Daemons that got SIGTERM while a task that holds was alive.
    pub wrong_releases: u64,
    /// Lines that tasks wrote when the daemons of their machine had got SIGTERM.
    pub lines_lost: u64,
    /// Tasks that ran, or were still stopping, when their machine went off.
    pub tasks_killed: u64,
    /// Lines that tasks wrote during drains.
    pub lines: u64,
}

/// One machine on its way out. Moments are milliseconds since the start of the run.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Drain {
    /// The machine.
    pub instance: String,
    /// The hook began to wait, or DRAINING was set by another actor, or a notice came.
    pub began: Option<Ms>,
    /// ECS has it DRAINING.
    pub draining: Option<Ms>,
    /// The last task that holds is STOPPED.
    pub stopped: Option<Ms>,
    /// The record says released.
    pub released: Option<Ms>,
    /// The last daemon got SIGTERM.
    pub daemons_notified: Option<Ms>,
    /// The last hook was completed.
    pub completed: Option<Ms>,
    /// A hook of ours ran out.
    pub ran_out: bool,
}

/// The use of one bucket, second by second.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Requests that were let through.
    pub used: Vec<u32>,
    /// Requests that were throttled.
    pub throttled: Vec<u32>,
}

/// One line of one machine's timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Moment {
    /// The time of the step, in simulated milliseconds.
    pub at: Ms,
    /// Who: a task, the coordinator, the hook.
    pub who: String,
    /// What happened to it.
    pub what: String,
}

/// How times are spread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spread {
    /// So many values.
    pub count: usize,
    /// Half of them are not longer, in milliseconds.
    pub p50: Ms,
    /// 95 of 100.
    pub p95: Ms,
    /// 99 of 100.
    pub p99: Ms,
    /// The longest.
    pub max: Ms,
}

impl Spread {
    /// Of these values, in any order.
    #[must_use]
    pub fn of(mut values: Vec<Ms>) -> Spread {
        values.sort_unstable();
        let at = |percent: usize| {
            let rank = (values.len() * percent).div_ceil(100).max(1);
            values.get(rank - 1).copied().unwrap_or_default()
        };
        Spread {
            count: values.len(),
            p50: at(50),
            p95: at(95),
            p99: at(99),
            max: values.last().copied().unwrap_or_default(),
        }
    }
}

impl Statistics {
    /// Counts, and keeps the timeline of one machine.
    #[must_use]
    pub fn watching(host: HostId) -> Statistics {
        Statistics {
            watched: Some(host),
            ..Statistics::default()
        }
    }

    /// The numbers.
    #[must_use]
    pub fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// Every drain.
    pub fn drains(&self) -> impl Iterator<Item = &Drain> {
        self.drains.values().filter(|drain| drain.began.is_some())
    }

    /// The buckets.
    #[must_use]
    pub fn buckets(&self) -> &BTreeMap<Bucket, Usage> {
        &self.buckets
    }

    /// The timeline of the machine that is watched.
    #[must_use]
    pub fn timeline(&self) -> &[Moment] {
        &self.timeline
    }

    /// From the last STOPPED, or DRAINING if that came later, to the record's release.
    #[must_use]
    pub fn release_latencies(&self) -> Vec<Ms> {
        self.spans(|drain| Some((drain.stopped?.max(drain.draining?), drain.released?)))
    }

    /// From the last STOPPED to the last daemon's SIGTERM.
    #[must_use]
    pub fn notified_latencies(&self) -> Vec<Ms> {
        self.spans(|drain| Some((drain.stopped?, drain.daemons_notified?)))
    }

    /// From the beginning to DRAINING.
    #[must_use]
    pub fn begin_latencies(&self) -> Vec<Ms> {
        self.spans(|drain| Some((drain.began?, drain.draining?)))
    }

    /// From the beginning to the completed hook.
    #[must_use]
    pub fn whole(&self) -> Vec<Ms> {
        self.spans(|drain| Some((drain.began?, drain.completed?)))
    }

    fn spans(&self, span: impl Fn(&Drain) -> Option<(Ms, Ms)>) -> Vec<Ms> {
        let spans = self.drains.values().filter_map(span);
        spans.map(|(from, to)| to.saturating_sub(from)).collect()
    }

    fn drain(&mut self, host: HostId, world: &World) -> &mut Drain {
        self.drains.entry(host).or_insert_with(|| Drain {
            instance: world.host(host).id.clone(),
            ..Drain::default()
        })
    }

    fn call(&mut self, now: Ms, by: Caller, operation: &'static str, bucket: Bucket, error: Option<&str>) {
        match by {
            Caller::Coordinator(_) => self.numbers.function_requests += 1,
            Caller::Sidecar(_) => self.numbers.sidecar_requests += 1,
            Caller::Person | Caller::Service => return,
        }
        *self.numbers.operations.entry(operation).or_default() += 1;
        let throttled = matches!(error, Some("ThrottlingException" | "Throttling"));
        self.numbers.throttled += u64::from(throttled);
        let usage = self.buckets.entry(bucket).or_default();
        let second = usize::try_from(now / SECOND).unwrap_or(usize::MAX);
        let series = if throttled {
            &mut usage.throttled
        } else {
            &mut usage.used
        };
        if series.len() <= second {
            series.resize(second + 1, 0);
        }
        series[second] += 1;
    }

    fn daemon_notified(&mut self, now: Ms, task: TaskId, world: &World) {
        let host = world.task(task).host;
        let alive = holding(world, host).count() as u64;
        if self.drain(host, world).began.is_none() {
            return;
        }
        self.drain(host, world).daemons_notified = Some(now);
        self.numbers.wrong_releases += u64::from(alive > 0);
    }

    /// A task has ended: counts what it has written since the drain began, and whether a daemon was there to read it.
    fn ended(&mut self, now: Ms, task: TaskId, world: &World) {
        let entry = world.task(task);
        if entry.daemon_task {
            return;
        }
        let host = entry.host;
        let Some(began) = self.drain(host, world).began else {
            return;
        };
        let lines = |from: Ms| now.saturating_sub(from) * LINES_PER_SECOND / SECOND;
        self.numbers.lines += lines(began);
        let registration = world.registration(entry.registration);
        let daemons = registration
            .tasks
            .iter()
            .filter_map(|id| world.task(*id).daemon.as_ref());
        // A router reads no more when it has got SIGTERM.
        let notified = daemons.map(|daemon| daemon.daemon_term).min().flatten();
        self.numbers.lines_lost += notified.map_or(0, lines);
    }

    /// A machine goes off: what runs on it ends there.
    fn off(&mut self, now: Ms, host: HostId, world: &World) {
        if self.drain(host, world).began.is_none() {
            return;
        }
        let runs = |id: &TaskId| !world.task(*id).daemon_task && world.task(*id).process != Process::Gone;
        for task in world.tasks_of(host).filter(runs) {
            self.numbers.tasks_killed += 1;
            self.ended(now, task, world);
        }
    }

    fn moment(&mut self, now: Ms, fact: &Fact<'_>, world: &World) {
        let Some(host) = self.watched else { return };
        if let Some((_, who, what)) = crate::transcript::about(fact, world).filter(|(of, ..)| *of == host) {
            self.timeline.push(Moment { at: now, who, what });
        }
    }
}

/// The tasks of a machine that hold it: alive, and of no daemon.
fn holding(world: &World, host: HostId) -> impl Iterator<Item = TaskId> {
    let holds = move |id: &TaskId| !world.task(*id).daemon_task && world.task(*id).is_alive();
    world.tasks_of(host).filter(holds)
}

impl Observer for Statistics {
    fn see(&mut self, now: Ms, fact: &Fact<'_>, world: &World) {
        self.moment(now, fact, world);
        match fact {
            Fact::HookWaits { host, .. } | Fact::Notice { host, .. } => {
                self.drain(*host, world).began.get_or_insert(now);
            }
            Fact::Instance {
                registration, status, ..
            } if *status == InstanceStatus::Draining => {
                let host = world.registration(*registration).host;
                let drain = self.drain(host, world);
                drain.began.get_or_insert(now);
                drain.draining.get_or_insert(now);
            }
            Fact::TaskStatus { task, status } => match status {
                TaskStatus::Stopped if !world.task(*task).daemon_task => {
                    let host = world.task(*task).host;
                    self.drain(host, world).stopped = Some(now);
                }
                TaskStatus::Deprovisioning => self.ended(now, *task, world),
                _ => {}
            },
            Fact::DaemonTerm { task } => self.daemon_notified(now, *task, world),
            Fact::Parameter {
                name,
                text: Some(text),
                ..
            } => {
                self.numbers.writes += u64::from(!is_beacon(name));
                let notified = if is_shared(name) {
                    members(text)
                } else {
                    BTreeMap::new()
                };
                for (host, drain) in notified {
                    if !drain.holds() {
                        self.drain(host, world).released.get_or_insert(now);
                    }
                }
                let host = world.host_of_parameter(name);
                if let (Some(host), true) = (host, text.contains("\"state\":\"released\"")) {
                    self.drain(host, world).released.get_or_insert(now);
                }
            }
            Fact::HookEnds { host, wait, how } => {
                let ours = world.host(*host).scaling.waits[*wait].ours;
                let drain = self.drain(*host, world);
                if let HookEnd::Completed(_) = how {
                    drain.completed = Some(now);
                }
                if ours && *how == HookEnd::RanOut {
                    drain.ran_out = true;
                    self.numbers.hooks_ran_out += 1;
                }
            }
            Fact::Call {
                by,
                operation,
                bucket,
                error,
                ..
            } => self.call(now, *by, operation, *bucket, *error),
            Fact::Ran {
                invocation,
                outcome,
                billed,
                ..
            } => {
                let (tick, failed) = (invocation.source == Source::Tick, *outcome != Outcome::Answered);
                self.numbers.invocations += 1;
                self.numbers.billed += billed;
                self.numbers.ticks += u64::from(tick);
                self.numbers.failed += u64::from(failed);
                self.numbers.ticks_failed += u64::from(tick && failed);
                if tick {
                    self.numbers.longest_tick = self.numbers.longest_tick.max(*billed);
                }
            }
            Fact::DeadLetter { .. } => self.numbers.dead_letters += 1,
            Fact::Off { host } => self.off(now, *host, world),
            _ => {}
        }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let spread = Spread::of((1..=200).rev().collect());
        assert_eq!(
            (spread.count, spread.p50, spread.p95, spread.p99, spread.max),
            (200, 100, 190, 198, 200)
        );
        assert_eq!(Spread::of(Vec::new()), Spread::default());
        assert_eq!(Spread::of(vec![7]).p99, 7);
    }
}
