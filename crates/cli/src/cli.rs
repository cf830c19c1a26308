//! What can be written on the command line.

use crate::doctor::DoctorArgs;
use crate::explain::ExplainArgs;
use crate::inject::InjectArgs;
use crate::lint::LintArgs;
use crate::local_aws::LocalAwsArgs;
use crate::manual::{CompletionsArgs, ManArgs};
use crate::mode::ModeArgs;
use crate::order::{ExtendArgs, OrderArgs};
use crate::policy::PolicyArgs;
use crate::simulate::SimulateArgs;
use crate::status::StatusArgs;
use clap::{Parser, Subcommand};
use protector_demo::{DemoArgs, Process};

/// The operator's tool of ecs-daemon-protector: see a drain without an AWS account, check and change task definitions.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show which instances drain, which tasks hold them, and how long yet.
    Status(Box<StatusArgs>),
    /// Say why an instance still drains, with the evidence and the next command.
    Explain(Box<ExplainArgs>),
    /// Check whether coordinator, hooks, daemons and clusters are set up as they must be.
    Doctor(Box<DoctorArgs>),
    /// Let the daemons of an instance go now, whatever still runs on it.
    Release(Box<OrderArgs>),
    /// Keep the daemons of an instance until the global limit of its hook.
    Hold(Box<OrderArgs>),
    /// Move the deadline of an instance.
    Extend(Box<ExtendArgs>),
    /// Show or set the kill switch.
    Mode(Box<ModeArgs>),
    /// Drain an instance without and with the protector, and count the log lines that are lost.
    Demo(DemoArgs),
    /// Run a local AWS (ECS, Auto Scaling, SSM, EventBridge, Lambda, IMDS) on 127.0.0.1.
    LocalAws(LocalAwsArgs),
    /// See what happens when a fleet drains at once: 400 instances, your settings, the quotas of AWS.
    Simulate(Box<SimulateArgs>),
    /// Check task definitions: whether the daemon outlives the drain
    Lint(Box<LintArgs>),
    /// Put the sidecar into a task definition, or correct one that is there.
    Inject(Box<InjectArgs>),
    /// Print the IAM policy that this tool needs, for a reader or an operator.
    Policy(Box<PolicyArgs>),
    /// Print the completions of a shell.
    Completions(CompletionsArgs),
    /// Print the manual page.
    Man(ManArgs),
    #[command(flatten)]
    Process(Process),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn mistakes_are_refused() {
        let cases: [&[&str]; 5] = [
            &[],
            &["demo", "--only", "both"],
            &["demo", "--window", "long"],
            &["local-aws", "--port", "x"],
            &["d"],
        ];
        for arguments in cases {
            let line = std::iter::once("protectorctl").chain(arguments.iter().copied());
            assert!(Cli::try_parse_from(line).is_err(), "{arguments:?}");
        }
    }
}
