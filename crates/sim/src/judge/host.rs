//! What the judge knows of one machine, and which of its tasks hold it.

use std::collections::BTreeMap;

use super::Judge;
use crate::model::{Caller, HostId, InstanceStatus, Process, RegistrationId, Task, TaskId, World};
use crate::scenario::{Kind, MINUTE, Ms, SECOND};
use crate::shared_text::SharedDrain;

/// One machine, as far as it matters.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The drain began: a hook of ours waits, DRAINING, or a notice.
    pub(super) began: Option<Ms>,
    /// Its drain was undone by ACTIVE so short a time before the present one began that it may be the same: it began then,
    /// and was undone then.
    pub(super) undone: Option<(Ms, Ms)>,
    /// How many drains of it began.
    pub(super) drains: u64,
    /// The first registration became DRAINING.
    pub(super) draining: Option<Ms>,
    /// An operator has ordered the release, and was not refused.
    pub(super) ordered_release: Option<Ms>,
    /// The coordinator answered, at this time, that the daemons are released.
    pub(super) order_said: Option<Ms>,
    /// The coordinator answered, at this time, that this drain holds on as an operator asked.
    pub(super) hold_said: Option<(Ms, String)>,
    /// An operator asked to hold on, or for more time.
    pub(super) ordered_hold: bool,
    /// The record: its drain, and whether it is released.
    pub(super) record: Option<(String, bool)>,
    /// When that drain began, in seconds.
    pub(super) drain_began: Option<i64>,
    /// A shared record says since then that it is held although it was released, until the record is repaired.
    pub(super) held_again: Option<Ms>,
    /// A shared record has not listed it any more since then, and may be repaired.
    pub(super) missing: Option<Ms>,
    /// Who last wrote its own record.
    pub(super) writer: Option<Caller>,
    /// Its own record was last written by another than the time before.
    pub(super) others_wrote: bool,
    /// Its own record says that it is released.
    pub(super) own_released: bool,
    /// Its own record says of the drain that began then, in seconds, that it holds.
    pub(super) own_holds: Option<i64>,
    /// What a shared record says of it.
    pub(super) shared: Option<SharedDrain>,
    /// When the record of this drain first held, or said that it is released.
    pub(super) held: Option<Ms>,
    /// When the record of this drain was released.
    pub(super) released: Option<Ms>,
    /// No task has held since then.
    pub(super) empty: Option<Ms>,
    /// Daemons that got SIGTERM while a task held.
    pub(super) daemons_first: Vec<TaskId>,
    /// The coordinator completed its last hook.
    pub(super) let_go: bool,
    /// A hook of ours was not completed by us.
    pub(super) not_let_go: bool,
    /// The machine went with a task that held, or with a daemon that never got SIGTERM.
    pub(super) cut_off: bool,
    /// Whether it went with a daemon that never got SIGTERM.
    pub(super) untold: bool,
    /// Whether a receipt has said that daemons had not stopped.
    pub(super) left_notified: bool,
    /// Tasks that were to be stopped were not stopped. The judge reports that once.
    pub(super) not_stopped: bool,
    /// A hook was kept for too long. The judge reports that once.
    pub(super) kept_too_long: bool,
    /// Daemon services that the record of this drain has released.
    pub(super) freed: Vec<String>,
    /// When the record of this drain first released some of them.
    pub(super) tiers_since: Option<Ms>,
    /// This drain was released while its agent was lost, and is not taken back when the agent returns.
    pub(super) lost: bool,
    /// Something has begun since the record was released: a wait, DRAINING, a notice, a registration.
    pub(super) begun: bool,
    /// The last record knows a hook.
    pub(super) hooked: bool,
    /// The record speaks of its present drain since then.
    pub(super) since: Ms,
    /// Heartbeats of each wait.
    pub(super) heartbeats: BTreeMap<usize, u64>,
    /// The last heartbeat, or the beginning of the wait.
    pub(super) heartbeat: Ms,
    /// When it last became ACTIVE, or registered.
    pub(super) active: Ms,
    /// It was left ACTIVE while a hook waited. The judge reports that once.
    pub(super) left_active: bool,
    /// When its agent was last away: since when, and until when if it is back.
    pub(super) agent_away: Option<(Ms, Option<Ms>)>,
}

