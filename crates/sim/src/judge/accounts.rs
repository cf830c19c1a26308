//! What a run has cost, and what is left of it at its end.

use super::{Judge, Rule};
use crate::model::{Caller, EnvironmentId, Fact, HostId, Outcome, SidecarState, Source, TaskId, World};
use crate::scenario::{HOUR, MINUTE, Ms, SECOND, Step, What};
use crate::shared_text::is_beacon;
use std::collections::BTreeMap;

/// An idle tick may cost so many calls, and one for each cluster, each fifty groups and each ten parameters more.
const IDLE_CALLS: u64 = 4;

/// `GetParametersByPath` answers with so many parameters at the most.
const PARAMETER_PAGE: u64 = 10;

/// A tick in which a long check of the daemons' sidecars is in progress may cost so many calls more. A check is long that
/// would not be over before the next one if each of its calls took [`CHECK_CALL_EVERY`].
const LONG_CHECK_CALLS: u64 = 4;

/// A check that is not long makes a call in every other tick.
pub(super) const CHECK_CALL_EVERY: Ms = 2 * MINUTE;

/// A small drain may cost so many calls beside the ticks'.
const DRAIN_CALLS: u64 = 40;

/// A small drain writes its record at most this many times, and once for each heartbeat.
const DRAIN_WRITES: u64 = 4;

/// A changed count is written at most once in this time, in a drain that lasts.
const COUNT_EVERY: Ms = 2 * MINUTE;

/// A wait may get so many heartbeats beside those that its time-out asks for.
const HEARTBEATS_MORE: u64 = 5;

/// From so many requests on, a share of throttled ones is significant.
const MANY_REQUESTS: u64 = 500;

/// Nothing has drained for so long: a tick is idle.
const IDLE_AFTER: Ms = 15 * MINUTE;

/// Counts.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    requests: u64,
    throttled: u64,
    coordinator: u64,
    in_ticks: u64,
    writes: u64,
    beacons: u64,
    drains: u64,
    ticks: u64,
    ticks_failed: u64,
    /// The tick that is running has logged that something failed.
    said_failed: bool,
    dead_letters: u64,
    last_activity: Ms,
    /// The most calls of an idle tick above its budget.
    idle_tick_max: u64,
    /// The most calls of the heartbeats of an idle minute.
    idle_heartbeats_max: u64,
    /// Calls of idle ticks above their budget: what long checks may cost.
    idle_excess: u64,
    /// Environments that have run a tick, and when each ran its first one. What only the one before it knew, as that a drain
    /// has its receipt, it learns then, and remembers for as long as after a drain.
    tick_environments: BTreeMap<EnvironmentId, Ms>,
    in_this_tick: u64,
    tick_runs: Option<EnvironmentId>,
    in_these_heartbeats: u64,
    heartbeats_run: Option<EnvironmentId>,
    /// Runs of the schedule that are in progress, and how often one began while another was in progress.
    ticks_running: u32,
    overlaps: u64,
    idle: bool,
    heartbeats: u64,
    too_many_heartbeats: bool,
    sidecar_reads: BTreeMap<TaskId, u32>,
}

