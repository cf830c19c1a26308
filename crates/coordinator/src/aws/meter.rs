//! How many calls of which operation.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::ErrorKind;
use protector_runtime::guarded::Guarded;

/// Counts calls and failures: of one instance in one run, or of all.
#[derive(Debug, Default)]
pub struct Meter {
    counts: Guarded<Counts>,
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
            counts: Guarded::default(),
            all: Some(all),
        }
    }

    /// What was counted since the last time.
    pub fn take(&self) -> Counts {
        std::mem::take(&mut *self.counts.lock())
    }

    /// Counts one call. The SDK's own retries are not seen here.
    pub(super) fn call(&self, operation: &'static str) {
        *self.counts.lock().calls.entry(operation).or_default() += 1;
        if let Some(all) = &self.all {
            all.call(operation);
        }
    }

    pub(super) fn failure(&self, kind: ErrorKind) {
        *self.counts.lock().failures.entry(kind).or_default() += 1;
        if let Some(all) = &self.all {
            all.failure(kind);
        }
    }

    /// Calls by operation.
    pub fn calls(&self) -> BTreeMap<&'static str, u32> {
        self.counts.lock().calls.clone()
    }

    /// All calls together.
    pub fn total(&self) -> u32 {
        self.counts.lock().calls.values().sum()
    }

    /// Failures by kind.
    pub fn failures(&self) -> BTreeMap<ErrorKind, u32> {
        self.counts.lock().failures.clone()
    }
}
