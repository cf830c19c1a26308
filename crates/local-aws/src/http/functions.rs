//! Lambda's API, as far as operators need it: `Invoke`, by which the real coordinator answers, and how functions are
//! configured.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

use super::Front;
use crate::lambda::{FunctionName, Invoked};
use crate::principal;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use protector_aws_model::{ApiError, Call, Service};
use serde_json::{Value, json};
use std::sync::Arc;

/// What the functions are as Lambda sees them: none has a version of its own.
const VERSION: &str = "$LATEST";

/// How a caller wants to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// With what the function returns.
    RequestResponse,
    /// At once; the function runs by itself.
    Event,
    /// The function does not run.
    DryRun,
}

impl Kind {
    fn read(headers: &HeaderMap) -> Result<Kind, ApiError> {
        match headers.get("x-amz-invocation-type").map(HeaderValue::as_bytes) {
            None | Some(b"RequestResponse") => Ok(Kind::RequestResponse),
            Some(b"Event") => Ok(Kind::Event),
            Some(b"DryRun") => Ok(Kind::DryRun),
            Some(_) => Err(ApiError::new(
                "InvalidParameterValueException",
                "unknown invocation type",
                400,
            )),
        }
    }
}

/// `POST /2015-03-31/functions/{name}/invocations`.
pub(crate) async fn invoke(
    State(front): State<Arc<Front>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let request_id = front.ids.next();
    let qualifier = qualifier(&query.unwrap_or_default());
    let mut response = match front.invoke(&name, qualifier, &headers, &body).await {
        Ok(response) => response,
        Err(error) => refusal(&error),
    };
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}

/// The version or alias behind the question mark.
fn qualifier(query: &str) -> Option<String> {
    member(query, "Qualifier")
}

/// A member behind the question mark.
fn member(query: &str, name: &str) -> Option<String> {
    let mut members = form_urlencoded::parse(query.as_bytes());
    members.find_map(|(known, value)| (known == name).then(|| value.into_owned()))
}

/// All other operations of Lambda are denied, and all other paths.
pub(crate) async fn not_served() -> Response<Body> {
    let message = "the local AWS does not know this operation";
    refusal(&ApiError::new("AccessDeniedException", message, 403))
}

/// `GET /2015-03-31/functions/{name}/configuration`.
pub(crate) async fn configuration(
    State(front): State<Arc<Front>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let qualifier = qualifier(&query.unwrap_or_default());
    front
        .read_function("GetFunctionConfiguration", &name, qualifier, &headers)
        .await
}

/// `GET /2019-09-30/functions/{name}/concurrency`.
pub(crate) async fn concurrency(
    State(front): State<Arc<Front>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    front
        .read_function("GetFunctionConcurrency", &name, None, &headers)
        .await
}

/// `GET /2015-03-31/event-source-mappings/?FunctionName={name}`.
pub(crate) async fn event_source_mappings(
    State(front): State<Arc<Front>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let name = member(&query.unwrap_or_default(), "FunctionName").unwrap_or_default();
    front
        .read_function("ListEventSourceMappings", &name, None, &headers)
        .await
}

fn caller(headers: &HeaderMap) -> Result<String, ApiError> {
    let caller = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    caller.and_then(principal::of).ok_or_else(|| {
        ApiError::new(
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
            403,
        )
    })
}

impl Front {
    async fn read_function(
        &self,
        operation: &str,
        name: &str,
        qualifier: Option<String>,
        headers: &HeaderMap,
    ) -> Response<Body> {
        let principal = match caller(headers) {
            Ok(principal) => principal,
            Err(error) => return refusal(&error),
        };
        let call = Call {
            service: Service::Lambda,
            operation: operation.to_owned(),
            params: json!({"FunctionName": name, "Qualifier": qualifier}),
            principal,
        };
        let response = match self.reads.call(&call) {
            Ok(answer) => super::json_body(StatusCode::OK, &answer),
            Err(error) => refusal(&error),
        };
        self.spoil(&call, response).await
    }

    async fn invoke(
        &self,
        name: &str,
        qualifier: Option<String>,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Response<Body>, ApiError> {
        let caller = caller(headers)?;
        // Lambda checks the caller's permission before it checks whether the function exists.
        let call = Call {
            service: Service::Lambda,
            operation: "Invoke".to_owned(),
            params: json!({"FunctionName": name, "Qualifier": qualifier}),
            principal: caller,
        };
        self.live.with(|world, now| world.call(now, &call))?;
        let kind = Kind::read(headers)?;
        let event = event(body)?;
        let name = FunctionName::read(name, qualifier).ok_or_else(|| {
            ApiError::new("InvalidParameterValueException", "two qualifiers contradict", 400)
        })?;
        let function = self.lambda.find(&name).ok_or_else(|| self.no_function(&name))?;
        Ok(match kind {
            Kind::DryRun => StatusCode::NO_CONTENT.into_response(),
            Kind::Event => {
                let lambda = self.lambda.clone();
                tokio::spawn(async move { lambda.invoke_function(function, event).await });
                StatusCode::ACCEPTED.into_response()
            }
            Kind::RequestResponse => answered(self.lambda.invoke_function(function, event).await)?,
        })
    }

    fn no_function(&self, name: &FunctionName) -> ApiError {
        let arn = name.arn(self.live.region(), self.live.account());
        ApiError::new(
            "ResourceNotFoundException",
            format!("Function not found: {arn}"),
            404,
        )
    }
}

/// The payload; without one the function gets an empty structure.
fn event(body: &[u8]) -> Result<Value, ApiError> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    let wrong = |problem: serde_json::Error| {
        let message = format!("Could not parse request body into json: {problem}");
        ApiError::new("InvalidRequestContentException", &message, 400)
    };
    serde_json::from_slice(body).map_err(wrong)
}

/// The answer to the caller: a failure of the function is an answer too, with a header that says so.
fn answered(invoked: Invoked) -> Result<Response<Body>, ApiError> {
    match invoked {
        Invoked::Returned(value) => Ok(ran(&value)),
        Invoked::Failed(value) => {
            let mut response = ran(&value);
            let unhandled = HeaderValue::from_static("Unhandled");
            response.headers_mut().insert("x-amz-function-error", unhandled);
            Ok(response)
        }
        Invoked::NotRun(why) => Err(ApiError::new("ServiceException", &why, 500)),
    }
}

fn ran(value: &Value) -> Response<Body> {
    let mut response = super::json_body(StatusCode::OK, value);
    let version = HeaderValue::from_static(VERSION);
    response.headers_mut().insert("x-amz-executed-version", version);
    response
}

/// An error of the REST protocol: its code is a header.
fn refusal(error: &ApiError) -> Response<Body> {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let blame = if error.status < 500 { "User" } else { "Service" };
    let body = json!({"Type": blame, "Message": error.message, "message": error.message});
    let mut response = super::json_body(status, &body);
    if let Ok(code) = HeaderValue::from_str(&error.code) {
        let name = HeaderName::from_static("x-amzn-errortype");
        response.headers_mut().insert(name, code);
    }
    response
}
