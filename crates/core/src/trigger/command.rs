//! An operator orders by direct invocation of the function:
//! `{"command":"release","instance":"i-…","cluster":"prod","who":"ana","why":"ticket 7"}`.

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer};

use crate::ids::{ClusterName, InstanceId};

/// An order of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Release the daemons now.
    Release,
    /// Keep the daemons, whatever the deadline says, until the hook's global limit.
    Hold,
    /// Move the deadline further away by so much.
    Extend(SignedDuration),
}

impl Order {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Order::Release => "release",
            Order::Hold => "hold",
            Order::Extend(_) => "extend",
        }
    }
}

/// An order, and who answers for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// What is to be done.
    pub order: Order,
    /// The EC2 instance that it is for.
    pub instance: InstanceId,
    /// The cluster of the instance.
    pub cluster: ClusterName,
    /// The person who orders it: a name that colleagues know.
    pub who: String,
    /// The reason that they give.
    pub why: String,
}

impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Fields::deserialize(deserializer)?;
        Ok(Command {
            order: fields.order()?,
            instance: fields.instance,
            cluster: fields.cluster,
            who: fields.who,
            why: fields.why,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    command: CommandName,
    instance: InstanceId,
    cluster: ClusterName,
    who: String,
    why: String,
    by: Option<SignedDuration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum CommandName {
    Release,
    Hold,
    Extend,
}

impl Fields {
    fn order<E: serde::de::Error>(&self) -> Result<Order, E> {
        match (&self.command, self.by) {
            (CommandName::Release, None) => Ok(Order::Release),
            (CommandName::Hold, None) => Ok(Order::Hold),
            (CommandName::Extend, Some(by)) if by.is_positive() => Ok(Order::Extend(by)),
            (CommandName::Extend, Some(_)) => Err(E::custom("by: expected a duration above zero")),
            (CommandName::Extend, None) => Err(E::missing_field("by")),
            (_, Some(_)) => Err(E::custom("by: only extend takes a duration")),
        }
    }
}
