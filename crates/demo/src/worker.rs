//! An application of the demo: it logs all the time, in its SIGTERM window too.

use super::files::{self, RunDirectory};
use clap::Args;
use protector_command_line::duration;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

/// How long a connection to the router may take; it is on this machine.
const CONNECT: Duration = Duration::from_millis(500);

/// How long the last lines may take on their way out.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Longer than any demo: the end of an application that is never asked to stop.
const FOREVER: Duration = Duration::from_secs(86_400);

/// Arguments of `worker`.
#[derive(Debug, Args)]
pub struct WorkerArgs {
    /// Directory of the run.
    #[arg(long)]
    dir: PathBuf,
    /// What it is called in its lines.
    #[arg(long)]
    name: String,
    /// How long it continues after SIGTERM.
    #[arg(long, value_parser = duration::parse)]
    window: Duration,
    /// When it ends by itself.
    #[arg(long, value_parser = duration::parse)]
    run: Option<Duration>,
    /// How often it logs a line.
    #[arg(long, value_parser = duration::parse)]
    every: Duration,
    /// How many lines it logs at its end, all at once.
    #[arg(long, default_value_t = 0)]
    report: u32,
}

/// Logs until its work or its SIGTERM window is over.
pub(crate) async fn run(args: WorkerArgs) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut app = App::open(&args)?;
    let mut end = Instant::now() + args.run.unwrap_or(FOREVER);
    let mut ticks = interval(args.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            _ = terminate.recv(), if !app.stopping => {
                app.stopping = true;
                end = end.min(Instant::now() + args.window);
            }
            () = sleep_until(end) => break,
            _ = ticks.tick() => app.log().await?,
        }
    }
    app.report(args.report).await?;
    app.close().await
}

struct App {
    name: String,
    stopping: bool,
    count: u64,
    sent: File,
    uplink: Uplink,
}

impl App {
    fn open(args: &WorkerArgs) -> io::Result<App> {
        let run = RunDirectory::new(&args.dir);
        let name = format!("{}-{}", args.name, files::container_id());
        let sent = File::options().create(true).append(true).open(run.sent(&name))?;
        let uplink = Uplink {
            run,
            stream: None,
            pending: VecDeque::new(),
        };
        Ok(App {
            name,
            stopping: false,
            count: 0,
            sent,
            uplink,
        })
    }

    /// One line: first into the file of what was sent, which is the truth, then to the router.
    async fn log(&mut self) -> io::Result<()> {
        self.count += 1;
        let doing = if self.stopping {
            "finishing request"
        } else {
            "request"
        };
        self.emit(&format!("{doing} {}", self.count)).await
    }

    /// What it has to say of all its work.
    async fn report(&mut self, lines: u32) -> io::Result<()> {
        for line in 1..=lines {
            self.count += 1;
            self.emit(&format!("report {line}")).await?;
        }
        Ok(())
    }

    async fn emit(&mut self, message: &str) -> io::Result<()> {
        let line = files::line(&self.name, self.count, message);
        self.sent.write_all(line.as_bytes())?;
        self.uplink.pending.push_back(line);
        self.uplink.send().await;
        Ok(())
    }

    async fn close(mut self) -> io::Result<()> {
        self.count += 1;
        self.emit("goodbye").await?;
        let _ = timeout(LAST_LINES, self.uplink.close()).await;
        Ok(())
    }
}

/// The way to the router. What cannot be sent now is kept and tried again until the application ends.
struct Uplink {
    run: RunDirectory,
    stream: Option<TcpStream>,
    pending: VecDeque<String>,
}

impl Uplink {
    async fn send(&mut self) {
        while let Some(line) = self.pending.front() {
            if self.stream.is_none() {
                self.stream = connect(&self.run).await;
            }
            let Some(stream) = &mut self.stream else { return };
            match stream.write_all(line.as_bytes()).await {
                Ok(()) => drop(self.pending.pop_front()),
                Err(_) => self.stream = None,
            }
        }
    }

    async fn close(mut self) {
        self.send().await;
        if let Some(mut stream) = self.stream {
            // The application ends anyway; what the router got is counted in its file.
            let _ = stream.shutdown().await;
        }
    }
}

async fn connect(run: &RunDirectory) -> Option<TcpStream> {
    let address = std::fs::read_to_string(run.address()).ok()?;
    timeout(CONNECT, TcpStream::connect(address)).await.ok()?.ok()
}
