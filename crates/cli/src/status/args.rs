//! What can be asked of `status`.

use super::help;
use crate::account::{AccountArgs, ClusterArgs, query};
use crate::look::LookArgs;
use clap::{Args, ValueEnum};
use protector_diagnosis::fleet::Sort;
use protector_diagnosis::which::Query;
use std::time::Duration;

/// Arguments of `status`.
#[derive(Clone, Debug, Args)]
#[command(before_long_help = help::ABOUT, after_long_help = help::EXAMPLES, after_help = "--help shows examples and exit codes.")]
pub(crate) struct StatusArgs {
    /// Instances: an id, its first digits (i-04f), or a container instance's ARN or id. By default all that drain.
    #[arg(value_name = "INSTANCE", value_parser = query)]
    pub(super) instances: Vec<Query>,
    #[command(flatten)]
    pub(super) cluster: ClusterArgs,
    /// Show drains that are over, too.
    #[arg(long)]
    pub(super) all: bool,
    /// Look at the tasks of each drain too: when the last of them ends at the latest, and why they hold. Some eight calls
    /// more for each drain; what several drains share is read once. Implied by INSTANCE.
    #[arg(long, conflicts_with_all = ["wait", "watch"])]
    pub(super) deep: bool,
    /// The order of the drains.
    #[arg(long, value_name = "ORDER", default_value = "risk")]
    pub(super) sort: SortBy,
    /// What makes the exit code 1.
    #[arg(long, value_name = "WHAT", default_value = "any")]
    pub(super) fail_on: FailOnRisk,
    /// Wait until the drains are over, and report each change; 3 if the time runs out first.
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true, default_missing_value = "24h", value_parser = crate::duration::parse)]
    pub(super) wait: Option<Duration>,
    /// Show the drains on the whole terminal, and read them again so often, or less if there are many pages; without a
    /// terminal, report each change as a line. No key changes anything in AWS.
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true, default_missing_value = "5s", value_parser = interval, conflicts_with = "wait")]
    pub(super) watch: Option<Duration>,
    /// Print one JSON object; with --wait or --watch a line for each change.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) look: LookArgs,
    #[command(flatten)]
    pub(crate) account: AccountArgs,
}

impl StatusArgs {
    /// Whether the tasks of each drain are looked at: who names an instance wants to know all of it.
    pub(super) fn looks_at_tasks(&self) -> bool {
        self.deep || !self.instances.is_empty()
    }
}

/// The order of the drains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SortBy {
    /// Those that need you first.
    Risk,
    /// The oldest first.
    Age,
    /// By cluster and instance.
    Cluster,
}

/// What makes the exit code 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOnRisk {
    /// A drain that is late, and nothing else.
    Late,
    /// Anything that needs you.
    Any,
}

impl From<SortBy> for Sort {
    fn from(sort: SortBy) -> Sort {
        match sort {
            SortBy::Risk => Sort::Risk,
            SortBy::Age => Sort::Age,
            SortBy::Cluster => Sort::Cluster,
        }
    }
}

/// Reads the time between two looks: a second or more.
fn interval(text: &str) -> Result<Duration, String> {
    match crate::duration::parse(text)? {
        every if every >= Duration::from_secs(1) => Ok(every),
        _ => Err("expected 1s or more".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::Cli;
    use clap::Parser;

    #[test]
    fn a_look_at_the_tasks_is_no_watch() {
        for (arguments, accepted) in [
            (&["--deep"][..], true),
            (&["--deep", "i-04f", "--all"], true),
            (&["--deep", "--watch"], false),
            (&["--deep", "--wait"], false),
        ] {
            let line = ["protectorctl", "status"].iter().chain(arguments);
            assert_eq!(Cli::try_parse_from(line).is_ok(), accepted, "{arguments:?}");
        }
    }

    #[test]
    fn a_watch_has_an_interval_and_excludes_a_wait() {
        for (arguments, accepted) in [
            (&["--watch"][..], true),
            (&["--watch=1s", "i-04f"], true),
            (&["--watch=999ms"], false),
            (&["--watch=0s"], false),
            (&["--watch", "--wait"], false),
        ] {
            let line = ["protectorctl", "status"].iter().chain(arguments);
            assert_eq!(Cli::try_parse_from(line).is_ok(), accepted, "{arguments:?}");
        }
    }
}
