//! Records, receipts and log lines: whether they are true.

use serde_json::Value;

use super::accounts::{CHECK_CALL_EVERY, round_of_check};
use super::expectations::Memory;
use super::{Judge, Rule};
use crate::model::{
    Caller, Cause, DaemonState, HostId, SidecarState, Task, TaskId, World, instance_number, moment,
};
use crate::shared_text::{is_shared, members};

use crate::scenario::{Kind, MINUTE, Ms, SECOND};

/// A shared record that another writer has overwritten is repaired within this.
const PUT_RIGHT_WITHIN: Ms = 5 * SECOND;

/// ECS gets the report of a container that has ended within this.
const UNSEEN_MAX: Ms = 30 * SECOND;

/// A sidecar that cannot read its record is UNHEALTHY to ECS after this: its health check has failed three times by then.
const UNHEALTHY_SEEN_AFTER: Ms = 3 * MINUTE + UNSEEN_MAX;

/// A check that is due makes its first call within this.
const CHECKED_WITHIN: Ms = 3 * MINUTE;

impl Judge {
    pub(super) fn record_name(&self, world: &World, host: HostId) -> Option<String> {
        let registration = world.registration(world.host(host).present()?);
        let cluster = &world.scenario().clusters[registration.cluster].name;
        Some(format!("/ecs-daemon-protector/{cluster}/{}", world.host(host).id))
    }

    pub(super) fn parameter(&mut self, now: Ms, name: &str, text: Option<&str>, by: Caller, world: &World) {
        if name.ends_with("/control") {
            return self.control(now, text);
        }
        self.judge_missing(now, world);
        if is_shared(name) {
            return self.shared(now, name, text, world);
        }
        let Some(host) = world.host_of_parameter(name) else {
            return;
        };
        let Some(text) = text else {
            let watch = self.watch(host);
            (watch.own_released, watch.own_holds) = (false, None);
            return self.deleted(now, host, world);
        };
        let Ok(record) = serde_json::from_str::<Value>(text) else {
            return;
        };
        // An empty one whose capacity provider cannot be described looks like any other.
        let unclear = self.holding(world, host).is_empty() && !self.expected.is_well(now, now);
        if matches!(by, Caller::Coordinator(_)) && world.host(host).kind != Kind::Ec2 && !unclear {
            let what = "a record of a machine that is no EC2 instance of a group".to_owned();
            self.break_rule(Rule::NotOurs, now, Some(host), world, what);
        }
        let released = record["state"] == "released";
        let began = began(&record);
        let watch = self.watch(host);
        watch.own_released = released;
        watch.own_holds = began.filter(|_| !released);
        watch.missing = None;
        watch.others_wrote = watch.writer.replace(by).is_some_and(|before| before != by);
        // A sidecar reads both, and obeys a release in either.
        if watch.own_holds.is_some() && watch.drain_began == began && self.shared_releases(host) {
            return;
        }
        self.written(now, host, &record, world);
    }

    /// A text names the version on which it is based. One that names an earlier one than its own writer has made since has
    /// every reader read what it includes.
    pub(super) fn judge_basis(
        &mut self,
        now: Ms,
        name: &str,
        written: Option<(&str, i64)>,
        by: Caller,
        world: &World,
    ) {
        let Some((text, version)) = written else {
            self.writers.remove(name);
            return;
        };
        let writers = self.writers.entry(name.to_owned()).or_default();
        writers.insert(version, by);
        let record: Value = serde_json::from_str(text).unwrap_or_default();
        let Some(based_on) = record["basedOn"].as_i64() else {
            return;
        };
        let between: Vec<Caller> = ((based_on + 1)..version)
            .map(|version| writers.get(&version).copied().unwrap_or(Caller::Person))
            .collect();
        let own = !between.is_empty() && between.iter().all(|writer| *writer == by);
        if own && self.expected.all_well {
            let what = format!(
                "version {version} of {name} says that it is based on {based_on}, and no other writer was there"
            );
            self.break_rule(Rule::FalseBasis, now, None, world, what);
        }
    }

