//! Request ids: unique within one listener, the same from run to run.

use std::sync::atomic::{AtomicU64, Ordering};

/// A counter in the format of a UUID.
#[derive(Debug, Default)]
pub(crate) struct RequestIds(AtomicU64);

impl RequestIds {
    pub(crate) fn next(&self) -> String {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        format!("00000000-0000-4000-8000-{number:012x}")
    }
}
