//! The real program against a small loopback host: SSM, task metadata, IMDS, introspection and credentials.

// clippy knows test functions, not their helpers.
#![allow(clippy::unwrap_used, clippy::panic)]

mod check;
mod early_exit;
mod hold;
mod network;
mod no_record;
mod pending;
mod settings;
mod start;
mod support;
mod trouble;
