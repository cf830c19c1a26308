//! The throughput of Parameter Store, a setting of the account, paces the writers of records and their readers.

use std::time::Duration;

use crate::limits::coordinator::{WRITE_INTERVAL, WRITE_INTERVAL_HIGHER};
use crate::limits::{SIDECAR_READS_PER_SECOND, SIDECAR_READS_PER_SECOND_HIGHER};

/// The throughput that Parameter Store gives this account and region. The coordinator does not ask for it: an operator
/// says so, by [`crate::policy::Policy::parameter_throughput`].
///
/// Standard is 40 reads, 3 writes and 3 deletions a second. Higher is 1,000 `GetParameters`, 100 `GetParametersByPath`,
/// 10 `PutParameter` and 5 deletions, and each call costs money
/// (<https://docs.aws.amazon.com/general/latest/gr/ssm.html#limits_ssm>).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ParameterThroughput {
    /// What every account has at first.
    #[default]
    Standard,
    /// The account's setting is on.
    Higher,
}

impl ParameterThroughput {
    /// All of them, as the setting has them; the default first.
    pub const CHOICES: &[(&str, ParameterThroughput)] = &[
        ("standard", ParameterThroughput::Standard),
        ("higher", ParameterThroughput::Higher),
    ];

    /// The reads per second of all sidecars together.
    #[must_use]
    pub fn sidecar_reads_per_second(self) -> u32 {
        match self {
            ParameterThroughput::Standard => SIDECAR_READS_PER_SECOND,
            ParameterThroughput::Higher => SIDECAR_READS_PER_SECOND_HIGHER,
        }
    }

    /// The time between two writes of the coordinator.
    #[must_use]
    pub fn write_interval(self) -> Duration {
        match self {
            ParameterThroughput::Standard => WRITE_INTERVAL,
            ParameterThroughput::Higher => WRITE_INTERVAL_HIGHER,
        }
    }
}
