//! The host, and the sidecar on it.

mod host;
mod http;
mod proxy;
mod record;
mod sidecar;
mod tls;

pub(crate) use host::{Host, Ssm, State};
pub(crate) use proxy::Proxy;
pub(crate) use record::{CONTAINER_INSTANCE, INSTANCE, TOKEN, ended, holding, in_seconds, released, shared};
pub(crate) use sidecar::{Sidecar, check_at, run};
pub(crate) use tls::AUTHORITY;
