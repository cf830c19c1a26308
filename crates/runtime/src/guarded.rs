//! A value that threads use in turn.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A value behind a mutex. A panic ends each program, so none leaves the value to another thread in the middle of a change.
#[derive(Debug, Default)]
pub struct Guarded<T>(Mutex<T>);

impl<T> Guarded<T> {
    /// Guards this value.
    pub const fn new(value: T) -> Self {
        Guarded(Mutex::new(value))
    }

    /// Waits for the turn to use the value.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