impl Watch {
    /// The drain is over or undone: what comes next is another one. The record of this one still exists.
    pub(super) fn restart(&mut self) {
        *self = Watch {
            drains: self.drains,
            record: self.record.take(),
            drain_began: self.drain_began,
            shared: self.shared.take(),
            held_again: self.held_again,
            missing: self.missing,
            writer: self.writer,
            own_released: self.own_released,
            own_holds: self.own_holds,
            released: self.released,
            hooked: self.hooked,
            agent_away: self.agent_away,
            begun: true,
            ..Watch::default()
        };
    }
}

/// ACTIVE is seen in two observations that are `SETTLE` apart: an event brings the first, a tick the second at the latest.
const SEEN_ACTIVE_WITHIN: Ms = 90 * SECOND;

impl Watch {
    /// Its instance was set ACTIVE.
    pub(super) fn undo(&mut self, now: Ms) {
        let undone = self.first_began().map(|began| (began, now));
        self.restart();
        self.undone = undone;
    }

    /// When its drain began, or the one that was not seen to be undone before it.
    pub(super) fn first_began(&self) -> Option<Ms> {
        let began = self.began?;
        let undone = self.undone.filter(|(_, at)| began < at + SEEN_ACTIVE_WITHIN);
        Some(undone.map_or(began, |(first, _)| first))
    }
}

impl Judge {
    /// A drain of the machine begins, unless one goes on.
    pub(super) fn begins(&mut self, now: Ms, host: HostId, world: &World) {
        let counts = world.host(host).kind == Kind::Ec2;
        let watch = self.watch(host);
        watch.drains += u64::from(counts && watch.began.is_none());
        watch.began.get_or_insert(now);
        watch.begun = true;
    }

    /// The tasks that hold a machine in truth: alive according to ECS, with a part of them left on the machine or to be
    /// reported by its agent, and not exempted by a setting.
    pub(super) fn holding(&self, world: &World, host: HostId) -> Vec<TaskId> {
        let registrations = world.host(host).registrations.iter().copied();
        let watched = registrations.filter(|id| self.is_watched(world, *id));
        let tasks = watched.flat_map(|id| world.registration(id).tasks.iter().copied());
        tasks.filter(|id| self.holds(world, world.task(*id))).collect()
    }

    pub(super) fn is_watched(&self, world: &World, id: RegistrationId) -> bool {
        let registration = world.registration(id);
        let name = &world.scenario().clusters[registration.cluster].name;
        registration.status != InstanceStatus::Inactive && self.expected.watches(name)
    }

    fn holds(&self, world: &World, task: &Task) -> bool {
        let registration = world.registration(task.registration);
        let away =
            !registration.connected && world.now() - registration.connected_since >= self.expected.agent_lost;
        let phantom = task.process == Process::Gone && (registration.leftover || away);
        task.is_alive() && !phantom && self.counts(task)
    }

    /// Returns whether a task holds while it is alive: a setting may exempt it.
    pub(super) fn counts(&self, task: &Task) -> bool {
        let exempt = (is_standalone(task) && self.expected.ignores_standalone)
            || self.expected.ignored_groups.contains(&task.group);
        !task.daemon_task && !task.managed && !exempt
    }

