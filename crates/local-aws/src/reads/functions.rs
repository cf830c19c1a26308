//! Lambda: how the functions are configured.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html>

use super::Answer;
use super::{Reads, error};
use crate::lambda::{Configured, FunctionName, LOG_GROUP};
use serde_json::{Value, json};

/// `GetFunctionConfiguration`.
pub(super) fn configuration(reads: &Reads, params: &Value) -> Answer {
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
pub(super) fn concurrency(reads: &Reads, params: &Value) -> Answer {
    Ok(match find(reads, params)?.reserved_concurrency {
        Some(reserved) => json!({"ReservedConcurrentExecutions": reserved}),
        None => json!({}),
    })
}

fn find(reads: &Reads, params: &Value) -> Result<Configured, protector_aws_model::ApiError> {
    let text = params["FunctionName"].as_str().unwrap_or_default();
    let qualifier = params["Qualifier"].as_str().map(str::to_owned);
    let name = FunctionName::read(text, qualifier);
    let name =
        name.ok_or_else(|| error("InvalidParameterValueException", "two qualifiers contradict", 400))?;
    reads.lambda.configured(&name).ok_or_else(|| {
        let arn = name.arn(reads.live.region(), reads.live.account());
        error(
            "ResourceNotFoundException",
            format!("Function not found: {arn}"),
            404,
        )
    })
}
