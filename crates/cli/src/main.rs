//! `protectorctl`: the operator's tool of ecs-daemon-protector.

mod account;
mod cli;
mod confirm;
mod demo;
mod doctor;
mod duration;
mod edit;
mod endpoint;
mod exit;
mod explain;
mod header;
mod inject;
mod lint;
mod local_aws;
mod look;
mod manual;
mod mode;
mod order;
mod output;
mod policy;
mod programs;
mod reads;
mod simulate;
mod status;
mod stop;

use clap::{CommandFactory, Parser};
use cli::{Cli, Command};
use exit::Exit;
use lint::args::CoordinatorArgs;
use protector_core::trigger::Order;
use std::error::Error;
use std::process::ExitCode;
use tokio::runtime::{Builder, Runtime};

/// As a shell has it for a program that SIGPIPE ended.
const CLOSED_PIPE: u8 = 141;

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        // The reader of our output has closed it, as with `| head`.
        Err(error) if output::is_closed_pipe(error.as_ref()) => ExitCode::from(CLOSED_PIPE),
        Err(error) => {
            output::error(error.as_ref());
            Exit::NoAnswer.into()
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        Command::Demo(args) => threads()?.block_on(demo::run(args)),
        Command::LocalAws(args) => threads()?
            .block_on(local_aws::run(args))
            .map(|()| ExitCode::SUCCESS),
        Command::Simulate(args) => Ok(one_thread()?.block_on(simulate::run(*args))?.into()),
        Command::Status(args) => Ok(one_thread()?.block_on(status::run(&args))?.into()),
        Command::Explain(args) => Ok(one_thread()?.block_on(explain::run(&args))?.into()),
        Command::Doctor(args) => Ok(one_thread()?.block_on(doctor::run(&args))?.into()),
        Command::Release(args) => order(Order::Release, &args),
        Command::Hold(args) => order(Order::Hold, &args),
        Command::Extend(args) => order(args.order(), &args.order),
        Command::Mode(args) => Ok(one_thread()?.block_on(mode::run(&args))?.into()),
        Command::Policy(args) => Ok(policy::run(&args)?.into()),
        Command::Completions(args) => Ok(manual::completions(args, Cli::command())?.into()),
        Command::Man(args) => Ok(manual::man(&args, Cli::command())?.into()),
        Command::Lint(mut args) => {
            follow(&mut args.coordinator)?;
            Ok(lint::run(&args)?.into())
        }
        Command::Inject(mut args) => match args.contradiction() {
            Some(reason) => Err(reason.into()),
            None => {
                follow(&mut args.coordinator)?;
                match args.register {
                    true => Ok(one_thread()?.block_on(inject::register(&args))?.into()),
                    false => Ok(inject::run(&args)?.into()),
                }
            }
        },
        Command::Worker(args) => Ok(one_thread()?
            .block_on(demo::worker::run(args))
            .map(|()| ExitCode::SUCCESS)?),
        Command::Router(args) => Ok(one_thread()?
            .block_on(demo::router::run(args))
            .map(|()| ExitCode::SUCCESS)?),
    }
}

/// Asks the coordinator for its settings, if that was wanted.
fn follow(coordinator: &mut CoordinatorArgs) -> Result<(), Box<dyn Error>> {
    match coordinator.from_coordinator {
        true => one_thread()?.block_on(reads::settings::follow(coordinator)),
        false => Ok(()),
    }
}

fn order(order: Order, args: &order::OrderArgs) -> Result<ExitCode, Box<dyn Error>> {
    Ok(one_thread()?.block_on(order::run(order, args))?.into())
}

fn threads() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build()
}

fn one_thread() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
