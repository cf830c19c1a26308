//! Requests and answers of the AWS APIs as they are on the wire. They are carried by the listener on 127.0.0.1, or by
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
    /// AWS Query: Auto Scaling, STS.
    Query {
        /// The service, whose namespace is in the answer.
        service: Service,
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
        let service = query_service(request);
        let (operation, call) = match query::parse(request.body) {
            Ok(query) => (query.action.clone(), query_call(request, service, query)),
            Err(error) => (String::new(), Err(invalid_form(&error))),
        };
        Incoming {
            call,
            protocol: Protocol::Query { service, operation },
        }
    }
}

impl Protocol {
    /// Writes an answer.
    pub(crate) fn write(&self, answer: &Answer, request_id: &str) -> Reply {
        match self {
            Protocol::Json => json::reply(answer),
            Protocol::Query { service, operation } => query_reply(*service, operation, answer, request_id),
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

fn query_service(request: &Request<'_>) -> Service {
    match request.authorization.and_then(principal::service_of) {
        Some("sts") => Service::Sts,
        _ => Service::AutoScaling,
    }
}

fn query_call(request: &Request<'_>, service: Service, query: query::Query) -> Result<Call, ApiError> {
    let principal = request.authorization.and_then(principal::of);
    Ok(Call {
        service,
        operation: query.action,
        params: query.params,
        principal: principal.ok_or_else(|| unsigned("MissingAuthenticationToken", 403))?,
    })
}

fn query_reply(service: Service, operation: &str, answer: &Answer, request_id: &str) -> Reply {
    let namespace = match service {
        Service::Sts => xml::STS,
        _ => xml::AUTO_SCALING,
    };
    let (status, body) = match answer {
        Ok(result) => (
            StatusCode::OK,
            xml::response(namespace, operation, result, request_id),
        ),
        Err(error) => (
            json::status(error),
            xml::error(namespace, &in_query_words(error), request_id),
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
    fn sts_tells_the_caller_and_nothing_else() {
        let key = KEY.replace("/ecs/", "/sts/");
        let reply = ask(None, Some(&key), "Action=GetCallerIdentity&Version=2011-06-15");
        assert_eq!(reply.status, StatusCode::OK);
        for told in [
            "<Arn>arn:aws:iam::123456789012:user/ana</Arn>",
            "<Account>123456789012</Account>",
            "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"",
        ] {
            assert!(reply.body.contains(told), "{told}: {}", reply.body);
        }
        for action in ["AssumeRole", "DescribeAutoScalingGroups"] {
            let other = ask(None, Some(&key), &format!("Action={action}"));
            assert!(
                other.body.contains("<Code>InvalidAction</Code>"),
                "{}",
                other.body
            );
        }
    }

    #[test]
    fn who_does_not_say_who_it_is_gets_no_answer() {
        let target = Some("AmazonSSM.GetParameter");
        assert_eq!(ask(target, None, "{}").status, StatusCode::BAD_REQUEST);
        let action = "Action=DescribeAutoScalingGroups";
        assert_eq!(ask(None, None, action).status, StatusCode::FORBIDDEN);
    }
}
