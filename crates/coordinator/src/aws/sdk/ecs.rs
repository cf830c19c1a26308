//! Requests to ECS.

use aws_sdk_ecs::Client;
use aws_sdk_ecs::types;
use protector_core::limits::LIST_SERVICES_MAX;

use super::{failed, moment};
use crate::aws::AwsError;
use crate::aws::api::{
    Batch, ClusterDescription, ContainerDescription, InstanceDescription, ItemFailure, Page,
    ProviderDescription, ServiceDescription, TaskDescription, TaskProtection, TasksOf,
};

pub(super) async fn list_clusters(client: &Client, token: Option<String>) -> Result<Page<String>, AwsError> {
    let request = client.list_clusters().set_next_token(token);
    let answer = request.send().await.map_err(failed("ListClusters"))?;
    Ok(Page {
        items: answer.cluster_arns.unwrap_or_default(),
        next_token: answer.next_token,
    })
}

pub(super) async fn describe_clusters(
    client: &Client,
    names: Vec<String>,
) -> Result<Vec<ClusterDescription>, AwsError> {
    let request = client.describe_clusters().set_clusters(Some(names));
    let answer = request.send().await.map_err(failed("DescribeClusters"))?;
    let clusters = answer.clusters.unwrap_or_default().into_iter();
    let described = clusters.map(|cluster| ClusterDescription {
        name: cluster.cluster_name,
        registered: cluster.registered_container_instances_count,
        tasks: cluster.running_tasks_count + cluster.pending_tasks_count,
    });
    Ok(described.collect())
}

pub(super) async fn list_container_instances(
    client: &Client,
    cluster: &str,
    filter: Option<String>,
    status: Option<&str>,
    token: Option<String>,
) -> Result<Page<String>, AwsError> {
    let request = client
        .list_container_instances()
        .cluster(cluster)
        .set_filter(filter)
        .set_status(status.map(types::ContainerInstanceStatus::from))
        .set_next_token(token);
    let answer = request.send().await.map_err(failed("ListContainerInstances"))?;
    Ok(Page {
        items: answer.container_instance_arns.unwrap_or_default(),
        next_token: answer.next_token,
    })
}

pub(super) async fn describe_container_instances(
    client: &Client,
    cluster: &str,
    arns: Vec<String>,
) -> Result<Batch<InstanceDescription>, AwsError> {
    let request = client
        .describe_container_instances()
        .cluster(cluster)
        .set_container_instances(Some(arns));
    let answer = request
        .send()
        .await
        .map_err(failed("DescribeContainerInstances"))?;
    Ok(batch(answer.container_instances, answer.failures, instance))
}

pub(super) async fn describe_capacity_providers(
    client: &Client,
    cluster: &str,
    names: Vec<String>,
) -> Result<Vec<ProviderDescription>, AwsError> {
    let request = client
        .describe_capacity_providers()
        .cluster(cluster)
        .set_capacity_providers(Some(names));
    let answer = request
        .send()
        .await
        .map_err(failed("DescribeCapacityProviders"))?;
    let providers = answer.capacity_providers.unwrap_or_default().into_iter();
    let described = providers.map(|provider| ProviderDescription {
        name: provider.name,
        kind: provider.r#type.map(|kind| kind.as_str().to_owned()),
    });
    Ok(described.collect())
}

pub(super) async fn list_services(
    client: &Client,
    cluster: &str,
    scheduling_strategy: &str,
    token: Option<String>,
) -> Result<Page<String>, AwsError> {
    let request = client
        .list_services()
        .cluster(cluster)
        .scheduling_strategy(scheduling_strategy.into())
        .max_results(LIST_SERVICES_MAX)
        .set_next_token(token);
    let answer = request.send().await.map_err(failed("ListServices"))?;
    Ok(Page {
        items: answer.service_arns.unwrap_or_default(),
        next_token: answer.next_token,
    })
}

pub(super) async fn list_tasks(
    client: &Client,
    cluster: &str,
    of: TasksOf<'_>,
    desired_status: &str,
    token: Option<String>,
) -> Result<Page<String>, AwsError> {
    let request = client.list_tasks().cluster(cluster);
    let request = match of {
        TasksOf::Cluster => request,
        TasksOf::Instance(arn) => request.container_instance(arn),
        TasksOf::Service(name) => request.service_name(name),
    };
    let request = request
        .desired_status(desired_status.into())
        .set_next_token(token);
    let answer = request.send().await.map_err(failed("ListTasks"))?;
    Ok(Page {
        items: answer.task_arns.unwrap_or_default(),
        next_token: answer.next_token,
    })
}

