//! Requests to SSM Parameter Store.

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{Parameter, ParameterType};

use super::failed;
use crate::aws::api::{Page, ParameterText, Parameters};
use crate::aws::{AwsError, ErrorKind};

pub(super) async fn get_parameter(client: &Client, name: &str) -> Result<ParameterText, AwsError> {
    const OPERATION: &str = "GetParameter";
    let request = client.get_parameter().name(name);
    let answer = request.send().await.map_err(failed(OPERATION))?;
    let parameter = answer.parameter.ok_or_else(|| AwsError {
        operation: OPERATION,
        kind: ErrorKind::Incomplete,
        message: "the response has no parameter".to_owned(),
    })?;
    Ok(ParameterText {
        name: parameter.name.unwrap_or_default(),
        value: parameter.value.unwrap_or_default(),
        version: parameter.version,
    })
}

pub(super) async fn get_parameters(client: &Client, names: Vec<String>) -> Result<Parameters, AwsError> {
    let request = client.get_parameters().set_names(Some(names));
    let answer = request.send().await.map_err(failed("GetParameters"))?;
    Ok(Parameters {
        found: named(answer.parameters),
        missing: answer.invalid_parameters.unwrap_or_default(),
    })
}

pub(super) async fn get_parameters_by_path(
    client: &Client,
    path: &str,
    token: Option<String>,
) -> Result<Page<ParameterText>, AwsError> {
    let request = client
        .get_parameters_by_path()
        .path(path)
        .recursive(true)
        .set_next_token(token);
    let answer = request.send().await.map_err(failed("GetParametersByPath"))?;
    Ok(Page {
        items: named(answer.parameters),
        next_token: answer.next_token,
    })
}

pub(super) async fn put_parameter(client: &Client, name: &str, value: String) -> Result<i64, AwsError> {
    let request = client
        .put_parameter()
        .name(name)
        .value(value)
        .r#type(ParameterType::String)
        .overwrite(true);
    let answer = request.send().await.map_err(failed("PutParameter"))?;
    Ok(answer.version)
}

pub(super) async fn delete_parameters(client: &Client, names: Vec<String>) -> Result<(), AwsError> {
    let request = client.delete_parameters().set_names(Some(names));
    request.send().await.map_err(failed("DeleteParameters"))?;
    Ok(())
}

/// Parameters that have a name: one without a name cannot be identified.
fn named(parameters: Option<Vec<Parameter>>) -> Vec<ParameterText> {
    let parameters = parameters.unwrap_or_default().into_iter();
    let named = parameters.filter_map(|parameter| {
        Some(ParameterText {
            name: parameter.name?,
            value: parameter.value.unwrap_or_default(),
            version: parameter.version,
        })
    });
    named.collect()
}
