//! What can be asked of `doctor`.

use super::help;
use crate::account::{AccountArgs, ClusterArgs};
use crate::look::LookArgs;
use clap::{Args, ValueEnum};
use protector_diagnosis::doctor::{FailOn, Pick, Selection};
use std::time::Duration;

/// Arguments of `doctor`.
#[derive(Clone, Debug, Args)]
#[command(before_long_help = help::ABOUT, after_long_help = help::EXAMPLES, after_help = "--help shows examples and exit codes.")]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(super) cluster: ClusterArgs,
    /// Run these checks alone: ids or categories.
    #[arg(long, value_name = "CHECK,...", value_delimiter = ',', value_parser = pick)]
    only: Vec<Pick>,
    /// Do not run these checks: ids or categories. `cluster` spares the look at all services.
    #[arg(long, value_name = "CHECK,...", value_delimiter = ',', value_parser = pick)]
    skip: Vec<Pick>,
    /// Show only what does not pass.
    #[arg(long)]
    pub(super) short: bool,
    /// Repeat until nothing is wrong or not known, at most for so long; 3 if the time runs out first.
    #[arg(long, value_name = "DURATION", value_parser = crate::duration::parse)]
    pub(super) wait: Option<Duration>,
    /// What makes the exit code 1.
    #[arg(long, value_name = "WHAT", default_value = "fail")]
    pub(super) fail_on: FailOnArg,
    /// The coordinator's function, its name or ARN; by default that of the beacon, which a dry run does not write.
    #[arg(long, value_name = "NAME", env = "PROTECTORCTL_FUNCTION")]
    pub(super) function: Option<String>,
    /// Run the checks of IAM and EC2 too: policy and hop-limit. They need two actions that no other check needs.
    #[arg(long)]
    deep: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) look: LookArgs,
    #[command(flatten)]
    pub(super) account: AccountArgs,
}

/// What makes the exit code 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOnArg {
    /// A warning, too.
    Warn,
    /// Only what is wrong.
    Fail,
}

impl From<FailOnArg> for FailOn {
    fn from(least: FailOnArg) -> FailOn {
        match least {
            FailOnArg::Warn => FailOn::Warn,
            FailOnArg::Fail => FailOn::Fail,
        }
    }
}

fn pick(text: &str) -> Result<Pick, String> {
    text.parse()
}

impl DoctorArgs {
    /// Which checks are asked for.
    pub(super) fn selection(&self) -> Selection {
        Selection {
            only: self.only.clone(),
            skip: self.skip.clone(),
            deep: self.deep,
        }
    }
}
