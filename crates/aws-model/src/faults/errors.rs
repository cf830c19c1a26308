//! Errors that any operation may return, in each service's words.

use crate::{ApiError, Call, Service};

/// Too many calls.
pub fn throttled(service: Service) -> ApiError {
    let code = match service {
        Service::AutoScaling
        | Service::Sts
        | Service::LoadBalancing
        | Service::ClassicLoadBalancing
        | Service::Iam
        | Service::CloudWatch => "Throttling",
        Service::Ec2 => "RequestLimitExceeded",
        Service::Lambda => "TooManyRequestsException",
        Service::Sqs => "RequestThrottled",
        Service::Ecs | Service::Ssm | Service::Events | Service::Logs => "ThrottlingException",
    };
    let status = match service {
        Service::Lambda => 429,
        Service::Ec2 => 503,
        _ => 400,
    };
    ApiError::new(code, "Rate exceeded", status)
}

/// The service is broken.
pub fn broken(service: Service) -> ApiError {
    let code = match service {
        Service::Ecs => "ServerException",
        Service::Ssm | Service::Sqs => "InternalServerError",
        Service::AutoScaling | Service::Sts | Service::LoadBalancing | Service::ClassicLoadBalancing => {
            "InternalFailure"
        }
        Service::Iam => "ServiceFailure",
        Service::Ec2 => "InternalError",
        Service::CloudWatch => "InternalServiceError",
        Service::Lambda => "ServiceException",
        Service::Logs => "ServiceUnavailableException",
        Service::Events => "InternalException",
    };
    ApiError::new(code, "Service Unavailable. Please try again later.", 500)
}

/// The caller may not make this call.
pub fn denied(call: &Call) -> ApiError {
    let (code, status) = match call.service {
        Service::AutoScaling
        | Service::Sts
        | Service::LoadBalancing
        | Service::ClassicLoadBalancing
        | Service::Iam
        | Service::CloudWatch
        | Service::Sqs => ("AccessDenied", 403),
        Service::Ec2 => ("UnauthorizedOperation", 403),
        Service::Lambda => ("AccessDeniedException", 403),
        Service::Ecs | Service::Ssm | Service::Events | Service::Logs => ("AccessDeniedException", 400),
    };
    let action = format!("{}:{}", call.service.prefix(), call.operation);
    let message = format!(
        "User: {} is not authorized to perform: {action} because no identity-based policy allows the {action} action",
        call.principal
    );
    ApiError::new(code, &message, status)
}
