//! Requests by the AWS SDK: one file for each service.

mod auto_scaling;
mod ecs;
mod ssm;

use std::error::Error;
use std::fmt;

use aws_config::SdkConfig;
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use protector_core::ids::InstanceId;
use protector_core::record::Lifecycle;
use protector_runtime::error::chain;

use super::api::{
    Answer, Api, Batch, ClusterDescription, HookDescription, InstanceDescription, Page, ParameterText,
    Parameters, ProviderDescription, ScalingDescription, ServiceDescription, TaskDescription, TaskProtection,
    TasksOf,
};
use super::{AwsError, ErrorKind};

/// The three SDK clients.
#[derive(Debug)]
pub(super) struct Sdk {
    ecs: aws_sdk_ecs::Client,
    auto_scaling: aws_sdk_autoscaling::Client,
    ssm: aws_sdk_ssm::Client,
}

impl Sdk {
    /// Clients of this configuration.
    pub(super) fn new(config: &SdkConfig) -> Sdk {
        Sdk {
            ecs: aws_sdk_ecs::Client::new(config),
            auto_scaling: aws_sdk_autoscaling::Client::new(config),
            ssm: aws_sdk_ssm::Client::new(config),
        }
    }
}

impl Api for Sdk {
    fn list_clusters<'a>(&'a self, token: Option<String>) -> Answer<'a, Page<String>> {
        Box::pin(ecs::list_clusters(&self.ecs, token))
    }

    fn describe_clusters<'a>(&'a self, names: Vec<String>) -> Answer<'a, Vec<ClusterDescription>> {
        Box::pin(ecs::describe_clusters(&self.ecs, names))
    }

    fn list_container_instances<'a>(
        &'a self,
        cluster: &'a str,
        filter: Option<String>,
        status: Option<&'a str>,
        token: Option<String>,
    ) -> Answer<'a, Page<String>> {
        Box::pin(ecs::list_container_instances(
            &self.ecs, cluster, filter, status, token,
        ))
    }

    fn describe_container_instances<'a>(
        &'a self,
        cluster: &'a str,
        arns: Vec<String>,
    ) -> Answer<'a, Batch<InstanceDescription>> {
        Box::pin(ecs::describe_container_instances(&self.ecs, cluster, arns))
    }

    fn describe_capacity_providers<'a>(
        &'a self,
        cluster: &'a str,
        names: Vec<String>,
    ) -> Answer<'a, Vec<ProviderDescription>> {
        Box::pin(ecs::describe_capacity_providers(&self.ecs, cluster, names))
    }

    fn list_services<'a>(
        &'a self,
        cluster: &'a str,
        scheduling_strategy: &'a str,
        token: Option<String>,
    ) -> Answer<'a, Page<String>> {
        Box::pin(ecs::list_services(&self.ecs, cluster, scheduling_strategy, token))
    }

    fn list_tasks<'a>(
        &'a self,
        cluster: &'a str,
        of: TasksOf<'a>,
        desired_status: &'a str,
        token: Option<String>,
    ) -> Answer<'a, Page<String>> {
        Box::pin(ecs::list_tasks(&self.ecs, cluster, of, desired_status, token))
    }

    fn describe_tasks<'a>(
        &'a self,
        cluster: &'a str,
        arns: Vec<String>,
    ) -> Answer<'a, Batch<TaskDescription>> {
        Box::pin(ecs::describe_tasks(&self.ecs, cluster, arns))
    }

    fn describe_services<'a>(
        &'a self,
        cluster: &'a str,
        names: Vec<String>,
    ) -> Answer<'a, Vec<ServiceDescription>> {
        Box::pin(ecs::describe_services(&self.ecs, cluster, names))
    }

    fn get_task_protection<'a>(
        &'a self,
        cluster: &'a str,
        arns: Vec<String>,
    ) -> Answer<'a, Vec<TaskProtection>> {
        Box::pin(ecs::get_task_protection(&self.ecs, cluster, arns))
    }

    fn update_container_instances_state<'a>(
        &'a self,
        cluster: &'a str,
        arns: Vec<String>,
        status: &'a str,
    ) -> Answer<'a, Batch<InstanceDescription>> {
        Box::pin(ecs::update_container_instances_state(
            &self.ecs, cluster, arns, status,
        ))
    }

    fn stop_task<'a>(&'a self, cluster: &'a str, task: &'a str, reason: &'a str) -> Answer<'a, ()> {
        Box::pin(ecs::stop_task(&self.ecs, cluster, task, reason))
    }

    fn describe_auto_scaling_instances<'a>(
        &'a self,
        instances: Vec<String>,
    ) -> Answer<'a, Vec<ScalingDescription>> {
        Box::pin(auto_scaling::describe_auto_scaling_instances(
            &self.auto_scaling,
            instances,
        ))
    }

    fn describe_auto_scaling_groups<'a>(
        &'a self,
        names: Vec<String>,
        token: Option<String>,
    ) -> Answer<'a, Page<ScalingDescription>> {
        Box::pin(auto_scaling::describe_auto_scaling_groups(
            &self.auto_scaling,
            names,
            token,
        ))
    }

    fn describe_lifecycle_hooks<'a>(&'a self, group: &'a str) -> Answer<'a, Vec<HookDescription>> {
        Box::pin(auto_scaling::describe_lifecycle_hooks(&self.auto_scaling, group))
    }

    fn record_lifecycle_action_heartbeat<'a>(
        &'a self,
        instance: &'a InstanceId,
        hook: &'a Lifecycle,
    ) -> Answer<'a, ()> {
        Box::pin(auto_scaling::record_lifecycle_action_heartbeat(
            &self.auto_scaling,
            instance,
            hook,
        ))
    }

    fn complete_lifecycle_action<'a>(
        &'a self,
        instance: &'a InstanceId,
        hook: &'a Lifecycle,
    ) -> Answer<'a, ()> {
        Box::pin(auto_scaling::complete_lifecycle_action(
            &self.auto_scaling,
            instance,
            hook,
        ))
    }

    fn get_parameter<'a>(&'a self, name: &'a str) -> Answer<'a, ParameterText> {
        Box::pin(ssm::get_parameter(&self.ssm, name))
    }

    fn get_parameters<'a>(&'a self, names: Vec<String>) -> Answer<'a, Parameters> {
        Box::pin(ssm::get_parameters(&self.ssm, names))
    }

    fn get_parameters_by_path<'a>(
        &'a self,
        path: &'a str,
        token: Option<String>,
    ) -> Answer<'a, Page<ParameterText>> {
        Box::pin(ssm::get_parameters_by_path(&self.ssm, path, token))
    }

    fn put_parameter<'a>(&'a self, name: &'a str, value: String) -> Answer<'a, i64> {
        Box::pin(ssm::put_parameter(&self.ssm, name, value))
    }

    fn delete_parameters<'a>(&'a self, names: Vec<String>) -> Answer<'a, ()> {
        Box::pin(ssm::delete_parameters(&self.ssm, names))
    }
}

/// Makes a failure of an error of the SDK.
fn failed<E, R>(operation: &'static str) -> impl FnOnce(SdkError<E, R>) -> AwsError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: fmt::Debug + 'static,
{
    move |error| judge(operation, &error)
}

fn judge<E, R>(operation: &'static str, error: &SdkError<E, R>) -> AwsError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: fmt::Debug + 'static,
{
    let unanswered = matches!(error, SdkError::TimeoutError(_) | SdkError::DispatchFailure(_));
    let Some(service) = error.as_service_error().filter(|_| !unanswered) else {
        let kind = if unanswered {
            ErrorKind::Timeout
        } else {
            ErrorKind::Other
        };
        return AwsError {
            operation,
            kind,
            message: chain(error),
        };
    };
    let code = service.code().unwrap_or("(no code)");
    AwsError::of_service(operation, code, service.message().unwrap_or_default())
}
