//! The rules, fact by fact.

use serde_json::Value;

use super::{Judge, Rule};
use crate::model::{
    Caller, Cause, DaemonState, Fact, HookEnd, HostId, InstanceStatus, Outcome, RegistrationId, SidecarState,
    Source, TaskId, TaskStatus, Wait, WaitState, World,
};
use crate::scenario::{MINUTE, Ms, SECOND};

/// Sidecars read every `pollSeconds`, and one reading may fail.
const READING: Ms = 45 * SECOND;

/// An instance that was set ACTIVE while its hook waits is set DRAINING again within this: two ticks, and the batches that
/// they wait for.
const SET_AGAIN_WITHIN: Ms = 3 * MINUTE;

impl Judge {
    pub(super) fn judge(&mut self, now: Ms, fact: &Fact<'_>, world: &World) {
        self.account(now, fact, world);
        match fact {
            Fact::HookWaits { host, wait } => self.begins_to_wait(now, *host, *wait, world),
            Fact::Heartbeat { host, wait } => {
                *self.watch(*host).heartbeats.entry(*wait).or_default() += 1;
                self.kept(now, *host, *wait, world);
            }
            Fact::Notice { host, .. } => self.begins(now, *host, world),
            Fact::Agent { host, connected } => {
                // What its instance runs is not what it was taken for.
                self.watch(*host).begun |= *connected;
                let away = &mut self.watch(*host).agent_away;
                *away = match (*connected, *away) {
                    (false, _) => Some((now, None)),
                    (true, away) => away.map(|(since, _)| (since, Some(now))),
                };
            }
            Fact::Registered { registration } => self.registered(now, *registration, world),
            Fact::Instance {
                registration,
                status,
                by,
            } => self.instance(now, *registration, *status, *by, world),
            Fact::TaskNotified { task, cause } => self.notified(now, *task, *cause, world),
            Fact::TaskStatus { task, status } => self.task(now, *task, *status, world),
            Fact::SidecarExit { task, code, .. } => self.sidecar_exit(now, *task, *code, world),
            Fact::DaemonTerm { task } => self.daemon_term(now, *task, world),
            Fact::LinesLost { task, left } => self.lines_lost(now, *task, *left, world),
            Fact::HookEnds { host, wait, how } => self.hook_ends(now, *host, *wait, *how, world),
            Fact::Off { host } => self.off(now, *host, world),
            Fact::Parameter {
                name,
                text,
                version,
                by,
            } => {
                self.judge_basis(now, name, text.map(|text| (text, *version)), *by, world);
                self.parameter(now, name, *text, *by, world);
            }
            Fact::Line { line, .. } => self.line(now, line, world),
            Fact::Ordered { host, command } => match *command {
                // It counts as soon as the record knows it, which is before its answer.
                "release" => {
                    self.watch(*host).ordered_release.get_or_insert(now);
                }
                _ => self.watch(*host).ordered_hold = true,
            },
            Fact::Ran {
                invocation,
                outcome,
                answer,
                ..
            } => match &invocation.source {
                Source::Operator(host, command) => {
                    self.answered(now, *host, command, *outcome, answer, world);
                }
                Source::Tick => {
                    self.judge_stops(now, world);
                    self.judge_orders(now, world);
                    self.judge_active(now, world);
                }
                _ => {}
            },
            Fact::Runs {
                environment,
                invocation,
                ..
            } if invocation.source != Source::Heartbeats => {
                let before = self.environment.replace(*environment);
                if before.is_some_and(|before| before != *environment) {
                    self.handed_over = Some(now);
                }
            }
            Fact::On { host } => self.watch(*host).restart(),
            _ => {}
        }
    }

