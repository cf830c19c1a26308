//! What the asynchronous part of a command runs on.

use std::io;
use tokio::runtime::{Builder, Runtime};

/// A thread for each core, for a command that has much to do at the same time.
///
/// # Errors
/// The system gives no threads or no events.
pub fn threads() -> io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build()
}

/// The thread that asks, for a command that waits for most of its time.
///
/// # Errors
/// The system gives no events.
pub fn one_thread() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
