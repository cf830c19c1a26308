//! Each parameter has a name below the prefix.

use serde::Serialize;

use crate::ids::{ClusterName, InstanceKey, InvalidId};
use crate::limits::{PREFIX_LEVELS_MAX, QUOTED_CHARS_MAX, cut};

/// What every parameter name of ours starts with, for example `/ecs-daemon-protector`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParameterPrefix(String);

/// The prefix of all names, unless the setting `PARAMETER_PREFIX` gives another one.
pub const DEFAULT_PREFIX: &str = "/ecs-daemon-protector";

impl Default for ParameterPrefix {
    fn default() -> Self {
        Self(DEFAULT_PREFIX.to_owned())
    }
}

impl std::str::FromStr for ParameterPrefix {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let trimmed = text.strip_suffix('/').unwrap_or(text);
        let levels: Vec<&str> = trimmed.split('/').collect();
        let named = |level: &&str| {
            !level.is_empty()
                && level
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
        };
        let first = levels.get(1).map(|l| l.to_ascii_lowercase()).unwrap_or_default();
        let reserved = first.starts_with("aws") || first.starts_with("ssm");
        let valid = levels.first() == Some(&"")
            && (2..=PREFIX_LEVELS_MAX + 1).contains(&levels.len())
            && levels.iter().skip(1).all(named)
            && !reserved
            && trimmed.len() <= 512;
        if valid {
            Ok(Self(trimmed.to_owned()))
        } else {
            Err(InvalidId {
                value: cut(text, QUOTED_CHARS_MAX),
                expected: "a parameter prefix such as /ecs-daemon-protector (letters, digits, _ . - and /, not starting with aws or ssm)",
            })
        }
    }
}

impl std::fmt::Display for ParameterPrefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl ParameterPrefix {
    /// The name of an instance's parameter.
    #[must_use]
    pub fn record_name(&self, key: &InstanceKey) -> String {
        format!("{}/{}/{}", self.0, key.cluster, key.instance)
    }

    /// The name of the kill switch's parameter.
    #[must_use]
    pub fn control_name(&self) -> String {
        format!("{}/control", self.0)
    }

    /// The name of the parameter by which people's tools find the coordinator ([`crate::beacon`]). It has one level too
    /// few for a record's name, so no listing of records takes it for one.
    #[must_use]
    pub fn beacon_name(&self) -> String {
        format!("{}/coordinator", self.0)
    }

    /// The name of the parameter in which the sender of the heartbeats says how its last run went
    /// ([`crate::beacon::HeartbeatsBeacon`]).
    #[must_use]
    pub fn heartbeats_name(&self) -> String {
        format!("{}/heartbeats", self.0)
    }

    /// Returns the instance whose record a parameter is, or nothing if its name is not one of ours.
    #[must_use]
    pub fn key_of(&self, name: &str) -> Option<InstanceKey> {
        let (cluster, instance) = name.strip_prefix(&self.0)?.strip_prefix('/')?.split_once('/')?;
        Some(InstanceKey {
            cluster: cluster.parse::<ClusterName>().ok()?,
            instance: instance.parse().ok()?,
        })
    }
}
