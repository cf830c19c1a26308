//! One run: a world, who drains in it, and what is kept of it.

use super::fleet::Fleet;
use super::observers::Progress;
use protector_sim::judge::{Judge, Violation};
use protector_sim::model::Observer;
use protector_sim::play::{self, Controller, Ended};
use protector_sim::scenario::Scenario;
use protector_sim::statistics::Statistics;
use protector_sim::transcript::Transcript;
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

/// Where a world comes from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// A fleet of so many instances, with this seed.
    Fleet(Arc<Fleet>, usize, u64),
    /// A world that is there.
    Given(Arc<Scenario>),
}

/// What is played.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// The world.
    pub(crate) origin: Origin,
    /// Who drains.
    pub(crate) controller: Controller,
    /// Keep a transcript.
    pub(crate) transcript: bool,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Played {
    /// How it ended.
    pub(crate) ended: Ended,
    /// What it has cost, and how long it took.
    pub(crate) statistics: Statistics,
    /// Which promises were broken.
    pub(crate) violations: Vec<Violation>,
    /// The run, line by line, if that was wanted.
    pub(crate) transcript: Option<Transcript>,
    /// How long that took here.
    pub(crate) took: Duration,
}

impl Job {
    /// The product in a fleet.
    pub(crate) fn fleet(fleet: &Arc<Fleet>, instances: usize, seed: u64) -> Job {
        Job {
            origin: Origin::Fleet(fleet.clone(), instances, seed),
            controller: Controller::Product,
            transcript: false,
        }
    }

    /// How many instances there are.
    pub(crate) fn instances(&self) -> usize {
        match &self.origin {
            Origin::Fleet(_, instances, _) => *instances,
            Origin::Given(scenario) => scenario.hosts.len(),
        }
    }

    /// Plays it; `completed` counts instances that are through.
    ///
    /// # Errors
    /// The settings are wrong.
    pub(crate) fn play(&self, completed: &Arc<AtomicUsize>) -> Result<Played, String> {
        let start = Instant::now();
        let scenario = self.scenario();
        let options = play::Options {
            controller: self.controller,
            ..play::Options::default()
        };
        let (ended, observers) = play::play(&scenario, options, self.observers(&scenario, completed))?;
        let mut observers: Vec<Box<dyn Any>> = observers.into_iter().map(Observer::into_any).collect();
        let judge: Option<Judge> = take(&mut observers);
        Ok(Played {
            ended,
            statistics: take(&mut observers).unwrap_or_default(),
            violations: judge.map(|judge| judge.violations().to_vec()).unwrap_or_default(),
            transcript: take(&mut observers),
            took: start.elapsed(),
        })
    }

    fn scenario(&self) -> Arc<Scenario> {
        match &self.origin {
            Origin::Fleet(fleet, instances, seed) => Arc::new(fleet.scenario(*instances, *seed)),
            Origin::Given(scenario) => scenario.clone(),
        }
    }

    fn observers(&self, scenario: &Scenario, completed: &Arc<AtomicUsize>) -> Vec<Box<dyn Observer>> {
        let mut observers: Vec<Box<dyn Observer>> = vec![
            Box::new(Statistics::default()),
            Box::new(Progress(completed.clone())),
        ];
        if self.controller == Controller::Product {
            observers.push(Box::new(Judge::new(scenario)));
        }
        if self.transcript {
            observers.push(Box::new(Transcript::with_calls()));
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
