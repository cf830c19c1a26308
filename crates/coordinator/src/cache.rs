//! What a warm function remembers. It only ever saves calls, and bounds the heartbeats of a wait that cannot be recorded:
//! nothing in it can release a drain, and whatever it has wrong is put right by the next tick.

mod agenda;
mod drain;
mod finished;
mod foreign;
pub(crate) mod heartbeats;
mod protection;
mod shared_reading;
mod terminations;
mod traffic;
mod waits;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::MutexGuard;

use jiff::{SignedDuration, Timestamp};
use protector_core::aws::Scheduling;
use protector_core::control::{Control, KillSwitch};
use protector_core::holding::Census;
use protector_core::ids::{
    AutoScalingGroupName, ClusterName, ContainerInstanceArn, InstanceId, InstanceKey, LifecycleHookName,
    TaskArn,
};
use protector_core::limits::BEACON_AGE_MAX;
use protector_core::limits::coordinator::{
    BEGINNING_RETRY_AFTER, CONFIGURATION_TTL, FRESH_EVENT_MAX, KILL_SWITCH_LOG_INTERVAL, NOT_DRAINING_TTL,
    SCHEDULING_TTL, SCHEDULINGS_MAX, SIDECARS_ASSUMED, UNLISTED_MAX, WAIT_TTL,
};
use protector_core::observation::{Hook, Registrations};
use protector_core::plan::{Fleet, UnrecordedDrain, Verdict};
use protector_core::record::Record;
use protector_core::slot::{BeaconNeed, SlotWanted, TickSlot};
use protector_core::sweep::Awaited;
use protector_core::throughput::ParameterThroughput;
use protector_runtime::guarded::Guarded;

use crate::metrics::MetricsRecorder;
use crate::rate_limit::Limiter;
use crate::store::Store;
use crate::tens::Tens;

use agenda::Agenda;
pub(crate) use agenda::Beginning;
use drain::CachedDrain;
pub use drain::TaskStopFollowUp;
pub use finished::Finished;
pub use foreign::{ForeignCache, ProviderKind};
use heartbeats::HeartbeatCache;
use protection::Protection;
use shared_reading::SharedReading;
pub use terminations::TerminationCache;
use traffic::Traffic;
pub use waits::{WaitCache, WaitSource};

/// The cache of one execution environment.
#[derive(Debug, Default)]
pub struct Cache {
    facts: Guarded<CacheState>,
    /// Who may look and write now.
    pub limiter: Limiter,
    /// What is known of records.
    pub store: Store,
    /// What waits for the end of a batch.
    pub(crate) agenda: Agenda,
    /// How many messages have come lately.
    pub(crate) traffic: Traffic,
    /// Who waits for DRAINING.
    pub tens: Tens,
    /// What is known of things at the edge.
    pub foreign: ForeignCache,
    /// DRAINING registrations with which nothing is left to do.
    pub finished: Finished,
    /// Since when hooks wait.
    pub waits: WaitCache,
    /// What Auto Scaling has said about terminations.
    pub terminations: TerminationCache,
    /// Daemons that were seen unprotected, and how far the check has come.
    pub(crate) protection: Protection,
    /// The readings of the kill switch by itself.
    pub(crate) control_reading: SharedReading<()>,
    /// The readings of the hooks of groups.
    pub(crate) hooks_reading: SharedReading<AutoScalingGroupName>,
    /// What the run has measured so far.
    pub metrics: MetricsRecorder,
    /// What the heartbeats' function remembers.
    heartbeats: Guarded<HeartbeatCache>,
}

