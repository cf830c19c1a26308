//! SIGTERM and SIGINT: blocked from the first moment, noticed without being consumed, awaited at last.
//!
//! A blocked signal stays pending through `execve`, and process 1 of a container gets it too: the kernel drops only
//! signals that are neither handled nor blocked there.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use protector_core::limits::sidecar::SIGNAL_CHECK_INTERVAL;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::sleep;

/// Whether [`wait`] has taken one.
static TAKEN: AtomicBool = AtomicBool::new(false);

fn ours() -> SigSet {
    let mut set = SigSet::empty();
    set.add(Signal::SIGTERM);
    set.add(Signal::SIGINT);
    set
}

/// Blocks both signals. To be called before anything else, while there is one thread.
pub(crate) fn block() -> Result<(), Errno> {
    ours().thread_block()
}

/// Waits for one of them. Needs no runtime, no thread, no timer.
pub(crate) fn wait() -> Result<Signal, Errno> {
    let signal = ours().wait()?;
    TAKEN.store(true, Ordering::Relaxed);
    Ok(signal)
}

/// Returns whether [`wait`] has taken one. Then it is no longer pending.
pub(crate) fn has_been_taken() -> bool {
    TAKEN.load(Ordering::Relaxed)
}

/// Sees whether one of them is pending, and leaves it so.
pub(crate) struct Pending(SignalFd);

impl Pending {
    /// Opens the view. It is closed by `execve`.
    pub(crate) fn new() -> Result<Self, Errno> {
        SignalFd::with_flags(&ours(), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).map(Self)
    }

    /// Comes back when one is pending. Needs a runtime.
    pub(crate) async fn arrives(&self) {
        while !self.now() {
            sleep(SIGNAL_CHECK_INTERVAL).await;
        }
    }

    /// Returns whether one is pending.
    pub(crate) fn now(&self) -> bool {
        self.within(Duration::ZERO)
    }

    /// Waits for one, but no longer than `limit`. Needs no runtime.
    pub(crate) fn within(&self, limit: Duration) -> bool {
        let limit = PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX);
        let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, limit).is_ok_and(|ready| ready > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::raise;

    #[test]
    fn a_blocked_signal_is_seen_without_being_consumed() {
        block().unwrap();
        let pending = Pending::new().unwrap();
        assert!(!pending.now());
        // To this thread alone: another test's thread would not have it blocked.
        raise(Signal::SIGTERM).unwrap();
        assert!(pending.now() && pending.now());
        assert_eq!(wait().unwrap(), Signal::SIGTERM);
        assert!(!pending.now());
    }
}