impl Judge {
    pub(super) fn account(&mut self, now: Ms, fact: &Fact<'_>, world: &World) {
        match fact {
            Fact::HookWaits { .. } | Fact::Notice { .. } => {
                self.accounts.drains += 1;
                self.accounts.last_activity = now;
            }
            Fact::Instance { .. }
            | Fact::Agent { .. }
            | Fact::TaskStatus { .. }
            | Fact::HookEnds { .. }
            | Fact::Off { .. }
            | Fact::Recycled
            | Fact::Ordered { .. } => self.accounts.last_activity = now,
            Fact::Parameter {
                name, text: Some(_), ..
            } => match is_beacon(name) {
                true => self.accounts.beacons += 1,
                false => self.accounts.last_activity = now,
            },
            Fact::SidecarStarted { task } => {
                self.accounts.sidecar_reads.insert(*task, 0);
            }
            Fact::Call {
                by, operation, error, ..
            } => self.account_call(now, *by, operation, *error, world),
            Fact::Runs {
                environment,
                invocation,
                ..
            } if invocation.source == Source::Tick => {
                self.accounts.overlaps += u64::from(self.accounts.ticks_running > 0);
                self.accounts.ticks_running += 1;
                self.accounts.tick_runs = Some(*environment);
                let environments = &mut self.accounts.tick_environments;
                let first = *environments.entry(*environment).or_insert(now);
                self.accounts.in_this_tick = 0;
                self.accounts.said_failed = false;
                let rested = now - self.accounts.last_activity.max(first) > IDLE_AFTER;
                self.accounts.idle = rested && world.is_quiet() && !self.is_holding(world);
            }
            Fact::Ran {
                environment,
                invocation,
                outcome,
                ..
            } if invocation.source == Source::Tick => {
                let idle_budget = self.idle_budget(world);
                let accounts = &mut self.accounts;
                accounts.ticks += 1;
                accounts.ticks_running = accounts.ticks_running.saturating_sub(1);
                accounts.ticks_failed += u64::from(*outcome != Outcome::Answered || accounts.said_failed);
                accounts.in_ticks += accounts.in_this_tick;
                if accounts.tick_runs == Some(*environment) {
                    accounts.tick_runs = None;
                }
                if accounts.idle {
                    let calls = accounts.in_this_tick;
                    accounts.idle_tick_max = accounts.idle_tick_max.max(calls.saturating_sub(idle_budget));
                    accounts.idle_excess += calls.saturating_sub(idle_budget);
                    let heartbeats = accounts.in_these_heartbeats;
                    accounts.idle_heartbeats_max = accounts.idle_heartbeats_max.max(heartbeats);
                }
            }
            Fact::Runs {
                environment,
                invocation,
                ..
            } if invocation.source == Source::Heartbeats => {
                self.accounts.heartbeats_run = Some(*environment);
                self.accounts.in_these_heartbeats = 0;
            }
            Fact::Ran { invocation, .. } if invocation.source == Source::Heartbeats => {
                self.accounts.in_ticks += self.accounts.in_these_heartbeats;
            }
            // A batch of a FIFO queue is answered with success, whatever has failed in it.
            Fact::Line { environment, line } if line.contains("\"event\":\"failed\"") => {
                self.accounts.said_failed |= self.accounts.tick_runs == Some(*environment);
            }
            Fact::Heartbeat { .. } => self.accounts.heartbeats += 1,
            Fact::DeadLetter { .. } => self.accounts.dead_letters += 1,
            _ => {}
        }
    }

    fn account_call(&mut self, now: Ms, by: Caller, operation: &str, error: Option<&str>, world: &World) {
        let accounts = &mut self.accounts;
        let throttled = matches!(error, Some("ThrottlingException" | "Throttling"));
        match by {
            Caller::Coordinator(environment) => {
                accounts.requests += 1;
                accounts.throttled += u64::from(throttled);
                accounts.coordinator += 1;
                accounts.writes += u64::from(operation == "PutParameter" && !throttled);
                accounts.in_this_tick += u64::from(accounts.tick_runs == Some(environment));
                accounts.in_these_heartbeats += u64::from(accounts.heartbeats_run == Some(environment));
            }
            Caller::Sidecar(task) => {
                accounts.requests += 1;
                accounts.throttled += u64::from(throttled);
                let Some(daemon) = world.task(task).with_sidecar() else {
                    return;
                };
                let before = daemon.sidecar_term.is_none();
                let reads = accounts.sidecar_reads.entry(task).or_default();
                // A self-check that has failed is repeated, and one that has passed is not.
                let passed = before && *reads > 0;
                *reads += u32::from(before && error.is_none());
                let host = world.task(task).host;
                if passed {
                    let what = "a sidecar read again before SIGTERM".to_owned();
                    self.break_rule(Rule::SidecarCalls, now, Some(host), world, what);
                }
                if !operation.starts_with("GetParameter") {
                    let what = format!("a sidecar called {operation}");
                    self.break_rule(Rule::SidecarCalls, now, Some(host), world, what);
                }
            }
            Caller::Person | Caller::Service => {}
        }
    }