    /// A wait at our hook is kept up. Even while AWS is unwell, no machine is held indefinitely.
    fn kept(&mut self, now: Ms, host: HostId, wait: usize, world: &World) {
        self.watch(host).heartbeat = now;
        let since = world.host(host).scaling.waits[wait].since;
        let watch = self.watch(host);
        let free = watch.ordered_hold || watch.kept_too_long;
        if free
            || self.expected.holds_at_deadline
            || now - since <= self.expected.kept_at_most(since, now, self.observes)
        {
            return;
        }
        self.watch(host).kept_too_long = true;
        let what = format!(
            "a heartbeat after the hook has waited for {} s",
            (now - since) / SECOND
        );
        self.break_rule(Rule::HeldTooLong, now, Some(host), world, what);
    }

    /// A machine that a person has set DRAINING registers again. Nothing drains any more if the coordinator has not heard of it.
    fn registered(&mut self, now: Ms, registration: RegistrationId, world: &World) {
        let host = world.registration(registration).host;
        let entry = world.host(host);
        let leaves = entry.scaling.our_waits().next().is_some() || entry.noticed_at.is_some();
        let watch = self.watch(host);
        if watch.held.is_none() && !leaves {
            watch.restart();
        }
        watch.begun = true;
        watch.active = now;
    }

    fn begins_to_wait(&mut self, now: Ms, host: HostId, wait: usize, world: &World) {
        if world.host(host).scaling.waits[wait].ours {
            let empty = self.holding(world, host).is_empty();
            self.begins(now, host, world);
            let watch = self.watch(host);
            watch.heartbeat = now;
            if empty {
                watch.empty.get_or_insert(now);
            }
        }
    }

    fn instance(
        &mut self,
        now: Ms,
        registration: RegistrationId,
        status: InstanceStatus,
        by: Caller,
        world: &World,
    ) {
        let host = world.registration(registration).host;
        // A registration that was left behind is drained for itself when the present one is gone.
        let left = |id: &RegistrationId| world.registration(*id).status != InstanceStatus::Inactive;
        let another = status == InstanceStatus::Inactive && world.host(host).registrations.iter().any(left);
        self.watch(host).begun |=
            another || matches!(status, InstanceStatus::Draining | InstanceStatus::Active);
        match (status, by) {
            (InstanceStatus::Draining, _) => {
                let held = self
                    .watch(host)
                    .record
                    .as_ref()
                    .is_some_and(|(_, released)| !released);
                let serves =
                    world.host(host).scaling.is_in_service() && world.host(host).noticed_at.is_none();
                if matches!(by, Caller::Coordinator(_)) && serves {
                    let what = "the coordinator set an instance DRAINING that is in service".to_owned();
                    self.break_rule(Rule::NotOurs, now, Some(host), world, what);
                }
                // The run that releases also sets what is ACTIVE then.
                let releases = self.watch(host).released.is_some_and(|at| now - at <= SECOND);
                let free = releases || self.excuse(now, world, host).is_some();
                let ours = self.is_ours(world, host) && !free;
                if matches!(by, Caller::Coordinator(_)) && ours && !held {
                    let what = "no record held when the coordinator set DRAINING".to_owned();
                    self.break_rule(Rule::DrainingBeforeRecord, now, Some(host), world, what);
                }
                let empty = self.holding(world, host).is_empty();
                self.begins(now, host, world);
                let watch = self.watch(host);
                watch.draining.get_or_insert(now);
                if empty {
                    watch.empty.get_or_insert(now);
                }
            }
            (InstanceStatus::Active, Caller::Coordinator(_)) => {
                let what = "the coordinator set an instance ACTIVE".to_owned();
                self.break_rule(Rule::NotOurs, now, Some(host), world, what);
            }
            (InstanceStatus::Active, _) => {
                let entry = world.host(host);
                // Neither a termination nor a notice is taken back by it.
                let leaves = entry.scaling.our_waits().next().is_some() || entry.noticed_at.is_some();
                match leaves {
                    // DRAINING is set again, and settles again.
                    true => self.watch(host).draining = None,
                    false => self.watch(host).undo(now),
                }
                self.watch(host).active = now;
            }
            _ => {}
        }
    }

