//! Requests by the AWS SDK: one file for each service.

mod auto_scaling;
mod ecs;
mod ssm;

use std::error::Error;
use std::fmt;

use aws_config::SdkConfig;
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ecs::primitives::DateTime;
use jiff::Timestamp;
use protector_core::ids::InstanceId;
use protector_core::record::Lifecycle;
use protector_runtime::error::chain;

use super::api::{
    ActivityDescription, Answer, Api, Batch, ClusterDescription, HookDescription, InstanceDescription, Page,
    ParameterText, Parameters, ProviderDescription, ScalingDescription, ServiceDescription, TaskDescription,
    TaskProtection, TasksOf,
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

/// Each request is the function of that name in the file of its service.
macro_rules! requests {
    ($($service:ident.$operation:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        impl Api for Sdk {
            $(fn $operation<'a>(&'a self $(, $argument: $type)*) -> Answer<'a, $answer> {
                Box::pin($service::$operation(&self.$service $(, $argument)*))
            })*
        }
    };
}

requests! {
    ecs.list_clusters(token: Option<String>) -> Page<String>;
    ecs.describe_clusters(names: Vec<String>) -> Vec<ClusterDescription>;
    ecs.list_container_instances(
        cluster: &'a str, filter: Option<String>, status: Option<&'a str>, token: Option<String>
    ) -> Page<String>;
    ecs.describe_container_instances(cluster: &'a str, arns: Vec<String>) -> Batch<InstanceDescription>;
    ecs.describe_capacity_providers(cluster: &'a str, names: Vec<String>) -> Vec<ProviderDescription>;
    ecs.list_services(cluster: &'a str, scheduling_strategy: &'a str, token: Option<String>) -> Page<String>;
    ecs.list_tasks(cluster: &'a str, of: TasksOf<'a>, desired_status: &'a str, token: Option<String>) -> Page<String>;
    ecs.describe_tasks(cluster: &'a str, arns: Vec<String>) -> Batch<TaskDescription>;
    ecs.describe_services(cluster: &'a str, names: Vec<String>) -> Vec<ServiceDescription>;
    ecs.get_task_protection(cluster: &'a str, arns: Vec<String>) -> Vec<TaskProtection>;
    ecs.update_container_instances_state(
        cluster: &'a str, arns: Vec<String>, status: &'a str
    ) -> Batch<InstanceDescription>;
    ecs.stop_task(cluster: &'a str, task: &'a str, reason: &'a str) -> ();
    auto_scaling.describe_auto_scaling_instances(instances: Vec<String>) -> Vec<ScalingDescription>;
    auto_scaling.describe_auto_scaling_groups(names: Vec<String>, token: Option<String>) -> Page<ScalingDescription>;
    auto_scaling.describe_scaling_activities(group: &'a str, token: Option<String>) -> Page<ActivityDescription>;
    auto_scaling.describe_lifecycle_hooks(group: &'a str) -> Vec<HookDescription>;
    auto_scaling.record_lifecycle_action_heartbeat(instance: &'a InstanceId, hook: &'a Lifecycle) -> ();
    auto_scaling.complete_lifecycle_action(instance: &'a InstanceId, hook: &'a Lifecycle) -> ();
    ssm.get_parameter(name: &'a str) -> ParameterText;
    ssm.get_parameters(names: Vec<String>) -> Parameters;
    ssm.get_parameters_by_path(path: &'a str, token: Option<String>) -> Page<ParameterText>;
    ssm.put_parameter(name: &'a str, value: String) -> i64;
    ssm.delete_parameters(names: Vec<String>) -> ();
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

/// A time of an answer; none if it is none of the calendar.
fn moment(at: &DateTime) -> Option<Timestamp> {
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}
