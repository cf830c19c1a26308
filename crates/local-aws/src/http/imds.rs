//! The instance metadata service, version 2 only, one listener per instance; the ECS agent's introspection
//! of that instance answers there too.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html>,
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-introspection.html>

use super::{Front, json_body};
use crate::ids::RequestIds;
use crate::server::{Server, Serving};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, Response, StatusCode};
use axum::routing::{get, put};
use serde_json::json;
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const TTL: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
const TOKEN: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");

/// Longest life of a token: 6 hours.
const MAX_TTL_SECONDS: u64 = 21_600;

struct Imds {
    front: Arc<Front>,
    instance: String,
    ids: RequestIds,
    tokens: Mutex<HashMap<String, Instant>>,
}

/// Opens the metadata service of `instance`.
pub(crate) async fn open(front: &Arc<Front>, instance: &str) -> io::Result<Server> {
    let serving = Serving {
        tls: None,
        ..front.serving.clone()
    };
    let imds = Imds {
        front: front.clone(),
        instance: instance.to_owned(),
        ids: RequestIds::default(),
        tokens: Mutex::default(),
    };
    let router = Router::new()
        .route("/latest/api/token", put(token))
        .route("/latest/meta-data/{*path}", get(meta_data))
        .route("/latest/dynamic/instance-identity/document", get(identity))
        .route("/v1/metadata", get(introspection))
        .with_state(Arc::new(imds));
    Server::start(0, router, serving).await
}

async fn token(State(imds): State<Arc<Imds>>, headers: HeaderMap) -> Response<Body> {
    if let Err(refusal) = imds.front.switches.imds().admit(&imds.instance).await {
        return refusal;
    }
    let ttl = headers.get(TTL).and_then(|ttl| ttl.to_str().ok()?.parse().ok());
    let Some(ttl @ 1..=MAX_TTL_SECONDS) = ttl else {
        return text(StatusCode::BAD_REQUEST, "");
    };
    let mut response = text(StatusCode::OK, &imds.issue(Duration::from_secs(ttl)));
    response.headers_mut().insert(TTL, ttl.into());
    response
}

async fn meta_data(
    State(imds): State<Arc<Imds>>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    if let Err(refusal) = imds.admit(&headers).await {
        return refusal;
    }
    match imds.value(&path) {
        Some(value) => text(StatusCode::OK, &value),
        None => text(StatusCode::NOT_FOUND, ""),
    }
}

async fn identity(State(imds): State<Arc<Imds>>, headers: HeaderMap) -> Response<Body> {
    if let Err(refusal) = imds.admit(&headers).await {
        return refusal;
    }
    let document = json!({
        "accountId": imds.front.live.account(),
        "architecture": "x86_64",
        "availabilityZone": imds.value("placement/availability-zone"),
        "instanceId": imds.instance,
        "region": imds.front.live.region(),
        "version": "2017-09-30",
    });
    json_body(StatusCode::OK, &document)
}

/// Not part of IMDS, so it answers when IMDS does not.
async fn introspection(State(imds): State<Arc<Imds>>) -> Response<Body> {
    let switch = imds.front.switches.introspection();
    if let Err(refusal) = switch.admit(&imds.instance).await {
        return refusal;
    }
    let view = imds
        .front
        .live
        .read(|world, _| world.instance_state(&imds.instance));
    let Some(arn) = view.and_then(|view| view.container_instance_arn) else {
        return text(StatusCode::NOT_FOUND, "");
    };
    let cluster = arn.split('/').nth(1).unwrap_or_default();
    let body =
        json!({"Cluster": cluster, "ContainerInstanceArn": arn, "Version": "Amazon ECS Agent - v1.105.1"});
    json_body(StatusCode::OK, &body)
}

/// The name of a path of one instance in [`Switches::metadata`](super::Switches::metadata).
pub(crate) fn metadata_key(instance: &str, path: &str) -> String {
    format!("{instance}/{path}")
}

impl Imds {
    fn issue(&self, ttl: Duration) -> String {
        let token = self.ids.next();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        tokens.retain(|_, end| *end > now);
        tokens.insert(token.clone(), now + ttl);
        token
    }

    /// Version 2: no token, no answer.
    async fn admit(&self, headers: &HeaderMap) -> Result<(), Response<Body>> {
        self.front.switches.imds().admit(&self.instance).await?;
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let end = headers
            .get(TOKEN)
            .and_then(|token| tokens.get(token.to_str().ok()?));
        match end {
            Some(end) if *end > Instant::now() => Ok(()),
            _ => Err(text(StatusCode::UNAUTHORIZED, "")),
        }
    }

    fn value(&self, path: &str) -> Option<String> {
        let set = self.front.switches.metadata();
        if let Some(value) = set.get(&metadata_key(&self.instance, path)) {
            return Some(value);
        }
        self.front
            .live
            .read(|world, now| world.imds(now, &self.instance, path))
    }
}

fn text(status: StatusCode, body: &str) -> Response<Body> {
    super::respond(status, "text/plain", "", body.to_owned())
}