    /// While a hook of ours waits, an instance that was set ACTIVE is set DRAINING again by the next tick or the one after.
    fn judge_active(&mut self, now: Ms, world: &World) {
        if self.observes || self.release_all.is_some() || self.expected.hosts > 20 {
            return;
        }
        let hosts: Vec<HostId> = self.hosts.keys().copied().collect();
        for host in hosts {
            let entry = world.host(host);
            let Some(wait) = entry.scaling.our_waits().map(|wait| wait.since).min() else {
                continue;
            };
            let serves = entry.present().is_some_and(|id| {
                let status = world.registration(id).status;
                self.is_watched(world, id) && status == InstanceStatus::Active
            });
            let watch = self.watch(host);
            let since = wait.max(watch.active);
            let over = watch.released.is_some() || watch.ordered_release.is_some();
            let left = serves && !over && now.saturating_sub(since) > SET_AGAIN_WITHIN;
            let well = self.expected.is_well(since, now) && self.is_ours(world, host) && world.host(host).on;
            if left && well && !std::mem::replace(&mut self.watch(host).left_active, true) {
                let what = "an instance is ACTIVE, and a hook of ours waits".to_owned();
                self.break_rule(Rule::LeftActive, now, Some(host), world, what);
            }
        }
    }

    fn notified(&mut self, now: Ms, task: TaskId, cause: Cause, world: &World) {
        if cause == Cause::Stopped && world.task(task).managed {
            let what = "StopTask on a task of a Managed Instance".to_owned();
            self.break_rule(Rule::NotOurs, now, Some(world.task(task).host), world, what);
        }
    }

    fn task(&mut self, now: Ms, task: TaskId, status: TaskStatus, world: &World) {
        let host = world.task(task).host;
        let was_empty = self.watch(host).empty.is_some();
        if status != TaskStatus::Stopped && !was_empty {
            return;
        }
        match self.holding(world, host).is_empty() {
            true if status == TaskStatus::Stopped => drop(self.watch(host).empty.get_or_insert(now)),
            true => {}
            // What comes next, as under another registration, ends too.
            false => self.watch(host).empty = None,
        }
    }

    fn daemon_term(&mut self, now: Ms, task: TaskId, world: &World) {
        self.judge_tiers(now, task, world);
        let host = world.task(task).host;
        let holding = self.holding(world, host).len();
        let drains = self.hosts.get(&host).is_some_and(|watch| watch.began.is_some());
        if holding == 0 || !drains || !self.is_ours(world, host) {
            return;
        }
        let Some(daemon) = world.task(task).daemon.as_ref() else {
            return;
        };
        // A deployment (P5), or the release of an earlier drain, let it go before this drain began. Only its agent was
        // away, and has brought its SIGTERM late.
        let watch = self.hosts.get(&host);
        let began = watch.and_then(|watch| Some(watch.began?.max(watch.since)));
        if began.is_some_and(|began| daemon.let_go().is_some_and(|at| at < began)) {
            return;
        }
        let starts = daemon.sidecar == crate::model::SidecarState::None && !daemon.plan.no_image;
        let unrecorded = self.hosts.get(&host).is_some_and(|watch| watch.held.is_none());
        let unheard = daemon
            .sidecar_term
            .is_some_and(|term| unrecorded && !self.expected.is_well(term, now));
        // One that went before the drain was first looked at was not seen to go.
        if daemon.has_sidecar() && !starts && !unheard && self.release_all.is_none() && !self.observes {
            self.watch(host).daemons_first.push(task);
        }
        let guarded = self.is_guarded(task, daemon, world);
        let given_up = daemon.sidecar_term.is_some_and(|term| {
            let longest = match unheard {
                // Without IMDS it cannot know that its instance leaves.
                true if world.host(host).imds_closed => {
                    self.expected.unknown_grace.min(self.expected.max_hold)
                }
                true => self.expected.terminating_grace.min(self.expected.max_hold),
                false => self.expected.max_hold,
            };
            now + SECOND >= term + longest
        });
        if guarded && !given_up && self.excuse(now, world, host).is_none() {
            let what = format!("daemon #{} got SIGTERM, holding tasks alive: {holding}", task.0);
            self.break_rule(Rule::DaemonBeforeTask, now, Some(host), world, what);
        }
    }

