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
    /// AWS JSON: ECS, SSM, EventBridge, Logs; SQS and CloudWatch in version 1.0.
    Json {
        /// The type of the answer, with the version.
        content_type: &'static str,
    },
    /// That of EC2: as AWS Query, with other lists and errors.
    Ec2 { operation: String },
    /// AWS Query: Auto Scaling, Elastic Load Balancing, CloudWatch, IAM, STS.
    Query {
        namespace: &'static str,
        /// The operation that was asked for, whose name is in the answer.
        operation: String,
    },
}

impl Incoming {
    pub(crate) fn read(request: &Request<'_>) -> Incoming {
        match request.target {
            Some(target) => Incoming {
                call: json_call(request, target),
                protocol: Protocol::Json {
                    content_type: json::content_type(target),
                },
            },
            None => Incoming::read_query(request),
        }
    }

    fn read_query(request: &Request<'_>) -> Incoming {
        let scope = request.authorization.and_then(principal::service_of);
        let query = query::parse(request.body);
        let version = query.as_ref().ok().and_then(|query| query.version.as_deref());
        let (service, namespace) = query_service(scope, version);
        let (operation, call) = match query {
            Ok(query) => (query.action.clone(), query_call(request, service, scope, query)),
            Err(error) => (String::new(), Err(invalid_form(&error))),
        };
        let protocol = match service {
            Some(Service::Ec2) => Protocol::Ec2 { operation },
            _ => Protocol::Query { namespace, operation },
        };
        Incoming { call, protocol }
    }
}

impl Protocol {
    pub(crate) fn write(&self, answer: &Answer, request_id: &str) -> Reply {
        match self {
            Protocol::Json { content_type } => json::reply(answer, content_type),
            Protocol::Ec2 { operation } => xml_reply(match answer {
                Ok(result) => (StatusCode::OK, xml::ec2_response(operation, result, request_id)),
                Err(error) => (json::status(error), xml::ec2_error(error, request_id)),
            }),
            Protocol::Query { namespace, operation } => query_reply(namespace, operation, answer, request_id),
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

/// What of Elastic Load Balancing has the same scope as target groups, and differs by its version.
const CLASSIC_VERSION: &str = "2012-06-01";

/// The service of a credential scope and of the version of the API, and its namespace. A caller that signs for no service is taken for one of Auto Scaling.
fn query_service(scope: Option<&str>, version: Option<&str>) -> (Option<Service>, &'static str) {
    match scope {
        Some("sts") => (Some(Service::Sts), xml::STS),
        Some("iam") => (Some(Service::Iam), xml::IAM),
        Some("ec2") => (Some(Service::Ec2), xml::EC2),
        Some("elasticloadbalancing") if version == Some(CLASSIC_VERSION) => {
            (Some(Service::ClassicLoadBalancing), xml::CLASSIC_LOAD_BALANCING)
        }
        Some("elasticloadbalancing") => (Some(Service::LoadBalancing), xml::LOAD_BALANCING),
        Some("monitoring") => (Some(Service::CloudWatch), xml::CLOUD_WATCH),
        Some("autoscaling") | None => (Some(Service::AutoScaling), xml::AUTO_SCALING),
        Some(_) => (None, xml::FAULT),
    }
}

fn query_call(
    request: &Request<'_>,
    service: Option<Service>,
    scope: Option<&str>,
    query: query::Query,
) -> Result<Call, ApiError> {
    let service = service.ok_or_else(|| {
        let action = format!("{}:{}", scope.unwrap_or_default(), query.action);
        let message =
            format!("not authorized to perform: {action}: the local AWS does not know this service");
        ApiError::new("AccessDenied", message, 403)
    })?;
    let principal = request.authorization.and_then(principal::of);
    Ok(Call {
        service,
        operation: query.action,
        params: query.params,
        principal: principal.ok_or_else(|| unsigned("MissingAuthenticationToken", 403))?,
    })
}

fn query_reply(namespace: &str, operation: &str, answer: &Answer, request_id: &str) -> Reply {
    xml_reply(match answer {
        Ok(result) => (
            StatusCode::OK,
            xml::response(namespace, operation, result, request_id),
        ),
        Err(error) => (json::status(error), xml::error(namespace, error, request_id)),
    })
}

fn xml_reply((status, body): (StatusCode, String)) -> Reply {
    Reply {
        status,
        content_type: "text/xml",
        body,
    }
}

fn invalid_form(error: &query::QueryError) -> ApiError {
    let code = match error {
        query::QueryError::NoAction => "MissingAction",
        query::QueryError::Malformed { .. } => "ValidationError",
        query::QueryError::Contradiction(_) => "MalformedInput",
    };
    ApiError::new(code, error.to_string(), 400)
}

fn unsigned(code: &str, status: u16) -> ApiError {
    ApiError::new(code, "missing authentication token", status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protector_aws_model::WorldConfig;

    const KEY: &str =
        "AWS4-HMAC-SHA256 Credential=ana/20260101/eu-west-1/autoscaling/aws4_request, SignedHeaders=a";

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
            unknown.body.contains("<Code>AccessDenied</Code>") && unknown.status == StatusCode::FORBIDDEN,
            "{}",
            unknown.body
        );
    }

    #[test]
    fn sts_tells_the_caller_and_nothing_else() {
        let key = KEY.replace("/autoscaling/", "/sts/");
        let reply = ask(None, Some(&key), "Action=GetCallerIdentity&Version=2011-06-15");
        assert_eq!(reply.status, StatusCode::OK);
        for reported in [
            "<Arn>arn:aws:iam::123456789012:user/ana</Arn>",
            "<Account>123456789012</Account>",
            "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"",
        ] {
            assert!(reply.body.contains(reported), "{reported}: {}", reply.body);
        }
        for action in ["AssumeRole", "DescribeAutoScalingGroups"] {
            let other = ask(None, Some(&key), &format!("Action={action}"));
            assert!(other.body.contains("<Code>AccessDenied</Code>"), "{}", other.body);
        }
    }

    #[test]
    fn a_service_that_is_not_known_is_denied_in_the_form_of_its_protocol() {
        let key = KEY.replace("/autoscaling/", "/rds/");
        let query = ask(None, Some(&key), "Action=DescribeDBInstances&Version=2014-10-31");
        assert_eq!(query.status, StatusCode::FORBIDDEN);
        assert!(query.body.contains("<Code>AccessDenied</Code>"), "{}", query.body);
        let json = ask(Some("DynamoDB_20120810.GetItem"), Some(KEY), "{}");
        assert_eq!(json.status, StatusCode::BAD_REQUEST);
        assert!(json.body.contains("AccessDeniedException"), "{}", json.body);
    }

    #[test]
    fn who_does_not_say_who_it_is_gets_no_answer() {
        let target = Some("AmazonSSM.GetParameter");
        assert_eq!(ask(target, None, "{}").status, StatusCode::BAD_REQUEST);
        let action = "Action=DescribeAutoScalingGroups";
        assert_eq!(ask(None, None, action).status, StatusCode::FORBIDDEN);
    }
}