    /// What is judged when nothing is in progress any more.
    pub(super) fn judge_what_is_left(&mut self, now: Ms, world: &World) {
        for (index, host) in world.hosts().iter().enumerate() {
            let id = crate::model::HostId(index as u32);
            if host.on {
                self.judge_sidecars(now, id, world);
                self.judge_hold(now, id, world);
            }
        }
        let idle = now.saturating_sub(self.accounts.last_activity);
        if idle >= HOUR {
            let gone = |name: &&String| {
                let host = name
                    .rfind("i-")
                    .and_then(|at| crate::model::instance_number(&name[at..]));
                host.and_then(|host| world.hosts().get(host.0 as usize))
                    .is_some_and(|host| !host.on)
            };
            let left = world.parameter_names().filter(gone).count();
            if left > 0 && self.expected.all_well {
                let what = format!("records left over an hour after the last drain: {left}");
                self.break_rule(Rule::LeftOver, now, None, world, what);
            }
        }
    }

    /// Sidecars that hold at the end of the run.
    fn judge_sidecars(&mut self, now: Ms, host: crate::model::HostId, world: &World) {
        for id in world.tasks_of(host) {
            let Some(daemon) = world.task(id).with_sidecar() else {
                continue;
            };
            let (SidecarState::Runs(_), Some(term)) = (daemon.sidecar, daemon.sidecar_term) else {
                continue;
            };
            if now - term > self.expected.max_hold + MINUTE {
                let what = format!("a sidecar has held for {} s", (now - term) / SECOND);
                self.break_rule(Rule::HeldTooLong, now, Some(host), world, what);
            }
            let ordered = self.release_all.map(|since| since.max(term));
            if ordered.is_some_and(|since| now - since > 4 * MINUTE) {
                let what = "release-all does not reach a sidecar".to_owned();
                self.break_rule(Rule::SwitchIgnored, now, Some(host), world, what);
            }
        }
    }

    /// A hook of ours waits at the end of the run: for too long, or without a hold.
    fn judge_hold(&mut self, now: Ms, host: crate::model::HostId, world: &World) {
        let Some(watch) = self.hosts.get(&host) else {
            return;
        };
        let Some(began) = watch.began else { return };
        let held = watch.held.is_some();
        let bound = self.expected.max_drain + self.expected.flush() + 4 * MINUTE;
        let free =
            self.expected.holds_at_deadline || watch.ordered_hold || !self.expected.is_well(began, now);
        let oldest = world.host(host).scaling.our_waits().map(|wait| wait.since).min();
        let too_long = oldest.is_some_and(|since| now - since > bound);
        let waits = oldest.is_some();
        let holds = !self.holding(world, host).is_empty();
        let placed = !world.host(host).registrations.is_empty();
        let ours = self.is_ours(world, host) || !placed;
        let well = self.expected.is_well(began, now) && !self.observes && ours;
        let drains = world.host(host).present().is_some_and(|id| {
            let status = world.registration(id).status;
            status == crate::model::InstanceStatus::Draining
        });
        if drains && !waits && holds && !held && well && now - began > 5 * MINUTE {
            let what = "an instance is DRAINING, and no hold was ever written".to_owned();
            self.break_rule(Rule::LateHold, now, Some(host), world, what);
        }
        if waits && holds && !held && well && now - began > 5 * MINUTE {
            let what = "a hook waits, and no hold was ever written".to_owned();
            self.break_rule(Rule::LateHold, now, Some(host), world, what);
        }
        if too_long && !free && well {
            let what = "a hook still waits, long after the longest drain".to_owned();
            self.break_rule(Rule::HeldTooLong, now, Some(host), world, what);
        }
    }

