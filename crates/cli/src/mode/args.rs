//! What can be asked of `mode`.

use super::help;
use crate::account::AccountArgs;
use crate::confirm::ConfirmArgs;
use clap::{Args, ValueEnum};
use protector_core::control::Control;
use std::time::Duration;

/// Arguments of `mode`.
#[derive(Clone, Debug, Args)]
#[command(before_long_help = help::ABOUT, after_long_help = help::EXAMPLES, after_help = "--help shows examples and exit codes.")]
pub(crate) struct ModeArgs {
    /// What the product may do; without it, the present mode is shown.
    #[arg(value_name = "MODE", requires = "why")]
    pub(super) mode: Option<Mode>,
    /// Why: it stays in the parameter, the log and the receipts.
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(super) why: Option<String>,
    #[command(flatten)]
    pub(super) confirm: ConfirmArgs,
    /// Print what would be written, and write nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// How long to wait for the coordinator to obey; at least 90s.
    #[arg(long, value_name = "DURATION", value_parser = crate::duration::parse)]
    pub(super) wait: Option<Duration>,
    /// Print one JSON object.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) account: AccountArgs,
}

/// What the product may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Mode {
    /// All that it is for.
    On,
    /// Observe and log, and change nothing: hooks that wait run out.
    Observe,
    /// Release the daemons of every drain at once.
    ReleaseAll,
}

impl From<Mode> for Control {
    fn from(mode: Mode) -> Control {
        match mode {
            Mode::On => Control::On,
            Mode::Observe => Control::Observe,
            Mode::ReleaseAll => Control::ReleaseAll,
        }
    }
}
