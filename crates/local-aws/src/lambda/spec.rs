//! What function to run.

use std::path::PathBuf;
use std::time::Duration;

/// The coordinator as a Lambda function.
#[derive(Clone, Debug)]
pub struct CoordinatorSpec {
    /// The `bootstrap` program.
    pub binary: PathBuf,
    /// Settings, on top of what Lambda gives every function.
    pub env: Vec<(String, String)>,
    /// How long one invocation may take. Lambda: at most 15 minutes.
    pub timeout: Duration,
    /// How many invocations may run at once, each in a process of its own.
    pub concurrency: usize,
    /// How long after each failure an asynchronous event is tried again. Lambda: 1 minute, then 2 minutes;
    /// as many tries as there are delays, plus one.
    pub retry_delays: Vec<Duration>,
    /// Told to the function, not enforced.
    pub memory_mb: u32,
}

impl CoordinatorSpec {
    /// `binary` with what `template.yaml` gives it: 60 s, 128 MB, Lambda's own retries; two at once.
    pub fn new(binary: impl Into<PathBuf>) -> CoordinatorSpec {
        CoordinatorSpec {
            binary: binary.into(),
            env: Vec::new(),
            timeout: Duration::from_secs(60),
            concurrency: 2,
            retry_delays: vec![Duration::from_secs(60), Duration::from_secs(120)],
            memory_mb: 128,
        }
    }

    /// With one more setting.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> CoordinatorSpec {
        self.env.push((name.to_owned(), value.into()));
        self
    }
}