pub(super) async fn describe_tasks(
    client: &Client,
    cluster: &str,
    arns: Vec<String>,
) -> Result<Batch<TaskDescription>, AwsError> {
    let request = client.describe_tasks().cluster(cluster).set_tasks(Some(arns));
    let answer = request.send().await.map_err(failed("DescribeTasks"))?;
    Ok(batch(answer.tasks, answer.failures, task))
}

pub(super) async fn describe_services(
    client: &Client,
    cluster: &str,
    names: Vec<String>,
) -> Result<Vec<ServiceDescription>, AwsError> {
    let request = client
        .describe_services()
        .cluster(cluster)
        .set_services(Some(names));
    let answer = request.send().await.map_err(failed("DescribeServices"))?;
    let services = answer.services.unwrap_or_default().into_iter();
    let described = services.map(|service| ServiceDescription {
        name: service.service_name,
        scheduling_strategy: service
            .scheduling_strategy
            .map(|strategy| strategy.as_str().to_owned()),
        created_at: service.created_at.as_ref().and_then(moment),
    });
    Ok(described.collect())
}

pub(super) async fn get_task_protection(
    client: &Client,
    cluster: &str,
    arns: Vec<String>,
) -> Result<Vec<TaskProtection>, AwsError> {
    let request = client
        .get_task_protection()
        .cluster(cluster)
        .set_tasks(Some(arns));
    let answer = request.send().await.map_err(failed("GetTaskProtection"))?;
    let tasks = answer.protected_tasks.unwrap_or_default().into_iter();
    let named = tasks.filter_map(|task| {
        Some(TaskProtection {
            arn: task.task_arn?,
            enabled: task.protection_enabled,
            expires_at: task.expiration_date.as_ref().and_then(moment),
        })
    });
    Ok(named.collect())
}

pub(super) async fn update_container_instances_state(
    client: &Client,
    cluster: &str,
    arns: Vec<String>,
    status: &str,
) -> Result<Batch<InstanceDescription>, AwsError> {
    let request = client
        .update_container_instances_state()
        .cluster(cluster)
        .set_container_instances(Some(arns))
        .status(status.into());
    let answer = request
        .send()
        .await
        .map_err(failed("UpdateContainerInstancesState"))?;
    Ok(batch(answer.container_instances, answer.failures, instance))
}

pub(super) async fn stop_task(
    client: &Client,
    cluster: &str,
    task: &str,
    reason: &str,
) -> Result<(), AwsError> {
    let request = client.stop_task().cluster(cluster).task(task).reason(reason);
    request.send().await.map_err(failed("StopTask"))?;
    Ok(())
}

fn batch<T, D>(
    items: Option<Vec<T>>,
    failures: Option<Vec<types::Failure>>,
    describe: fn(T) -> D,
) -> Batch<D> {
    let failures = failures.unwrap_or_default().into_iter();
    let failures = failures.map(|failure| ItemFailure {
        arn: failure.arn,
        reason: failure.reason,
    });
    Batch {
        items: items.unwrap_or_default().into_iter().map(describe).collect(),
        failures: failures.collect(),
    }
}

fn instance(instance: types::ContainerInstance) -> InstanceDescription {
    InstanceDescription {
        arn: instance.container_instance_arn,
        ec2_instance_id: instance.ec2_instance_id,
        status: instance.status,
        agent_connected: instance.agent_connected,
        tasks: u32::try_from(instance.running_tasks_count + instance.pending_tasks_count).ok(),
        capacity_provider: instance.capacity_provider_name,
    }
}

fn task(task: types::Task) -> TaskDescription {
    let containers = task.containers.unwrap_or_default().into_iter();
    TaskDescription {
        arn: task.task_arn,
        container_instance: task.container_instance_arn,
        group: task.group,
        started_by: task.started_by,
        created_at: task.created_at.as_ref().and_then(moment),
        last_status: task.last_status,
        desired_status: task.desired_status,
        connectivity: task
            .connectivity
            .map(|connectivity| connectivity.as_str().to_owned()),
        containers: containers.map(container).collect(),
        execution_stopped_at: task.execution_stopped_at.as_ref().and_then(moment),
        stopped_at: task.stopped_at.as_ref().and_then(moment),
        launch_type: task
            .launch_type
            .map(|launch_type| launch_type.as_str().to_owned()),
    }
}

fn container(container: types::Container) -> ContainerDescription {
    ContainerDescription {
        name: container.name,
        last_status: container.last_status,
        health_status: container.health_status.map(|health| health.as_str().to_owned()),
        exit_code: container.exit_code.map(i64::from),
        reason: container.reason,
    }
}
