//! How many calls of which operation.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::ErrorKind;

/// Counts calls and failures: of one instance in one run, or of all.
#[derive(Debug, Default)]
pub struct Meter {
    counts: Mutex<Counts>,
    /// The meter of all, if this is of one.
    all: Option<Arc<Meter>>,
}

/// Calls by operation, failures by kind.
#[derive(Debug, Default)]
pub struct Counts {
    /// Calls by operation.
    pub calls: BTreeMap<&'static str, u32>,
    /// Failures by kind.
    pub failures: BTreeMap<ErrorKind, u32>,
}

impl Meter {
    /// A meter that counts for itself, and for `all` too.
    #[must_use]
    pub fn within(all: Arc<Meter>) -> Meter {
        Meter {
            counts: Mutex::default(),
            all: Some(all),
        }
    }

    /// What was counted since the last time.
    pub fn take(&self) -> Counts {
        std::mem::take(&mut *self.lock())
    }

    /// Counts one call. The SDK's own retries are not seen here.
    pub(super) fn call(&self, operation: &'static str) {
        *self.lock().calls.entry(operation).or_default() += 1;
        if let Some(all) = &self.all {
            all.call(operation);
        }
    }

    pub(super) fn failure(&self, kind: ErrorKind) {
        *self.lock().failures.entry(kind).or_default() += 1;
        if let Some(all) = &self.all {
            all.failure(kind);
        }
    }

    /// Calls by operation.
    pub fn calls(&self) -> BTreeMap<&'static str, u32> {
        self.lock().calls.clone()
    }

    /// All calls together.
    pub fn total(&self) -> u32 {
        self.lock().calls.values().sum()
    }

    /// Failures by kind.
    pub fn failures(&self) -> BTreeMap<ErrorKind, u32> {
        self.lock().failures.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
