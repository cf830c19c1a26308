//! The settings of both programs, read from their environment.

pub mod coordinator;
pub mod sidecar;