    /// Returns whether a shared record says that the present drain of this machine is released.
    pub(super) fn shared_releases(&self, host: HostId) -> bool {
        let began = self.hosts.get(&host).and_then(|watch| watch.drain_began);
        let mut notified = self.shared.values().filter_map(|drains| drains.get(&host));
        notified.any(|drain| Some(drain.started) == began && !drain.holds())
    }

    fn control(&mut self, now: Ms, text: Option<&str>) {
        let mode = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
        let mode = mode.as_ref().and_then(|value| value["mode"].as_str());
        match mode {
            Some("release-all") => {
                self.release_all.get_or_insert(now);
            }
            Some("observe") => self.observes = true,
            _ if text.is_none() || mode == Some("on") => self.release_all = None,
            // A value that no program understands changes nothing.
            _ => {}
        }
    }

    /// A shared record holds many drains: each counts as its own record would. The record of a machine counts as
    /// deleted if no shared record lists the machine any more and it has no record of its own.
    fn shared(&mut self, now: Ms, name: &str, text: Option<&str>, world: &World) {
        let notified = text.map(members).unwrap_or_default();
        let before = self.shared.insert(name.to_owned(), notified.clone());
        self.judge_held_again(now, world);
        for (host, drain) in notified {
            let watch = self.watch(host);
            watch.missing = None;
            // Of two drains the one that began later counts. What a shared record still says of the earlier one is over.
            if watch.record.is_some() && watch.drain_began.is_some_and(|began| drain.started < began) {
                continue;
            }
            let same = watch.drain_began == Some(drain.started) && watch.record.is_some();
            let was_released = same && watch.record.as_ref().is_some_and(|(_, released)| *released);
            match (was_released, drain.holds()) {
                // Sidecars that have read the release have ended. If there was more than one writer, one of them
                // repairs the record.
                (true, true) => {
                    if !self.watch(host).own_released && !self.shared_releases(host) {
                        self.watch(host).held_again.get_or_insert(now);
                    }
                    continue;
                }
                (_, false) => watch.held_again = None,
                (false, true) => {}
            }
            if self.watch(host).shared.as_ref() != Some(&drain) {
                let watch = self.watch(host);
                let record = drain.as_record(&watch.record, watch.drain_began);
                self.watch(host).shared = Some(drain);
                self.written(now, host, &record, world);
            }
        }
        for host in before.unwrap_or_default().into_keys() {
            let listed = self
                .shared
                .get(name)
                .is_some_and(|listed| listed.contains_key(&host));
            match text.is_some() && !listed {
                true => drop(self.watch(host).missing.get_or_insert(now)),
                false => self.missing(now, host, world),
            }
        }
    }

    /// A shared record does not list the machine any more. Another environment that has written over the record repairs it.
    fn judge_missing(&mut self, now: Ms, world: &World) {
        let long = |since: Ms| now.saturating_sub(since) > PUT_RIGHT_WITHIN;
        let missing = self
            .hosts
            .iter()
            .filter(|(_, watch)| watch.missing.is_some_and(long));
        let missing: Vec<HostId> = missing.map(|(host, _)| *host).collect();
        for host in missing {
            self.watch(host).missing = None;
            self.missing(now, host, world);
        }
    }

    fn missing(&mut self, now: Ms, host: HostId, world: &World) {
        self.released_no_more(now, host, world);
        let notified = self.shared.values().any(|notified| notified.contains_key(&host));
        if !notified {
            self.watch(host).shared = None;
            self.deleted(now, host, world);
        }
    }

    /// No shared record says any more that a drain is released. Its own must say so, if there is one.
    fn released_no_more(&mut self, now: Ms, host: HostId, world: &World) {
        let watch = self.watch(host);
        let released = watch.record.as_ref().is_some_and(|(_, released)| *released);
        let holds = watch.own_holds.is_some() && watch.own_holds == watch.drain_began;
        if released && holds && !self.shared_releases(host) {
            if let Some((_, released)) = &mut self.watch(host).record {
                *released = false;
            }
            let what = "a shared record no longer says released, and its own holds".to_owned();
            self.break_rule(Rule::TakenBack, now, Some(host), world, what);
        }
    }

