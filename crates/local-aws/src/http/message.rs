//! What is on the wire: requests and answers of the AWS APIs, for every protocol.

use axum::http::StatusCode;
use protector_aws_model::ApiError;
use serde_json::Value;

pub(crate) type Answer = Result<Value, ApiError>;

/// The parts of a request that say what is wanted. Headers and body identify the service, as every SDK sends them.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The header `X-Amz-Target`. Without it the request is of the Query protocol.
    pub target: Option<&'a str>,
    /// The header `Authorization`: its access key names the caller.
    pub authorization: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// An answer, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The header `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}
