//! Lambda: how the functions are configured.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html>

use super::{ReadAnswer, Reads};
use crate::lambda::{Configured, FunctionName, LOG_GROUP, queues};
use protector_aws_model::ApiError;
use serde_json::{Value, json};

/// The function that takes events from a queue.
const COORDINATOR: &str = "ecs-daemon-protector";

/// `GetFunctionConfiguration`.
pub(super) fn configuration(reads: &Reads, params: &Value) -> ReadAnswer {
    let Configured {
        name,
        arn,
        timeout,
        memory_mb,
        variables,
        deployed,
        ..
    } = find(reads, params)?;
    let variables: serde_json::Map<String, Value> = variables
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect();
    Ok(json!({
        "FunctionName": name,
        "FunctionArn": arn,
        "Runtime": "provided.al2023",
        "Role": format!("arn:aws:iam::{}:role/{name}", reads.live.account()),
        "Handler": "bootstrap",
        "Timeout": timeout.as_secs(),
        "MemorySize": memory_mb,
        "LastModified": deployed.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string(),
        "Version": "$LATEST",
        "Environment": {"Variables": variables},
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "LoggingConfig": {"LogFormat": "JSON", "LogGroup": LOG_GROUP},
    }))
}

/// `GetFunctionConcurrency`: nothing is in the answer if none is reserved.
pub(super) fn concurrency(reads: &Reads, params: &Value) -> ReadAnswer {
    Ok(match find(reads, params)?.reserved_concurrency {
        Some(reserved) => json!({"ReservedConcurrentExecutions": reserved}),
        None => json!({}),
    })
}

/// `ListEventSourceMappings`: the coordinator takes from the queue of events, and the heartbeats from none.
pub(super) fn event_sources(reads: &Reads, params: &Value) -> ReadAnswer {
    let Configured { name, arn, .. } = find(reads, params)?;
    if name != COORDINATOR {
        return Ok(json!({"EventSourceMappings": []}));
    }
    let queue = queues::arn(reads.live.region(), reads.live.account(), queues::EVENTS);
    Ok(json!({"EventSourceMappings": [{
        "UUID": "6b1f2c34-0d5e-4f7a-8b9c-0a1b2c3d4e5f",
        "BatchSize": 10,
        "EventSourceArn": queue,
        "FunctionArn": arn,
        "State": "Enabled",
        "StateTransitionReason": "USER_INITIATED",
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }]}))
}

fn find(reads: &Reads, params: &Value) -> Result<Configured, ApiError> {
    let text = params["FunctionName"].as_str().unwrap_or_default();
    let qualifier = params["Qualifier"].as_str().map(str::to_owned);
    let name = FunctionName::read(text, qualifier);
    let name = name
        .ok_or_else(|| ApiError::new("InvalidParameterValueException", "two qualifiers contradict", 400))?;
    reads.lambda.configured(&name).ok_or_else(|| {
        let arn = name.arn(reads.live.region(), reads.live.account());
        ApiError::new(
            "ResourceNotFoundException",
            format!("Function not found: {arn}"),
            404,
        )
    })
}