    /// A release that was taken back, and was not repaired at once.
    pub(super) fn judge_held_again(&mut self, now: Ms, world: &World) {
        let long = |since: &Ms| now.saturating_sub(*since) > PUT_RIGHT_WITHIN;
        let hosts = self
            .hosts
            .iter()
            .filter(|(_, watch)| watch.held_again.as_ref().is_some_and(long));
        let hosts: Vec<HostId> = hosts.map(|(host, _)| *host).collect();
        for host in hosts {
            self.watch(host).held_again = None;
            let what = "the record was released, and holds again".to_owned();
            self.break_rule(Rule::TakenBack, now, Some(host), world, what);
        }
    }

    fn deleted(&mut self, now: Ms, host: HostId, world: &World) {
        let own = self
            .record_name(world, host)
            .is_some_and(|name| world.has_parameter(&name));
        if own || self.watch(host).shared.is_some() {
            return;
        }
        self.watch(host).freed = Vec::new();
        let held = self
            .watch(host)
            .record
            .take()
            .is_some_and(|(_, released)| !released);
        if held && world.host(host).on && !self.holding(world, host).is_empty() {
            let what = "the record was deleted while it held".to_owned();
            self.break_rule(Rule::TakenBack, now, Some(host), world, what);
        }
    }

    fn written(&mut self, now: Ms, host: HostId, record: &Value, world: &World) {
        let drain = record["drainId"].as_str().unwrap_or_default().to_owned();
        let released = record["state"] == "released";
        let waits = world.host(host).scaling.our_waits().next().is_some();
        let (begun, hooked) = (self.watch(host).begun, self.watch(host).hooked);
        let before = self.watch(host).record.replace((drain.clone(), released));
        let began_before = self.watch(host).drain_began;
        if let Some(began) = began(record) {
            self.watch(host).drain_began = Some(began);
        }
        let was_released = before.as_ref().is_some_and(|(_, released)| *released);
        let same = before
            .as_ref()
            .is_some_and(|(before, _)| *before == drain || is_shared_drain(before, began_before, record));
        // Its record was deleted after its release: what holds now is another drain, as of an agent that is back.
        let watch = self.watch(host);
        let of_this = |at: Ms| watch.began.is_some_and(|began| at >= began);
        let forgotten = before.is_none() && !released && watch.released.is_some_and(of_this);
        let another = forgotten || (before.is_some() && !same);
        self.watch(host).hooked = match record.get("shared") {
            // A shared record does not mention hooks: a drain has those whose events had come when it began.
            Some(_) if same => hooked,
            Some(_) => self.hears_of_hook(now, host, world),
            None => record["lifecycle"].is_object(),
        };
        self.judge_held_again(now, world);
        match same && was_released && !released {
            // One that has read what was there before the release cannot know, and repairs the record. So does another
            // environment, since no call of Parameter Store writes only what has not changed.
            true if self.expected.reads_are_stale(now) || self.watch(host).others_wrote => {
                self.watch(host).held_again.get_or_insert(now);
            }
            true => {
                let what = "the record was released, and holds again".to_owned();
                self.break_rule(Rule::TakenBack, now, Some(host), world, what);
            }
            false if released => self.watch(host).held_again = None,
            false => {}
        }
        let hook_came = waits && !hooked;
        if another && was_released && !released && !begun && !hook_came {
            let what = "a drain that was released began again, and nothing had happened".to_owned();
            self.break_rule(Rule::TakenBack, now, Some(host), world, what);
        }
        if another {
            // Another drain: what happened before it does not belong to it.
            let watch = self.watch(host);
            (watch.daemons_first, watch.released, watch.since) = (Vec::new(), None, now);
            (watch.tiers_since, watch.lost) = (None, false);
            (watch.cut_off, watch.untold, watch.left_notified) = (false, false, false);
            watch.freed = Vec::new();
            if begun || hook_came {
                watch.order_said = None;
            }
        }
        self.freed(now, host, record, world);
        // The text of an old release, written again, neither begins nor ends anything.
        if same && was_released && released {
            return;
        }
        self.watch(host).begun &= !released;
        if !released {
            let watch = self.watch(host);
            if watch.held.is_none() {
                watch.held = Some(now);
                self.judge_hold_delay(now, host, world);
            }
            return;
        }
        // A drain that begins with its release, as by an operator's order, needs no hold.
        self.watch(host).held.get_or_insert(now);
        self.released(now, host, record, world);
    }

