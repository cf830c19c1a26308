//! An operator's order is obeyed, or changes nothing, for a reason.

use serde::{Serialize, Serializer};

use crate::control::Mode;
use crate::sentences::sentences;

/// What becomes of an operator's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", content = "message", rename_all = "kebab-case")]
pub enum OrderOutcome {
    /// The coordinator obeys the order, and the record holds it.
    Done,
    /// It changes nothing.
    Ignored(OrderIgnored),
}

sentences! {
    /// Why an order changes nothing. The answer to the operator has the sentence.
    #[derive(Copy)]
    pub enum OrderIgnored {
        /// The policy does not name the cluster.
        ClusterNotWatched => "the cluster is not watched";
        /// The cluster does not know the instance: it was mistyped, or is gone.
        NoSuchInstance => "the cluster has no such container instance";
        /// The instance does not drain.
        NotDraining => "the instance does not drain";
        /// The instance is gone, and its hooks wait for nothing.
        InstanceGone => "the container instance is gone";
        /// The release was before the order.
        AlreadyReleased => "the daemons are released already";
        /// In this mode the coordinator only observes.
        ChangesNothing(mode: Mode) => "the coordinator changes nothing in mode {}", mode.name();
    }
}

impl Serialize for OrderIgnored {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
