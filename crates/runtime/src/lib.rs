//! What the coordinator and the sidecar do alike at run time, and the core may not, or need not, know.
//!
//! It builds texts and numbers; each program writes and exits by itself, because they do so differently: Lambda reads
//! every line of the coordinator, while the log driver of the sidecar may have stopped reading. The clients of the SDK
//! are not here either. The sidecar disables the SDK's retries and timeouts and brings an HTTP client of its own, so
//! their configurations have nothing in common but the version of the SDK's defaults.

pub mod emf;
pub mod error;
pub mod exit;
pub mod guarded;
pub mod log;
