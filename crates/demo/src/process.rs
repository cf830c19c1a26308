//! The processes of the demo. Each is the program that runs the demo, started by the local AWS with another command line.

use super::router::{self, RouterArgs};
use super::worker::{self, WorkerArgs};
use clap::Subcommand;
use std::io;

/// The commands by which a program that runs the demo is one of its processes. Both are hidden: they are of no use to a
/// person.
#[derive(Debug, Subcommand)]
pub enum Process {
    /// An application of the demo.
    #[command(hide = true)]
    Worker(WorkerArgs),
    /// The log router of the demo.
    #[command(hide = true)]
    Router(RouterArgs),
}

impl Process {
    /// Runs the process, until its work is over or until SIGTERM. One thread is enough for it.
    ///
    /// # Errors
    /// A signal cannot be caught, the router cannot listen, or a file of the run cannot be written.
    pub async fn run(self) -> io::Result<()> {
        match self {
            Process::Worker(args) => worker::run(args).await,
            Process::Router(args) => router::run(args).await,
        }
    }
}
