//! The log router of the demo: it collects the lines of its instance, writes them in batches, and once more at SIGTERM.
//! In all that matters here it behaves as Fluent Bit does; what makes it slow is a bound on its reading.

use super::files::RunDirectory;
use super::interval::Pace;
use clap::Args;
use protector_command_line::{duration, output};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, sleep_until};

/// How often the buffer is written.
const FLUSH: Duration = Duration::from_secs(1);

/// How long after SIGTERM it still takes what arrives.
const GRACE: Duration = Duration::from_millis(500);

/// Lines on their way from the connections to the buffer.
const IN_FLIGHT: usize = 1024;

/// Arguments of `router`.
#[derive(Debug, Args)]
pub struct RouterArgs {
    /// Directory of the run.
    #[arg(long)]
    dir: PathBuf,
    /// How often it reads a line from a connection; the others wait in the socket.
    #[arg(long, value_parser = duration::parse)]
    read_every: Duration,
}

/// Routes until SIGTERM.
pub(crate) async fn run(args: RouterArgs) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let run = RunDirectory::new(&args.dir);
    let mut buffer = Buffer::open(&run)?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    announce(&run, &listener)?;
    let (lines_in, mut lines) = mpsc::channel(IN_FLIGHT);
    let accept = tokio::spawn(accept(listener, lines_in, args.read_every));
    let mut flush = interval(FLUSH);
    loop {
        tokio::select! {
            Some(line) = lines.recv() => buffer.take(line),
            _ = flush.tick() => buffer.flush()?,
            _ = terminate.recv() => break,
        }
    }
    fs::remove_file(run.address())?;
    accept.abort();
    buffer.last(&mut lines).await
}

/// The address is put in place as a whole, so that no reader gets half of it.
fn announce(run: &RunDirectory, listener: &TcpListener) -> io::Result<()> {
    let new = run.address().with_extension("new");
    fs::write(&new, listener.local_addr()?.to_string())?;
    fs::rename(new, run.address())
}

async fn accept(listener: TcpListener, lines: mpsc::Sender<Vec<u8>>, every: Duration) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(read(stream, lines.clone(), Pace::new(every, Instant::now())));
    }
}

/// Takes whole lines only, one by one.
async fn read(stream: TcpStream, lines: mpsc::Sender<Vec<u8>>, mut pace: Pace) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while stream.read_until(b'\n', &mut line).await.is_ok() && line.ends_with(b"\n") {
        if lines.send(std::mem::take(&mut line)).await.is_err() {
            return;
        }
        sleep_until(pace.take(Instant::now())).await;
    }
}

struct Buffer {
    file: File,
    lines: Vec<u8>,
    count: usize,
}

impl Buffer {
    fn open(run: &RunDirectory) -> io::Result<Buffer> {
        let file = File::options().create(true).append(true).open(run.arrived())?;
        Ok(Buffer {
            file,
            lines: Vec::new(),
            count: 0,
        })
    }

    fn take(&mut self, line: Vec<u8>) {
        self.lines.extend(line);
        self.count += 1;
    }

    fn flush(&mut self) -> io::Result<()> {
        self.count = 0;
        self.file.write_all(&std::mem::take(&mut self.lines))
    }

    /// Takes what still arrives, writes it, and says how much that was.
    async fn last(mut self, lines: &mut mpsc::Receiver<Vec<u8>>) -> io::Result<()> {
        let end = Instant::now() + GRACE;
        loop {
            tokio::select! {
                Some(line) = lines.recv() => self.take(line),
                () = sleep_until(end) => break,
            }
        }
        output::line(&format!("SIGTERM: flushed {} lines", self.count))?;
        self.flush()
    }
}
