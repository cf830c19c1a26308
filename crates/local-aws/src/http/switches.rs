//! What a test or a person has changed of the endpoints of a host.

use super::json_body;
use crate::server::hang_up;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use jiff::SignedDuration;
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How an endpoint of a host answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostEndpoint {
    /// As always.
    #[default]
    Answers,
    /// It accepts a connection and never answers, as if packets were dropped: a hop limit that is too small.
    Silent,
    /// It closes each connection without an answer.
    Closes,
    /// It answers with this HTTP status, as an agent does that limits its requests (429), or that has restarted and has
    /// no credentials yet (503).
    Refuses(u16),
}

/// The endpoints of all hosts.
#[derive(Default)]
pub(crate) struct Switches {
    imds: Endpoints,
    introspection: Endpoints,
    credentials: Endpoints,
    task_metadata: Endpoints,
    lives: Named<SignedDuration>,
    metadata: Named<String>,
}

impl Switches {
    /// IMDS, by EC2 instance id.
    pub(crate) fn imds(&self) -> &Endpoints {
        &self.imds
    }

    /// The agent's introspection, by EC2 instance id.
    pub(crate) fn introspection(&self) -> &Endpoints {
        &self.introspection
    }

    /// Container credentials, by task id.
    pub(crate) fn credentials(&self) -> &Endpoints {
        &self.credentials
    }

    /// Task metadata, by task id.
    pub(crate) fn task_metadata(&self) -> &Endpoints {
        &self.task_metadata
    }

    /// How long the credentials of a task last, where that is not the usual time.
    pub(crate) fn lives(&self) -> &Named<SignedDuration> {
        &self.lives
    }

    /// What IMDS has in place of what the model knows, by instance and path.
    pub(crate) fn metadata(&self) -> &Named<String> {
        &self.metadata
    }
}

/// One kind of endpoint.
pub(crate) type Endpoints = Named<HostEndpoint>;

/// What was set, by name.
#[derive(Default)]
pub(crate) struct Named<T>(Mutex<HashMap<String, T>>);

impl<T: Clone> Named<T> {
    /// Sets what is of `name` from now on.
    pub(crate) fn set(&self, name: &str, value: T) {
        self.names().insert(name.to_owned(), value);
    }

    /// What was set for `name`.
    pub(crate) fn get(&self, name: &str) -> Option<T> {
        self.names().get(name).cloned()
    }

    fn names(&self) -> MutexGuard<'_, HashMap<String, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Endpoints {
    /// Lets a request to the endpoint of `name` pass, or gives the response in its place. It does not return while the
    /// endpoint is silent.
    pub(crate) async fn admit(&self, name: &str) -> Result<(), Response<Body>> {
        match self.get(name).unwrap_or_default() {
            HostEndpoint::Answers => Ok(()),
            HostEndpoint::Silent => std::future::pending().await,
            HostEndpoint::Closes => Err(hang_up()),
            HostEndpoint::Refuses(status) => Err(refusal(status)),
        }
    }
}

/// The words of an agent between its restart and the backend's next message.
fn refusal(status: u16) -> Response<Body> {
    json_body(
        StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
        &json!({"code": "CredentialsUninitialized", "message": "not now", "HTTPErrorCode": status}),
    )
}
