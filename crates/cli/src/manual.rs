//! `protectorctl completions` and `protectorctl man`: what a shell and a reader of manual pages need, made of the command
//! line itself, which is an argument here.

use crate::exit::Exit;
use clap::{Args, Command};
use clap_complete::Shell;
use std::error::Error;
use std::io::{self, Write};

/// Help below the options of `completions`.
const COMPLETIONS: &str = "\
Examples:
  Bash, for this shell:
    source <(protectorctl completions bash)

  Zsh, for good:
    protectorctl completions zsh > ~/.zfunc/_protectorctl

  Fish:
    protectorctl completions fish > ~/.config/fish/completions/protectorctl.fish";

/// Help below the options of `man`.
const MAN: &str = "\
Examples:
  Read it:
    protectorctl man | man -l -

  The page of one command:
    protectorctl man status | man -l -

  Install it:
    protectorctl man > /usr/local/share/man/man1/protectorctl.1";

/// Arguments of `completions`.
#[derive(Clone, Copy, Debug, Args)]
#[command(after_long_help = COMPLETIONS)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Arguments of `man`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = MAN)]
pub(crate) struct ManArgs {
    /// A command; by default the program as a whole.
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

/// Prints the completions of a shell.
pub(crate) fn completions(args: CompletionsArgs, mut program: Command) -> Result<Exit, Box<dyn Error>> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut program, "protectorctl", &mut text);
    print(&text)
}

/// Prints a manual page.
pub(crate) fn man(args: &ManArgs, mut program: Command) -> Result<Exit, Box<dyn Error>> {
    program.build();
    let command = match &args.command {
        None => program,
        Some(name) => match program.find_subcommand(name) {
            Some(command) => command.clone(),
            None => {
                return Err(format!("there is no command {name:?}; protectorctl --help lists them").into());
            }
        },
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text)?;
    print(&text)
}

fn print(text: &[u8]) -> Result<Exit, Box<dyn Error>> {
    let mut out = io::stdout().lock();
    out.write_all(text)?;
    out.flush()?;
    Ok(Exit::Good)
}