    /// A wait gets no more heartbeats than four in each of its time-outs, and a few. Short hooks need one every tick.
    pub(super) fn judge_heartbeats(&mut self, now: Ms, host: HostId, wait: usize, world: &World) {
        let sent = self
            .hosts
            .get(&host)
            .and_then(|watch| watch.heartbeats.get(&wait));
        let sent = sent.copied().unwrap_or_default();
        let entry = &world.host(host).scaling;
        let hooks = entry.group.map(|group| &world.groups()[group].hooks);
        let shortest = hooks.into_iter().flatten().map(|hook| hook.heartbeat).min();
        let every = shortest.unwrap_or(MINUTE).max(4 * MINUTE) / 4;
        let due = (now - entry.waits[wait].since) / every + HEARTBEATS_MORE;
        let well = self.expected.all_well && self.expected.plain;
        // One violation among many is enough to report.
        if sent > due && well && !std::mem::replace(&mut self.accounts.too_many_heartbeats, true) {
            let what = format!("{sent} heartbeats for a wait that needed {due} at the most");
            self.break_rule(Rule::Budget, now, Some(host), world, what);
        }
    }

    /// Returns whether a drain is in progress, whatever its tasks do: a record says that it holds, or none could be written.
    fn is_holding(&self, world: &World) -> bool {
        self.hosts.iter().any(|(host, watch)| match &watch.record {
            Some((_, released)) => !released,
            // Without a record a dry run begins each drain again and again.
            None => {
                watch.draining.is_some() && (self.expected.dry_run || !self.holding(world, *host).is_empty())
            }
        })
    }

    /// What an idle tick may cost. One without `CLUSTERS` lists the clusters too.
    fn idle_budget(&self, world: &World) -> u64 {
        let clusters = world.scenario().clusters.len() as u64 + u64::from(self.expected.clusters.is_empty());
        let parameters = (world.parameter_names().count() as u64).div_ceil(PARAMETER_PAGE);
        let page = world.scenario().aws.page.max(1);
        let draining = world.scenario().clusters.iter().map(|cluster| {
            let listed = world.list_instances(&cluster.name, &[], Some("DRAINING"), false);
            (listed.map_or(0, |listed| listed.len()).div_ceil(page) as u64).saturating_sub(1)
        });
        let more = [clusters, self.group_calls(), parameters];
        let more: u64 = more.into_iter().map(|calls| calls.saturating_sub(1)).sum();
        IDLE_CALLS + more + draining.sum::<u64>()
    }

    /// The calls of a listing of the groups.
    fn group_calls(&self) -> u64 {
        (self.expected.groups as u64).div_ceil(50).max(1)
    }

    /// What all long checks of a run may cost beside the budget of idle ticks: a round in each environment when one is due.
    fn check_budget(&self, now: Ms, world: &World) -> u64 {
        let every = self.expected.unprotected_check;
        let round = round_of_check(world);
        if every == 0 || round * CHECK_CALL_EVERY <= every {
            return 0;
        }
        let rounds = (now / every + 1) * self.accounts.tick_environments.len() as u64;
        rounds * round
    }

