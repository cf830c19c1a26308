//! Which process groups are alive.

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::collections::HashSet;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::process::{Child, Command};

/// The living process groups of one kind. They can be killed from anywhere, without waiting.
#[derive(Default)]
pub(crate) struct Registry(Mutex<Groups>);

#[derive(Default)]
struct Groups {
    alive: HashSet<Pid>,
    closed: bool,
}

impl Registry {
    /// Starts a process that leads a group. Under the lock: none can slip through while all are being killed.
    pub(super) fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        let mut groups = self.lock();
        if groups.closed {
            return Err(io::Error::other("shutting down"));
        }
        let child = command.spawn()?;
        groups.alive.extend(
            child
                .id()
                .and_then(|id| i32::try_from(id).ok())
                .map(Pid::from_raw),
        );
        Ok(child)
    }

    /// Kills what is left of a group whose leader has gone.
    pub(super) fn forget(&self, leader: Pid) {
        if self.lock().alive.remove(&leader) {
            kill(leader);
        }
    }

    /// Kills all groups. Their owners notice and take them off the list.
    pub(crate) fn kill_all(&self) {
        self.lock().alive.iter().copied().for_each(kill);
    }

    /// Kills all groups and lets no new process start.
    pub(crate) fn close(&self) {
        let mut groups = self.lock();
        groups.closed = true;
        groups.alive.iter().copied().for_each(kill);
    }

    /// Returns whether no process is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().alive.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Groups> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn kill(leader: Pid) {
    // The group may be gone already, which is what is wanted.
    let _ = killpg(leader, Signal::SIGKILL);
}