    /// The services of one drain that may go only increase.
    fn freed(&mut self, now: Ms, host: HostId, record: &Value, world: &World) {
        if record["state"] == "released" {
            return;
        }
        let names = record["releasedServices"].as_array().into_iter().flatten();
        let names: Vec<String> = names.filter_map(Value::as_str).map(str::to_owned).collect();
        if !names.is_empty() {
            self.watch(host).tiers_since.get_or_insert(now);
        }
        let before = std::mem::replace(&mut self.watch(host).freed, names.clone());
        if let Some(service) = before.iter().find(|service| !names.contains(service)) {
            let what = format!("{service} was let go, and is held again");
            self.break_rule(Rule::TakenBack, now, Some(host), world, what);
        }
    }

    fn released(&mut self, now: Ms, host: HostId, record: &Value, world: &World) {
        let holding = self.holding(world, host).len();
        let reason = record["reason"].as_str().unwrap_or_default();
        if reason == "drained" && holding > 0 && world.host(host).on && self.is_ours(world, host) {
            let what = format!("the record says drained, holding tasks alive: {holding}");
            self.break_rule(Rule::FalseZero, now, Some(host), world, what);
        }
        let lost = self.agent_is_lost(now, world, host);
        self.watch(host).lost |= lost;
        if reason == "agent-lost" && holding > 0 && !lost && world.host(host).on && self.is_ours(world, host)
        {
            let what = format!("the record says that the agent is lost, holding tasks alive: {holding}");
            self.break_rule(Rule::FalseZero, now, Some(host), world, what);
        }
        let empty = self.watch(host).empty;
        // What ECS or Parameter Store hides, and a run that is cut short, is not seen. With tiers the deadline was decided on
        // when the first of them went.
        let decided = self.watch(host).tiers_since.unwrap_or(now);
        let settled = empty.is_some_and(|since| {
            decided >= since + self.expected.settle + self.expected.seen_within()
                && self.expected.is_well(since, now)
        });
        let phantoms = self.shows_phantoms(decided, world, host);
        if reason == "deadline" && holding == 0 && settled && !phantoms && !self.observes {
            let what = "the record says that a deadline forced it, and nothing held any more".to_owned();
            self.break_rule(Rule::FalseEvidence, now, Some(host), world, what);
        }
        self.watch(host).released = Some(now);
        self.judge_delay(now, host, reason, world);
        if reason == "drained" {
            self.judge_tiers_without_agent(now, host, world);
        }
    }

    /// Returns whether one of our hooks has waited for so long that the coordinator has heard of it.
    fn hears_of_hook(&self, now: Ms, host: HostId, world: &World) -> bool {
        let mut waits = world.host(host).scaling.our_waits();
        waits.any(|wait| {
            let longest = self.expected.held_within(self.memory(wait.since, wait.since));
            now >= wait.since + longest.unwrap_or(100 * SECOND)
        })
    }

