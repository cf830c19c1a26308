//! What can be asked of `explain`.

use super::help;
use crate::account::{AccountArgs, ClusterArgs, query};
use crate::look::LookArgs;
use clap::Args;
use protector_diagnosis::which::Query;

/// Arguments of `explain`.
#[derive(Clone, Debug, Args)]
#[command(before_long_help = help::ABOUT, after_long_help = help::EXAMPLES, after_help = "--help shows examples and exit codes.")]
pub(crate) struct ExplainArgs {
    /// The instance: its id, its first digits (i-04f), or a container instance's ARN or id.
    #[arg(value_name = "INSTANCE", value_parser = query)]
    pub(super) instance: Query,
    #[command(flatten)]
    pub(super) cluster: ClusterArgs,
    /// Show the coordinator's last line about the instance too, from its log.
    #[arg(long)]
    pub(super) logs: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) look: LookArgs,
    #[command(flatten)]
    pub(super) account: AccountArgs,
}