    /// Returns whether a sidecar guards the daemon. One that was killed, or refuses its settings, holds nothing: that this is
    /// seen is another rule.
    fn is_guarded(&self, task: TaskId, daemon: &DaemonState, world: &World) -> bool {
        let by_itself = matches!(world.task(task).notified, Some((_, Cause::Itself)));
        let killed = matches!(daemon.sidecar, SidecarState::Exited(_, code) if code == 137);
        let refuses = daemon.plan.wrong_setting;
        daemon.protected && !by_itself && !killed && !refuses && !self.expected.disabled
    }

    /// STOPPED is not delivered: a daemon that was held is held until it has read what tasks have written.
    fn lines_lost(&mut self, now: Ms, task: TaskId, left: Ms, world: &World) {
        let host = world.task(task).host;
        let drains = self.hosts.get(&host).is_some_and(|watch| watch.began.is_some());
        let daemon = world.task(task).daemon.as_ref();
        let held = daemon.is_some_and(|daemon| daemon.has_sidecar() && self.is_guarded(task, daemon, world));
        let free = self.excuse(now, world, host).is_some();
        if drains && held && !free && self.is_ours(world, host) {
            let what = format!("daemon #{} got SIGTERM with {left} ms of lines to read", task.0);
            self.break_rule(Rule::LinesLost, now, Some(host), world, what);
        }
    }

    fn sidecar_exit(&mut self, now: Ms, task: TaskId, code: i32, world: &World) {
        let entry = world.task(task);
        let (host, notified) = (entry.host, entry.notified);
        let Some(daemon) = entry.with_sidecar() else {
            return;
        };
        let Some(term) = daemon.sidecar_term else { return };
        let held = now - term;
        if held > self.expected.max_hold + 5 * SECOND {
            let what = format!("a sidecar held for {} s", held / SECOND);
            self.break_rule(Rule::HeldTooLong, now, Some(host), world, what);
        }
        let ordered = self.hosts.get(&host).is_some_and(|watch| watch.ordered_hold);
        // One that may not read its record hears of nothing, and cannot know that there is no drain.
        let hears = !daemon.plan.denied;
        let well = self.expected.is_well(term, now) && !ordered && !self.observes && hears;
        if matches!(code, 10 | 11) && well && self.is_ours(world, host) {
            let what = format!("a sidecar gave up with {code}, and the coordinator was there");
            self.break_rule(Rule::GaveUp, now, Some(host), world, what);
        }
        if let Some(since) = self.release_all {
            let obeyed = now.saturating_sub(since.max(term));
            let reads = self.expected.sidecars_can_read(since.max(term), now);
            if reads && obeyed > 2 * MINUTE + READING {
                let what = format!("release-all was obeyed after {} s", obeyed / SECOND);
                self.break_rule(Rule::SwitchIgnored, now, Some(host), world, what);
            }
        }
        let drains = self.hosts.get(&host).is_some_and(|watch| watch.began.is_some());
        let deployment = matches!(notified, Some((_, Cause::Deployment)));
        let reads = hears && self.expected.sidecars_can_read(term, now);
        if deployment && !drains && reads && held > self.expected.unknown_grace + 3 * SECOND {
            let what = format!("a deployment was held for {} s", held / SECOND);
            self.break_rule(Rule::DeploymentHeld, now, Some(host), world, what);
        }
    }