#[derive(Debug, Default)]
struct CacheState {
    drains: BTreeMap<InstanceKey, CachedDrain>,
    /// The drains of registrations.
    registered: HashMap<ContainerInstanceArn, InstanceKey>,
    not_draining: HashMap<ContainerInstanceArn, Timestamp>,
    ended: HashMap<ContainerInstanceArn, Timestamp>,
    clusters_listed: HashMap<ClusterName, Timestamp>,
    schedulings: HashMap<TaskArn, (Scheduling, Timestamp)>,
    fleet: Option<(BTreeMap<InstanceKey, u32>, Timestamp)>,
    hooks: HashMap<AutoScalingGroupName, (Vec<(LifecycleHookName, u32)>, Timestamp)>,
    clusters: Option<(Vec<ClusterName>, Timestamp)>,
    uncounted: HashMap<InstanceKey, u32>,
    unrecorded: HashMap<InstanceKey, Unrecorded>,
    /// How many tasks were listed in a cluster when all were.
    task_count: HashMap<ClusterName, usize>,
    kill_switch: KillSwitch,
    control_at: Option<Timestamp>,
    control_problem_at: Option<Timestamp>,
    /// Which of the recheck and the check had the slot last.
    last_slot: TickSlot,
    /// When the beacon could not be written, if it could not the last time.
    beacon_failed_at: Option<Timestamp>,
}

/// A drain that could not be recorded.
#[derive(Debug)]
struct Unrecorded {
    drain: UnrecordedDrain,
    announced: Announced,
    /// When it was last tried.
    tried: Timestamp,
}

/// Why a drain begins, as its event or a listing has announced it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// The hooks that wait.
    pub hook: Hook,
    /// When EC2 said that it takes the instance back.
    pub spot: Option<Timestamp>,
}

impl Announced {
    /// What both have announced, the later one first: the attempt for a hook may follow that for a notice.
    fn beside(self, before: Option<Announced>) -> Announced {
        let Some(before) = before else { return self };
        let hook = match self.hook {
            Hook::Waiting(_) => self.hook,
            Hook::None | Hook::Over | Hook::Unknown(_) => before.hook,
        };
        Announced {
            hook,
            spot: self.spot.or(before.spot),
        }
    }
}

impl Unrecorded {
    /// Every tick tries it again: what was not tried for a while is over.
    fn is_fresh(&self, now: Timestamp) -> bool {
        now.duration_since(self.tried) < WAIT_TTL
    }
}

impl Cache {
    /// Remembers nothing yet, and lets writes go at the pace of this throughput.
    #[must_use]
    pub fn new(throughput: ParameterThroughput) -> Cache {
        Cache {
            limiter: Limiter::new(throughput),
            ..Cache::default()
        }
    }

    /// Remembers how an instance was seen.
    pub fn insert_observed(
        &self,
        key: &InstanceKey,
        instance: &Registrations,
        verdict: Verdict,
        census: Option<&Census>,
        now: Timestamp,
    ) {
        let mut facts = self.facts.lock();
        let arns = || instance.all().map(|one| one.arn.clone());
        let awaited = census.map(|census| match verdict {
            Verdict::Released(_) => census.daemons.clone(),
            // Each daemon that ends may open the next tier.
            Verdict::Releasing => Vec::new(),
            _ => census.holding.clone(),
        });
        match verdict {
            // A drain that is over needs no more looks by events; if its completion failed, the tick tries again.
            Verdict::NotDraining | Verdict::Done => {
                if verdict == Verdict::NotDraining {
                    facts.uncounted.remove(key);
                }
                facts.unrecorded.remove(key);
                facts.forget(key);
                facts.not_draining.extend(arns().map(|arn| (arn, now)));
            }
            Verdict::Holding | Verdict::Releasing | Verdict::Released(_) | Verdict::Unknown => {
                for arn in arns() {
                    facts.not_draining.remove(&arn);
                    facts.ended.remove(&arn);
                    facts.registered.insert(arn, key.clone());
                }
                let awaited: BTreeSet<TaskArn> = awaited.unwrap_or_default().into_iter().collect();
                let sidecars = match verdict {
                    Verdict::Holding | Verdict::Unknown => census.map(|census| census.sidecars),
                    _ => Some(0),
                };
                let drain = CachedDrain {
                    key: key.clone(),
                    instances: instance.all().cloned().collect(),
                    released: matches!(verdict, Verdict::Released(_)),
                    releasing: verdict == Verdict::Releasing,
                    seen: awaited.len(),
                    awaited,
                    daemons: census
                        .map(|census| census.daemons.iter().cloned().collect())
                        .unwrap_or_default(),
                    at: now,
                    ended_at: None,
                    sidecars,
                    look_at: None,
                    unlisted: 0,
                };
                facts.drains.insert(key.clone(), drain);
            }
        }
    }

