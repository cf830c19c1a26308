//! One run: a world, who drains in it, and what is kept of it.

use super::contender::Contender;
use super::fleet::Fleet;
use super::observers::HookEndCounter;
use super::timeline::Timeline;
use protector_sim::generate::{self, Range};
use protector_sim::judge::{Judge, Violation};
use protector_sim::model::{HostId, Observer};
use protector_sim::run::{self, Ended};
use protector_sim::scenario::Scenario;
use protector_sim::statistics::Statistics;
use protector_sim::transcript::Transcript;
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What is kept of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Statistics, and what the judge says.
    #[default]
    Measures,
    /// The verdict of the judge.
    Verdict,
    /// The same, and every line.
    Transcript,
    /// All of it.
    Everything,
}

/// Where a world comes from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// A fleet of this number of instances, with this seed.
    Fleet(Arc<Fleet>, usize, u64),
    /// A world that is drawn from a seed.
    Random(u64, Range),
    /// A world that is there.
    Given(Arc<Scenario>),
}

/// One world to play.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// The world.
    pub(crate) origin: Origin,
    /// The system that drains.
    pub(crate) contender: Contender,
    /// The results to keep.
    pub(crate) keep: Keep,
    /// The instance whose timeline is kept.
    pub(crate) watched: Option<HostId>,
}

/// The results of one job.
#[derive(Debug)]
pub(crate) struct Played {
    /// How the run ended.
    pub(crate) ended: Ended,
    /// What it has cost, and how long it took.
    pub(crate) statistics: Statistics,
    /// How many drains began.
    pub(crate) drains: u64,
    /// The promises that were broken.
    pub(crate) violations: Vec<Violation>,
    /// The run, line by line, if that was wanted.
    pub(crate) transcript: Option<Transcript>,
    /// The timeline of the instance that was watched.
    pub(crate) timeline: Option<Timeline>,
    /// How long that took here.
    pub(crate) took: Duration,
}

impl Job {
    /// The product in a world.
    pub(crate) fn new(origin: Origin, keep: Keep) -> Job {
        Job {
            origin,
            contender: Contender::Protector,
            keep,
            watched: None,
        }
    }

    /// How much there is to do: instances of a fleet; another world counts as one.
    pub(crate) fn weight(&self) -> usize {
        match &self.origin {
            Origin::Fleet(_, instances, _) => *instances,
            Origin::Random(..) | Origin::Given(_) => 1,
        }
    }

    /// Plays it; `completed` counts what is done of its weight.
    pub(crate) fn play(&self, completed: &Arc<AtomicUsize>) -> Result<Played, String> {
        let start = Instant::now();
        let scenario = self.scenario();
        let options = run::Options {
            controller: self.contender.controller(),
            ..run::Options::default()
        };
        let (ended, observers) = run::play(&scenario, options, self.observers(&scenario, completed))?;
        if !matches!(self.origin, Origin::Fleet(..)) {
            completed.fetch_add(1, Ordering::Relaxed);
        }
        let mut observers: Vec<Box<dyn Any>> = observers.into_iter().map(Observer::into_any).collect();
        let judge: Option<Judge> = take(&mut observers);
        Ok(Played {
            ended,
            statistics: take(&mut observers).unwrap_or_default(),
            drains: judge.as_ref().map_or(0, |judge| judge.drains()),
            violations: judge.map(|judge| judge.violations().to_vec()).unwrap_or_default(),
            transcript: take(&mut observers),
            timeline: take(&mut observers),
            took: start.elapsed(),
        })
    }

    /// The world.
    pub(crate) fn scenario(&self) -> Arc<Scenario> {
        match &self.origin {
            Origin::Fleet(fleet, instances, seed) => {
                let mut scenario = fleet.scenario(*instances, *seed);
                self.contender.prepare(&mut scenario);
                Arc::new(scenario)
            }
            Origin::Random(seed, range) => Arc::new(generate::random(*seed, *range).scenario),
            Origin::Given(scenario) => scenario.clone(),
        }
    }

    fn observers(&self, scenario: &Scenario, completed: &Arc<AtomicUsize>) -> Vec<Box<dyn Observer>> {
        let mut observers: Vec<Box<dyn Observer>> = Vec::new();
        if self.contender == Contender::Protector {
            observers.push(Box::new(Judge::new(scenario)));
        }
        if matches!(self.origin, Origin::Fleet(..)) {
            observers.push(Box::new(HookEndCounter(completed.clone())));
        }
        if matches!(self.keep, Keep::Measures | Keep::Everything) {
            observers.push(Box::new(Statistics::default()));
        }
        if matches!(self.keep, Keep::Transcript | Keep::Everything) {
            observers.push(Box::new(Transcript::with_calls()));
        }
        if let Some(host) = self.watched {
            observers.push(Box::new(Timeline::new(host)));
        }
        observers
    }
}

/// Takes the one of this type out.
fn take<T: 'static>(observers: &mut Vec<Box<dyn Any>>) -> Option<T> {
    let index = observers.iter().position(|observer| observer.is::<T>())?;
    let observer = observers.swap_remove(index);
    observer.downcast().ok().map(|observer| *observer)
}
