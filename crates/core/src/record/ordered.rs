//! The record remembers the last order of an operator.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::control::KillSwitch;

use super::codec::order_text;

/// An operator's order, as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ordered {
    /// `release`, `hold` or `extend`; `release-all` of the kill switch.
    pub command: String,
    /// The person who ordered it.
    pub who: String,
    /// The reason that they gave.
    pub why: String,
    /// When it was ordered.
    pub at: Timestamp,
}

impl Ordered {
    /// An order of this name, given at `at` by `who` for the reason `why`; the texts are cut to what the record can
    /// hold.
    #[must_use]
    pub fn new(order: &str, who: &str, why: &str, at: Timestamp) -> Self {
        Self {
            command: order.to_owned(),
            who: order_text(who),
            why: order_text(why),
            at,
        }
    }

    /// Remembers that the kill switch has released everything, `at` the time of the release. None if its parameter says
    /// neither who nor why.
    #[must_use]
    pub fn by_kill_switch(switch: &KillSwitch, at: Timestamp) -> Option<Self> {
        switch.by()?;
        let text = |said: &Option<String>| order_text(said.as_deref().unwrap_or_default());
        Some(Self {
            command: switch.control.name().to_owned(),
            who: text(&switch.who),
            why: text(&switch.why),
            at,
        })
    }
}