    fn hook_ends(&mut self, now: Ms, host: HostId, wait: usize, how: HookEnd, world: &World) {
        let entry = &world.host(host).scaling.waits[wait];
        if !entry.ours {
            if matches!(how, HookEnd::Completed(Caller::Coordinator(_))) {
                let what = format!("hook {} is another actor's, and was completed", entry.hook);
                self.break_rule(Rule::NotOurs, now, Some(host), world, what);
            }
            return;
        }
        let since = entry.since;
        let unheld = self.watch(host).held.is_none() && !self.holding(world, host).is_empty();
        let well = self.expected.is_well(since, now) && !self.observes && self.is_ours(world, host);
        if unheld && well && now - since > 5 * MINUTE {
            let what = format!(
                "the hook waited for {} s, and no hold was written",
                (now - since) / SECOND
            );
            self.break_rule(Rule::LateHold, now, Some(host), world, what);
        }
        self.judge_heartbeats(now, host, wait, world);
        match how {
            HookEnd::Completed(Caller::Coordinator(_)) => {
                self.judge_completion(now, host, since, world);
                self.watch(host).let_go = true;
                self.judge_length(now, host, since, world);
            }
            HookEnd::RanOut => {
                self.watch(host).not_let_go = true;
                let from = self.watch(host).heartbeat;
                let well = self.expected.is_well(from, now) && !self.observes && !self.expected.dry_run;
                if well {
                    let alive = self.holding(world, host).len();
                    let name = &world.host(host).scaling.waits[wait].hook;
                    let what = format!("hook {name} ran out, holding tasks alive: {alive}");
                    self.break_rule(Rule::HookRanOut, now, Some(host), world, what);
                }
            }
            HookEnd::Limit => {
                self.watch(host).not_let_go = true;
                let well = self.expected.is_well(since, now) && !self.observes && !self.expected.dry_run;
                if well {
                    let what = "the hook was heartbeaten to its limit".to_owned();
                    self.break_rule(Rule::HeldTooLong, now, Some(host), world, what);
                }
            }
            HookEnd::Completed(_) | HookEnd::CutShort => self.watch(host).not_let_go = true,
        }
    }

    /// A hook is completed after a drain of its own: while the instance takes tasks, its daemons have had none.
    fn judge_completion(&mut self, now: Ms, host: HostId, since: Ms, world: &World) {
        let drained = self
            .watch(host)
            .released
            .is_some_and(|released| released >= since);
        let present = world.host(host).present().map(|id| world.registration(id));
        let serves = present.filter(|one| one.status == InstanceStatus::Active && one.connected);
        let untold = |task: &TaskId| {
            let task = world.task(*task);
            let guarded = task
                .with_sidecar()
                .is_some_and(|daemon| matches!(daemon.sidecar, SidecarState::Runs(_)));
            guarded && task.is_alive() && task.notified.is_none()
        };
        let untold = serves.is_some_and(|one| one.tasks.iter().any(untold));
        let free = self.excuse(now, world, host).is_some() || !self.is_ours(world, host);
        if untold && !drained && !free {
            let what =
                "the hook of an instance in service was completed, and its daemons were never asked to stop";
            self.break_rule(Rule::NeverNotified, now, Some(host), world, what.to_owned());
        }
    }

    /// A drain is no longer than its deadline, its flush, and two ticks.
    pub(super) fn judge_length(&mut self, now: Ms, host: HostId, since: Ms, world: &World) {
        let expected = &self.expected;
        let bound = expected.kept_at_most(since, now, self.observes);
        let watch = self.hosts.get(&host);
        let ordered = watch.is_some_and(|watch| watch.ordered_hold);
        let free = expected.holds_at_deadline || ordered;
        if !free && now - since > bound {
            let what = format!("the hook waited for {} s", (now - since) / SECOND);
            self.break_rule(Rule::HeldTooLong, now, Some(host), world, what);
        }
    }

    /// EC2 gave notice, took the machine, and the coordinator had not written a hold.
    fn taken(&mut self, now: Ms, host: HostId, world: &World) {
        let Some(noticed) = world.host(host).noticed_at else {
            return;
        };
        let never = self.hosts.get(&host).is_none_or(|watch| watch.held.is_none());
        let holds = !self.holding(world, host).is_empty();
        if never && holds && !self.observes && self.expected.is_well(noticed, now) {
            let what = "EC2 gave notice and took the machine, and no hold was ever written".to_owned();
            self.break_rule(Rule::LateHold, now, Some(host), world, what);
        }
    }

