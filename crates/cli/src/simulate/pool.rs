//! Plays jobs on all cores, and gives the results in their order.

use super::error::SimulateError;
use super::job::{Job, Played};
use super::progress::Meter;
use crate::stop::Stop;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How often the progress meter is drawn.
const REDRAW: Duration = Duration::from_millis(250);

/// What was played, each at the place of its job; none if Ctrl-C came first.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) played: Vec<Option<Played>>,
    /// Ctrl-C came.
    pub(crate) interrupted: bool,
}

type Message = (usize, Result<Played, String>);

pub(crate) async fn play(jobs: Vec<Job>) -> Result<Results, SimulateError> {
    let mut stop = Stop::listen()?;
    let completed = Arc::new(AtomicUsize::new(0));
    let mut meter = Meter::new(jobs.iter().map(Job::weight).sum());
    let mut played: Vec<Option<Played>> = jobs.iter().map(|_| None).collect();
    let mut results = start(jobs, &completed)?;
    let interrupted = loop {
        tokio::select! {
            message = results.recv() => match message {
                Some((index, outcome)) => played[index] = Some(outcome.map_err(SimulateError::Settings)?),
                None => break false,
            },
            () = stop.asked() => break true,
            () = tokio::time::sleep(REDRAW) => meter.draw(completed.load(Ordering::Relaxed)),
        }
    };
    meter.clear();
    Ok(Results { played, interrupted })
}

/// Starts the threads. They end when no job is left, or with the program.
fn start(jobs: Vec<Job>, completed: &Arc<AtomicUsize>) -> std::io::Result<UnboundedReceiver<Message>> {
    let (sender, receiver) = unbounded_channel();
    let (jobs, next) = (Arc::new(jobs), Arc::new(AtomicUsize::new(0)));
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    for _ in 0..cores.min(jobs.len()) {
        let (jobs, next, completed, sender) = (jobs.clone(), next.clone(), completed.clone(), sender.clone());
        thread::Builder::new().spawn(move || work(&jobs, &next, &completed, &sender))?;
    }
    Ok(receiver)
}

fn work(jobs: &[Job], next: &AtomicUsize, completed: &Arc<AtomicUsize>, sender: &UnboundedSender<Message>) {
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(job) = jobs.get(index) else { return };
        // The receiver is closed: the program ends.
        if sender.send((index, job.play(completed))).is_err() {
            return;
        }
    }
}
