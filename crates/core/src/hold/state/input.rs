//! The wait gets its policy, what was known before SIGTERM, and what was seen since.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::control::Control;
use crate::ids::{ContainerInstanceArn, InstanceId, ServiceName};
use crate::record::{DecodeError, Record};
use crate::shared::{SharedRecord, together};

/// How long is waited for what. All durations are at least 1 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldPolicy {
    /// Pause between two readings while no record says another.
    pub poll_interval: SignedDuration,
    /// The longest hold, counted from SIGTERM, whatever is read. The default leaves an hour for tiers after the
    /// coordinator's longest drain, and is far below the six hours for which credentials are known to last.
    pub max_hold: SignedDuration,
    /// How long a record is waited for if nothing speaks for a drain; half of it if the instance is known to stay in
    /// service. Twice of it is waited if neither task metadata nor credentials answer.
    pub unknown_grace: SignedDuration,
    /// How long a record is waited for if the instance is known to go.
    pub terminating_grace: SignedDuration,
    /// The operator's switch: never hold.
    pub disabled: bool,
}

impl Default for HoldPolicy {
    fn default() -> Self {
        Self {
            poll_interval: SignedDuration::from_secs(5),
            max_hold: SignedDuration::from_hours(2),
            unknown_grace: SignedDuration::from_secs(30),
            terminating_grace: SignedDuration::from_mins(5),
            disabled: false,
        }
    }
}

/// What was known before the reading: who reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SidecarIdentity {
    /// The daemon service that the sidecar's task belongs to. Agents before 1.63.1 do not name it.
    pub service: Option<ServiceName>,
    /// The container instance in its present life, if the agent names it.
    pub container_instance: Option<ContainerInstanceArn>,
}

impl SidecarIdentity {
    /// Returns whether this record is about another registration than the one this sidecar runs in. The id of an EC2
    /// instance comes back from a warm pool and after its root volume was replaced, and then its old record is still
    /// there.
    #[must_use]
    pub fn is_foreign(&self, record: &Record) -> bool {
        let own = self.container_instance.as_ref();
        own.is_some_and(|own| !record.names(own))
    }
}

/// Why a reading says nothing about the drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadError {
    /// Throttled, a server's error, a timeout, no connection, or an answer that cannot be parsed.
    Failed,
    /// The agent gives no credentials now.
    NoCredentials,
    /// The role is not allowed to read the parameter.
    Denied,
    /// The parameter's text is not a record.
    Unreadable,
    /// The record is of a schema that this version does not know.
    UnknownSchema,
    /// It is not known yet on which instance this is.
    Unidentified,
    /// The record was not asked for.
    NotAsked,
}

/// One look at what describes the instance: its record, or a shared one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// A record describes it.
    Record(Box<Record>),
    /// SSM said that no record is there, and no shared record describes the instance.
    NotFound,
    /// Nothing can be concluded.
    Failed(ReadError),
}

impl Reading {
    /// A reading of the parameter: its text, or nothing if there is no such parameter.
    #[must_use]
    pub fn of_parameter(text: Option<&str>) -> Self {
        text.map_or(Self::NotFound, Self::of_text)
    }

    /// A reading of all that may describe an instance: its own record, and the shared records of its cluster that are
    /// there. It is not known which instances a shared record describes that cannot be read, so it is no absence; what
    /// another one says counts.
    #[must_use]
    pub fn of_parameters(
        own: Option<&str>,
        shared: &[&str],
        instance: &InstanceId,
        known: &SidecarIdentity,
    ) -> Self {
        let own = Self::of_parameter(own);
        let (mut reported, mut failed) = (None, None);
        for text in shared {
            match SharedRecord::decode(text) {
                Ok(shared) => {
                    let record = shared.record(instance, known.container_instance.as_ref());
                    reported = [reported, record].into_iter().flatten().reduce(together);
                }
                Err(error) => failed = Some(ReadError::of_text(&error)),
            }
        }
        match (own, reported) {
            (Self::Record(own), Some(reported)) => Self::Record(Box::new(together(*own, reported))),
            (Self::NotFound, Some(reported)) => Self::Record(Box::new(reported)),
            (Self::NotFound, None) => failed.map_or(Self::NotFound, Self::Failed),
            (own, _) => own,
        }
    }

    /// A reading of the parameter's text.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        match Record::decode(text) {
            Ok(record) => Self::Record(Box::new(record)),
            Err(error) => Self::Failed(ReadError::of_text(&error)),
        }
    }
}

