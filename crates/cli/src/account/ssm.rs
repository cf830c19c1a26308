//! Parameters.

use super::Account;
use aws_sdk_ssm::types::ParameterType;
use protector_diagnosis::listing::Parameter;
use protector_diagnosis::read::Reading;

impl Account {
    /// All parameters below a path, every page: ten a call. `progress` gets the number so far, after each page but the
    /// last.
    pub(crate) async fn parameters(
        &self,
        path: &str,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Reading<Vec<Parameter>> {
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let request = self
                .ssm
                .get_parameters_by_path()
                .path(path)
                .recursive(true)
                .set_next_token(token);
            let page = self.call("ssm:GetParametersByPath", request.send()).await?;
            found.extend(
                page.parameters
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(parameter),
            );
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(found);
            }
            progress(found.len());
        }
    }

    /// Up to ten parameters by name, as far as they are there.
    pub(crate) async fn named_parameters(&self, names: Vec<String>) -> Reading<Vec<Parameter>> {
        let request = self.ssm.get_parameters().set_names(Some(names));
        let answer = self.call("ssm:GetParameters", request.send()).await?;
        Ok(answer
            .parameters
            .unwrap_or_default()
            .into_iter()
            .filter_map(parameter)
            .collect())
    }

    pub(crate) async fn write_parameter(&self, name: &str, value: &str) -> Reading<()> {
        let request = self
            .ssm
            .put_parameter()
            .name(name)
            .value(value)
            .r#type(ParameterType::String)
            .overwrite(true);
        self.call("ssm:PutParameter", request.send()).await.map(|_| ())
    }
}

fn parameter(parameter: aws_sdk_ssm::types::Parameter) -> Option<Parameter> {
    Some(Parameter {
        name: parameter.name?,
        value: parameter.value?,
        version: parameter.version,
    })
}
