//! One API call, independent of its caller and of the wire protocol.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// The AWS services of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Amazon ECS.
    Ecs,
    /// Systems Manager, its Parameter Store.
    Ssm,
    /// EC2 Auto Scaling.
    AutoScaling,
    /// EventBridge.
    Events,
    /// Lambda: who may invoke a function. What the function answers is not the model's.
    Lambda,
    /// STS.
    Sts,
    /// Elastic Load Balancing, version 2: target groups.
    LoadBalancing,
    /// Classic Load Balancers: version 1 of the same.
    ClassicLoadBalancing,
    /// IAM: roles and their policies.
    Iam,
    /// EC2: instances.
    Ec2,
    /// CloudWatch Logs. What it has is not the model's.
    Logs,
    /// SQS. What is in a queue is not the model's.
    Sqs,
    /// CloudWatch. What it shows is not the model's.
    CloudWatch,
}

impl Service {
    /// Before the colon of an action in an IAM policy.
    pub fn prefix(self) -> &'static str {
        match self {
            Service::Ecs => "ecs",
            Service::Ssm => "ssm",
            Service::AutoScaling => "autoscaling",
            Service::Events => "events",
            Service::Lambda => "lambda",
            Service::Sts => "sts",
            Service::LoadBalancing | Service::ClassicLoadBalancing => "elasticloadbalancing",
            Service::Iam => "iam",
            Service::Ec2 => "ec2",
            Service::Logs => "logs",
            Service::Sqs => "sqs",
            Service::CloudWatch => "cloudwatch",
        }
    }
}

/// A call of an operation, with its input in the service model's names.
#[derive(Clone, Debug)]
pub struct Call {
    /// The service that is called.
    pub service: Service,
    /// The operation, as in the API reference.
    pub operation: String,
    /// Its input, a JSON object.
    pub params: Value,
    /// Who calls: the access key of the request.
    pub principal: String,
}

/// An error in the service's own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiError {
    /// The error's code, for example `ParameterNotFound`.
    pub code: String,
    /// What a person reads.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
}

impl ApiError {
    /// An error of this code and status, with a message for people.
    pub fn new(code: &str, message: impl Into<String>, status: u16) -> ApiError {
        ApiError {
            code: code.to_owned(),
            message: message.into(),
            status,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for ApiError {}
