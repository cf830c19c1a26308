//! Everything that answers HTTP. Each listener is bound to 127.0.0.1.

mod aws;
mod cbor;
mod control;
mod credentials;
mod cut;
mod functions;
pub(crate) mod imds;
mod json;
pub mod message;
mod metadata;
mod query;
mod switches;
pub mod wire;
mod xml;

pub(crate) use metadata::endpoint_id as metadata_endpoint_id;
pub use switches::HostEndpoint;
pub(crate) use switches::Switches;

use crate::ids::RequestIds;
use crate::lambda::Lambda;
use crate::live::Live;
use crate::reads::Reads;
use crate::requests::Requests;
use crate::server::{Server, Serving};
use axum::Router;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response, StatusCode};
use axum::routing::{any, get, post, put};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// What the handlers of the shared listener need.
pub(crate) struct Front {
    pub(crate) live: Arc<Live>,
    pub(crate) lambda: Arc<Lambda>,
    pub(crate) reads: Arc<Reads>,
    pub(crate) switches: Arc<Switches>,
    pub(crate) ids: RequestIds,
    pub(crate) requests: Arc<Requests>,
    /// How the listeners treat their connections; TLS aside.
    pub(crate) serving: Serving,
    /// The metadata service of each instance that is on.
    pub(crate) imds: Mutex<HashMap<String, Server>>,
}

/// The AWS APIs, and what the ECS agent serves to the tasks of every instance.
pub(crate) fn router(front: Arc<Front>) -> Router {
    Router::new()
        .route("/", post(aws::handle))
        .route(
            "/2015-03-31/functions/{name}/invocations",
            post(functions::invoke),
        )
        .route(
            "/2015-03-31/functions/{name}/configuration",
            get(functions::configuration),
        )
        .route(
            "/2019-09-30/functions/{name}/concurrency",
            get(functions::concurrency),
        )
        .route(
            "/2015-03-31/event-source-mappings/",
            get(functions::event_source_mappings),
        )
        .route(
            "/2015-03-31/event-source-mappings",
            get(functions::event_source_mappings),
        )
        .route("/2015-03-31/{*rest}", any(functions::not_served))
        .route("/service/{service}/operation/{operation}", post(cbor::handle))
        .route("/v4/{container}", get(metadata::container))
        .route("/v4/{container}/task", get(metadata::task))
        .route("/credentials/{task_id}", get(credentials::get))
        .route("/_local/faults", put(control::faults))
        .route("/_local/requests", get(control::requests))
        .route("/_local/instances/{id}", get(control::instance))
        .fallback(functions::not_served)
        .with_state(front)
}

fn respond(status: StatusCode, content_type: &'static str, request_id: &str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

fn json_body(status: StatusCode, body: &Value) -> Response<Body> {
    respond(status, "application/json", "", body.to_string())
}
