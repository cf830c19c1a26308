//! What functions to run.

use std::path::PathBuf;
use std::time::Duration;

/// How events reach the coordinator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wiring {
    /// Through one FIFO queue, a batch at a time; heartbeats are a function with a schedule. As in `template.yaml`.
    #[default]
    Queue,
    /// EventBridge invokes the function for each event, beside what runs, and there is no function for heartbeats. As in
    /// the stacks before the queue.
    Direct,
}

/// The coordinator as `template.yaml` deploys it: the function that processes events, and that of the heartbeats. Both
/// run the same program with the same settings.
#[derive(Clone, Debug)]
pub struct CoordinatorSpec {
    /// The `bootstrap` program.
    pub binary: PathBuf,
    /// Settings, on top of what Lambda gives every function.
    pub env: Vec<(String, String)>,
    /// How long one run of the coordinator may take. Lambda: at most 15 minutes.
    pub timeout: Duration,
    /// How long after it was received an event comes again if the run that had it failed. Lambda takes no less than
    /// `timeout`, and with [`Wiring::Direct`] a minute and two.
    pub visibility_timeout: Duration,
    /// Passed to the functions, not enforced.
    pub memory_mb: u32,
    /// The coordinator's reserved concurrency, if it has one. Shown, not enforced.
    pub reserved_concurrency: Option<u32>,
    /// How events reach it.
    pub wiring: Wiring,
}

impl CoordinatorSpec {
    /// `binary` with what `template.yaml` gives it: 60 s, as long until events come again, 128 MB.
    pub fn new(binary: impl Into<PathBuf>) -> CoordinatorSpec {
        CoordinatorSpec {
            binary: binary.into(),
            env: Vec::new(),
            timeout: Duration::from_secs(60),
            visibility_timeout: Duration::from_secs(60),
            memory_mb: 128,
            reserved_concurrency: None,
            wiring: Wiring::Queue,
        }
    }

    /// With one more setting.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> CoordinatorSpec {
        self.env.push((name.to_owned(), value.into()));
        self
    }
}
