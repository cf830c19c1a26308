//! The parameters below the prefix, sorted by what they are.

use std::collections::BTreeMap;

use protector_core::beacon::{Beacon, HeartbeatsBeacon};
use protector_core::control::KillSwitch;
use protector_core::ids::{ClusterName, InstanceKey};
use protector_core::record::{DecodeError, ParameterPrefix, Record};
use protector_core::shared::{SharedRecord, together};

/// A parameter as SSM has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Its version.
    pub version: i64,
}

/// The record of a drain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// What it says, together with what a shared record says of the same drain; or why its text cannot be read.
    pub record: Result<Record, DecodeError>,
    /// The version of the instance's own parameter; none if only a shared record describes the drain.
    pub version: Option<i64>,
}

/// The parameters below the prefix.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Listing {
    /// Records, by instance.
    pub records: BTreeMap<InstanceKey, Recorded>,
    /// What the coordinator says of itself, if it says something.
    pub beacon: Option<Result<Beacon, DecodeError>>,
    /// What the sender of the heartbeats says of its last run.
    pub heartbeats: Option<Result<HeartbeatsBeacon, DecodeError>>,
    /// The kill switch, if there is one; or what is wrong with its text.
    pub control: Option<Result<KillSwitch, String>>,
    /// Names of parameters that are none of these.
    pub others: Vec<String>,
}

impl Listing {
    /// Sorts parameters. Own and shared records of one drain become one.
    #[must_use]
    pub fn of(prefix: &ParameterPrefix, parameters: &[Parameter]) -> Listing {
        let mut listing = Listing::default();
        let mut shared: BTreeMap<ClusterName, Vec<SharedRecord>> = BTreeMap::new();
        for parameter in parameters {
            let (name, value) = (&parameter.name, &parameter.value);
            if *name == prefix.beacon_name() {
                listing.beacon = Some(Beacon::decode(value));
            } else if *name == prefix.heartbeats_name() {
                listing.heartbeats = Some(HeartbeatsBeacon::decode(value));
            } else if *name == prefix.control_name() {
                listing.control = Some(KillSwitch::decode(value));
            } else if let Some((cluster, _)) = prefix.shared_of(name) {
                match SharedRecord::decode(value) {
                    Ok(record) => shared.entry(cluster).or_default().push(record),
                    Err(_) => listing.others.push(name.clone()),
                }
            } else if let Some(key) = prefix.key_of(name) {
                let recorded = Recorded {
                    record: Record::decode(value),
                    version: Some(parameter.version),
                };
                listing.records.insert(key, recorded);
            } else {
                listing.others.push(name.clone());
            }
        }
        for (cluster, records) in shared {
            records
                .iter()
                .for_each(|record| listing.take_shared(&cluster, record));
        }
        listing
    }

    fn take_shared(&mut self, cluster: &ClusterName, shared: &SharedRecord) {
        for instance in shared.drains.keys() {
            let key = InstanceKey {
                cluster: cluster.clone(),
                instance: instance.clone(),
            };
            let own = self.records.remove(&key);
            let arn = own.as_ref().and_then(|own| own.record.as_ref().ok());
            let arn = arn.map(|record| record.container_instance_arn.clone());
            let said = shared.record(instance, arn.as_ref());
            let merged = match (own, said) {
                (Some(own), Some(said)) => Some(Recorded {
                    record: own.record.map(|record| together(record, said)),
                    version: own.version,
                }),
                (None, Some(said)) => Some(Recorded {
                    record: Ok(said),
                    version: None,
                }),
                (own, None) => own,
            };
            if let Some(merged) = merged {
                self.records.insert(key, merged);
            }
        }
    }

    /// The beacon, if there is one that can be read.
    #[must_use]
    pub fn readable_beacon(&self) -> Option<&Beacon> {
        self.beacon.as_ref().and_then(|beacon| beacon.as_ref().ok())
    }

    /// What the sender of the heartbeats says, if that can be read.
    #[must_use]
    pub fn readable_heartbeats(&self) -> Option<&HeartbeatsBeacon> {
        self.heartbeats.as_ref().and_then(|beacon| beacon.as_ref().ok())
    }
}

#[cfg(test)]
mod tests;
