//! Why one instance still drains, with the evidence and the next command.

pub mod reads;
