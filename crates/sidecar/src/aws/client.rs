//! A client of SSM, of the parts that the SDK's own is made of: its types, its protocol, its endpoint rules, its
//! signatures, its orchestrator.
//!
//! Not the SDK's own client: each of its operations can turn an error code that it does not know into the type of that
//! error, one of 140 of the service. The sidecar reads code and message of an error alone, and these types, their schemas
//! and their parsers are an eighth of its binary. Tests compare requests, responses and errors with the SDK's own client.

use std::fmt::Debug;
use std::marker::PhantomData;

use aws_config::{BehaviorVersion, Region};
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_sdk_ssm::config::endpoint::{DefaultResolver, InvalidParams, Params, ResolveEndpoint};
use aws_sdk_ssm::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_sdk_ssm::config::{
    ConfigBag, Credentials, FrozenLayer, IdentityCache, Intercept, RuntimeComponentsBuilder,
    SharedCredentialsProvider, StalledStreamProtectionConfig,
};
use aws_sdk_ssm::error::{BoxError, ErrorMetadata, SdkError};
use aws_sdk_ssm::operation::get_parameter::{GetParameter, GetParameterInput, GetParameterOutput};
use aws_sdk_ssm::operation::get_parameters::{GetParameters, GetParametersInput, GetParametersOutput};
use aws_smithy_json::protocol::aws_json_rpc::AwsJsonRpcProtocol;
use aws_smithy_runtime::client::defaults::{DefaultPluginParams, default_plugins};
use aws_smithy_runtime::client::orchestrator::{AuthSchemeAndEndpointOrchestrationV2, invoke};
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::endpoint::EndpointResolverParams;
use aws_smithy_runtime_api::client::interceptors::context::{Error, Input, Output};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, Metadata, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_plugin::{RuntimePlugins, StaticRuntimePlugin};
use aws_smithy_runtime_api::client::ser_de::{
    DeserializeResponse, SerializeRequest, SharedRequestSerializer, SharedResponseDeserializer,
};
use aws_smithy_schema::Schema;
use aws_smithy_schema::protocol::SharedClientProtocol;
use aws_smithy_schema::serde::{SerdeError, SerializableStruct, ShapeDeserializer};
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SigningName;
use aws_types::region::SigningRegion;

/// The name of the service in `AWS_ENDPOINT_URL_<service>`.
pub(super) const SERVICE: &str = "SSM";

/// What the service calls itself in the header of a call.
const TARGET: &str = "AmazonSSM";

/// A failed call. AWS has said why if it is a service error.
pub(super) type CallError = SdkError<ErrorMetadata, HttpResponse>;

/// A call that the sidecar makes.
pub(super) trait Call: Send + Sync + 'static {
    const NAME: &'static str;
    /// How the request is written.
    const INPUT: &'static Schema<'static>;
    /// How the response is read.
    const OUTPUT: &'static Schema<'static>;
    type Input: SerializableStruct + Debug + Send + Sync + 'static;
    type Output: Debug + Send + Sync + 'static;

    /// Reads the response.
    fn read(text: &mut dyn ShapeDeserializer) -> Result<Self::Output, SerdeError>;
}

impl Call for GetParameter {
    const NAME: &'static str = "GetParameter";
    const INPUT: &'static Schema<'static> = Self::INPUT_SCHEMA;
    const OUTPUT: &'static Schema<'static> = Self::OUTPUT_SCHEMA;
    type Input = GetParameterInput;
    type Output = GetParameterOutput;

    fn read(text: &mut dyn ShapeDeserializer) -> Result<GetParameterOutput, SerdeError> {
        GetParameterOutput::deserialize(text)
    }
}

impl Call for GetParameters {
    const NAME: &'static str = "GetParameters";
    const INPUT: &'static Schema<'static> = Self::INPUT_SCHEMA;
    const OUTPUT: &'static Schema<'static> = Self::OUTPUT_SCHEMA;
    type Input = GetParametersInput;
    type Output = GetParametersOutput;

    fn read(text: &mut dyn ShapeDeserializer) -> Result<GetParametersOutput, SerdeError> {
        GetParametersOutput::deserialize(text)
    }
}

/// Which endpoint of SSM is wanted. The rules of the SDK say where it is.
#[derive(Debug)]
pub(super) struct EndpointSettings {
    /// The region of the endpoint, for which requests are signed.
    pub(super) region: String,
    /// An endpoint that the environment names, instead of that of the region.
    pub(super) endpoint: Option<String>,
    /// Whether the endpoint must be a FIPS one.
    pub(super) fips: bool,
    /// Whether the endpoint must have IPv4 and IPv6 addresses.
    pub(super) dual_stack: bool,
}

impl EndpointSettings {
    fn params(&self) -> Result<Params, InvalidParams> {
        Params::builder()
            .region(&*self.region)
            .set_endpoint(self.endpoint.clone())
            .use_fips(self.fips)
            .use_dual_stack(self.dual_stack)
            .build()
    }
}

/// A client with credentials that do not change. Clones are cheap.
#[derive(Debug, Clone)]
pub(super) struct Client(RuntimePlugins);