    /// The same of a drain of which only its record is known. What an observation has shown says more, and stays.
    pub fn is_recorded_as(
        &self,
        key: &InstanceKey,
        instance: &Registrations,
        verdict: Verdict,
        now: Timestamp,
    ) {
        let is_known = self.facts.lock().drains.contains_key(key);
        if !is_known {
            self.insert_observed(key, instance, verdict, None, now);
        }
    }

    /// Remembers which instances of a cluster drain; all others do not.
    pub fn listed(&self, cluster: &ClusterName, draining: &[ContainerInstanceArn], now: Timestamp) {
        let mut facts = self.facts.lock();
        facts.clusters_listed.insert(cluster.clone(), now);
        let listed = |drain: &CachedDrain| drain.instances.iter().any(|one| draining.contains(&one.arn));
        let mut gone = Vec::new();
        for (key, drain) in facts.drains.iter_mut().filter(|(key, _)| key.cluster == *cluster) {
            drain.unlisted = if listed(drain) { 0 } else { drain.unlisted + 1 };
            // The listing leaves out who is not connected, and agents reconnect several times an hour.
            if drain.unlisted >= UNLISTED_MAX {
                gone.push(key.clone());
            }
        }
        gone.iter().for_each(|key| facts.forget(key));
        facts
            .not_draining
            .retain(|arn, at| !draining.contains(arn) && now.duration_since(*at) < NOT_DRAINING_TTL);
    }

    /// Returns what to do after the end of `task` on `arn`.
    pub fn task_ended(
        &self,
        cluster: &ClusterName,
        arn: &ContainerInstanceArn,
        task: &TaskArn,
        now: Timestamp,
    ) -> TaskStopFollowUp {
        let mut facts = self.facts.lock();
        let fresh = |at: &Timestamp| now.duration_since(*at) < NOT_DRAINING_TTL;
        if let Some(drain) = facts.of_mut(arn) {
            return drain.task_ended(task, now);
        }
        if facts.ended.get(arn).is_some_and(|at| is_of_late(at, now)) {
            return TaskStopFollowUp::Ignore("the drain has ended");
        }
        if facts.not_draining.get(arn).is_some_and(fresh)
            || facts.clusters_listed.get(cluster).is_some_and(fresh)
        {
            return TaskStopFollowUp::Ignore("the container instance does not drain");
        }
        TaskStopFollowUp::Lookup
    }

    /// Remembers when the containers of tasks ended that are awaited on `arn`, or were until now.
    pub fn note_ends<'a>(
        &self,
        arn: &ContainerInstanceArn,
        tasks: impl IntoIterator<Item = (&'a TaskArn, Timestamp)>,
    ) {
        if let Some(drain) = self.facts.lock().of_mut(arn) {
            let awaited = tasks
                .into_iter()
                .filter(|(task, _)| drain.awaited.contains(*task));
            let last = awaited.map(|(_, at)| at).max();
            drain.ended_at = drain.ended_at.max(last);
        }
    }

    /// When the containers of the last awaited task of a drain ended, as far as that was reported since its last full
    /// observation.
    pub fn ended_at(&self, key: &InstanceKey) -> Option<Timestamp> {
        self.facts.lock().drains.get(key)?.ended_at
    }

    /// Remembers the outcome of a probe, and tells what it is worth.
    pub fn probed(&self, key: &InstanceKey, alive: BTreeSet<TaskArn>, now: Timestamp) -> TaskStopFollowUp {
        let mut facts = self.facts.lock();
        let Some(drain) = facts.drains.get_mut(key) else {
            return TaskStopFollowUp::Lookup;
        };
        drain.seen = alive.len();
        drain.awaited = alive;
        drain.at = now;
        match (drain.awaited.is_empty(), drain.released) {
            (false, _) => TaskStopFollowUp::Ignore("other tasks are still awaited"),
            (true, false) => TaskStopFollowUp::Last(drain.key.clone()),
            (true, true) => TaskStopFollowUp::Complete(drain.key.clone(), drain.instances.clone()),
        }
    }