    /// Judges how long after the drain's beginning its hold comes.
    fn judge_hold_delay(&mut self, now: Ms, host: HostId, world: &World) {
        let expected = &self.expected;
        let Some(began) = self.hosts.get(&host).and_then(|watch| watch.began) else {
            return;
        };
        let Some(longest) = expected.held_within(self.memory(began, began)) else {
            return;
        };
        let ours = self.is_ours(world, host) && !self.observes && self.release_all.is_none();
        if ours && expected.is_well(began, now) && now.saturating_sub(began) > longest {
            let what = format!(
                "the hold was written {} s after the drain began",
                (now - began) / SECOND
            );
            self.break_rule(Rule::LateHold, now, Some(host), world, what);
        }
    }

    /// Judges how long after the last task's end a release comes.
    fn judge_delay(&mut self, now: Ms, host: HostId, reason: &str, world: &World) {
        let expected = &self.expected;
        let Some(watch) = self.hosts.get(&host) else {
            return;
        };
        let (Some(empty), Some(draining)) = (watch.empty, watch.draining) else {
            return;
        };
        let tiers_wait = expected.tiers > 1 && !expected.sidecars_can_read(empty, now);
        // The receipt of a machine that is gone may be written once more.
        if reason != "drained"
            || !world.host(host).on
            || self.observes
            || tiers_wait
            || !expected.is_well(empty.saturating_sub(60 * SECOND), now)
        {
            return;
        }
        let from = empty.max(draining.max(watch.since) + expected.settle);
        // An agent that is away orders no daemon to stop, and reports none: the tiers wait for it.
        let agent = watch
            .agent_away
            .is_none_or(|(_, until)| until.is_some_and(|until| until < from));
        let from = match watch.agent_away {
            Some((_, None)) if expected.tiers > 1 => return,
            Some((_, Some(until))) if expected.tiers > 1 => from.max(until),
            _ => from,
        };
        let memory = self.memory(draining, empty);
        let Some(longest) = expected.released_within(memory) else {
            return;
        };
        // A daemon whose sidecar may not read its record stays to the end of its tier's time, and no event ends that.
        let mut daemons = world
            .tasks_of(host)
            .filter_map(|id| world.task(id).with_sidecar());
        let hear = daemons.all(|daemon| !daemon.plan.denied);
        let flush = expected.tier_within(agent && !expected.events_fail && hear) * (expected.tiers - 1);
        if now.saturating_sub(from) > longest + flush {
            let what = format!("released {} s after the last task's end", (now - from) / SECOND);
            self.break_rule(Rule::LateRelease, now, Some(host), world, what);
        }
    }

    /// What may be known no more of a drain that has been DRAINING, and empty, since then. A drain that was put off with others
    /// is looked at as late as one that settles.
    fn memory(&self, draining: Ms, empty: Ms) -> Memory {
        let lost_since = |at: Ms| self.handed_over.is_some_and(|handed_over| handed_over >= at);
        let waits = self.expected.settle.max(self.expected.linger);
        Memory {
            confirmation_lost: lost_since(draining),
            look_lost: lost_since(empty.saturating_sub(waits)),
        }
    }

    pub(super) fn line(&mut self, now: Ms, line: &str, world: &World) {
        if line.contains("\"event\":\"receipt\"") {
            self.receipt(now, line, world);
        } else if line.contains("\"event\":\"unprotected\"") {
            self.named(line);
        } else if line.contains("\"event\":\"malformed\"") {
            let what = "a message that is well-formed was called malformed".to_owned();
            self.break_rule(Rule::FalseAlarm, now, None, world, what);
        }
    }

    /// The tasks that a check names.
    fn named(&mut self, line: &str) {
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        let examples = line["examples"].as_array().into_iter().flatten();
        let tasks = examples.filter_map(|example| example["task"].as_str());
        self.named.extend(tasks.map(str::to_owned));
    }

