//! The AWS JSON 1.1 protocol: `X-Amz-Target: <prefix>.<Operation>`, JSON in, JSON out.

use super::message::{Answer, Reply};
use axum::http::StatusCode;
use protector_aws_model::{ApiError, Service};
use serde_json::{Value, json};

/// Of most services.
const VERSION_1_1: &str = "application/x-amz-json-1.1";

/// Of SQS and CloudWatch.
const VERSION_1_0: &str = "application/x-amz-json-1.0";

/// The prefix of each service's targets, from its service model.
const TARGETS: &[(&str, Service)] = &[
    ("AmazonEC2ContainerServiceV20141113", Service::Ecs),
    ("AmazonSSM", Service::Ssm),
    ("AWSEvents", Service::Events),
    ("Logs_20140328", Service::Logs),
    ("AmazonSQS", Service::Sqs),
    ("GraniteServiceVersion20100801", Service::CloudWatch),
];

/// Service and operation of a target, or the error of a caller that may not call it.
pub(crate) fn target(target: &str) -> Result<(Service, String), ApiError> {
    let known = target.split_once('.').and_then(|(prefix, operation)| {
        let (_, service) = TARGETS.iter().find(|(known, _)| *known == prefix)?;
        (!operation.is_empty()).then(|| (*service, operation.to_owned()))
    });
    let message = || format!("not authorized to perform: {target}: the local AWS does not know this target");
    known.ok_or_else(|| bad_request("AccessDeniedException", message()))
}

/// The type of the answer to a target.
pub(crate) fn content_type(target: &str) -> &'static str {
    let version_1_0 = ["AmazonSQS.", "GraniteServiceVersion20100801."];
    match version_1_0.iter().any(|prefix| target.starts_with(prefix)) {
        true => VERSION_1_0,
        false => VERSION_1_1,
    }
}

/// The input: an empty body counts as `{}`.
pub(crate) fn params(body: &[u8]) -> Result<Value, ApiError> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    match serde_json::from_slice(body) {
        Ok(params @ Value::Object(_)) => Ok(params),
        Ok(_) => Err(bad_request(
            "SerializationException",
            "the input must be a structure".to_owned(),
        )),
        Err(error) => Err(bad_request("SerializationException", error.to_string())),
    }
}

/// The answer on the wire.
pub(crate) fn reply(answer: &Answer, content_type: &'static str) -> Reply {
    let (status, body) = match answer {
        Ok(Value::Null) => (StatusCode::OK, "{}".to_owned()),
        Ok(result) => (StatusCode::OK, result.to_string()),
        Err(error) => (
            status(error),
            json!({"__type": error.code, "message": error.message}).to_string(),
        ),
    };
    Reply {
        status,
        content_type,
        body,
    }
}

/// The status of an error, 500 if the model gave an impossible one.
pub(crate) fn status(error: &ApiError) -> StatusCode {
    StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn bad_request(code: &str, message: String) -> ApiError {
    ApiError::new(code, message, 400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_name_service_and_operation() {
        let (service, operation) = target("AmazonSSM.GetParameter").unwrap();
        assert!(matches!(service, Service::Ssm));
        assert_eq!(operation, "GetParameter");
        for wrong in ["AmazonSSM", "AmazonSSM.", "Unknown.Op", ""] {
            assert_eq!(
                target(wrong).unwrap_err().code,
                "AccessDeniedException",
                "{wrong}"
            );
        }
    }

    #[test]
    fn only_structures_are_input() {
        assert_eq!(params(b"").unwrap(), json!({}));
        for wrong in [&b"{"[..], b"[]", b"\"a\""] {
            assert_eq!(params(wrong).unwrap_err().code, "SerializationException");
        }
    }
}
