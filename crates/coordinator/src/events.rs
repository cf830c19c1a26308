//! What each kind of event does.

mod hook;
mod instance;
mod operator;
mod spot;
mod task;

pub(crate) use hook::HookEvents;
pub(crate) use instance::InstanceEvents;
pub(crate) use operator::Orders;
pub(crate) use spot::SpotEvents;
pub(crate) use task::{TaskEvents, left_to_linger};
