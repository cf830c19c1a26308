//! What the function is invoked with.

use std::sync::Arc;

use serde_json::Value;

use super::ids::HostId;
use crate::scenario::Ms;

/// Where an invocation comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The schedule.
    Tick,
    /// The schedule of the heartbeats.
    Heartbeats,
    /// An event of this detail type.
    Event(&'static str),
    /// An operator, who waits for the answer: for this machine, this command.
    Operator(HostId, String),
    /// Something else.
    Foreign,
}

/// What is invoked with.
#[derive(Debug, Clone)]
pub struct Payload {
    /// Where it comes from.
    pub source: Source,
    /// The payload.
    pub event: Value,
}

/// A message of the queue.
#[derive(Debug, Clone)]
pub struct Message {
    pub(super) number: u64,
    pub(super) source: Source,
    pub(super) event: Value,
    /// How often it was received before.
    pub(super) receives: u32,
    pub(super) arrived: Ms,
}

/// One invocation.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Its number.
    pub id: u64,
    /// Where it comes from. A batch that holds the schedule's event comes from the schedule.
    pub source: Source,
    /// Its payload.
    pub payload: Arc<Value>,
    /// How often it was tried before.
    pub tries: u32,
    /// When it arrived first.
    pub arrived: Ms,
    /// The messages of the queue that it holds.
    pub batch: Vec<Message>,
}
