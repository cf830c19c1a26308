//! The protocol `rpc-v2-cbor`, which the SDKs of today speak to CloudWatch.
//!
//! <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>. The model sees the same JSON as of the other
//! protocols: moments are epoch seconds.

use super::Front;
use super::message::Answer;
use super::xml::TIMESTAMPS;
use crate::principal;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use ciborium::Value as Cbor;
use protector_aws_model::{ApiError, Call, Service};
use serde_json::{Map, Number, Value, json};
use std::sync::Arc;

/// CloudWatch, as the paths of the protocol name it.
const CLOUD_WATCH: &str = "GraniteServiceVersion20100801";

/// The tag of a moment.
const MOMENT: u64 = 1;

/// `POST /service/{service}/operation/{operation}`.
pub(crate) async fn handle(
    State(front): State<Arc<Front>>,
    Path((service, operation)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    match read(&service, operation, &headers, &body) {
        Ok(call) => {
            let answer = front.call(&call).await;
            front.spoil(&call, respond(&answer)).await
        }
        Err(error) => respond(&Err(error)),
    }
}

fn read(service: &str, operation: String, headers: &HeaderMap, body: &[u8]) -> Result<Call, ApiError> {
    if service != CLOUD_WATCH {
        let message = "the local AWS does not know this service";
        return Err(ApiError::new("AccessDeniedException", message, 403));
    }
    let caller = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let principal = caller.and_then(principal::of);
    let principal = principal
        .ok_or_else(|| ApiError::new("MissingAuthenticationToken", "missing authentication token", 403))?;
    let params = match body.is_empty() {
        true => json!({}),
        false => {
            let cbor: Result<Cbor, _> = ciborium::from_reader(body);
            let cbor =
                cbor.map_err(|problem| ApiError::new("SerializationException", problem.to_string(), 400))?;
            to_json(cbor)
        }
    };
    Ok(Call {
        service: Service::CloudWatch,
        operation,
        params,
        principal,
    })
}

fn respond(answer: &Answer) -> Response<Body> {
    let (status, value) = match answer {
        Ok(value) => (StatusCode::OK, value.clone()),
        Err(error) => (
            super::json::status(error),
            json!({"__type": error.code, "message": error.message}),
        ),
    };
    let mut bytes = Vec::new();
    // Writing to memory does not fail.
    let _ = ciborium::into_writer(&of_json("", &value), &mut bytes);
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/cbor"));
    let protocol = HeaderName::from_static("smithy-protocol");
    headers.insert(protocol, HeaderValue::from_static("rpc-v2-cbor"));
    response
}

/// Members without a value are left out.
fn of_json(name: &str, value: &Value) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(value) => Cbor::Bool(*value),
        Value::Number(number) if TIMESTAMPS.contains(&name) => {
            let seconds = Cbor::Float(number.as_f64().unwrap_or_default());
            Cbor::Tag(MOMENT, Box::new(seconds))
        }
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Cbor::Integer(whole.into()),
            None => Cbor::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Array(items) => Cbor::Array(items.iter().map(|item| of_json(name, item)).collect()),
        Value::Object(members) => {
            let present = members.iter().filter(|(_, member)| !member.is_null());
            Cbor::Map(
                present
                    .map(|(key, one)| (Cbor::Text(key.clone()), of_json(key, one)))
                    .collect(),
            )
        }
    }
}

fn to_json(cbor: Cbor) -> Value {
    match cbor {
        Cbor::Bool(value) => Value::Bool(value),
        Cbor::Integer(whole) => i64::try_from(whole).map_or(Value::Null, Value::from),
        Cbor::Float(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
        Cbor::Text(text) => Value::String(text),
        Cbor::Tag(_, inner) => to_json(*inner),
        Cbor::Array(items) => items.into_iter().map(to_json).collect(),
        Cbor::Map(members) => {
            let named = members.into_iter().filter_map(|(key, value)| match key {
                Cbor::Text(key) => Some((key, to_json(value))),
                _ => None,
            });
            Value::Object(named.collect::<Map<_, _>>())
        }
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_there_and_back_and_moments_are_tagged() {
        let value = json!({"MetricDataResults": [{"Id": "a", "Timestamps": [60, 0], "Values": [1.5, 2.25], "Count": 3}],
            "On": true});
        let cbor = of_json("", &value);
        let Cbor::Map(members) = &cbor else {
            panic!("{cbor:?}");
        };
        let text = format!("{members:?}");
        assert!(text.contains("Tag(1, Float(60.0))"), "{text}");
        let mut back = to_json(cbor);
        assert_eq!(back["MetricDataResults"][0]["Timestamps"], json!([60.0, 0.0]));
        back["MetricDataResults"][0]["Timestamps"] = json!([60, 0]);
        assert_eq!(back, value);
    }
}
