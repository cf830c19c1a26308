//! The Runtime API of one execution environment: the side that the function's process talks to.

use crate::server::{Server, Serving};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io;
use tokio::sync::{mpsc, oneshot};

/// Work for the function.
pub(super) struct Work {
    pub(super) request_id: String,
    pub(super) event: Value,
    pub(super) deadline: Timestamp,
    pub(super) function_arn: String,
}

pub(super) enum Report {
    /// It has completed an invocation.
    Response { request_id: String, result: Value },
    /// An invocation failed.
    Error { request_id: String, error: Value },
    /// It cannot start.
    InitError(Value),
}

/// A request for work that waits for an answer. Its other end is gone if the process is.
pub(super) type Slot = oneshot::Sender<Work>;

/// The server's side of the API.
pub(super) struct RuntimeApi {
    pub(super) slots: mpsc::Receiver<Slot>,
    pub(super) reports: mpsc::Receiver<Report>,
    server: Server,
}

#[derive(Clone)]
struct Ends {
    slots: mpsc::Sender<Slot>,
    reports: mpsc::Sender<Report>,
}

impl RuntimeApi {
    /// Opens the API on a port of its own.
    pub(super) async fn start() -> io::Result<RuntimeApi> {
        let (slots_in, slots) = mpsc::channel(8);
        let (reports_in, reports) = mpsc::channel(8);
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(Ends {
                slots: slots_in,
                reports: reports_in,
            });
        let server = Server::start(0, router, Serving::default()).await?;
        Ok(RuntimeApi {
            slots,
            reports,
            server,
        })
    }

    /// `AWS_LAMBDA_RUNTIME_API`.
    pub(super) fn address(&self) -> String {
        self.server.address().to_string()
    }
}

/// Answers when there is work, however long that takes.
async fn next(State(ends): State<Ends>) -> Response<Body> {
    let (slot, work) = oneshot::channel();
    if ends.slots.send(slot).await.is_err() {
        return StatusCode::GONE.into_response();
    }
    match work.await {
        Ok(work) => invocation(&work),
        Err(_) => StatusCode::GONE.into_response(),
    }
}

fn invocation(work: &Work) -> Response<Body> {
    let mut response = Response::new(Body::from(work.event.to_string()));
    let deadline = work.deadline.as_millisecond().to_string();
    let headers = [
        ("content-type", "application/json"),
        ("lambda-runtime-aws-request-id", &work.request_id),
        ("lambda-runtime-deadline-ms", &deadline),
        ("lambda-runtime-invoked-function-arn", &work.function_arn),
        (
            "lambda-runtime-trace-id",
            "Root=1-00000000-000000000000000000000000;Sampled=0",
        ),
    ];
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    response
}

async fn response(State(ends): State<Ends>, Path(request_id): Path<String>, body: Bytes) -> Response<Body> {
    report(
        &ends,
        Report::Response {
            request_id,
            result: json_or_text(&body),
        },
    )
    .await
}

async fn error(State(ends): State<Ends>, Path(request_id): Path<String>, body: Bytes) -> Response<Body> {
    report(
        &ends,
        Report::Error {
            request_id,
            error: json_or_text(&body),
        },
    )
    .await
}

async fn init_error(State(ends): State<Ends>, body: Bytes) -> Response<Body> {
    report(&ends, Report::InitError(json_or_text(&body))).await
}

async fn report(ends: &Ends, report: Report) -> Response<Body> {
    match ends.reports.send(report).await {
        Ok(()) => {
            let mut response = Response::new(Body::from(json!({"status": "OK"}).to_string()));
            *response.status_mut() = StatusCode::ACCEPTED;
            response
        }
        Err(_) => StatusCode::GONE.into_response(),
    }
}

fn json_or_text(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned().into())
}
