//! The local endpoints that a test has switched off.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Local endpoints that are switched off. All are on at first.
#[derive(Default)]
pub(crate) struct Switches {
    imds: Off,
    credentials: Off,
    task_metadata: Off,
}

impl Switches {
    /// IMDS, by EC2 instance id.
    pub(crate) fn imds(&self) -> &Off {
        &self.imds
    }

    /// Container credentials, by task id.
    pub(crate) fn credentials(&self) -> &Off {
        &self.credentials
    }

    /// Task metadata, by task id.
    pub(crate) fn task_metadata(&self) -> &Off {
        &self.task_metadata
    }
}

/// The names for which one endpoint is off.
#[derive(Default)]
pub(crate) struct Off(Mutex<HashSet<String>>);

impl Off {
    /// Switches the endpoint of `name` on or off.
    pub(crate) fn set(&self, name: &str, on: bool) {
        match on {
            true => self.names().remove(name),
            false => self.names().insert(name.to_owned()),
        };
    }

    /// Never returns while the endpoint of `name` is off, as if its packets were dropped.
    pub(crate) async fn blackhole(&self, name: &str) {
        if self.contains(name) {
            std::future::pending::<()>().await;
        }
    }

    /// Returns whether the endpoint of `name` is off.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.names().contains(name)
    }

    fn names(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
