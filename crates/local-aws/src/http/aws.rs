//! The one endpoint of all AWS APIs. Header and body say which service is meant, as every SDK sends them.

use super::principal::{self, COORDINATOR};
use super::{Front, json, query, xml};
use crate::lambda::CrashPoint;
use crate::model::{ApiError, Call, Service};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::Value;
use std::sync::Arc;

/// What an operation gives back.
pub(crate) type Answer = Result<Value, ApiError>;

/// `POST /`.
pub(crate) async fn handle(
    State(front): State<Arc<Front>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let request_id = front.ids.next();
    match headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok())
    {
        Some(target) => json::response(&json_call(&front, &headers, target, &body).await, &request_id),
        None => query_call(&front, &headers, &body, &request_id).await,
    }
}

async fn json_call(front: &Front, headers: &HeaderMap, target: &str, body: &[u8]) -> Answer {
    let (service, operation) = json::target(target)?;
    let principal =
        principal::of(headers).ok_or_else(|| unsigned("MissingAuthenticationTokenException", 400))?;
    let params = json::params(body)?;
    front
        .call(Call {
            service,
            operation,
            params,
            principal,
        })
        .await
}

async fn query_call(front: &Front, headers: &HeaderMap, body: &[u8], request_id: &str) -> Response<Body> {
    let (operation, answer) = match query::parse(body) {
        Ok(query) => (query.action.clone(), signed_query(front, headers, query).await),
        Err(error) => (String::new(), Err(invalid_form(&error))),
    };
    let (status, body) = match &answer {
        Ok(result) => (StatusCode::OK, xml::response(&operation, result, request_id)),
        Err(error) => (json::status(error), xml::error(error, request_id)),
    };
    super::respond(status, "text/xml", request_id, body)
}

async fn signed_query(front: &Front, headers: &HeaderMap, query: query::Query) -> Answer {
    let principal = principal::of(headers).ok_or_else(|| unsigned("MissingAuthenticationToken", 403))?;
    let call = Call {
        service: Service::AutoScaling,
        operation: query.action,
        params: query.params,
        principal,
    };
    front.call(call).await.map_err(in_query_words)
}

/// The model says "no such operation" in the JSON protocol's words; the Query protocol has its own.
fn in_query_words(error: ApiError) -> ApiError {
    match error.code.as_str() {
        "UnknownOperationException" => ApiError {
            code: "InvalidAction".to_owned(),
            ..error
        },
        _ => error,
    }
}

fn invalid_form(error: &query::QueryError) -> ApiError {
    let code = match error {
        query::QueryError::NoAction => "MissingAction",
        query::QueryError::Malformed { .. } => "ValidationError",
        query::QueryError::Contradiction(_) => "MalformedInput",
    };
    ApiError {
        code: code.to_owned(),
        message: error.to_string(),
        status: 400,
    }
}

fn unsigned(code: &str, status: u16) -> ApiError {
    ApiError {
        code: code.to_owned(),
        message: "missing authentication token".to_owned(),
        status,
    }
}

impl Front {
    /// Makes a call, unless a planned crash of its caller comes first. The caller is dead when this waits for ever:
    /// no answer may be written then, and its closed connection ends the wait.
    async fn call(&self, call: Call) -> Answer {
        let crash = match call.principal.as_str() {
            COORDINATOR => self.lambda.crash_point(),
            _ => CrashPoint::None,
        };
        if crash == CrashPoint::BeforeCall {
            self.lambda.kill();
            std::future::pending::<()>().await;
        }
        let answer = self.live.with(|world, now| world.call(now, &call));
        if crash == CrashPoint::AfterCall {
            self.lambda.kill();
            std::future::pending::<()>().await;
        }
        answer
    }
}
