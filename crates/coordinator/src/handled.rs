//! The outcome of one event.

use protector_core::trigger::Malformed;
use serde_json::Value;

/// The outcome of one event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Handled {
    /// It is dealt with. Holds the last line of an instance, if there was one.
    Done(Value),
    /// The event does not concern this deployment.
    Ignored,
    /// An operator's order that changes nothing. Holds the answer to the operator: the order, and the `reason`.
    OrderIgnored(Value),
    /// It was not what its shape promises. It will not get better by being sent again.
    Malformed(Malformed),
    /// Something failed that a retry may fix.
    Failed(String),
}

impl Handled {
    /// What a retry may fix.
    pub(crate) fn into_problem(self) -> Option<String> {
        match self {
            Handled::Failed(problem) => Some(problem),
            Handled::Done(_) | Handled::Ignored | Handled::OrderIgnored(_) | Handled::Malformed(_) => None,
        }
    }
}
