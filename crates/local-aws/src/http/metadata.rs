//! Task metadata, version 4, as the ECS agent serves it to the containers of a task.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html>

use super::{Front, json_body};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;

/// The last part of `ECS_CONTAINER_METADATA_URI_V4`. (The agent's own is opaque.)
pub(crate) fn endpoint_id(task_id: &str, container: &str) -> String {
    format!("{task_id}-{container}")
}

/// `GET /v4/<task id>-<container>`.
pub(crate) async fn container(State(front): State<Arc<Front>>, Path(id): Path<String>) -> Response<Body> {
    let Some((task_id, container)) = id.split_once('-') else {
        return answer(None);
    };
    if let Err(refusal) = front.switches.task_metadata().admit(task_id).await {
        return refusal;
    }
    answer(
        front
            .live
            .read(|world, _| world.container_metadata(task_id, container)),
    )
}

/// `GET /v4/<task id>-<container>/task`.
pub(crate) async fn task(State(front): State<Arc<Front>>, Path(id): Path<String>) -> Response<Body> {
    let Some((task_id, _)) = id.split_once('-') else {
        return answer(None);
    };
    if let Err(refusal) = front.switches.task_metadata().admit(task_id).await {
        return refusal;
    }
    answer(front.live.read(|world, _| world.task_metadata(task_id)))
}

fn answer(metadata: Option<Value>) -> Response<Body> {
    match metadata {
        Some(metadata) => json_body(StatusCode::OK, &metadata),
        None => json_body(
            StatusCode::NOT_FOUND,
            &json!("V4 metadata handler: no such container"),
        ),
    }
}