impl Client {
    /// Makes no call. `components` brings the HTTP client, time and further interceptors.
    pub(super) fn new(
        wanted: &EndpointSettings,
        credentials: Credentials,
        components: RuntimeComponentsBuilder,
    ) -> Result<Self, InvalidParams> {
        let defaults = DefaultPluginParams::new()
            .with_retry_partition_name(SERVICE)
            .with_behavior_version(BehaviorVersion::latest())
            .with_is_aws_sdk(true);
        let components = components
            .with_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()))
            .with_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(
                StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]),
            )))
            .with_identity_cache(Some(IdentityCache::no_cache()))
            .with_identity_resolver(SCHEME_ID, SharedCredentialsProvider::new(credentials))
            .with_endpoint_resolver(Some(DefaultResolver::new().into_shared_resolver()))
            .with_interceptor(FindEndpoint(wanted.params()?))
            .with_interceptor(UserAgentInterceptor::new())
            .with_interceptor(InvocationIdInterceptor::new())
            .with_interceptor(RequestInfoInterceptor::new());
        let plugin = StaticRuntimePlugin::new()
            .with_config(settings(wanted))
            .with_runtime_components(components);
        let plugins = RuntimePlugins::new().with_client_plugins(default_plugins(defaults));
        Ok(Self(plugins.with_client_plugin(plugin)))
    }

    /// Makes one call, without retries.
    pub(super) async fn call<C: Call>(&self, input: C::Input) -> Result<C::Output, CallError> {
        let plugin = StaticRuntimePlugin::new().with_config(operation::<C>());
        let plugins = self.0.clone().with_operation_plugin(plugin);
        let answer = invoke(SERVICE, C::NAME, Input::erase(input), &plugins).await;
        let answer = answer.map_err(|error| error.map_service_error(known))?;
        answer
            .downcast()
            .map_err(|_| SdkError::construction_failure("a response of another call"))
    }
}

/// The error that [`Codec`] has made.
fn known(error: Error) -> ErrorMetadata {
    error.downcast().unwrap_or_default()
}

/// What all calls have in common.
fn settings(wanted: &EndpointSettings) -> FrozenLayer {
    let mut layer = Layer::new(SERVICE);
    layer
        .store_put(SharedClientProtocol::new(
            AwsJsonRpcProtocol::aws_json_1_1().with_target_prefix(TARGET),
        ))
        .store_put(SigningName::from_static("ssm"))
        .store_put(SigningRegion::from(Region::new(wanted.region.clone())))
        .store_put(SigV4OperationSigningConfig::default())
        .store_put(AuthSchemeOptionResolverParams::new(()))
        .store_put(AuthSchemeAndEndpointOrchestrationV2)
        .store_put(ApiMetadata::new("ssm", aws_sdk_ssm::meta::PKG_VERSION))
        .store_put(RetryConfig::disabled())
        .store_put(StalledStreamProtectionConfig::disabled());
    layer.freeze()
}

/// What is different in each call.
fn operation<C: Call>() -> FrozenLayer {
    let mut layer = Layer::new(C::NAME);
    layer
        .store_put(Metadata::new(C::NAME, SERVICE))
        .store_put(SharedRequestSerializer::new(Codec::<C>(PhantomData)))
        .store_put(SharedResponseDeserializer::new(Codec::<C>(PhantomData)));
    layer.freeze()
}

/// Tells the SDK's rules what endpoint is looked for.
#[derive(Debug)]
struct FindEndpoint(Params);

impl Intercept for FindEndpoint {
    fn name(&self) -> &'static str {
        "FindEndpoint"
    }

    fn read_before_execution(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let params = EndpointResolverParams::new(self.0.clone());
        config.interceptor_state().store_put(params);
        Ok(())
    }
}

/// Writes requests and reads responses of one call by the protocol of the service.
struct Codec<C>(PhantomData<C>);

impl<C: Call> Debug for Codec<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(C::NAME)
    }
}

impl<C: Call> SerializeRequest for Codec<C> {
    fn serialize_input(&self, input: Input, config: &mut ConfigBag) -> Result<HttpRequest, BoxError> {
        let input: C::Input = input.downcast().map_err(|_| "a request of another call")?;
        Ok(protocol(config)?.serialize_request(&input, C::INPUT, "/", config)?)
    }
}

impl<C: Call> DeserializeResponse for Codec<C> {
    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        config: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        let protocol = protocol(config).map_err(OrchestratorError::other)?;
        if response.status().is_success() {
            let mut text = protocol
                .deserialize_response(response, C::OUTPUT, config)
                .map_err(OrchestratorError::other)?;
            let output = C::read(&mut *text).map_err(OrchestratorError::other)?;
            return Ok(Output::erase(output));
        }
        let error = protocol
            .parse_error_metadata(response, config)
            .map_err(OrchestratorError::other)?
            .build();
        // Without a code it is not AWS that has answered.
        Err(match error.code() {
            Some(_) => OrchestratorError::operation(Error::erase(error)),
            None => OrchestratorError::other(error),
        })
    }
}

fn protocol(config: &ConfigBag) -> Result<SharedClientProtocol, BoxError> {
    let protocol = config.load::<SharedClientProtocol>().cloned();
    protocol.ok_or_else(|| "no protocol".into())
}

#[cfg(test)]
mod tests;
