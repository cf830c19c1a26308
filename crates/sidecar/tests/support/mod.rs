//! The host, and the sidecar on it.

mod host;
mod proxy;
mod record;
mod sidecar;

pub(crate) use host::{Host, Ssm, State};
pub(crate) use proxy::Proxy;
pub(crate) use record::{
    CONTAINER_INSTANCE, INSTANCE, REGISTRATION, TOKEN, changed, ended, holding, in_seconds, released, shared,
};
pub(crate) use sidecar::{Sidecar, check_at, run};

/// A file with the authority that has signed the server's certificate, for `SSL_CERT_FILE`. Both are for these tests alone:
/// the key of the authority was deleted.
pub(crate) const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls/authority.pem");
