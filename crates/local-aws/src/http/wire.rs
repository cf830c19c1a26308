//! Requests and answers of the AWS APIs as they are on the wire, whoever carries them: the listener on 127.0.0.1, or
//! a program's own HTTP client in the same process.

use super::message::{Answer, Reply, Request};
use super::{json, query, xml};
use crate::principal;
use axum::http::StatusCode;
use jiff::Timestamp;
use protector_aws_model::{ApiError, Call, Service, World};

/// Answers a request out of `world`, at the moment `now`.
pub fn answer(world: &mut World, now: Timestamp, request: &Request<'_>, request_id: &str) -> Reply {
    let incoming = Incoming::read(request);
    let answer = incoming.call.and_then(|call| world.call(now, &call));
    incoming.protocol.write(&answer, request_id)
}

/// A request that was read.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// The call, or why there is none.
    pub(crate) call: Result<Call, ApiError>,
    /// How the answer is written.
    pub(crate) protocol: Protocol,
}

/// The protocols that the services speak.
#[derive(Debug)]
pub(crate) enum Protocol {
    /// AWS JSON 1.1: ECS, SSM, EventBridge.
    Json,
    /// AWS Query: Auto Scaling.
    Query {
        /// The operation that was asked for, whose name is in the answer.
        operation: String,
    },
}

impl Incoming {
    /// Reads a request.
    pub(crate) fn read(request: &Request<'_>) -> Incoming {
        match request.target {
            Some(target) => Incoming {
                call: json_call(request, target),
                protocol: Protocol::Json,
            },
            None => Incoming::read_query(request),
        }
    }

    fn read_query(request: &Request<'_>) -> Incoming {
        let (operation, call) = match query::parse(request.body) {
            Ok(query) => (query.action.clone(), query_call(request, query)),
            Err(error) => (String::new(), Err(invalid_form(&error))),
        };
        Incoming {
            call,
            protocol: Protocol::Query { operation },
        }
    }
}

impl Protocol {
    /// Writes an answer.
    pub(crate) fn write(&self, answer: &Answer, request_id: &str) -> Reply {
        match self {
            Protocol::Json => json::reply(answer),
            Protocol::Query { operation } => query_reply(operation, answer, request_id),
        }
    }
}

fn json_call(request: &Request<'_>, target: &str) -> Result<Call, ApiError> {
    let (service, operation) = json::target(target)?;
    let principal = request.authorization.and_then(principal::of);
    let principal = principal.ok_or_else(|| unsigned("MissingAuthenticationTokenException", 400))?;
    Ok(Call {
        service,
        operation,
        params: json::params(request.body)?,
        principal,
    })
}

fn query_call(request: &Request<'_>, query: query::Query) -> Result<Call, ApiError> {
    let principal = request.authorization.and_then(principal::of);
    Ok(Call {
        service: Service::AutoScaling,
        operation: query.action,
        params: query.params,
        principal: principal.ok_or_else(|| unsigned("MissingAuthenticationToken", 403))?,
    })
}

fn query_reply(operation: &str, answer: &Answer, request_id: &str) -> Reply {
    let (status, body) = match answer {
        Ok(result) => (StatusCode::OK, xml::response(operation, result, request_id)),
        Err(error) => (
            json::status(error),
            xml::error(&in_query_words(error), request_id),
        ),
    };
    Reply {
        status,
        content_type: "text/xml",
        body,
    }
}

/// The model says "no such operation" in the JSON protocol's words; the Query protocol has its own.
fn in_query_words(error: &ApiError) -> ApiError {
    let code = match error.code.as_str() {
        "UnknownOperationException" => "InvalidAction",
        code => code,
    };
    ApiError {
        code: code.to_owned(),
        ..error.clone()
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

#[cfg(test)]
mod tests {
    use super::*;
    use protector_aws_model::WorldConfig;

    const KEY: &str = "AWS4-HMAC-SHA256 Credential=ana/20260101/eu-west-1/ecs/aws4_request, SignedHeaders=a";

    fn ask(target: Option<&str>, authorization: Option<&str>, body: &str) -> Reply {
        let mut world = World::new(WorldConfig::default(), Timestamp::UNIX_EPOCH);
        let request = Request {
            target,
            authorization,
            body: body.as_bytes(),
        };
        answer(&mut world, Timestamp::UNIX_EPOCH, &request, "r-1")
    }

    #[test]
    fn both_protocols_are_answered_in_their_own_words() {
        let target = Some("AmazonEC2ContainerServiceV20141113.ListClusters");
        let json = ask(target, Some(KEY), "{}");
        assert_eq!(
            (json.status, json.body.as_str()),
            (StatusCode::OK, r#"{"clusterArns":[]}"#)
        );
        let query = ask(
            None,
            Some(KEY),
            "Action=DescribeAutoScalingGroups&Version=2011-01-01",
        );
        assert!(
            query.body.starts_with("<DescribeAutoScalingGroupsResponse"),
            "{}",
            query.body
        );
        let unknown = ask(None, Some(KEY), "Action=Dance");
        assert!(
            unknown.body.contains("<Code>InvalidAction</Code>"),
            "{}",
            unknown.body
        );
    }

    #[test]
    fn who_does_not_say_who_it_is_gets_no_answer() {
        let target = Some("AmazonSSM.GetParameter");
        assert_eq!(ask(target, None, "{}").status, StatusCode::BAD_REQUEST);
        let action = "Action=DescribeAutoScalingGroups";
        assert_eq!(ask(None, None, action).status, StatusCode::FORBIDDEN);
    }
}