    fn off(&mut self, now: Ms, host: HostId, world: &World) {
        if !self.is_ours(world, host) {
            return;
        }
        self.taken(now, host, world);
        let (let_go, not_let_go) = {
            let watch = self.watch(host);
            (watch.let_go, watch.not_let_go)
        };
        let holding = self.holding(world, host).len();
        // A termination is not taken back by setting the instance ACTIVE.
        let excuse = self
            .excuse(now, world, host)
            .filter(|excuse| *excuse != "cancelled");
        if let_go && !not_let_go && holding > 0 && excuse.is_none() {
            let what = format!("the hook was completed, holding tasks alive: {holding}");
            self.break_rule(Rule::LetGoWithTasks, now, Some(host), world, what);
        }
        let well = self.expected.is_well(0, now) && !self.observes && self.release_all.is_none();
        // The containers of a task that is DEPROVISIONING have ended.
        let runs = |id: &TaskId| world.task(*id).status < TaskStatus::Deprovisioning;
        let cut_off = well && self.holding(world, host).iter().any(runs);
        (self.watch(host).cut_off, self.watch(host).untold) = (cut_off, false);
        for task in world.tasks_of(host) {
            let Some(daemon) = world.task(task).with_sidecar() else {
                continue;
            };
            if daemon.daemon_end.is_some() {
                continue;
            }
            // The flush window begins with the release; ECS may stop a daemon later than that.
            let released = self.hosts.get(&host).and_then(|watch| watch.released);
            // A sidecar that has ended by itself gets no SIGTERM.
            let notified_in_time =
                daemon.sidecar_term.or(daemon.daemon_term) <= released && !daemon.plan.denied;
            // An agent that is away stops no daemon. The coordinator is not responsible for that delay.
            let entry = world.host(host);
            let agent = entry.agent && released.is_none_or(|released| entry.agent_since <= released);
            // One that may not read hears of nothing. A check names it.
            if daemon.daemon_term.is_none() && daemon.sidecar_term.is_some() && !daemon.plan.denied {
                let term = daemon.sidecar_term.unwrap_or(now);
                self.watch(host).untold |= well && self.expected.sidecars_can_read(term, now);
            }
            // If another actor deletes the hook, the machine goes, whatever the coordinator does: during the wait or
            // before it.
            let last = entry.scaling.waits.iter().rfind(|wait| wait.ours);
            let unhooked = entry.scaling.group.is_some() && entry.noticed_at.is_none();
            let deleted = last.map_or(unhooked, |wait| {
                matches!(wait.state, WaitState::Over(_, HookEnd::CutShort))
            });
            // It came when our hooks had been completed: only another actor's hook kept the machine.
            let completed_before = |wait: &Wait| matches!(wait.state, WaitState::Over(at, HookEnd::Completed(_)) if at < daemon.placed);
            let ours = entry.scaling.waits.iter().filter(|wait| wait.ours);
            let came_after =
                last.is_some() && entry.noticed_at.is_none() && ours.clone().all(completed_before);
            if deleted || came_after {
                continue;
            }
            // After a release that an operator ordered, tasks may run on, and ECS stops daemons after them.
            let ordered = self.watch(host).ordered_release.is_some();
            match daemon.daemon_term {
                None if agent
                    && !ordered
                    && daemon
                        .sidecar_term
                        .is_some_and(|term| !daemon.plan.denied && self.must_be_notified(term, now)) =>
                {
                    let what = format!("daemon #{} was held to the end, and never notified", task.0);
                    self.break_rule(Rule::NeverNotified, now, Some(host), world, what);
                }
                Some(at)
                    if let_go
                        && !not_let_go
                        && notified_in_time
                        && agent
                        && !daemon.plan.denied
                        && self.flush_is_short(at, now) =>
                {
                    let what = format!("daemon #{} had {} s for its flush", task.0, (now - at) / SECOND);
                    self.break_rule(Rule::FlushCutShort, now, Some(host), world, what);
                }
                _ => {}
            }
        }
    }

