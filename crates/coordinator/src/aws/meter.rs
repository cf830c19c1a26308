//! How many calls of which operation.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::failure::Kind;

/// Counts calls and failures.
#[derive(Debug, Default)]
pub struct Meter(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    calls: BTreeMap<&'static str, u32>,
    failures: BTreeMap<Kind, u32>,
}

impl Meter {
    /// Counts one call. The SDK's own retries are not seen here.
    pub(super) fn call(&self, operation: &'static str) {
        *self.lock().calls.entry(operation).or_default() += 1;
    }

    pub(super) fn failure(&self, kind: Kind) {
        *self.lock().failures.entry(kind).or_default() += 1;
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
    pub fn failures(&self) -> BTreeMap<Kind, u32> {
        self.lock().failures.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
