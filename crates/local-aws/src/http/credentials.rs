//! Credentials of a task's role, as the ECS agent serves them to its containers.
//!
//! The agent forgets them when the task is known STOPPED, so they last through the whole stopping phase
//! (`agent/engine/task_manager.go`, `cleanupCredentials`).

use super::{Front, json_body};
use crate::principal;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

/// Life of task credentials: about 6 hours.
const LIFE: SignedDuration = SignedDuration::from_hours(6);

/// `GET /credentials/<task id>`.
pub(crate) async fn get(State(front): State<Arc<Front>>, Path(task_id): Path<String>) -> Response<Body> {
    if let Err(refusal) = front.switches.credentials().admit(&task_id).await {
        return refusal;
    }
    let life = front.switches.lives().get(&task_id).unwrap_or(LIFE);
    let (task, now) = front.live.read(|world, now| (world.task_metadata(&task_id), now));
    match task {
        Some(task) if task["KnownStatus"] != "STOPPED" => json_body(
            StatusCode::OK,
            &credentials(front.live.account(), &task_id, now, life),
        ),
        _ => refuse(StatusCode::BAD_REQUEST, "InvalidIdInRequest"),
    }
}

fn credentials(account: &str, task_id: &str, now: Timestamp, life: SignedDuration) -> Value {
    let expiration = now.checked_add(life).unwrap_or(Timestamp::MAX);
    json!({
        "RoleArn": format!("arn:aws:iam::{account}:role/task"),
        "AccessKeyId": principal::sidecar(task_id),
        "SecretAccessKey": "local",
        "Token": "local",
        "Expiration": expiration.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    })
}

fn refuse(status: StatusCode, code: &str) -> Response<Body> {
    let message = "no credentials for this task";
    json_body(
        status,
        &json!({"code": code, "message": message, "HTTPErrorCode": status.as_u16()}),
    )
}
