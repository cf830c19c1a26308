//! Clusters, container instances, tasks and services.
//!
//! Pages are read to the end, and an empty list is never described: ECS answers that with an error.

use super::Account;
use super::body::Body;
use super::time::at;
use aws_sdk_ecs::types::{self, DesiredStatus};
use aws_smithy_types::body::SdkBody;
use protector_core::aws::Scheduling;
use protector_core::ids::{ClusterName, ContainerInstanceArn, ServiceName, TaskArn};
use protector_core::limits::{DESCRIBE_MAX, DESCRIBE_SERVICES_MAX};
use protector_diagnosis::doctor::reads::{CapacityProvider, Host};
use protector_diagnosis::read::Reading;
use protector_diagnosis::seen::{
    DefinedContainer, Definition, Deployment, Machine, Protections, SeenContainer, SeenService, SeenTask,
    ServiceEvent,
};

/// Which container instances of a cluster are listed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum MachinesOf<'a> {
    Draining,
    /// Those that fit an expression of the cluster query language.
    Filter(&'a str),
    /// All of them.
    All,
}

/// Which tasks of a cluster are listed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TasksOf<'a> {
    Machine(&'a ContainerInstanceArn),
    Service(&'a ServiceName),
}

/// The default of `minimumHealthyPercent` and `maximumPercent` for a replica service
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html>).
const PERCENTS: (i32, i32) = (100, 200);

/// The attribute of an agent that knows `restartPolicy` (agent source, `agent/app/agent_capability.go`).
const RESTART_POLICY: &str = "ecs.capability.container-restart-policy";

/// `ListServices` gives ten names unless it is asked for more; a hundred is the most.
const SERVICES_LISTED: i32 = 100;

impl Account {
    /// All clusters of the account and region.
    pub(crate) async fn clusters(&self) -> Reading<Vec<ClusterName>> {
        let send = |token| self.ecs.list_clusters().set_next_token(token).send();
        self.pages("ecs:ListClusters", send, |page| {
            let arns = page.cluster_arns.unwrap_or_default().into_iter();
            let names = arns.filter_map(|arn| ClusterName::from_name_or_arn(&arn).ok());
            (names, page.next_token)
        })
        .await
    }

    /// Container instances of a cluster.
    pub(crate) async fn machines(&self, cluster: &ClusterName, of: MachinesOf<'_>) -> Reading<Vec<Machine>> {
        let (status, filter) = match of {
            MachinesOf::Draining => (Some(types::ContainerInstanceStatus::Draining), None),
            MachinesOf::Filter(filter) => (None, Some(filter.to_owned())),
            MachinesOf::All => (None, None),
        };
        let arns = self.machine_arns(cluster, status, filter).await?;
        let described = self.described_instances(cluster, &arns).await?;
        Ok(described.iter().filter_map(|one| machine(cluster, one)).collect())
    }

    /// All container instances of a cluster, with what only `doctor` asks of them.
    pub(crate) async fn hosts(&self, cluster: &ClusterName) -> Reading<Vec<Host>> {
        let arns = self.machine_arns(cluster, None, None).await?;
        let described = self.described_instances(cluster, &arns).await?;
        let host = |one: &types::ContainerInstance| {
            let attributes = one.attributes.iter().flatten();
            Some(Host {
                machine: machine(cluster, one)?,
                restarts_containers: attributes
                    .map(|attribute| attribute.name.as_str())
                    .any(|name| name == RESTART_POLICY),
                capacity_provider: one.capacity_provider_name.clone(),
            })
        };
        Ok(described.iter().filter_map(host).collect())
    }

    async fn machine_arns(
        &self,
        cluster: &ClusterName,
        status: Option<types::ContainerInstanceStatus>,
        filter: Option<String>,
    ) -> Reading<Vec<String>> {
        let request = self
            .ecs
            .list_container_instances()
            .cluster(cluster.as_str())
            .set_status(status)
            .set_filter(filter);
        let send = |token| request.clone().set_next_token(token).send();
        self.pages("ecs:ListContainerInstances", send, |page| {
            (page.container_instance_arns.unwrap_or_default(), page.next_token)
        })
        .await
    }

    async fn described_instances(
        &self,
        cluster: &ClusterName,
        arns: &[String],
    ) -> Reading<Vec<types::ContainerInstance>> {
        let mut found = Vec::new();
        for chunk in arns.chunks(DESCRIBE_MAX) {
            let request = self
                .ecs
                .describe_container_instances()
                .cluster(cluster.as_str())
                .set_container_instances(Some(chunk.to_vec()));
            let answer = self
                .call("ecs:DescribeContainerInstances", request.send())
                .await?;
            found.extend(answer.container_instances.unwrap_or_default());
        }
        Ok(found)
    }

