//! The environment of a container's process.

use crate::http::metadata_endpoint_id;
use protector_aws_model::ContainerStart;
use std::collections::BTreeMap;

/// Where a container finds the services of its host.
pub(crate) struct Addresses {
    /// The listener of the AWS APIs, task metadata and credentials.
    pub(crate) endpoint: String,
    /// IMDS of its instance.
    pub(crate) imds: Option<String>,
}

/// Only what a container would have: nothing of this program's own environment but PATH. The settings of the task
/// definition have precedence.
pub(super) fn of(start: &ContainerStart, addresses: &Addresses, region: &str) -> BTreeMap<String, String> {
    let endpoint = &addresses.endpoint;
    let metadata = metadata_endpoint_id(&start.task_id, &start.container);
    let mut environment = BTreeMap::from([
        ("PATH".to_owned(), std::env::var("PATH").unwrap_or_default()),
        ("AWS_REGION".to_owned(), region.to_owned()),
        ("AWS_DEFAULT_REGION".to_owned(), region.to_owned()),
        ("AWS_ENDPOINT_URL".to_owned(), endpoint.clone()),
        (
            "ECS_CONTAINER_METADATA_URI_V4".to_owned(),
            format!("{endpoint}/v4/{metadata}"),
        ),
    ]);
    if let Some(imds) = &addresses.imds {
        environment.insert("AWS_EC2_METADATA_SERVICE_ENDPOINT".to_owned(), imds.clone());
    }
    if start.task_role {
        let url = format!("{endpoint}/credentials/{}", start.task_id);
        environment.insert("AWS_CONTAINER_CREDENTIALS_FULL_URI".to_owned(), url);
    }
    environment.extend(start.environment.iter().cloned());
    environment
}