    /// The tasks that are awaited, by drain.
    pub fn awaited(&self) -> BTreeMap<InstanceKey, Awaited> {
        let facts = self.facts.lock();
        let awaited = |drain: &CachedDrain| Awaited {
            released: drain.released,
            tasks: drain.awaited.clone(),
        };
        let drains = facts.drains.iter();
        drains.map(|(key, drain)| (key.clone(), awaited(drain))).collect()
    }

    /// Remembers that our hook let this instance go: events of its end go on for a while, unless it [is back](Self::is_back).
    pub fn ended<'a>(
        &self,
        key: &InstanceKey,
        registrations: impl Iterator<Item = &'a ContainerInstanceArn>,
        now: Timestamp,
    ) {
        let mut facts = self.facts.lock();
        facts.forget(key);
        facts
            .ended
            .retain(|_, at| now.duration_since(*at) < CONFIGURATION_TTL);
        facts.ended.extend(registrations.map(|arn| (arn.clone(), now)));
    }

    /// A registration is in service again: what comes next is no event of its end.
    pub fn is_back(&self, cluster: &ClusterName, arn: &ContainerInstanceArn) {
        self.facts.lock().ended.remove(arn);
        self.finished.remove(cluster, arn);
    }

    /// Returns whether its drain ended a short while ago.
    pub fn has_ended(&self, arn: &ContainerInstanceArn, now: Timestamp) -> bool {
        let facts = self.facts.lock();
        facts.ended.get(arn).is_some_and(|at| is_of_late(at, now))
    }

    /// The instance under a registration, if a drain of it is known.
    pub fn instance_of(&self, arn: &ContainerInstanceArn) -> Option<InstanceId> {
        let facts = self.facts.lock();
        facts.registered.get(arn).map(|key| key.instance.clone())
    }

    /// Remembers when the next look at a drain is worth its calls.
    pub fn look_at(&self, key: &InstanceKey, at: Option<Timestamp>) {
        if let Some(drain) = self.facts.lock().drains.get_mut(key) {
            drain.look_at = at;
        }
    }

    /// Makes the next look at a drain due in a moment: a call has failed that is worth another attempt.
    pub fn look_again(&self, key: &InstanceKey, now: Timestamp) {
        self.look_at(key, now.checked_add(BEGINNING_RETRY_AFTER).ok());
    }

    /// Makes the next look at a drain due now, if it is known and none is due yet. Returns whether it is known.
    pub fn look_soon(&self, key: &InstanceKey, now: Timestamp) -> bool {
        let mut facts = self.facts.lock();
        let drain = facts.drains.get_mut(key);
        drain.map(|drain| drain.look_at.get_or_insert(now)).is_some()
    }

    /// Makes the next look at each drain of a cluster due now.
    pub fn look_soon_at_all(&self, cluster: &ClusterName, now: Timestamp) {
        let mut facts = self.facts.lock();
        let drains = facts
            .drains
            .values_mut()
            .filter(|drain| drain.key.cluster == *cluster);
        drains.for_each(|drain| drain.look_at = Some(now));
    }

    /// When the first look is due that was put off.
    pub fn next_due(&self) -> Option<Timestamp> {
        let facts = self.facts.lock();
        facts.drains.values().filter_map(|drain| drain.look_at).min()
    }

    /// How many drains are known.
    pub fn drains(&self) -> usize {
        self.facts.lock().drains.len()
    }

    /// Returns whether the end of a task brings on a drain, or may: of a task that holds, or of a daemon whose tier is
    /// released, or of one that was not seen yet.
    pub fn awaits_an_event(&self) -> bool {
        let facts = self.facts.lock();
        let unseen = |drain: &CachedDrain| drain.sidecars.is_none();
        let awaits = |drain: &CachedDrain| drain.releasing || !drain.awaited.is_empty() || unseen(drain);
        facts.drains.values().any(awaits)
    }

    /// Drains whose next look is due, each once, and so many at the most.
    pub fn take_due(&self, now: Timestamp, max: usize) -> Vec<(InstanceKey, Vec<ContainerInstanceArn>)> {
        let mut facts = self.facts.lock();
        let due = |drain: &CachedDrain| drain.look_at.is_some_and(|at| at <= now);
        let due = facts.drains.values_mut().filter(|drain| due(drain)).take(max);
        due.map(|drain| {
            drain.look_at = None;
            let arns = drain.instances.iter().map(|one| one.arn.clone());
            (drain.key.clone(), arns.collect())
        })
        .collect()
    }

    /// Returns whether this instance is known to drain.
    pub fn knows_drain(&self, arn: &ContainerInstanceArn) -> bool {
        self.facts.lock().registered.contains_key(arn)
    }

    /// All drains but that of `key`: those that were looked at here, and those that the last tick has listed.
    pub fn fleet_without(&self, key: &InstanceKey, now: Timestamp) -> Fleet {
        self.others(Some(key), now)
    }

    fn others(&self, key: Option<&InstanceKey>, now: Timestamp) -> Fleet {
        let facts = self.facts.lock();
        let listed = facts
            .fleet
            .as_ref()
            .filter(|(_, at)| now.duration_since(*at) < NOT_DRAINING_TTL);
        let listed = listed.map(|(fleet, _)| fleet);
        let seen: BTreeMap<&InstanceKey, Option<u32>> = facts
            .drains
            .values()
            .map(|drain| (&drain.key, drain.sidecars))
            .collect();
        let number = |other: &InstanceKey| {
            let listed = || listed.and_then(|fleet| fleet.get(other)).copied();
            // Until it was looked at, a drain counts as one with sidecars for logs, metrics and traces: all of them read from
            // their first second on, and records that ask too many to read often are corrected last.
            seen.get(other)
                .copied()
                .flatten()
                .or_else(listed)
                .unwrap_or(SIDECARS_ASSUMED)
        };
        let unseen = listed
            .into_iter()
            .flat_map(BTreeMap::keys)
            .filter(|key| !seen.contains_key(key));
        let others = seen
            .keys()
            .copied()
            .chain(unseen)
            .filter(|other| Some(*other) != key);
        others.fold(Fleet::default(), |fleet, other| Fleet {
            drains: fleet.drains + 1,
            sidecars: fleet.sidecars.saturating_add(number(other)),
        })
    }

    /// All drains.
    pub fn fleet(&self, now: Timestamp) -> Fleet {
        self.others(None, now)
    }

    /// Returns whether a tick of this environment has listed all drains of late. Until then the cache has those that it was
    /// informed of.
    pub fn knows_the_fleet(&self, now: Timestamp) -> bool {
        let facts = self.facts.lock();
        let listed = facts.fleet.as_ref();
        listed.is_some_and(|(_, at)| now.duration_since(*at) < NOT_DRAINING_TTL)
    }

    /// How many tasks a sweep over a cluster has listed, the last time.
    pub fn task_count(&self, cluster: &ClusterName) -> Option<usize> {
        self.facts.lock().task_count.get(cluster).copied()
    }

    /// Remembers how many tasks a sweep over a cluster has listed.
    pub fn insert_task_count(&self, cluster: &ClusterName, tasks: usize) {
        self.facts.lock().task_count.insert(cluster.clone(), tasks);
    }

    /// Remembers which drains hold, and how many sidecars read their records.
    pub fn insert_fleet(&self, fleet: BTreeMap<InstanceKey, u32>, now: Timestamp) {
        self.facts.lock().fleet = Some((fleet, now));
    }

    /// How the service of a task schedules, if that is known.
    pub fn scheduling(&self, task: &TaskArn, now: Timestamp) -> Option<Scheduling> {
        let mut facts = self.facts.lock();
        let (scheduling, at) = facts.schedulings.get_mut(task)?;
        *at = now;
        Some(*scheduling)
    }

    /// Remembers how the service of a task schedules.
    pub fn insert_scheduling(&self, task: &TaskArn, scheduling: Scheduling, now: Timestamp) {
        let mut facts = self.facts.lock();
        if facts.schedulings.len() >= SCHEDULINGS_MAX {
            facts
                .schedulings
                .retain(|_, (_, at)| now.duration_since(*at) < SCHEDULING_TTL);
        }
        facts.schedulings.insert(task.clone(), (scheduling, now));
    }

    /// The terminate hooks of a group and their heartbeat time-outs, if they are known.
    pub fn hooks(
        &self,
        group: &AutoScalingGroupName,
        now: Timestamp,
    ) -> Option<Vec<(LifecycleHookName, u32)>> {
        let facts = self.facts.lock();
        let (hooks, at) = facts.hooks.get(group)?;
        (now.duration_since(*at) < CONFIGURATION_TTL).then(|| hooks.clone())
    }

    /// Remembers the hooks of a group.
    pub fn insert_hooks(
        &self,
        group: &AutoScalingGroupName,
        hooks: Vec<(LifecycleHookName, u32)>,
        now: Timestamp,
    ) {
        self.facts.lock().hooks.insert(group.clone(), (hooks, now));
    }

    /// The clusters of the account, if they are known.
    pub fn clusters(&self, now: Timestamp) -> Option<Vec<ClusterName>> {
        let facts = self.facts.lock();
        let (clusters, at) = facts.clusters.as_ref()?;
        (now.duration_since(*at) < NOT_DRAINING_TTL).then(|| clusters.clone())
    }

    /// Remembers the clusters of the account.
    pub fn insert_clusters(&self, clusters: Vec<ClusterName>, now: Timestamp) {
        self.facts.lock().clusters = Some((clusters, now));
    }

    /// Who gets the slot of this tick. A beacon that could not be written a moment ago is no more urgent than the others.
    pub fn take_slot(&self, wanted: SlotWanted, now: Timestamp) -> TickSlot {
        let mut facts = self.facts.lock();
        let recent = |at: Timestamp| now.duration_since(at) < BEACON_AGE_MAX;
        let beacon = match facts.beacon_failed_at.is_some_and(recent) {
            true => wanted.beacon.min(BeaconNeed::Usual),
            false => wanted.beacon,
        };
        let slot = TickSlot::next(SlotWanted { beacon, ..wanted }, facts.last_slot);
        if matches!(slot, TickSlot::Recheck | TickSlot::Check) {
            facts.last_slot = slot;
        }
        slot
    }

    /// Notes whether the beacon could be written.
    pub fn beacon_tried(&self, is_written: bool, now: Timestamp) {
        self.facts.lock().beacon_failed_at = (!is_written).then_some(now);
    }

    /// Remembers calls for a drain that its record does not count yet: its next text will.
    pub fn add_uncounted(&self, key: &InstanceKey, calls: u32) {
        if calls > 0 {
            *self.facts.lock().uncounted.entry(key.clone()).or_default() += calls;
        }
    }

    /// Divides calls that were made for these drains together among them. What is left over goes to the first ones, so that
    /// the sum over all receipts is that of the calls.
    pub fn share_calls<'k>(&self, drains: impl IntoIterator<Item = &'k InstanceKey>, calls: u32) {
        let drains: BTreeSet<&InstanceKey> = drains.into_iter().collect();
        let number = u32::try_from(drains.len()).unwrap_or(u32::MAX);
        for (index, key) in (0..).zip(drains) {
            self.add_uncounted(key, calls / number + u32::from(index < calls % number));
        }
    }

    /// The same among all drains that are known.
    pub fn share_calls_among_all(&self, calls: u32) {
        let drains: Vec<InstanceKey> = self.facts.lock().drains.keys().cloned().collect();
        self.share_calls(&drains, calls);
    }

    /// Takes the calls for a drain that its record does not count yet.
    pub fn take_uncounted(&self, key: &InstanceKey) -> u32 {
        self.facts.lock().uncounted.remove(key).unwrap_or_default()
    }

    /// Remembers the record of a new drain that could not be written, and why the drain begins.
    pub fn add_unrecorded(&self, key: &InstanceKey, record: Record, announced: Announced, now: Timestamp) {
        let mut facts = self.facts.lock();
        facts.unrecorded.retain(|_, known| known.is_fresh(now));
        let known = facts.unrecorded.get(key);
        let since = known.map_or(now, |known| known.drain.since);
        let drain = UnrecordedDrain { since, record };
        let before = known.map(|known| known.announced.clone());
        let unrecorded = Unrecorded {
            drain,
            announced: announced.beside(before),
            tried: now,
        };
        facts.unrecorded.insert(key.clone(), unrecorded);
    }

    /// Why the drain of an instance begins that could not be recorded a moment ago: the next attempt begins with the same.
    pub fn announced(&self, key: &InstanceKey, now: Timestamp) -> Option<Announced> {
        let facts = self.facts.lock();
        let known = facts.unrecorded.get(key);
        let recent = known.filter(|known| now.duration_since(known.tried) < FRESH_EVENT_MAX);
        recent.map(|known| known.announced.clone())
    }

    /// The drain of an instance is recorded.
    pub fn is_recorded(&self, key: &InstanceKey) {
        self.facts.lock().unrecorded.remove(key);
    }

    /// What is known of the drain of an instance, if it could not be recorded until now.
    pub fn unrecorded(&self, key: &InstanceKey, now: Timestamp) -> Option<UnrecordedDrain> {
        let facts = self.facts.lock();
        let known = facts.unrecorded.get(key).filter(|known| known.is_fresh(now));
        known.map(|known| known.drain.clone())
    }

    /// The kill switch as it was last read; on, if it never was.
    pub fn control(&self) -> Control {
        self.facts.lock().kill_switch.control
    }

    /// The same, with who has thrown it and why.
    pub fn kill_switch(&self) -> KillSwitch {
        self.facts.lock().kill_switch.clone()
    }

    /// Returns whether the kill switch was read within `age`.
    pub fn control_is_fresh(&self, now: Timestamp, age: SignedDuration) -> bool {
        self.facts
            .lock()
            .control_at
            .is_some_and(|at| now.duration_since(at) < age)
    }

    /// Remembers the kill switch.
    pub fn insert_kill_switch(&self, kill_switch: KillSwitch, now: Timestamp) {
        let mut facts = self.facts.lock();
        facts.kill_switch = kill_switch;
        facts.control_at = Some(now);
    }

    /// Returns whether to log again that the kill switch cannot be read: once a minute is enough.
    pub fn control_problem_is_news(&self, now: Timestamp) -> bool {
        let mut facts = self.facts.lock();
        let said = facts.control_problem_at;
        let news = said.is_none_or(|at| now.duration_since(at) >= KILL_SWITCH_LOG_INTERVAL);
        if news {
            facts.control_problem_at = Some(now);
        }
        news
    }

    /// What the heartbeats' function remembers.
    pub(crate) fn heartbeats(&self) -> MutexGuard<'_, HeartbeatCache> {
        self.heartbeats.lock()
    }
}

impl CacheState {
    fn forget(&mut self, key: &InstanceKey) {
        self.drains.remove(key);
        self.registered.retain(|_, of| of != key);
    }

    fn of_mut(&mut self, arn: &ContainerInstanceArn) -> Option<&mut CachedDrain> {
        let key = self.registered.get(arn)?;
        self.drains.get_mut(key)
    }
}

/// Events of an end continue for a while only: the same name may come back.
fn is_of_late(at: &Timestamp, now: Timestamp) -> bool {
    now.duration_since(*at) < CONFIGURATION_TTL
}

#[cfg(test)]
mod tests;