    /// A daemon that had no sidecar for longer than between two checks is named before its drain.
    fn judge_named(&mut self, now: Ms, host: HostId, task: TaskId, world: &World) {
        let every = self.expected.unprotected_check;
        let entry = world.task(task);
        let (Some((notified, _)), Some(daemon)) = (entry.notified, entry.daemon.as_deref()) else {
            return;
        };
        let since = match daemon.sidecar {
            _ if daemon.sidecar_term.is_some() => unhealthy_since(daemon).unwrap_or(notified),
            SidecarState::Exited(at, _) => at,
            _ => daemon.placed,
        };
        let calls = round_of_check(world);
        // Until it is late; then several come in each tick.
        let lasts = (calls * CHECK_CALL_EVERY).min(every + calls * MINUTE);
        let long = notified.saturating_sub(since) > every + CHECKED_WITHIN + lasts;
        // Of a large fleet a check takes many ticks.
        let small = world.hosts().len() <= 5;
        let well = self.expected.is_well(since, notified) && small && world.host(host).agent_since <= since;
        if every > 0 && long && well && !self.named.contains(&entry.arn) {
            let minutes = (notified - since) / MINUTE;
            let what = format!(
                "daemon #{} was unprotected for {minutes} minutes, and no check has named it",
                task.0
            );
            self.break_rule(Rule::UnprotectedUnseen, now, Some(host), world, what);
        }
    }

    /// Returns whether the end of a daemon's task was there to be seen when the release was decided. One that went in the last
    /// moments before it still flushed then, and looked like one that was let go: ECS says when tasks were STOPPED, and not
    /// when a container got SIGTERM.
    fn was_seen(&self, world: &World, daemon: TaskId) -> bool {
        let task = world.task(daemon);
        let released = self.hosts.get(&task.host).and_then(|watch| watch.released);
        let outlived = |other: &Task| self.counts(other) && (other.is_alive() || other.since > task.since);
        let mut others = world.tasks_of(task.host).map(|other| world.task(other));
        !task.is_alive()
            && released.is_none_or(|released| task.since + SECOND <= released)
            && others.any(outlived)
    }

    /// A daemon of the machine that ECS stopped, and whose sidecar had been gone or UNHEALTHY for a while when the drain
    /// began. One that goes later may go between two looks.
    fn unprotected(&self, world: &World, host: HostId) -> Option<TaskId> {
        let tasks = world
            .registration(world.host(host).present()?)
            .tasks
            .iter()
            .copied();
        let is_bare = |id: &TaskId| {
            let task = world.task(*id);
            let Some((notified, Cause::Drain)) = task.notified else {
                return false;
            };
            let watch = self.hosts.get(&host);
            let began = watch.and_then(|watch| watch.began).unwrap_or(notified);
            let since = watch.map_or(0, |watch| watch.since);
            let seen = began.min(notified);
            // A stop from before belongs to an earlier drain.
            if seen != began || notified < since {
                return false;
            }
            // After the stop order ECS does not say any more that it was UNHEALTHY.
            let looked = watch
                .and_then(|watch| watch.held)
                .is_some_and(|held| held < notified);
            let gone = |daemon: &DaemonState| match daemon.sidecar {
                _ if daemon.sidecar_term.is_some() && looked => {
                    unhealthy_since(daemon).is_some_and(|at| seen > at)
                }
                _ if daemon.sidecar_term.is_some() || daemon.daemon_term.is_none() => false,
                SidecarState::Exited(at, _) => seen > at + UNSEEN_MAX,
                // One that would have started in a moment is no fault.
                SidecarState::None => daemon.plan.no_image,
                SidecarState::Starts | SidecarState::Runs(_) => false,
            };
            task.daemon
                .as_deref()
                .is_some_and(|daemon| daemon.has_sidecar() && gone(daemon))
        };
        let mut bare = tasks.filter(is_bare);
        bare.next().filter(|_| self.is_ours(world, host))
    }