    /// Returns whether a sidecar that got SIGTERM at `term` should have released its daemon by now.
    fn must_be_notified(&self, term: Ms, now: Ms) -> bool {
        self.expected.is_well(0, now) && self.expected.sidecars_can_read(term, now) && !self.observes
    }

    /// Returns whether a flush that began at `at` is shorter than what daemons get.
    fn flush_is_short(&self, at: Ms, now: Ms) -> bool {
        let late = !self.expected.sidecars_can_read(at.saturating_sub(MINUTE), at);
        now - at < self.expected.daemon_stop && !late
    }

    /// A release that was answered is in the record, also a tick later.
    fn judge_orders(&mut self, now: Ms, world: &World) {
        let forgotten = |watch: &super::host::Watch| {
            let holds = watch.record.as_ref().is_some_and(|(_, released)| !released);
            holds && watch.order_said.is_some_and(|at| now >= at + MINUTE)
        };
        let forgotten: Vec<HostId> = self
            .hosts
            .iter()
            .filter(|(_, watch)| forgotten(watch))
            .map(|(host, _)| *host)
            .collect();
        for host in forgotten {
            self.watch(host).order_said = None;
            let what = "a release that was answered is not in the record any more".to_owned();
            self.break_rule(Rule::OrderLost, now, Some(host), world, what);
        }
        self.judge_holds(now, world);
    }

    /// An order to hold on that was answered is in the record, or a later order is, also a tick later.
    fn judge_holds(&mut self, now: Ms, world: &World) {
        let hosts: Vec<HostId> = self.hosts.keys().copied().collect();
        for host in hosts {
            let Some((at, drain)) = self.watch(host).hold_said.clone() else {
                continue;
            };
            let text = self
                .record_name(world, host)
                .and_then(|name| world.parameter(&name).map(str::to_owned));
            let record: Option<Value> = text.and_then(|text| serde_json::from_str(&text).ok());
            let Some(record) = record.filter(|_| now >= at + MINUTE) else {
                continue;
            };
            if record["drainId"] == drain.as_str() && !record["ordered"].is_object() {
                self.watch(host).hold_said = None;
                let what = "an order to hold on that was answered is not in the record any more".to_owned();
                self.break_rule(Rule::OrderLost, now, Some(host), world, what);
            }
        }
    }

    fn answered(
        &mut self,
        now: Ms,
        host: HostId,
        command: &str,
        outcome: Outcome,
        answer: &str,
        world: &World,
    ) {
        if outcome != Outcome::Answered && self.expected.is_well(now.saturating_sub(MINUTE), now) {
            let what = format!("the order to {command} was refused, and AWS was well");
            self.break_rule(Rule::OrderLost, now, Some(host), world, what);
        }
        if command != "release" {
            let holds = outcome == Outcome::Answered && answer.contains("\"verdict\":\"holding\"");
            let drain = self.watch(host).record.clone().filter(|_| holds);
            if let Some((drain, _)) = drain {
                self.watch(host).hold_said = Some((now, drain));
            }
            return;
        }
        match outcome {
            Outcome::Answered => {}
            // The order may have been carried out before.
            Outcome::Crashed | Outcome::TimedOut => return,
            _ => {
                self.watch(host).ordered_release = None;
                return;
            }
        }
        let released =
            |text: &str| text.contains("\"state\":\"released\"") || text.contains("\"releasing\":{");
        let said =
            answer.contains("\"verdict\":\"released\"") || answer.contains("\"verdict\":\"releasing\"");
        let name = self.record_name(world, host);
        if said {
            self.watch(host).order_said = Some(now);
        }
        let kept = name
            .and_then(|name| world.parameter(&name).map(released))
            .unwrap_or(false)
            || self.shared_releases(host);
        if said && !kept {
            let what = "the release was answered, and is not in the record".to_owned();
            self.break_rule(Rule::OrderLost, now, Some(host), world, what);
        }
    }
}
