//! The one ECS call that an operator may allow: which EC2 instance is this container instance?

use aws_sdk_ecs::Client;
use protector_core::ids::{ClusterName, ContainerInstanceArn, InstanceId};
use protector_core::wait::Trouble;

use super::{Aws, Fault, credentials};

const PERMISSION: &str =
    "allow the task role ecs:DescribeContainerInstances on the container instances of its cluster";

/// Asks ECS for the EC2 instance.
///
/// # Errors
/// No answer, or none that names an instance.
pub(crate) async fn instance_of(
    aws: &Aws,
    region: &str,
    cluster: &ClusterName,
    arn: &ContainerInstanceArn,
) -> Result<InstanceId, Fault> {
    let credentials = credentials::load(&aws.provider).await?;
    let client = Client::new(&aws.sdk_config("ECS", region, credentials));
    let call = client
        .describe_container_instances()
        .cluster(cluster.as_str())
        .container_instances(arn.as_str());
    let way_there = format!("let the task reach ecs.{region}.amazonaws.com, port 443");
    let answer = call
        .send()
        .await
        .map_err(|error| Fault::of_call(&error, PERMISSION, &way_there))?;
    let found = answer
        .container_instances()
        .iter()
        .find_map(|i| i.ec2_instance_id());
    found.and_then(|id| id.parse().ok()).ok_or_else(|| Fault {
        trouble: Trouble::Unidentified,
        detail: format!("ECS does not know {arn}"),
        mend: "set PROTECTOR_INSTANCE_ID".to_owned(),
    })
}
