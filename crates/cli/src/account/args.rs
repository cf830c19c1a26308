//! Options of each command that talks to AWS.

use clap::Args;
use protector_core::ids::ClusterName;
use protector_core::record::{DEFAULT_PREFIX, ParameterPrefix};
use std::time::Duration;

/// Which account, and how it is asked.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Account")]
pub(crate) struct AccountArgs {
    /// Region; by default AWS_REGION or the profile's.
    #[arg(long, value_name = "REGION")]
    pub(super) region: Option<String>,
    /// Profile of the AWS configuration; by default AWS_PROFILE.
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Prefix of the parameters: PARAMETER_PREFIX of the coordinator.
    #[arg(long, value_name = "PATH", env = "PROTECTORCTL_PREFIX", default_value = DEFAULT_PREFIX)]
    pub(super) prefix: ParameterPrefix,
    /// How long the command may take: a thousand drains take 45 s, by the pace that leaves SSM to the sidecars.
    #[arg(long, value_name = "DURATION", env = "PROTECTORCTL_TIMEOUT", default_value = "2m", value_parser = crate::duration::parse)]
    pub(crate) timeout: Duration,
    /// Report each call to AWS, and how long it took, on standard error.
    #[arg(long, short = 'v')]
    pub(crate) verbose: bool,
}

/// Which clusters.
#[derive(Clone, Debug, Args)]
pub(crate) struct ClusterArgs {
    /// A cluster; may be given several times. By default those that the coordinator watches.
    #[arg(
        long = "cluster",
        value_name = "NAME",
        env = "PROTECTORCTL_CLUSTER",
        value_delimiter = ','
    )]
    pub(crate) clusters: Vec<ClusterName>,
}