    /// Returns whether ECS shows tasks under an old registration that the product must still take for alive: it cannot
    /// know for how long the agent has been away, so it counts from the beginning of the drain.
    pub(super) fn shows_phantoms(&self, now: Ms, world: &World, host: HostId) -> bool {
        // The clock of the lost agent begins when nothing else holds.
        let watch = self.hosts.get(&host);
        let alone = watch.and_then(|watch| watch.began.max(watch.empty));
        let believed = alone.is_some_and(|at| now < at + self.expected.agent_lost + 2 * MINUTE);
        let registrations = world
            .host(host)
            .registrations
            .iter()
            .map(|id| world.registration(*id));
        let mut tasks = registrations
            .filter(|registration| registration.leftover)
            .flat_map(|registration| registration.tasks.iter().map(|id| world.task(*id)));
        believed && tasks.any(|task| task.is_alive() && !task.daemon_task)
    }

    /// Returns whether the machine is one that the product is for.
    pub(super) fn is_ours(&self, world: &World, host: HostId) -> bool {
        let entry = world.host(host);
        let watched = entry.registrations.iter().any(|id| self.is_watched(world, *id));
        entry.kind == Kind::Ec2 && watched && !self.expected.dry_run
    }

    /// Returns whether its agent has been away, without a break, for so long that its tasks are phantoms.
    pub(super) fn agent_is_lost(&self, now: Ms, world: &World, host: HostId) -> bool {
        let entry = world.host(host);
        !entry.agent && now - entry.agent_since + SECOND >= self.expected.agent_lost
    }

    /// Why daemons may go although tasks hold; none if they may not.
    pub(super) fn excuse(&self, now: Ms, world: &World, host: HostId) -> Option<&'static str> {
        let watch = self.hosts.get(&host)?;
        let entry = world.host(host);
        let (began, first) = (watch.began?, watch.first_began()?);
        let flush = self.expected.flush();
        if !self.expected.holds_at_deadline && now + SECOND >= first + self.expected.max_drain {
            return Some("deadline");
        }
        let limits = entry
            .scaling
            .waits
            .iter()
            .filter(|wait| wait.ours && wait.since >= began);
        // Two ticks and their delay are kept free. A wait that a tick came upon, as when its event was lost, counts as a tick
        // older than it was seen.
        let margin = flush + 240 * SECOND;
        // Half of the wait is kept for holding, regardless of the flush.
        let limit = |wait: &crate::model::Wait| {
            let half = |end: Ms| wait.since + (end - wait.since) / 2;
            let of = |end: Ms| end.saturating_sub(margin).max(half(end));
            // The listing of hooks shows the time-out that a wait would have now: the shorter one bounds it.
            let hooks = entry
                .scaling
                .group
                .iter()
                .flat_map(|group| &world.groups()[*group].hooks);
            let same = hooks.filter(|hook| hook.name == wait.hook);
            let changed = same.map(|hook| of(wait.since + hook.heartbeat.saturating_mul(100)));
            changed.fold(of(wait.limit), Ms::min)
        };
        if limits.map(limit).min().is_some_and(|limit| now + SECOND >= limit) {
            return Some("limit of the hook");
        }
        let notice = entry
            .noticed_at
            .map(|at| at + 120 * SECOND - flush.min(60 * SECOND));
        if notice.is_some_and(|at| now + SECOND >= at) {
            return Some("notice");
        }
        if watch.ordered_release.is_some() {
            return Some("order");
        }
        if self.release_all.is_some() || self.observes {
            return Some("kill switch");
        }
        if watch.lost || self.agent_is_lost(now, world, host) {
            return Some("agent lost");
        }
        let waits = entry.scaling.our_waits().next().is_some();
        let active = entry
            .present()
            .is_some_and(|id| world.registration(id).status == InstanceStatus::Active);
        // A coordinator that completes the hook has not cancelled the drain.
        if !waits && active && watch.draining.is_some() && !watch.let_go {
            return Some("cancelled");
        }
        (!entry.on).then_some("off")
    }
}

/// Returns whether a task is known to belong to no service. One whose group names a service may, and so it holds.
pub(super) fn is_standalone(task: &Task) -> bool {
    task.service.is_none() && !task.group.starts_with("service:")
}