    /// Tasks of a service that are to run.
    pub(crate) async fn running_tasks(
        &self,
        cluster: &ClusterName,
        service: &ServiceName,
    ) -> Reading<Vec<SeenTask>> {
        let of = TasksOf::Service(service);
        let arns = self.task_arns(cluster, of, DesiredStatus::Running).await?;
        self.described_tasks(cluster, &arns).await
    }

    /// Up to a hundred tasks of a cluster that are to run.
    pub(crate) async fn some_tasks(&self, cluster: &ClusterName) -> Reading<Vec<SeenTask>> {
        let request = self.ecs.list_tasks().cluster(cluster.as_str());
        let page = self.call("ecs:ListTasks", request.send()).await?;
        self.described_tasks(cluster, &page.task_arns.unwrap_or_default())
            .await
    }

    /// The names of all services of a cluster that schedule their tasks so.
    pub(crate) async fn service_names(
        &self,
        cluster: &ClusterName,
        scheduling: types::SchedulingStrategy,
    ) -> Reading<Vec<ServiceName>> {
        let request = self
            .ecs
            .list_services()
            .cluster(cluster.as_str())
            .scheduling_strategy(scheduling)
            .max_results(SERVICES_LISTED);
        let send = |token| request.clone().set_next_token(token).send();
        self.pages("ecs:ListServices", send, |page| {
            let arns = page.service_arns.unwrap_or_default().into_iter();
            let names = arns.filter_map(|arn| arn.rsplit('/').next()?.parse().ok());
            (names, page.next_token)
        })
        .await
    }

    /// All capacity providers of the account and region.
    pub(crate) async fn capacity_providers(&self) -> Reading<Vec<CapacityProvider>> {
        let send = |token| {
            self.ecs
                .describe_capacity_providers()
                .set_next_token(token)
                .send()
        };
        self.pages("ecs:DescribeCapacityProviders", send, |page| {
            let providers = page.capacity_providers.unwrap_or_default().into_iter();
            (providers.filter_map(provider), page.next_token)
        })
        .await
    }

    /// A task definition, and the whole answer as text.
    pub(crate) async fn definition_with_text(&self, arn: &str) -> Reading<(Definition, String)> {
        let body = Body::default();
        let request = self.ecs.describe_task_definition().task_definition(arn);
        let request = request.customize().interceptor(body.clone());
        let answer = self.call("ecs:DescribeTaskDefinition", request.send()).await?;
        let read = answer.task_definition.map(definition).unwrap_or_default();
        Ok((read, body.text()))
    }

    /// Tasks, whatever ECS wants them to become: first those that are to run, then those that are to stop.
    pub(crate) async fn tasks(&self, cluster: &ClusterName, of: TasksOf<'_>) -> Reading<Vec<SeenTask>> {
        let mut arns = Vec::new();
        for desired in [DesiredStatus::Running, DesiredStatus::Stopped] {
            arns.extend(self.task_arns(cluster, of, desired).await?);
        }
        arns.sort();
        arns.dedup();
        self.described_tasks(cluster, &arns).await
    }

    async fn task_arns(
        &self,
        cluster: &ClusterName,
        of: TasksOf<'_>,
        desired: DesiredStatus,
    ) -> Reading<Vec<String>> {
        let (machine, service) = match of {
            TasksOf::Machine(arn) => (Some(arn.to_string()), None),
            TasksOf::Service(name) => (None, Some(name.to_string())),
        };
        let request = self
            .ecs
            .list_tasks()
            .cluster(cluster.as_str())
            .set_container_instance(machine)
            .set_service_name(service)
            .desired_status(desired);
        let send = |token| request.clone().set_next_token(token).send();
        self.pages("ecs:ListTasks", send, |page| {
            (page.task_arns.unwrap_or_default(), page.next_token)
        })
        .await
    }

    async fn described_tasks(&self, cluster: &ClusterName, arns: &[String]) -> Reading<Vec<SeenTask>> {
        let mut found = Vec::new();
        for chunk in arns.chunks(DESCRIBE_MAX) {
            let request = self
                .ecs
                .describe_tasks()
                .cluster(cluster.as_str())
                .set_tasks(Some(chunk.to_vec()));
            let answer = self.call("ecs:DescribeTasks", request.send()).await?;
            found.extend(answer.tasks.unwrap_or_default().into_iter().filter_map(task));
        }
        Ok(found)
    }

    /// Services of a cluster, with their events.
    pub(crate) async fn services(
        &self,
        cluster: &ClusterName,
        names: &[ServiceName],
    ) -> Reading<Vec<SeenService>> {
        let mut found = Vec::new();
        for chunk in names.chunks(DESCRIBE_SERVICES_MAX) {
            let request = self
                .ecs
                .describe_services()
                .cluster(cluster.as_str())
                .set_services(Some(chunk.iter().map(ToString::to_string).collect()));
            let answer = self.call("ecs:DescribeServices", request.send()).await?;
            found.extend(
                answer
                    .services
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(service),
            );
        }
        Ok(found)
    }

