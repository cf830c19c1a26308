//! The AWS JSON 1.1 protocol: `X-Amz-Target: <prefix>.<Operation>`, JSON in, JSON out.

use super::message::{Answer, Reply};
use axum::http::StatusCode;
use protector_aws_model::{ApiError, Service};
use serde_json::{Value, json};

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// The prefix of each service's targets, from its service model.
const TARGETS: &[(&str, Service)] = &[
    ("AmazonEC2ContainerServiceV20141113", Service::Ecs),
    ("AmazonSSM", Service::Ssm),
    ("AWSEvents", Service::Events),
];

/// Service and operation of a target, or the error AWS answers for one it does not know.
pub(crate) fn target(target: &str) -> Result<(Service, String), ApiError> {
    let known = target.split_once('.').and_then(|(prefix, operation)| {
        let (_, service) = TARGETS.iter().find(|(known, _)| *known == prefix)?;
        (!operation.is_empty()).then(|| (*service, operation.to_owned()))
    });
    known.ok_or_else(|| bad_request("UnknownOperationException", format!("unknown target {target}")))
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
pub(crate) fn reply(answer: &Answer) -> Reply {
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
        content_type: CONTENT_TYPE,
        body,
    }
}

/// The status of an error, 500 if the model gave an impossible one.
pub(crate) fn status(error: &ApiError) -> StatusCode {
    StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn bad_request(code: &str, message: String) -> ApiError {
    ApiError {
        code: code.to_owned(),
        message,
        status: 400,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_name_service_and_operation() {
        let (service, operation) = target("AmazonSSM.GetParameter").unwrap();
        assert!(matches!(service, Service::Ssm));
        assert_eq!(operation, "GetParameter");
        for wrong in ["AmazonSSM", "AmazonSSM.", "Nobody.Op", ""] {
            assert_eq!(
                target(wrong).unwrap_err().code,
                "UnknownOperationException",
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
