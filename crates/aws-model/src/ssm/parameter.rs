//! One parameter and its versions.

use crate::time::seconds;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// So many versions are kept; the next write drops the oldest.
pub(super) const VERSIONS_KEPT: usize = 100;

/// How large a value may be, and what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tier {
    /// 4 KB, free.
    Standard,
    /// 8 KB, charged. A parameter never leaves this tier.
    Advanced,
}

impl Tier {
    /// The name in the API.
    pub(super) fn name(self) -> &'static str {
        match self {
            Tier::Standard => "Standard",
            Tier::Advanced => "Advanced",
        }
    }
}

/// One write.
#[derive(Clone, Debug)]
pub(super) struct Version {
    /// From 1.
    pub(super) number: u64,
    /// What was written.
    pub(super) value: String,
    /// The time of the write.
    pub(super) at: Timestamp,
}

/// A parameter. It has at least one version.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    /// `String`, `StringList` or `SecureString`.
    pub(super) kind: String,
    /// Its tier; it only goes up.
    pub(super) tier: Tier,
    versions: VecDeque<Version>,
}

impl Parameter {
    /// A parameter without a version; [`Parameter::write`] follows.
    pub(super) fn new(kind: &str, tier: Tier) -> Parameter {
        Parameter {
            kind: kind.to_owned(),
            tier,
            versions: VecDeque::new(),
        }
    }

    /// Adds a version and gives its number.
    pub(super) fn write(&mut self, value: &str, at: Timestamp) -> u64 {
        let number = self.latest().map_or(1, |version| version.number + 1);
        self.versions.push_back(Version {
            number,
            value: value.to_owned(),
            at,
        });
        if self.versions.len() > VERSIONS_KEPT {
            self.versions.pop_front();
        }
        number
    }

    pub(super) fn latest(&self) -> Option<&Version> {
        self.versions.back()
    }

    /// The version that was the last one `lag` writes ago.
    pub(super) fn before(&self, lag: usize) -> Option<&Version> {
        self.versions.iter().rev().nth(lag)
    }

    /// A version by its number, if it is still kept.
    pub(super) fn version(&self, number: u64) -> Option<&Version> {
        self.versions.iter().find(|version| version.number == number)
    }

    /// `Parameter` of the API.
    pub(super) fn view(&self, name: &str, arn: &str, version: &Version) -> Value {
        json!({
            "Name": name,
            "Type": self.kind,
            "Value": version.value,
            "Version": version.number,
            "LastModifiedDate": seconds(version.at),
            "ARN": arn,
            "DataType": "text",
        })
    }
}