    /// Scale-in protection: of those tasks that have it, until when.
    pub(crate) async fn protections(&self, cluster: &ClusterName, tasks: &[TaskArn]) -> Reading<Protections> {
        let mut found = Protections::new();
        for chunk in tasks.chunks(DESCRIBE_MAX) {
            let request = self
                .ecs
                .get_task_protection()
                .cluster(cluster.as_str())
                .set_tasks(Some(chunk.iter().map(ToString::to_string).collect()));
            let answer = self.call("ecs:GetTaskProtection", request.send()).await?;
            let protected = answer.protected_tasks.unwrap_or_default().into_iter();
            found.extend(
                protected
                    .filter(|task| task.protection_enabled)
                    .filter_map(|task| {
                        Some((task.task_arn?.parse().ok()?, at(task.expiration_date.as_ref())))
                    }),
            );
        }
        Ok(found)
    }

    pub(crate) async fn definition(&self, arn: &str) -> Reading<Definition> {
        let request = self.ecs.describe_task_definition().task_definition(arn);
        let answer = self.call("ecs:DescribeTaskDefinition", request.send()).await?;
        Ok(answer.task_definition.map(definition).unwrap_or_default())
    }

    /// Registers a task definition in JSON with its comments, and returns the ARN of its new revision. The text goes as it
    /// is: members that this version of the SDK does not know are not lost.
    pub(crate) async fn register_definition(&self, text: &str) -> Reading<String> {
        let value: Option<serde_json::Value> =
            jsonc_parser::parse_to_serde_value(text, &jsonc_parser::ParseOptions::default()).ok();
        let body = value.unwrap_or_default().to_string();
        let request = self
            .ecs
            .register_task_definition()
            .customize()
            .mutate_request(move |request| {
                let length = body.len().to_string();
                request.headers_mut().insert("content-length", length);
                *request.body_mut() = SdkBody::from(body.as_str());
            });
        let answer = self.call("ecs:RegisterTaskDefinition", request.send()).await?;
        let registered = answer.task_definition.and_then(|one| one.task_definition_arn);
        Ok(registered.unwrap_or_default())
    }
}

fn provider(provider: types::CapacityProvider) -> Option<CapacityProvider> {
    let group = provider.auto_scaling_group_provider;
    let managed = group.as_ref().and_then(|group| group.managed_draining.as_ref());
    Some(CapacityProvider {
        name: provider.name?,
        managed_draining: managed == Some(&types::ManagedDraining::Enabled),
        // A group is named by its ARN, or by its name.
        group: group.and_then(|group| group.auto_scaling_group_arn.rsplit('/').next()?.parse().ok()),
        is_managed_instances: provider.managed_instances_provider.is_some(),
    })
}

fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

fn machine(cluster: &ClusterName, one: &types::ContainerInstance) -> Option<Machine> {
    let remaining = |name: &str| {
        let mut resources = one.remaining_resources.as_ref()?.iter();
        let found = resources.find(|resource| resource.name.as_deref() == Some(name))?;
        u32::try_from(found.integer_value).ok()
    };
    let agent = one
        .version_info
        .as_ref()
        .and_then(|info| info.agent_version.clone());
    Some(Machine {
        cluster: cluster.clone(),
        arn: one.container_instance_arn.as_ref()?.parse().ok()?,
        instance: one.ec2_instance_id.as_ref()?.parse().ok()?,
        status: one.status.clone().unwrap_or_default().into(),
        agent_connected: one.agent_connected,
        tasks: u32::try_from(one.running_tasks_count + one.pending_tasks_count).ok(),
        agent_version: agent.filter(|version| !version.is_empty()),
        remaining_cpu: remaining("CPU"),
        remaining_memory: remaining("MEMORY"),
        registered_at: at(one.registered_at.as_ref()),
    })
}

fn task(task: types::Task) -> Option<SeenTask> {
    let connected = task
        .connectivity
        .as_ref()
        .map(|text| *text == types::Connectivity::Connected);
    Some(SeenTask {
        arn: task.task_arn?.parse().ok()?,
        container_instance: task.container_instance_arn.and_then(|arn| arn.parse().ok()),
        group: task.group.map(Into::into),
        last_status: task.last_status.unwrap_or_default().into(),
        stopping: task.desired_status.as_deref() == Some("STOPPED"),
        connected,
        started_by: task.started_by,
        created_at: at(task.created_at.as_ref()),
        started_at: at(task.started_at.as_ref()),
        stopping_at: at(task.stopping_at.as_ref()),
        execution_stopped_at: at(task.execution_stopped_at.as_ref()),
        stopped_at: at(task.stopped_at.as_ref()),
        stop_code: task.stop_code.map(|code| code.as_str().to_owned()),
        stopped_reason: task.stopped_reason,
        health: task.health_status.map(|health| health.as_str().to_owned()),
        definition: task.task_definition_arn,
        containers: task
            .containers
            .unwrap_or_default()
            .into_iter()
            .map(container)
            .collect(),
    })
}

