//! `protectorctl`: the operator's tool of ecs-daemon-protector.

mod account;
mod cli;
mod confirm;
mod doctor;
mod edit;
mod explain;
mod header;
mod inject;
mod lint;
mod local_aws;
mod look;
mod manual;
mod mode;
mod order;
mod policy;
mod reads;
mod simulate;
mod status;

use clap::{CommandFactory, Parser};
use cli::{Cli, Command};
use lint::args::CoordinatorArgs;
use protector_command_line::runtime::{one_thread, threads};
use protector_command_line::{duration, endpoint, exit, output, programs, stop};
use protector_core::trigger::Order;
use std::error::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    exit::code(run(Cli::parse().command))
}

fn run(command: Command) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        Command::Demo(args) => threads()?.block_on(protector_demo::run(args)),
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
        Command::Process(process) => Ok(one_thread()?
            .block_on(process.run())
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
