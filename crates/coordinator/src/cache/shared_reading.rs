//! A reading that many runs want at once.

use std::collections::HashMap;
use std::hash::Hash;

use jiff::Timestamp;
use protector_core::limits::coordinator::SHARED_READING_RETRY;

use crate::clock::Clock;

/// A reading of something, by its name, that many runs want at once: one reads, and the others wait for that. A reading
/// that failed is not made again at once.
#[derive(Debug)]
pub(crate) struct SharedReading<K>(tokio::sync::Mutex<HashMap<K, Timestamp>>);

impl<K> Default for SharedReading<K> {
    fn default() -> Self {
        SharedReading(tokio::sync::Mutex::default())
    }
}

impl<K: Eq + Hash> SharedReading<K> {
    /// Reads this, unless it is known, or another run has just tried to read it.
    pub(crate) async fn read_once(
        &self,
        name: K,
        clock: &Clock,
        is_known: impl Fn() -> bool,
        read: impl Future<Output = ()>,
    ) {
        if is_known() {
            return;
        }
        let mut tried = self.0.lock().await;
        let again = |at: &Timestamp| clock.now().duration_since(*at) >= SHARED_READING_RETRY;
        if !is_known() && tried.get(&name).is_none_or(again) {
            read.await;
            tried.insert(name, clock.now());
        }
    }
}