fn container(container: types::Container) -> SeenContainer {
    SeenContainer {
        name: container.name.unwrap_or_default(),
        last_status: container.last_status,
        health: container.health_status.map(|health| health.as_str().to_owned()),
        exit_code: container.exit_code,
        reason: container.reason,
        image: container.image,
    }
}

fn service(service: types::Service) -> Option<SeenService> {
    let scheduling = match service.scheduling_strategy {
        Some(types::SchedulingStrategy::Daemon) => Scheduling::Daemon,
        Some(types::SchedulingStrategy::Replica) => Scheduling::Replica,
        _ => Scheduling::Unknown,
    };
    let bounds = service.deployment_configuration.as_ref();
    let minimum = bounds.and_then(|bounds| bounds.minimum_healthy_percent);
    let maximum = bounds.and_then(|bounds| bounds.maximum_percent);
    let events = service.events.unwrap_or_default().into_iter();
    // An entry has the ARN of a target group, or the name of a Classic Load Balancer.
    let balancers = service.load_balancers.unwrap_or_default();
    let providers = service.capacity_provider_strategy.unwrap_or_default().into_iter();
    Some(SeenService {
        name: service.service_name?.parse().ok()?,
        scheduling,
        desired: count(service.desired_count),
        running: count(service.running_count),
        pending: count(service.pending_count),
        minimum_percent: count(minimum.unwrap_or(PERCENTS.0)),
        maximum_percent: count(maximum.unwrap_or(PERCENTS.1)),
        deployments: service
            .deployments
            .unwrap_or_default()
            .into_iter()
            .map(deployment)
            .collect(),
        events: events
            .filter_map(|event| {
                Some(ServiceEvent {
                    at: at(event.created_at.as_ref())?,
                    message: event.message?,
                })
            })
            .collect(),
        target_groups: balancers
            .iter()
            .filter_map(|balancer| balancer.target_group_arn.clone())
            .collect(),
        classic_load_balancers: balancers
            .into_iter()
            .filter_map(|balancer| balancer.load_balancer_name)
            .collect(),
        capacity_providers: providers.map(|item| item.capacity_provider).collect(),
        definition: service.task_definition,
    })
}

fn deployment(deployment: types::Deployment) -> Deployment {
    Deployment {
        status: deployment.status.unwrap_or_default(),
        rollout_state: deployment.rollout_state.map(|state| state.as_str().to_owned()),
        rollout_reason: deployment.rollout_state_reason,
        failed: count(deployment.failed_tasks),
    }
}

fn definition(definition: types::TaskDefinition) -> Definition {
    let containers = definition.container_definitions.unwrap_or_default();
    let of_task = |text: Option<String>| text.and_then(|text| text.trim().parse::<u32>().ok());
    let memory: u32 = containers
        .iter()
        .filter_map(|one| one.memory_reservation.or(one.memory))
        .map(count)
        .sum();
    let cpu: u32 = containers.iter().map(|one| count(one.cpu)).sum();
    Definition {
        memory: of_task(definition.memory).or((memory > 0).then_some(memory)),
        cpu: of_task(definition.cpu).or((cpu > 0).then_some(cpu)),
        network_mode: definition.network_mode.map(|mode| mode.as_str().to_owned()),
        task_role: definition.task_role_arn.filter(|arn| !arn.is_empty()),
        containers: containers.into_iter().filter_map(defined).collect(),
    }
}

fn defined(container: types::ContainerDefinition) -> Option<DefinedContainer> {
    let depends = container.depends_on.unwrap_or_default().into_iter();
    let environment = container.environment.unwrap_or_default().into_iter();
    // `links` holds `name` or `name:alias`. The agent treats both as dependencies.
    let links = container.links.unwrap_or_default().into_iter();
    let links = links.filter_map(|link| link.split(':').next().map(str::to_owned));
    let volumes = container.volumes_from.unwrap_or_default().into_iter();
    let volumes = volumes.filter_map(|volume| volume.source_container);
    Some(DefinedContainer {
        name: container.name?,
        stop_timeout: container
            .stop_timeout
            .and_then(|seconds| u32::try_from(seconds).ok()),
        depends_on: depends
            .map(|dependency| dependency.container_name)
            .chain(links)
            .chain(volumes)
            .collect(),
        has_health_check: container.health_check.is_some(),
        environment: environment
            .filter_map(|pair| Some((pair.name?, pair.value?)))
            .collect(),
    })
}