    fn receipt(&mut self, now: Ms, line: &str, world: &World) {
        let Ok(receipt) = serde_json::from_str::<Value>(line) else {
            return;
        };
        let host = receipt["instance"].as_str().and_then(instance_number);
        let Some(host) = host.filter(|host| (host.0 as usize) < world.hosts().len()) else {
            return;
        };
        let forced = receipt["forced"] == true;
        let by_force = !matches!(receipt["reason"].as_str(), Some("drained" | "cancelled"));
        if forced != by_force {
            let what = "the receipt does not say that the release was forced".to_owned();
            self.break_rule(Rule::FalseEvidence, now, Some(host), world, what);
        }
        let watch = self.watch(host);
        // A new environment writes the receipt once more, about daemons that it cannot see any longer.
        watch.left_notified |= receipt["daemonsLeft"].as_u64().is_some_and(|left| left > 0);
        let (cut_off, untold) = (watch.cut_off, watch.untold && !watch.left_notified);
        // One that was cancelled before names the tasks that it let run on.
        if cut_off && !forced && receipt["reason"] != "cancelled" {
            let what = "the machine went with a task that held, and the receipt says drained".to_owned();
            self.break_rule(Rule::FalseEvidence, now, Some(host), world, what);
        }
        if untold && !forced {
            let what =
                "the machine went with a daemon never notified, and the receipt names none that was left"
                    .to_owned();
            self.break_rule(Rule::FalseEvidence, now, Some(host), world, what);
        }
        let notified = ["daemonsGoneAt", "unprotected", "notProtected"];
        let says = notified.iter().any(|word| line.contains(word));
        // What ECS hides is in no receipt.
        let well = self.hosts.get(&host).and_then(|watch| watch.began);
        let well = well.is_none_or(|began| self.expected.is_well(began, now));
        let bare = self.unprotected(world, host).filter(|_| well);
        if let Some(daemon) = bare {
            self.judge_named(now, host, daemon, world);
        }
        if let Some(daemon) = bare.filter(|_| !says) {
            let what = format!(
                "daemon #{} was unprotected before, and the receipt does not say so",
                daemon.0
            );
            self.break_rule(Rule::UnprotectedUnseen, now, Some(host), world, what);
        }
        let first = self.watch(host).daemons_first.clone();
        let went = first.into_iter().any(|daemon| self.was_seen(world, daemon));
        if went && well && !forced && !says {
            let what = "a daemon went before the tasks, and the receipt says drained, not forced".to_owned();
            self.break_rule(Rule::FalseEvidence, now, Some(host), world, what);
        }
        let started = receipt["startedAt"]
            .as_str()
            .and_then(|text| text.parse().ok())
            .map(moment);
        let began = self.watch(host).first_began();
        if let (Some(started), Some(began)) = (started, began) {
            let late = started - i64::try_from(began).unwrap_or(i64::MAX);
            // A run that is cut short may have missed that the instance was ACTIVE meanwhile.
            let seen = u64::try_from(started).is_ok_and(|started| self.expected.is_well(started, began));
            if late < -60_000 && seen {
                let what = "the receipt tells of an earlier drain".to_owned();
                self.break_rule(Rule::FalseEvidence, now, Some(host), world, what);
            }
        }
    }
}

/// When ECS knows that the sidecar, which holds blindly, is UNHEALTHY.
fn unhealthy_since(daemon: &DaemonState) -> Option<Ms> {
    let started = daemon.sidecar_started.filter(|_| daemon.plan.denied);
    started.map(|at| at + UNHEALTHY_SEEN_AFTER)
}

/// Returns whether a record is of the drain that only a shared record had, which gives a drain no name. A run that has the
/// release from a shared record makes one up, and the drain's own record gets it.
fn is_shared_drain(before: &str, began_before: Option<i64>, record: &Value) -> bool {
    let unnamed = before.starts_with("shared ") || before.starts_with("shared-");
    let renamed = record["drainId"]
        .as_str()
        .is_some_and(|id| id.starts_with("shared-"));
    (unnamed || renamed) && began_before.is_some() && began(record) == began_before
}

/// When the drain of a record began, in seconds.
fn began(record: &Value) -> Option<i64> {
    let at: jiff::Timestamp = record["startedAt"].as_str()?.parse().ok()?;
    Some(at.as_second())
}
