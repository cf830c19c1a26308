//! Why one instance still drains, with the evidence and the next command.

pub mod reads;
pub mod service_event;
pub mod task_ends;
