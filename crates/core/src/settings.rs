//! Both programs read their settings from their environment.

pub mod coordinator;
pub mod sidecar;
