//! The one endpoint of all AWS APIs, over HTTP.

use super::Front;
use super::message::{Answer, Request};
use super::wire::Incoming;
use crate::lambda::CrashPoint;
use crate::principal::COORDINATOR;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Response};
use protector_aws_model::Call;
use std::sync::Arc;

/// `POST /`.
pub(crate) async fn handle(
    State(front): State<Arc<Front>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let request_id = front.ids.next();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let incoming = Incoming::read(&Request {
        target: text("x-amz-target"),
        authorization: text(AUTHORIZATION.as_str()),
        body: &body,
    });
    let answer = match &incoming.call {
        Ok(call) => front.call(call).await,
        Err(error) => Err(error.clone()),
    };
    let reply = incoming.protocol.write(&answer, &request_id);
    let response = super::respond(reply.status, reply.content_type, &request_id, reply.body);
    match &incoming.call {
        Ok(call) => front.spoil(call, response).await,
        Err(_) => response,
    }
}

impl Front {
    /// Makes a call, unless a planned crash of its caller comes first. If this wait never ends, the caller is dead:
    /// no answer may be written then, and its closed connection ends the wait.
    pub(super) async fn call(&self, call: &Call) -> Answer {
        let crash = match call.principal.as_str() {
            COORDINATOR => self.lambda.crash_point(),
            _ => CrashPoint::None,
        };
        if crash == CrashPoint::BeforeCall {
            self.lambda.kill();
            std::future::pending::<()>().await;
        }
        let answer = self.reads.call(call);
        if crash == CrashPoint::AfterCall {
            self.lambda.kill();
            std::future::pending::<()>().await;
        }
        answer
    }
}
