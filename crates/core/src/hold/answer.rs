//! The hold gives steps, and takes answers.

use jiff::{SignedDuration, Timestamp};

use super::identity::Identity;
use super::parameters::Parameters;
use crate::hold::state::{ExitReason, HoldReason, ProtectedContainers, ReadError, TargetLifecycleState};

/// The next step of a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Ask task metadata for the protected containers. Answer: [`Answer::Task`].
    ReadTask,
    /// Find out where the sidecar runs. Answer: [`Answer::Identity`].
    FindIdentity,
    /// One `GetParameters` call for these names, one to ten of them. Answer: [`Answer::Parameters`].
    ReadParameters(Vec<String>),
    /// One `GetParameter` call, for which IAM has an action of its own. Answer: [`Answer::Parameters`].
    ReadParameter(String),
    /// Ask the instance metadata for the target lifecycle state and a Spot notice. Answer: [`Answer::Instance`].
    ReadInstanceMetadata,
    /// Sleep, then go on with [`Answer::Nothing`].
    Sleep {
        /// More than zero, and no longer than to the next bound.
        duration: SignedDuration,
        /// The reason why the sidecar still holds.
        reason: HoldReason,
    },
    /// End the process, so that the protected containers are stopped.
    Exit(ExitReason),
}

/// The answer to a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Nothing was asked: the hold begins, or has slept.
    Nothing,
    /// What has become of the protected containers.
    Task(ProtectedContainers),
    /// Where the sidecar runs, or why that is not known.
    Identity(Result<Identity, ReadError>),
    /// What the call returned, or why it returned nothing.
    Parameters(Result<Parameters, ReadError>),
    /// What is to become of the instance.
    Instance(TargetLifecycleState),
}

/// The time of an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// Time since the first SIGTERM, of a clock that cannot be set.
    pub since_sigterm: SignedDuration,
    /// What the clock of AWS showed at the first SIGTERM: the `Date` of its last answer, less the time that went by
    /// until then. Nothing before the first answer with a `Date`.
    pub sigterm_at: Option<Timestamp>,
    /// The host's wall clock, which may be wrong.
    pub host_clock: Timestamp,
    /// A random number in 0..=1, new each time: sidecars of many instances must not read in step.
    pub jitter: f64,
}

impl Moment {
    /// A moment of a host whose clock is that of AWS.
    #[must_use]
    pub fn after(sigterm: Timestamp, since_sigterm: SignedDuration, jitter: f64) -> Self {
        Self {
            since_sigterm,
            sigterm_at: Some(sigterm),
            host_clock: sigterm.checked_add(since_sigterm).unwrap_or(Timestamp::MAX),
            jitter,
        }
    }
}