impl ReadError {
    /// What the error code of an answer of AWS means. Codes are not modelled for any call, so they are distinguished by
    /// name. Unknown ones are worth another try.
    #[must_use]
    pub fn of_code(code: &str) -> Self {
        match code {
            "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" | "NotAuthorized" => {
                Self::Denied
            }
            "ExpiredTokenException"
            | "ExpiredToken"
            | "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException" => Self::NoCredentials,
            _ => Self::Failed,
        }
    }

    fn of_text(error: &DecodeError) -> Self {
        match error {
            DecodeError::Unreadable(_) => Self::Unreadable,
            DecodeError::UnknownSchema(_) => Self::UnknownSchema,
        }
    }
}

/// What task metadata says of the protected containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProtectedContainers {
    /// One at least is not stopped, or cannot be found.
    Alive,
    /// Every one is stopped.
    Stopped,
    /// The agent answers, but without the state: it is asked too often (429), or is not up yet (503).
    Unclear,
    /// There is an address for task metadata, and nothing answers there: the connection is refused or silent.
    Unreachable,
    /// There is no address for task metadata: this is not an ECS task.
    Absent,
}

/// What IMDS says of the instance (`autoscaling/target-lifecycle-state`, `spot/instance-action`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetLifecycleState {
    /// Its target state is InService.
    InService,
    /// Its target state is Terminated, or a Spot interruption is announced.
    Leaving,
    /// No answer, no target state, another target state, or not asked.
    Unknown,
}

impl TargetLifecycleState {
    /// What two items of IMDS say together: the text of `autoscaling/target-lifecycle-state`, if there is one, and
    /// whether there is a `spot/instance-action`, which counts whatever the other says.
    #[must_use]
    pub fn of(target: Option<&str>, spot_notice: bool) -> Self {
        match target {
            _ if spot_notice => Self::Leaving,
            Some("Terminated") => Self::Leaving,
            Some("InService") => Self::InService,
            _ => Self::Unknown,
        }
    }
}

/// What the kill switch says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillSwitchReading {
    /// It was not read this time.
    NotAsked,
    /// The mode that it names; `on` if there is no such parameter.
    Says(Control),
    /// It could not be read, or its text is not understood: everything stays as it is.
    Unclear,
}

impl KillSwitchReading {
    /// What the parameter says: its text, or nothing if there is no such parameter.
    #[must_use]
    pub fn of_parameter(text: Option<&str>) -> Self {
        let control = text.map_or(Ok(Control::On), Control::decode);
        control.map_or(Self::Unclear, Self::Says)
    }
}

/// What became of the one call for record and kill switch together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Together {
    /// There was none in this look.
    NotAsked,
    /// It was denied. IAM authorizes each name, and one that is not allowed denies all.
    Denied,
    /// It was not denied; whether it brought something is in the readings.
    Answered,
}

/// All that was seen in one look.
#[derive(Debug, Clone, PartialEq)]
pub struct HoldObservation {
    /// Time since the first SIGTERM, of a clock that cannot be set.
    pub since_sigterm: SignedDuration,
    /// What the clock of AWS showed at the first SIGTERM: the `Date` of its last answer, less the time that went by
    /// until then. Nothing before the first answer with a `Date`.
    pub sigterm_at: Option<Timestamp>,
    /// The host's wall clock, which may be wrong.
    pub host_clock: Timestamp,
    /// What the record says, or why it was not read.
    pub reading: Reading,
    /// What has become of the protected containers.
    pub task: ProtectedContainers,
    /// What is to become of the instance, as its metadata say.
    pub target_state: TargetLifecycleState,
    /// What the kill switch says, if it was asked for.
    pub kill_switch: KillSwitchReading,
    /// Whether the call for both was denied.
    pub together: Together,
    /// A random number in 0..=1, new each time: sidecars of many instances must not read in step.
    pub jitter: f64,
}

impl HoldObservation {
    /// What the clock of AWS shows now: the record's times were written by it.
    #[must_use]
    pub fn aws_clock(&self) -> Option<Timestamp> {
        let sigterm = self.sigterm_at?;
        Some(sigterm.checked_add(self.since_sigterm).unwrap_or(Timestamp::MAX))
    }

    /// The moment of SIGTERM: by the clock of AWS, or by the host's while there is no other.
    #[must_use]
    pub fn sigterm(&self) -> Timestamp {
        let by_host = self.host_clock.checked_sub(self.since_sigterm);
        self.sigterm_at.unwrap_or(by_host.unwrap_or(self.host_clock))
    }
}
