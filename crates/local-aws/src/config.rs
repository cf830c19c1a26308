//! How a local AWS is set up.

use crate::rules::product_rules;
use protector_aws_model::WorldConfig;
use serde_json::Value;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;

/// Settings of a [`crate::LocalAws`].
#[derive(Clone, Debug)]
pub struct LocalAwsConfig {
    /// Account, region, quotas and speed of the world.
    pub world: WorldConfig,
    /// Port of the AWS APIs on 127.0.0.1; none takes a free one.
    pub port: Option<u16>,
    /// How often the schedules fire, that of the ticks and that of the heartbeats. If none, they fire only on request.
    /// A rule's schedule is no finer than a minute.
    pub tick_every: Option<Duration>,
    /// EventBridge patterns; an event that matches one goes to the coordinator's queue. Default: [`product_rules`].
    pub rules: Vec<Value>,
    /// Whether a connection serves more than one request.
    pub keep_alive: bool,
    /// How many lines of the coordinator's output are kept, and of each container's.
    pub log_lines: usize,
}

impl Default for LocalAwsConfig {
    fn default() -> LocalAwsConfig {
        LocalAwsConfig {
            world: WorldConfig::default(),
            port: None,
            tick_every: Some(Duration::from_secs(60)),
            rules: product_rules(),
            keep_alive: true,
            log_lines: 10_000,
        }
    }
}

/// Why something could not be started.
#[derive(Debug, Error)]
pub enum StartError {
    /// The port is taken.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port that was asked for; 0 means any.
        port: u16,
        /// What the operating system answered.
        source: io::Error,
    },
    /// There is no such program.
    #[error("cannot run {}: {source}", binary.display())]
    Binary {
        /// The program that was asked for.
        binary: PathBuf,
        /// What the operating system answered.
        source: io::Error,
    },
}

/// Something did not happen in time.
#[derive(Debug, Error)]
#[error("not within {bound:?}: {what}; the journal ends:\n{journal}")]
pub struct Timeout {
    /// What was waited for.
    pub what: String,
    /// For how long.
    pub bound: Duration,
    /// The end of the journal, one entry a line.
    pub journal: String,
}
