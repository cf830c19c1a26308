//! Finds out where the sidecar runs. Task metadata alone does not identify the instance.

use protector_core::hold::state::{ReadError, SidecarIdentity};
use protector_core::ids::{ClusterName, ContainerInstanceArn, ContainerName, InstanceId, TaskArn};
use protector_core::limits::sidecar::{CALL_TIMEOUT, INTROSPECTION_TIMEOUT};
use serde::Deserialize;
use tokio::time::timeout;

use crate::aws::AwsError;
use crate::environment::variable;
use crate::identity::Place;
use crate::imds;
use crate::local_http;
use crate::settings::SidecarSettings;
use crate::task_metadata::{self, TaskMetadata, TaskMetadataResponse};

/// Where the agent's introspection is asked unless `ECS_AGENT_INTROSPECTION_ENDPOINT` says otherwise. It is there in
/// host network mode; elsewhere a fast refusal or this limit is all it costs, once.
const INTROSPECTION: &str = "http://127.0.0.1:51678";
/// What the answers of the metadata file and of the introspection have in common.
#[derive(Deserialize)]
struct Agent {
    #[serde(alias = "ContainerInstanceARN", alias = "ContainerInstanceArn")]
    container_instance: Option<ContainerInstanceArn>,
}

/// Finds the place with what task metadata has `reported`, in no more than [`CALL_TIMEOUT`]. The error says what is
/// missing, and how to fix it.
pub(crate) async fn place_in_time(
    settings: &SidecarSettings,
    reported: &TaskMetadataResponse,
) -> Result<Place, AwsError> {
    let hint = "let the container reach task metadata and IMDS, or set PROTECTOR_INSTANCE_ID";
    let late = format!(
        "the instance was not identified within {} s",
        CALL_TIMEOUT.as_secs()
    );
    timeout(CALL_TIMEOUT, place(settings, reported))
        .await
        .unwrap_or_else(|_| Err(unidentified(&late, hint)))
}

/// Settings go first, then task metadata, IMDS and the agent.
async fn place(settings: &SidecarSettings, reported: &TaskMetadataResponse) -> Result<Place, AwsError> {
    let metadata = match reported {
        TaskMetadataResponse::Ok(metadata) => Ok(metadata),
        TaskMetadataResponse::Refused(detail) | TaskMetadataResponse::Unavailable(detail) => {
            Err(detail.as_str())
        }
        TaskMetadataResponse::NotOnEcs => Err("ECS_CONTAINER_METADATA_URI_V4 is not set: not an ECS task"),
    };
    let task = task_arn(metadata.ok());
    let cluster = cluster(settings, metadata)?;
    let region = region(task.as_ref()).ok_or_else(|| no_region(metadata))?;
    let container_instance = container_instance().await;
    let instance = instance(settings).await?;
    let service = metadata
        .ok()
        .and_then(|m| m.service_name.as_deref()?.parse().ok());
    let known = SidecarIdentity {
        service,
        container_instance,
    };
    Ok(Place {
        region,
        cluster,
        instance,
        own_container: own_container(reported).await?,
        task,
        known,
    })
}

fn cluster(
    settings: &SidecarSettings,
    metadata: Result<&TaskMetadata, &str>,
) -> Result<ClusterName, AwsError> {
    if let Some(cluster) = &settings.cluster {
        return Ok(cluster.clone());
    }
    let reported = metadata
        .map_err(|detail| unidentified(&format!("cluster unknown: {detail}"), "set PROTECTOR_CLUSTER"))?;
    let name = reported.cluster.as_deref().unwrap_or_default();
    ClusterName::from_name_or_arn(name)
        .map_err(|error| unidentified(&format!("task metadata: {error}"), "set PROTECTOR_CLUSTER"))
}

fn task_arn(metadata: Option<&TaskMetadata>) -> Option<TaskArn> {
    metadata?.task_arn.as_deref()?.parse().ok()
}

/// The region alone, with what task metadata has `reported`: all that the kill switch needs.
pub(crate) fn region_of(reported: &TaskMetadataResponse) -> Option<String> {
    let metadata = match reported {
        TaskMetadataResponse::Ok(metadata) => Some(metadata),
        TaskMetadataResponse::Refused(_)
        | TaskMetadataResponse::Unavailable(_)
        | TaskMetadataResponse::NotOnEcs => None,
    };
    region(task_arn(metadata).as_ref())
}

/// Agents before 1.104.0 set no region in the environment.
fn region(task: Option<&TaskArn>) -> Option<String> {
    let set = |name| std::env::var(name).ok().filter(|r| !r.is_empty());
    set("AWS_REGION")
        .or_else(|| set("AWS_DEFAULT_REGION"))
        .or_else(|| Some(task?.region().to_owned()))
}

fn no_region(metadata: Result<&TaskMetadata, &str>) -> AwsError {
    let detail = metadata.err().unwrap_or("task metadata has no TaskARN");
    unidentified(&format!("region unknown: {detail}"), "set AWS_REGION")
}

async fn own_container(reported: &TaskMetadataResponse) -> Result<ContainerName, AwsError> {
    task_metadata::own_name(reported).await.ok_or_else(|| {
        unidentified(
            "the container of the sidecar has no name",
            "name it ecs-daemon-protector",
        )
    })
}

async fn container_instance() -> Option<ContainerInstanceArn> {
    if let Some(found) = metadata_file() {
        return Some(found);
    }
    let set = variable("ECS_AGENT_INTROSPECTION_ENDPOINT");
    let url = format!("{}/v1/metadata", set.as_deref().unwrap_or(INTROSPECTION));
    let body = local_http::get(&url, INTROSPECTION_TIMEOUT).await.ok()?;
    serde_json::from_slice::<Agent>(&body).ok()?.container_instance
}

/// The agent writes it with `ECS_ENABLE_CONTAINER_METADATA=true`, and mounts it into the container.
fn metadata_file() -> Option<ContainerInstanceArn> {
    let path = std::env::var_os("ECS_CONTAINER_METADATA_FILE")?;
    let text = std::fs::read(path).ok()?;
    serde_json::from_slice::<Agent>(&text).ok()?.container_instance
}

async fn instance(settings: &SidecarSettings) -> Result<InstanceId, AwsError> {
    match &settings.instance {
        Some(instance) => Ok(instance.clone()),
        None => imds::instance_id().await.map_err(|imds| no_instance(&imds)),
    }
}

fn no_instance(imds: &str) -> AwsError {
    let hint = "let the container reach IMDS: metadata options HttpEndpoint enabled, and HttpPutResponseHopLimit 2 in \
                bridge network mode; or set PROTECTOR_INSTANCE_ID, or run in host network mode";
    unidentified(&format!("EC2 instance unknown: {imds}"), hint)
}

fn unidentified(detail: &str, hint: &str) -> AwsError {
    AwsError {
        kind: ReadError::Unidentified,
        detail: detail.to_owned(),
        hint: hint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_spells_the_container_instance_in_two_ways() {
        let arn = "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/0a1b";
        for field in ["ContainerInstanceARN", "ContainerInstanceArn"] {
            let agent: Agent =
                serde_json::from_str(&format!(r#"{{"{field}":"{arn}","Cluster":"prod"}}"#)).unwrap();
            assert_eq!(agent.container_instance.unwrap().as_str(), arn);
        }
        assert!(
            serde_json::from_str::<Agent>(r#"{"MetadataFileStatus":"NOT_READY"}"#)
                .unwrap()
                .container_instance
                .is_none()
        );
    }
}
