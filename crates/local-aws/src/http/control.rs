//! What a program of another language sets and asks of this local AWS, where a test in Rust has
//! [`LocalAws`](crate::LocalAws). None of it is an API of AWS; the paths begin with `/_local/`.
//!
//! | Request | |
//! | --- | --- |
//! | `PUT /_local/faults` | Replaces the faults of calls by a list of [`Plan`]s |
//! | `GET /_local/requests` | `calls`, the AWS calls by operation and the access key of the caller, and `host`, the requests of containers to their hosts |
//! | `GET /_local/instances/<id>` | `imds`, the endpoint of its metadata service and of the agent's introspection |

use super::{Front, json_body};
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use jiff::SignedDuration;
use protector_aws_model::faults::{CallFilter, Limit};
use protector_aws_model::{Cut, DateHeader, Faults, Service, What};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{Arc, PoisonError};

/// A fault, the calls that meet it, and how often. Of several that fit a call the first acts.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Plan {
    service: Option<Service>,
    operation: Option<String>,
    principal: Option<String>,
    mentions: Option<String>,
    /// Without it, always.
    times: Option<u32>,
    fault: Fault,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Fault {
    Throttle,
    Deny,
    /// Reads are answered from before the last write.
    Stale,
    Cut(Cut),
    /// Seconds that the header `Date` is ahead; null for none.
    Date(Option<i64>),
    Answer(Value),
}

impl Plan {
    fn add_to(self, faults: &mut Faults) {
        let filter = CallFilter {
            service: self.service,
            operation: self.operation,
            principal: self.principal,
            mentions: self.mentions,
        };
        let limit = self.times.map_or(Limit::Forever, Limit::Times);
        match self.fault {
            Fault::Throttle => faults.throttle(filter, limit),
            Fault::Deny => faults.deny(filter, limit),
            Fault::Stale => faults.stale_reads(filter, limit),
            Fault::Cut(cut) => faults.cut(filter, cut, limit),
            Fault::Date(None) => faults.date(filter, DateHeader::Absent, limit),
            Fault::Date(Some(seconds)) => {
                faults.date(
                    filter,
                    DateHeader::Ahead(SignedDuration::from_secs(seconds)),
                    limit,
                );
            }
            Fault::Answer(answer) => faults.answer(filter, answer, limit),
        }
    }
}

/// `PUT /_local/faults`.
pub(super) async fn faults(State(front): State<Arc<Front>>, body: Bytes) -> Response<Body> {
    let plans: Vec<Plan> = match serde_json::from_slice(&body) {
        Ok(plans) => plans,
        Err(error) => return json_body(StatusCode::BAD_REQUEST, &json!({"error": error.to_string()})),
    };
    front.live.with(|world, _| {
        let faults = world.faults_mut();
        faults.clear();
        plans.into_iter().for_each(|plan| plan.add_to(faults));
    });
    json_body(StatusCode::OK, &json!({}))
}

/// `GET /_local/requests`.
pub(super) async fn requests(State(front): State<Arc<Front>>) -> Response<Body> {
    let calls = front.live.read(|world, _| {
        let calls = world.journal().iter().filter_map(|entry| match &entry.what {
            What::Call {
                operation, principal, ..
            } => Some(json!({"operation": operation, "principal": principal})),
            _ => None,
        });
        calls.collect::<Value>()
    });
    json_body(
        StatusCode::OK,
        &json!({"calls": calls, "host": front.requests.all()}),
    )
}

/// `GET /_local/instances/<id>`.
pub(super) async fn instance(State(front): State<Arc<Front>>, Path(id): Path<String>) -> Response<Body> {
    let servers = front.imds.lock().unwrap_or_else(PoisonError::into_inner);
    match servers.get(&id) {
        Some(server) => json_body(StatusCode::OK, &json!({"imds": server.url()})),
        None => json_body(StatusCode::NOT_FOUND, &json!({"error": "no such instance is on"})),
    }
}
