//! Errors that any operation may meet, in each service's words.

use crate::{ApiError, Call, Service};

/// Too many calls.
pub fn throttled(service: Service) -> ApiError {
    let code = match service {
        Service::AutoScaling => "Throttling",
        Service::Ecs | Service::Ssm | Service::Events => "ThrottlingException",
    };
    error(code, "Rate exceeded", 400)
}

/// The service is broken.
pub fn broken(service: Service) -> ApiError {
    let code = match service {
        Service::Ecs => "ServerException",
        Service::Ssm => "InternalServerError",
        Service::AutoScaling => "InternalFailure",
        Service::Events => "InternalException",
    };
    error(code, "Service Unavailable. Please try again later.", 500)
}

/// The caller may not make this call.
pub fn denied(call: &Call) -> ApiError {
    let (code, status) = match call.service {
        Service::AutoScaling => ("AccessDenied", 403),
        Service::Ecs | Service::Ssm | Service::Events => ("AccessDeniedException", 400),
    };
    let action = format!("{}:{}", call.service.prefix(), call.operation);
    let message = format!(
        "User: {} is not authorized to perform: {action} because no identity-based policy allows the {action} action",
        call.principal
    );
    error(code, &message, status)
}

fn error(code: &str, message: &str, status: u16) -> ApiError {
    ApiError {
        code: code.to_owned(),
        message: message.to_owned(),
        status,
    }
}
