//! What containers have asked of their host. AWS calls are in the journal; these are not, since a sidecar makes many.

use axum::http::Method;
use std::sync::{Mutex, PoisonError};

/// Where the requests of containers go: task metadata, credentials, IMDS, introspection.
const PATHS: [&str; 4] = ["/v4/", "/credentials/", "/latest/", "/v1/metadata"];

/// Every request so far, in order.
#[derive(Default)]
pub(crate) struct Requests(Mutex<Vec<String>>);

impl Requests {
    /// Notes a request, if it is one to a host.
    pub(crate) fn note(&self, method: &Method, path: &str) {
        if PATHS.iter().any(|prefix| path.starts_with(prefix)) {
            self.lock().push(format!("{method} {path}"));
        }
    }

    /// Method and path of each.
    pub(crate) fn all(&self) -> Vec<String> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
