//! What can be asked of `release`, `hold` and `extend`.

use super::help;
use crate::account::query;
use crate::account::{AccountArgs, ClusterArgs};
use crate::confirm::ConfirmArgs;
use crate::look::LookArgs;
use clap::Args;
use jiff::SignedDuration;
use protector_core::trigger::Order;
use protector_diagnosis::which::Query;
use std::time::Duration;

/// Arguments of `release` and `hold`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = help::EXAMPLES, after_help = "--help shows examples and exit codes.")]
pub(crate) struct OrderArgs {
    /// The instance: its id, its first digits (i-04f), or a container instance's ARN or id.
    #[arg(value_name = "INSTANCE", value_parser = query)]
    pub(super) instance: Query,
    /// Why: it stays in the record, the log and the receipt.
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(super) why: String,
    #[command(flatten)]
    pub(super) confirm: ConfirmArgs,
    /// Print what would be sent, and send nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Then wait until the drain is over, and report each change.
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true, default_missing_value = "24h", value_parser = crate::duration::parse)]
    pub(super) wait: Option<Duration>,
    /// The coordinator's function; by default the one that its beacon names.
    #[arg(long, value_name = "ARN", env = "PROTECTORCTL_FUNCTION")]
    pub(super) function: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) cluster: ClusterArgs,
    #[command(flatten)]
    pub(super) look: LookArgs,
    #[command(flatten)]
    pub(super) account: AccountArgs,
}

/// Arguments of `extend`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ExtendArgs {
    /// By how much the deadline moves.
    #[arg(long, value_name = "DURATION", value_parser = positive)]
    by: SignedDuration,
    #[command(flatten)]
    pub(crate) order: OrderArgs,
}

impl ExtendArgs {
    pub(crate) fn order(&self) -> Order {
        Order::Extend(self.by)
    }
}

fn positive(text: &str) -> Result<SignedDuration, String> {
    let parsed = crate::duration::parse(text)?;
    match SignedDuration::try_from(parsed) {
        Ok(by) if !by.is_zero() => Ok(by),
        _ => Err("expected more than zero".to_owned()),
    }
}