    /// Calls, writes, throttles and failed runs.
    pub(super) fn judge_accounts(&mut self, now: Ms, world: &World) {
        let check_budget = self.check_budget(now, world);
        let tick_max = if check_budget > 0 { LONG_CHECK_CALLS } else { 0 };
        let heartbeats_max = self.group_calls();
        let accounts = &self.accounts;
        let beside = accounts.coordinator.saturating_sub(accounts.in_ticks);
        let expected = &self.expected;
        let small = world.hosts().len() == 1 && expected.all_well && expected.plain && accounts.drains >= 1;
        let heartbeats = accounts.heartbeats;
        let failures = accounts.ticks_failed >= 2 || accounts.dead_letters > 0;
        let share = accounts.throttled * 100 / accounts.requests.max(1);
        let mut broken = Vec::new();
        if accounts.idle_excess > check_budget {
            broken.push((
                Rule::IdleCost,
                format!("{} calls in idle ticks beyond their budget", accounts.idle_excess),
            ));
        }
        if accounts.idle_tick_max > tick_max {
            broken.push((
                Rule::IdleCost,
                format!(
                    "{} calls in an idle tick beyond its budget",
                    accounts.idle_tick_max
                ),
            ));
        }
        if accounts.idle_heartbeats_max > heartbeats_max {
            broken.push((
                Rule::IdleCost,
                format!("{} calls in idle heartbeats", accounts.idle_heartbeats_max),
            ));
        }
        if small && beside > DRAIN_CALLS + 2 * heartbeats {
            broken.push((
                Rule::Budget,
                format!("{beside} calls for one drain, beside the ticks'"),
            ));
        }
        let fleet = world.hosts().len() > 1 && expected.is_well(0, now) && expected.plain;
        if fleet && beside > DRAIN_CALLS * accounts.drains + 2 * heartbeats {
            let what = format!("{beside} calls for {} drains, beside the ticks'", accounts.drains);
            broken.push((Rule::Budget, what));
        }
        let counts = accounts.last_activity / COUNT_EVERY;
        // A hook whose event comes later is one more thing to write down.
        let hooks = world
            .hosts()
            .iter()
            .map(|host| host.scaling.waits.iter().filter(|wait| wait.ours).count());
        let more = (hooks.sum::<usize>() as u64).saturating_sub(1);
        let writes = accounts.writes.saturating_sub(accounts.beacons);
        if small && writes > DRAIN_WRITES + counts + heartbeats + more {
            broken.push((Rule::Budget, format!("{writes} writes for one drain")));
        }
        if self.expected.all_well && accounts.requests >= MANY_REQUESTS && share > 5 {
            broken.push((
                Rule::Throttled,
                format!("{share} % of {} requests", accounts.requests),
            ));
        }
        if accounts.overlaps > 0 {
            broken.push((
                Rule::TicksOverlap,
                format!(
                    "runs of the schedule that began while another went on: {}",
                    accounts.overlaps
                ),
            ));
        }
        if self.expected.is_well(0, now) && failures && !expected.refuses_stops {
            broken.push((
                Rule::RunsFail,
                format!(
                    "{} of {} ticks failed, {} events given up",
                    accounts.ticks_failed, accounts.ticks, accounts.dead_letters
                ),
            ));
        }
        for (rule, what) in broken {
            self.break_rule(rule, now, None, world, what);
        }
    }
}

/// The calls of one check: it lists the daemon services of each cluster and their tasks, and describes those.
pub(super) fn round_of_check(world: &World) -> u64 {
    let scenario = world.scenario();
    let page = scenario.aws.page.max(1);
    let services = scenario.services.len();
    let hosts = scenario.hosts.len();
    // A service that is made again as a DAEMON service is listed with the tasks that it had before.
    let tasks = |service: usize| {
        let is_remade = |step: &Step| matches!(step.what, What::RemakeService(one) if one == service);
        let all = scenario.hosts.iter().flat_map(|host| &host.tasks);
        let before = all.filter(|task| task.service == Some(service)).count();
        match scenario.steps.iter().any(is_remade) {
            true => before.max(hosts),
            false => hosts,
        }
    };
    let pages: usize = (0..services).map(|service| tasks(service) / page + 1).sum();
    let lists = services / page + 1 + pages;
    (scenario.clusters.len() * (lists + 1) + services * hosts / 100) as u64
}
