//! All drains that a person asked for, and what the coordinator says of itself.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use protector_core::aws::InstanceStatus;
use protector_core::control::{Control, KillSwitch};
use protector_core::ids::{ClusterName, InstanceId, InstanceKey};

use crate::drain::{Coordinator, Drain, DrainState, Parts, Risk};
use crate::listing::Listing;
use crate::read::{Gap, GapKind, Reading};
use crate::seen::{Machine, ScalingInstance};

/// What was read of a fleet.
#[derive(Debug, Clone)]
pub struct FleetReads {
    /// The time.
    pub now: Timestamp,
    /// The parameters.
    pub listing: Reading<Listing>,
    /// The container instances of each cluster that are DRAINING.
    pub machines: BTreeMap<ClusterName, Reading<Vec<Machine>>>,
    /// What Auto Scaling says of the instances.
    pub scaling: Reading<Vec<ScalingInstance>>,
}

/// What is known of a fleet.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// The time.
    pub now: Timestamp,
    /// The drains, those that need a person first.
    pub drains: Vec<Drain>,
    /// The coordinator.
    pub coordinator: Seen,
    /// Reads that failed.
    pub gaps: Vec<Gap>,
}

/// What the coordinator says of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// Its version, if it has a beacon.
    pub version: Option<String>,
    /// How long ago its last tick was.
    pub tick_age: Option<SignedDuration>,
    /// Whether that is too long: it does not run.
    pub is_silent: bool,
    /// The kill switch.
    pub mode: Control,
    /// Who has set it, and why, as far as the parameter says.
    pub mode_by: Option<String>,
    /// What is wrong with the parameter's text.
    pub mode_problem: Option<String>,
}

/// In which order drains are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// Those that need a person first, then those that end first.
    #[default]
    Risk,
    /// The oldest first.
    Age,
    /// By cluster and instance.
    Cluster,
}

impl Fleet {
    /// Puts together what was read.
    #[must_use]
    pub fn of(reads: &FleetReads) -> Fleet {
        let empty = Listing::default();
        let listing = reads.listing.as_ref().unwrap_or(&empty);
        let known = known(listing);
        let machines = by_instance(&reads.machines);
        let scaling: BTreeMap<&InstanceId, &ScalingInstance> = reads
            .scaling
            .iter()
            .flatten()
            .map(|one| (&one.instance, one))
            .collect();
        let keys: BTreeSet<&InstanceKey> = listing.records.keys().chain(machines.keys()).collect();
        let drains = keys.into_iter().map(|key| {
            let parts = Parts {
                unread: reads.listing.is_err(),
                recorded: listing.records.get(key),
                machine: machines.get(key).copied(),
                scaling: scaling.get(&key.instance).copied(),
            };
            Drain::of(key.clone(), &parts, known, reads.now)
        });
        let drains = drains.filter(|drain| !is_left_behind(drain)).collect();
        let mut fleet = Fleet {
            now: reads.now,
            drains,
            coordinator: seen(listing, known, reads.now),
            gaps: reads.gaps(),
        };
        fleet.sort(Sort::Risk);
        fleet
    }

    /// Puts the drains in an order.
    pub fn sort(&mut self, sort: Sort) {
        let now = self.now;
        self.drains.sort_by(|a, b| {
            let age = |drain: &Drain| std::cmp::Reverse(drain.age(now).unwrap_or_default());
            let risk = |drain: &Drain| {
                let hook = drain.first_hook().and_then(|hook| hook.runs_out_at);
                (drain.risk, drain.state, hook.unwrap_or(Timestamp::MAX))
            };
            let order = match sort {
                Sort::Risk => risk(a).cmp(&risk(b)).then_with(|| age(a).cmp(&age(b))),
                Sort::Age => age(a).cmp(&age(b)),
                Sort::Cluster => std::cmp::Ordering::Equal,
            };
            order.then_with(|| a.key.cmp(&b.key))
        });
    }

    /// How many of the drains that are not over need a person.
    #[must_use]
    pub fn at_risk(&self) -> usize {
        self.drains
            .iter()
            .filter(|drain| drain.risk != Risk::None)
            .count()
    }

    /// Why nothing could be asked: there are no credentials, or they have expired.
    #[must_use]
    pub fn signed_out(&self) -> Option<&Gap> {
        self.gaps.iter().find(|gap| gap.kind == GapKind::SignedOut)
    }

    /// How many are not over.
    #[must_use]
    pub fn open(&self) -> usize {
        self.drains.iter().filter(|drain| drain.is_open()).count()
    }

    /// Whether something is wrong that a person must know of.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        self.at_risk() > 0 || (self.coordinator.is_silent && self.open() > 0)
    }
}

impl FleetReads {
    fn gaps(&self) -> Vec<Gap> {
        let listing = self.listing.as_ref().err();
        let machines = self
            .machines
            .values()
            .filter_map(|machines| machines.as_ref().err());
        let scaling = self.scaling.as_ref().err();
        let all = listing.into_iter().chain(machines).chain(scaling);
        let mut gaps: Vec<Gap> = Vec::new();
        for gap in all {
            if !gaps.contains(gap) {
                gaps.push(gap.clone());
            }
        }
        gaps
    }
}

fn known(listing: &Listing) -> Coordinator<'_> {
    let control = listing.control.as_ref().and_then(|control| control.as_ref().ok());
    Coordinator {
        beacon: listing.readable_beacon(),
        heartbeats: listing.readable_heartbeats(),
        control: control.map(|switch| switch.control),
    }
}

fn seen(listing: &Listing, known: Coordinator<'_>, now: Timestamp) -> Seen {
    let control = listing.control.as_ref();
    Seen {
        version: known.beacon.map(|beacon| beacon.version.clone()),
        tick_age: known.beacon.map(|beacon| now.duration_since(beacon.tick_at)),
        is_silent: known.is_silent(now),
        mode: known.mode(),
        mode_by: control
            .and_then(|control| control.as_ref().ok())
            .and_then(KillSwitch::by),
        mode_problem: control.and_then(|control| control.as_ref().err().cloned()),
    }
}

/// The container instances by the EC2 instance under them: of several registrations, the one whose agent is connected.
fn by_instance(clusters: &BTreeMap<ClusterName, Reading<Vec<Machine>>>) -> BTreeMap<InstanceKey, &Machine> {
    let mut found: BTreeMap<InstanceKey, &Machine> = BTreeMap::new();
    for machine in clusters.values().flatten().flatten() {
        let key = InstanceKey {
            cluster: machine.cluster.clone(),
            instance: machine.instance.clone(),
        };
        let known = found.get(&key).is_some_and(|known| known.agent_connected);
        if !known || machine.agent_connected {
            found.insert(key, machine);
        }
    }
    found
}

/// A registration that was left behind stays DRAINING for as long as its machine lives: nothing runs on it, and no agent
/// answers for it.
fn is_left_behind(drain: &Drain) -> bool {
    matches!(drain.state, DrainState::NoRecord | DrainState::NotKnown)
        && drain.unreadable.is_none()
        && drain.machine.as_ref().is_some_and(|machine| {
            !machine.agent_connected && machine.tasks == Some(0) && machine.status == InstanceStatus::Draining
        })
}

#[cfg(test)]
mod tests;
