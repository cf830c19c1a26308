//! Which tasks the coordinator stops, and in which order daemons go.

use super::host::is_standalone;
use super::{Judge, Rule};
use crate::model::{Cause, DaemonState, HostId, Task, TaskId, World};
use crate::scenario::{MINUTE, Ms, SECOND};

/// The coordinator stops a task within this: several ticks, for machines with many tasks.
const STOPPED_WITHIN: Ms = 5 * MINUTE;

/// An observation that began before the agent went away ends within this.
const OBSERVED_WITHIN: Ms = 10 * SECOND;

/// Sidecars of the present tier have read by then that they may go.
const READING: Ms = 45 * SECOND;

impl Judge {
    /// The coordinator stops the tasks that the settings let it stop, even if it cannot stop others.
    pub(super) fn judge_stops(&mut self, now: Ms, world: &World) {
        if !(self.expected.stops_standalone || self.expected.stop_tasks_after.is_some()) || self.observes {
            return;
        }
        let draining: Vec<(HostId, Ms)> = self
            .hosts
            .iter()
            .filter(|(_, watch)| watch.released.is_none() && !watch.not_stopped)
            .filter_map(|(host, watch)| Some((*host, watch.draining?)))
            .collect();
        for (host, draining) in draining {
            let since = |task: &Task| match self.expected.stop_tasks_after {
                _ if self.expected.stops_standalone && is_standalone(task) => Some(draining),
                after => after.map(|after| draining + after),
            };
            let forgotten = |id: &TaskId| {
                let task = world.task(*id);
                let late = since(task).is_some_and(|since| now >= since + STOPPED_WITHIN);
                late && task.notified.is_none() && !task.plan.may_not_be_stopped
            };
            let well = world.host(host).on && world.host(host).agent && self.is_ours(world, host);
            let forgotten = self
                .holding(world, host)
                .iter()
                .filter(|id| forgotten(id))
                .count();
            if well && forgotten > 0 && self.expected.is_well(draining, now) {
                self.watch(host).not_stopped = true;
                let what = format!("tasks that were to be stopped and never asked to: {forgotten}");
                self.break_rule(Rule::NotStopped, now, Some(host), world, what);
            }
        }
    }

    /// A daemon that a drain stops and that our sidecar guards, and its tier.
    fn by_tier<'a>(&self, task: &'a Task, world: &World) -> Option<(usize, &'a DaemonState)> {
        let daemon = task.daemon.as_deref()?;
        let service = &world.scenario().services[task.service?].name;
        let drains = matches!(task.notified, Some((_, Cause::Drain)));
        let guarded = daemon.has_sidecar() && daemon.protected;
        (drains && guarded).then(|| (self.expected.tier(service), daemon))
    }

    /// The last tier waits for an agent that is away, and that has still to order daemons of an earlier one to stop.
    pub(super) fn judge_tiers_without_agent(&mut self, now: Ms, host: HostId, world: &World) {
        let away = self.hosts.get(&host).and_then(|watch| watch.agent_away);
        let seen = away.is_some_and(|(since, until)| until.is_none() && now >= since + OBSERVED_WITHIN);
        let free = self.expected.tiers < 2 || self.excuse(now, world, host).is_some();
        if !seen || free || !self.is_ours(world, host) {
            return;
        }
        let last = self.expected.tiers as usize - 1;
        let waiting = world.tasks_of(host).filter(|id| {
            let daemon = self.by_tier(world.task(*id), world);
            daemon.is_some_and(|(tier, daemon)| {
                tier < last && daemon.let_go().is_some() && daemon.daemon_term.is_none()
            })
        });
        let waiting = waiting.count();
        if waiting > 0 {
            let what = format!(
                "the last tier may go, and the agent is away that is to stop {waiting} of an earlier one"
            );
            self.break_rule(Rule::TierOrder, now, Some(host), world, what);
        }
    }

    /// A daemon goes when those of earlier tiers are gone, or have had their time.
    pub(super) fn judge_tiers(&mut self, now: Ms, id: TaskId, world: &World) {
        let expected = &self.expected;
        // In a dry run no daemon is held, so there is no order.
        let ordered = expected.tiers >= 2 && !expected.dry_run && !expected.writes_refused;
        if !ordered || !expected.sidecars_can_read(now.saturating_sub(MINUTE), now) {
            return;
        }
        let task = world.task(id);
        let Some((tier, daemon)) = self.by_tier(task, world) else {
            return;
        };
        let host = task.host;
        let drains = self.hosts.get(&host).is_some_and(|watch| watch.began.is_some());
        if !drains || !self.is_ours(world, host) {
            return;
        }
        // What was released at once, by an order or since its agent was lost, has no order.
        let at_once = |watch: &super::host::Watch| watch.ordered_release.is_some() || watch.lost;
        let by_order = self.hosts.get(&host).is_some_and(at_once);
        let ordered = by_order
            || !matches!(
                self.excuse(now, world, host),
                None | Some("deadline" | "limit of the hook" | "notice")
            );
        let Some(let_go) = daemon.let_go().filter(|_| !ordered) else {
            return;
        };
        // The kill switch releases all at once, also after the deadline.
        if self.release_all.is_some_and(|since| let_go >= since) {
            return;
        }
        // What was released before its sidecar was asked to stop has no order left: its agent was away, and has brought SIGTERM
        // late.
        let released = self.hosts.get(&host).and_then(|watch| {
            let of_this_drain = |at: &Ms| watch.began.is_some_and(|began| *at >= began);
            watch.released.filter(of_this_drain)
        });
        // If EC2 takes the machine, the tiers share a minute.
        let noticed = world.host(host).noticed_at.is_some();
        let share = MINUTE / self.expected.tiers;
        let stop = match noticed {
            true => self.expected.daemon_stop.min(share),
            false => self.expected.daemon_stop,
        };
        // What is left of the two minutes then is for this tier and the later ones, whatever an earlier one has had: no order is
        // left if the run that was to release was cut short until then.
        let left = self.expected.tiers.saturating_sub(tier as u64);
        let too_late = world.host(host).noticed_at.is_some_and(|at| {
            let kept = at + 2 * MINUTE - stop * left;
            let_go >= kept && !self.expected.is_well(at, let_go)
        });
        if too_late {
            return;
        }
        let neighbours = world.registration(task.registration).tasks.iter();
        let early = neighbours
            .filter_map(|other| self.by_tier(world.task(*other), world))
            .filter(|(other, neighbour)| {
                let held = neighbour
                    .sidecar_term
                    .is_some_and(|term| let_go >= term + READING);
                // Its time begins when its sidecar lets it go. An agent that is away brings SIGTERM later.
                let begins = neighbour.let_go().or(neighbour.daemon_term);
                let had_its_time = begins.is_some_and(|begins| let_go + READING >= begins + stop);
                let hears = !neighbour.plan.denied;
                let asked = |at: Ms| neighbour.sidecar_term.is_some_and(|term| term >= at);
                let late = released.is_some_and(asked);
                *other < tier && held && hears && !late && neighbour.daemon_end.is_none() && !had_its_time
            })
            .count();
        if early > 0 {
            let what = format!(
                "daemon #{} of tier {} went, and {early} of an earlier tier had no time",
                id.0,
                tier + 1
            );
            self.break_rule(Rule::TierOrder, now, Some(host), world, what);
        }
    }
}
