//! What can be asked of `inject`.

use super::amend::Wishes;
use super::help;
use crate::account::AccountArgs;
use crate::lint::args::{CoordinatorArgs, duration};
use crate::look::LookArgs;
use clap::Args;
use jiff::SignedDuration;
use protector_core::variables::VARIABLE_PREFIX;
use std::path::PathBuf;

/// Arguments of `inject`.
#[derive(Clone, Debug, Args)]
#[command(before_long_help = help::ABOUT, after_long_help = help::EXAMPLES, after_help = "--help shows examples and exit codes.")]
pub(crate) struct InjectArgs {
    /// Task definitions in JSON; `-` is standard input. Several only with --in-place, --diff or --check.
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    /// The sidecar's image. Needed where there is no sidecar yet.
    // No conflict with `--remove`: an operator who has set the variable must be able to remove as well.
    #[arg(long, value_name = "REF", env = "PROTECTORCTL_IMAGE")]
    image: Option<String>,
    /// The sidecar's MAX_HOLD; its stopTimeout follows. Without it 2h, or more if the coordinator's settings need it.
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "remove")]
    max_hold: Option<SignedDuration>,
    /// A setting of the sidecar, such as UNKNOWN_GRACE=20s; may be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting, conflicts_with = "remove")]
    set: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) coordinator: CoordinatorArgs,
    /// Take the sidecar out again, and nothing else.
    #[arg(long)]
    pub(super) remove: bool,
    /// Give what register-task-definition takes: without what describe-task-definition adds, and without nulls.
    #[arg(long)]
    pub(super) register_ready: bool,
    /// Register the definition as a new revision, and print its ARN: the only part that talks to AWS beside
    /// --from-coordinator. Needs ecs:RegisterTaskDefinition and iam:PassRole.
    #[arg(long, conflicts_with_all = ["diff", "check", "in_place"])]
    pub(crate) register: bool,
    /// Print the difference instead of the definition.
    #[arg(long)]
    pub(super) diff: bool,
    /// Print no definition; the exit code is 1 if it would change.
    #[arg(long)]
    pub(super) check: bool,
    /// Write the files instead of printing them.
    #[arg(long, conflicts_with_all = ["diff", "check"])]
    pub(super) in_place: bool,
    #[command(flatten)]
    pub(super) look: LookArgs,
}

impl InjectArgs {
    /// What is wrong with the arguments together; clap cannot say it.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let is_stdin = |file: &PathBuf| file.as_os_str() == crate::lint::input::STDIN;
        if self.in_place && self.files.iter().any(is_stdin) {
            return Some("--in-place cannot write to standard input");
        }
        let prints = !(self.in_place || self.diff || self.check || self.register);
        if prints && self.files.len() > 1 {
            return Some("several files need --in-place, --diff or --check: only one can be printed");
        }
        None
    }

    /// The name of the sidecar's container.
    pub(super) fn container(&self) -> &str {
        self.coordinator.container()
    }

    /// The account in which a definition is registered.
    pub(super) fn account(&self) -> AccountArgs {
        let coordinator = &self.coordinator;
        AccountArgs::of(&coordinator.region, &coordinator.profile, coordinator.prefix())
    }

    /// Whether the definition is to be what register-task-definition takes.
    pub(super) fn is_ready(&self) -> bool {
        self.register_ready || self.register
    }

    /// What is wanted of the sidecar.
    pub(super) fn wishes(&self) -> Wishes {
        Wishes {
            expected: self.coordinator.expectations(),
            image: self.image.clone(),
            max_hold: self.max_hold,
            settings: self.set.clone(),
        }
    }
}

/// A setting with its full name.
fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("expected NAME=VALUE, such as UNKNOWN_GRACE=20s")?;
    let bare = name.strip_prefix(VARIABLE_PREFIX).unwrap_or(name);
    match bare {
        "MAX_HOLD" => Err("use --max-hold: stopTimeout goes with it".to_owned()),
        _ => Ok((format!("{VARIABLE_PREFIX}{bare}"), value.to_owned())),
    }
}
