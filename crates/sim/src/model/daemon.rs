//! A daemon task: the daemon, and the sidecar that delays its SIGTERM.

use super::status::SidecarState;
use crate::scenario::{self, Ms, Sidecar};

/// A daemon and its sidecar.
#[derive(Debug)]
pub struct DaemonState {
    /// How it behaves.
    pub plan: scenario::Daemon,
    /// The sidecar.
    pub sidecar: SidecarState,
    /// When its task was placed.
    pub placed: Ms,
    /// When the sidecar last started.
    pub sidecar_started: Option<Ms>,
    /// When the sidecar got SIGTERM.
    pub sidecar_term: Option<Ms>,
    /// When the daemon got SIGTERM.
    pub daemon_term: Option<Ms>,
    /// When the daemon ended.
    pub daemon_end: Option<Ms>,
    /// Whether the sidecar was there when the agent stopped the task.
    pub protected: bool,
    /// How often the sidecar has started.
    pub(super) life: u32,
    /// The sidecar's credentials end then.
    pub(super) credentials_end: Option<Ms>,
    /// There is something in the daemon's sockets until then.
    pub(super) reads_until: Ms,
}

impl DaemonState {
    pub(super) fn new(plan: scenario::Daemon, placed: Ms) -> DaemonState {
        let sidecar = match plan.sidecar {
            Sidecar::None => SidecarState::None,
            _ if plan.no_image => SidecarState::None,
            Sidecar::Product | Sidecar::Original => SidecarState::Starts,
        };
        // A task that comes later has credentials of its own, which last for hours.
        let credentials_end = plan.credentials_end.filter(|_| placed == 0);
        DaemonState {
            plan,
            sidecar,
            placed,
            sidecar_started: None,
            sidecar_term: None,
            daemon_term: None,
            daemon_end: None,
            protected: false,
            life: 0,
            credentials_end,
            reads_until: 0,
        }
    }

    /// Returns whether the task has a sidecar of the product.
    #[must_use]
    pub fn has_sidecar(&self) -> bool {
        self.plan.sidecar == Sidecar::Product
    }

    /// When the sidecar let the daemon go, after its SIGTERM and without giving up.
    #[must_use]
    pub fn let_go(&self) -> Option<Ms> {
        match (self.sidecar, self.sidecar_term) {
            (SidecarState::Exited(at, 0), Some(_)) => Some(at),
            _ => None,
        }
    }

    /// Returns whether the sidecar has ever started.
    pub(super) fn has_started(&self) -> bool {
        self.life > 0
    }

    /// Returns whether the sidecar runs.
    #[must_use]
    pub fn is_guarded(&self) -> bool {
        matches!(self.sidecar, SidecarState::Runs(_))
    }
}
