//! `protector-demo`: `protectorctl demo` as a program of its own.

use clap::Parser;
use protector_command_line::{exit, runtime};
use protector_demo::{DemoArgs, Process};
use std::error::Error;
use std::process::ExitCode;

/// Drain an instance without and with the protector, and count the log lines that are lost.
#[derive(Debug, Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    process: Option<Process>,
    #[command(flatten)]
    demo: DemoArgs,
}

fn main() -> ExitCode {
    exit::code(run(Cli::parse()))
}

fn run(cli: Cli) -> Result<ExitCode, Box<dyn Error>> {
    match cli.process {
        None => runtime::threads()?.block_on(protector_demo::run(cli.demo)),
        Some(process) => {
            runtime::one_thread()?.block_on(process.run())?;
            Ok(ExitCode::SUCCESS)
        }
    }
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
    fn the_help_is_that_of_the_demo_and_hides_the_processes() {
        let help = Cli::command().render_long_help().to_string();
        assert!(
            help.starts_with("Drain an instance without and with the protector"),
            "{help}"
        );
        assert!(help.contains("Usage: protector-demo [OPTIONS]\n"), "{help}");
        for hidden in ["worker", "router --", "Commands:"] {
            assert!(!help.contains(hidden), "{hidden} in\n{help}");
        }
    }
}
