//! The coordinator of one invocation: settings, AWS, what is remembered, and how much time there is.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use protector_core::beacon::Deployment;
use protector_core::limits::coordinator::RUN_MARGIN;
use protector_core::plan::HeartbeatSender;
use protector_core::policy::Policy;

use crate::aws::Aws;
use crate::cache::Cache;
use crate::clock::Clock;
use crate::logging::Logger;
use crate::survey_view::Survey;

/// Everything that a run needs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Coordinator {
    /// The operator's choices.
    pub policy: Arc<Policy>,
    /// Access to AWS.
    pub aws: Aws,
    /// What is remembered from run to run.
    pub cache: Arc<Cache>,
    /// Where lines go.
    pub logger: Logger,
    /// Where the time comes from.
    pub clock: Clock,
    /// Where the run executes, for the beacon; none in a simulation, which no tool looks for.
    pub deployment: Option<Arc<Deployment>>,
    /// Names the run in its lines.
    pub request_id: String,
    /// When Lambda ends the run.
    pub deadline: Timestamp,
    /// Is the run a batch of the queue, so that everything else waits until it is over?
    pub queued: bool,
    /// Do messages wait behind those of the run, so that it puts off what can be done for many at once?
    pub more_wait: bool,
    /// What the run has seen of many instances at once.
    pub survey: Arc<Survey>,
}

impl Coordinator {
    /// The same, with AWS calls counted from zero.
    #[must_use]
    pub fn metered(&self) -> Coordinator {
        Coordinator {
            aws: self.aws.metered(),
            ..self.clone()
        }
    }

    /// Who keeps the hooks alive in this run.
    #[must_use]
    pub fn heartbeats_by(&self) -> HeartbeatSender {
        match self.queued {
            true => HeartbeatSender::OwnFunction,
            false => HeartbeatSender::Planner,
        }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How long the run may still take.
    #[must_use]
    pub fn time_left(&self) -> SignedDuration {
        self.deadline.duration_since(self.now()) - RUN_MARGIN
    }
}
