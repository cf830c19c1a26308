//! Calls of the Query protocol, for the few operations whose crate of the SDK is not worth its build: that of EC2 has 1.24
//! million lines, that of IAM 220,000.
//!
//! Only the form of the request and the members of the answer are written here. Credentials, signature, connection,
//! time-outs and retries are those of the SDK, in the same runtime in which its clients run.

mod endpoint;

use aws_config::SdkConfig;
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_types::SigningName;
use aws_types::region::{Region, SigningRegion};
use endpoint::Endpoint;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// A service that is called so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QueryService {
    /// IAM, which has one endpoint for a whole partition.
    Iam,
    /// EC2, whose lists and errors differ from those of the others.
    Ec2,
    /// Classic Load Balancers.
    ClassicLoadBalancing,
}

impl QueryService {
    /// The version of the API that is spoken.
    fn version(self) -> &'static str {
        match self {
            QueryService::Iam => "2010-05-08",
            QueryService::Ec2 => "2016-11-15",
            QueryService::ClassicLoadBalancing => "2012-06-01",
        }
    }

    /// Its name in signatures and in the names of hosts.
    fn name(self) -> &'static str {
        match self {
            QueryService::Iam => "iam",
            QueryService::Ec2 => "ec2",
            QueryService::ClassicLoadBalancing => "elasticloadbalancing",
        }
    }

    /// Its name in settings, such as `AWS_ENDPOINT_URL_IAM`.
    fn id(self) -> &'static str {
        match self {
            QueryService::Iam => "IAM",
            QueryService::Ec2 => "EC2",
            QueryService::ClassicLoadBalancing => "Elastic Load Balancing",
        }
    }
}

/// Members of a request, in their order: lists are numbered from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct QueryForm(Vec<(String, String)>);

impl QueryForm {
    /// Adds a member.
    pub(super) fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> QueryForm {
        self.0.push((name.into(), value.into()));
        self
    }

    /// Adds a list: `path` is what stands before the number, for example `ActionNames.member`.
    pub(super) fn list<T: AsRef<str>>(mut self, path: &str, values: &[T]) -> QueryForm {
        let numbered = values.iter().zip(1_usize..);
        let members = numbered.map(|(value, number)| (format!("{path}.{number}"), value.as_ref().to_owned()));
        self.0.extend(members);
        self
    }

    fn encoded(&self, operation: &str, version: &str) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.append_pair("Action", operation)
            .append_pair("Version", version)
            .extend_pairs(&self.0);
        text.finish()
    }
}

/// Makes the calls.
#[derive(Clone, Debug)]
pub(super) struct QueryClient(SdkConfig);

/// A failure of a call, in the form in which the SDK has it.
pub(super) type QueryError = SdkError<ErrorMetadata, HttpResponse>;

impl QueryClient {
    /// A client with the settings that all clients of the account have.
    pub(super) fn new(config: &SdkConfig) -> QueryClient {
        QueryClient(config.clone())
    }

    /// Makes one call. `T` has the members of the answer that matter, below its root. Errors are as with a client of
    /// the SDK.
    pub(super) async fn call<T>(
        &self,
        service: QueryService,
        operation: &'static str,
        form: &QueryForm,
    ) -> Result<T, QueryError>
    where
        T: DeserializeOwned + Debug + Send + Sync + 'static,
    {
        let endpoint = Endpoint::of(service, &self.0).map_err(SdkError::construction_failure)?;
        let body = form.encoded(operation, service.version());
        let mut builder = Operation::builder()
            .service_name(service.id())
            .operation_name(operation)
            .endpoint_url(&endpoint.url)
            .with_connection_poisoning()
            .runtime_plugin(self.plugin(service, &endpoint))
            .serializer(|body: String| request(body))
            .deserializer(answer::<T>);
        if let Some(version) = self.0.behavior_version() {
            builder = builder.behavior_version(version);
        }
        if let Some(retries) = self.0.retry_config() {
            builder = builder.standard_retry(retries);
        }
        if let Some(timeouts) = self.0.timeout_config() {
            builder = builder.timeout_config(timeouts.clone());
        }
        if let Some(http) = self.0.http_client() {
            builder = builder.http_client(http);
        }
        builder.build().invoke(body).await
    }

    /// Who signs, and how; when a call is made again; and what says who we are.
    fn plugin(&self, service: QueryService, endpoint: &Endpoint) -> StaticRuntimePlugin {
        let mut layer = Layer::new("query");
        layer.store_put(AuthSchemeOptionResolverParams::new(()));
        layer.store_put(SigV4OperationSigningConfig {
            region: Some(SigningRegion::from(Region::new(endpoint.signing_region.clone()))),
            name: Some(SigningName::from_static(service.name())),
            ..SigV4OperationSigningConfig::default()
        });
        layer.store_put(ApiMetadata::new(service.name(), service.version()));
        if let Some(name) = self.0.app_name() {
            layer.store_put(name.clone());
        }
        let resolver = StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]);
        let mut components = RuntimeComponentsBuilder::new("query")
            .with_auth_scheme(SigV4AuthScheme::new())
            .with_auth_scheme_option_resolver(Some(resolver))
            .with_interceptor(UserAgentInterceptor::new())
            .with_retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
            .with_retry_classifier(AwsErrorCodeClassifier::<ErrorMetadata>::new())
            .with_retry_classifier(HttpStatusCodeClassifier::default());
        components.set_sleep_impl(self.0.sleep_impl());
        components.set_time_source(self.0.time_source());
        if let Some(credentials) = self.0.credentials_provider() {
            components.set_identity_resolver(SCHEME_ID, credentials);
        }
        if let Some(cache) = self.0.identity_cache() {
            components.set_identity_cache(Some(cache));
        }
        StaticRuntimePlugin::new()
            .with_config(layer.freeze())
            .with_runtime_components(components)
    }
}

/// The request before it has its endpoint and its signature.
fn request(body: String) -> Result<HttpRequest, BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method("POST")?;
    request.set_uri("/")?;
    let headers = request.headers_mut();
    headers.insert("content-type", "application/x-www-form-urlencoded");
    Ok(request)
}

/// Reads an answer. One that was cut short has an element without an end, and is none.
fn answer<T: DeserializeOwned>(response: &HttpResponse) -> Result<T, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().unwrap_or_default();
    let text = std::str::from_utf8(body).map_err(OrchestratorError::other)?;
    match response.status().is_success() {
        true => quick_xml::de::from_str(text).map_err(OrchestratorError::other),
        false => Err(OrchestratorError::operation(failure(text))),
    }
}

/// What a refusal says. That of EC2 has one more level than that of the others.
fn failure(text: &str) -> ErrorMetadata {
    #[derive(Deserialize)]
    struct Root {
        #[serde(rename = "Error")]
        error: Option<ErrorElement>,
        #[serde(rename = "Errors")]
        errors: Option<Errors>,
    }
    #[derive(Deserialize)]
    struct Errors {
        #[serde(rename = "Error", default)]
        all: Vec<ErrorElement>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct ErrorElement {
        code: Option<String>,
        message: Option<String>,
    }
    let root: Option<Root> = quick_xml::de::from_str(text).ok();
    let first = root.and_then(|root| {
        let listed = root.errors.and_then(|errors| errors.all.into_iter().next());
        root.error.or(listed)
    });
    let mut metadata = ErrorMetadata::builder();
    if let Some(ErrorElement { code, message }) = first {
        metadata = metadata
            .code(code.unwrap_or_default())
            .message(message.unwrap_or_default());
    }
    metadata.build()
}

#[cfg(test)]
mod tests;
