//! A machine.

use super::ids::RegistrationId;
use super::lifecycle::Scaling;
use crate::scenario::{Kind, Ms};

/// A machine.
#[derive(Debug)]
pub struct Host {
    /// What it is.
    pub kind: Kind,
    /// `i-…` or `mi-…`.
    pub id: String,
    /// Its registrations, the oldest first.
    pub registrations: Vec<RegistrationId>,
    /// It as an instance of a group.
    pub scaling: Scaling,
    /// Whether it is on.
    pub on: bool,
    /// When EC2 takes it back.
    pub taken_at: Option<Ms>,
    /// When the notice of that came.
    pub noticed_at: Option<Ms>,
    /// Whether its agent is there.
    pub agent: bool,
    /// When the connection of its agent last changed.
    pub agent_since: Ms,
    /// Whether its agent refuses requests of tasks.
    pub busy: bool,
    /// Its wall clock is ahead by so much.
    pub clock_skew: i64,
    /// IMDS does not answer to tasks.
    pub imds_closed: bool,
}

impl Host {
    /// The registration of its present agent.
    #[must_use]
    pub fn present(&self) -> Option<RegistrationId> {
        self.registrations.last().copied()
    }

    /// Returns whether it is on its way out.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.on && (self.scaling.is_leaving() || self.taken_at.is_some())
    }
}
