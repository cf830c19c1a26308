//! A daemon that was seen to run without the protection of its sidecar is kept by its service and the reason.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a daemon is not protected by its sidecar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnprotectedReason {
    /// The sidecar's container has ended, and was not started again: nothing holds the daemon.
    SidecarStopped,
    /// The sidecar's container never started, mostly because its image cannot be pulled: nothing holds the daemon.
    SidecarNeverStarted,
    /// The sidecar runs, and its self-check has not passed: it would hold blindly, up to its `MAX_HOLD`.
    SidecarUnhealthy,
    /// The sidecar's container ended with an error after the stop order, while tasks held: it waited for no release.
    SidecarFailed,
    /// A reason of a later version.
    #[serde(other)]
    Other,
}

impl fmt::Display for UnprotectedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SidecarStopped => "its sidecar had stopped",
            Self::SidecarNeverStarted => "its sidecar had never started",
            Self::SidecarUnhealthy => {
                "its sidecar ran but was unhealthy, and would have held without reading its record"
            }
            Self::SidecarFailed => "its sidecar had ended with an error, before the release",
            Self::Other => "its sidecar did not protect it",
        })
    }
}

impl UnprotectedReason {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::SidecarStopped => {
                "nothing holds this daemon, and the agent does not start its sidecar again: read the exit code, then replace the task (stop-task, or update-service --force-new-deployment)"
            }
            Self::SidecarNeverStarted => {
                "nothing holds this daemon: correct what `error` says, then replace the task (stop-task, or update-service --force-new-deployment)"
            }
            Self::SidecarUnhealthy => {
                "this daemon would be held blindly, up to PROTECTOR_MAX_HOLD: the sidecar's self-check-failed line says which permission, endpoint or hop limit is missing"
            }
            Self::SidecarFailed => {
                "nothing held this daemon, and the service's other tasks may be like it: the exit line of its sidecar says why; correct the cause, then replace them (update-service --force-new-deployment)"
            }
            Self::Other => "see the documentation of the version that has found it",
        }
    }
}

/// A daemon that was seen unprotected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnprotectedDaemon {
    /// Its service, or its task group if it is of none; cut to [`QUOTED_CHARS_MAX`](crate::limits::QUOTED_CHARS_MAX) characters.
    pub service: String,
    /// Why it was not protected.
    pub reason: UnprotectedReason,
}

impl fmt::Display for UnprotectedDaemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "daemon of service {} was not protected: {}",
            self.service, self.reason
        )
    }
}
