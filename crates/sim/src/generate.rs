//! Worlds drawn from a seed: machines, settings, what happens, and what goes wrong.
//!
//! The classes of worlds are in the modules below. A sound world is a wild one from which the condition of each
//! [limit](crate::worlds::limit) was taken away, and in which no open fault strikes.

mod departures;
mod deployment;
mod limits;
mod machines;
mod oddities;
mod settings;
mod trouble;

use crate::judge::{Expectations, Rule};
use crate::plain::{plain, step};
use crate::scenario::{FaultSpec, Ms, SECOND, Scenario, Trouble, What};
use crate::worlds::{self, FaultState};

/// A world, and the open faults whose condition it may meet.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// The world.
    pub scenario: Scenario,
    /// Names of [`crate::worlds`].
    pub known: Vec<&'static str>,
    /// The range from which it was drawn.
    pub range: Range,
}

/// Which worlds are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// Everything but open faults, and what no program can promise.
    Sound,
    /// Everything.
    Wild,
}

/// The world of a seed.
#[must_use]
pub fn random(seed: u64, range: Range) -> Drawn {
    let mut draw = Draw {
        rng: fastrand::Rng::with_seed(seed),
        scenario: plain(seed),
        range,
        known: Vec::new(),
    };
    draw.settings();
    draw.deployment();
    draw.hosts();
    draw.departures();
    draw.trouble();
    draw.oddities();
    draw.bounds();
    if range == Range::Sound {
        draw.keep_limits();
    }
    Drawn {
        scenario: draw.scenario,
        known: draw.known,
        range,
    }
}

struct Draw {
    rng: fastrand::Rng,
    scenario: Scenario,
    range: Range,
    known: Vec<&'static str>,
}

impl Draw {
    /// In so many of a hundred worlds.
    fn percent(&mut self, percent: u32) -> bool {
        self.rng.u32(0..100) < percent
    }

    /// True in so many of a hundred worlds in which the known fault may strike: an open one strikes in wild worlds alone,
    /// and is noted.
    fn strikes(&mut self, percent: u32, known: &'static str) -> bool {
        let strikes = self.percent(percent);
        let open = worlds::find(known).is_some_and(|fault| fault.state() == FaultState::Open);
        if strikes && open && !self.known.contains(&known) {
            self.known.push(known);
        }
        strikes && (!open || self.range == Range::Wild)
    }

    /// A time between the two, small ones more often.
    fn time(&mut self, from: Ms, to: Ms) -> Ms {
        let (low, high) = ((from as f64).ln(), (to as f64).ln());
        (low + self.rng.f64() * (high - low)).exp() as Ms / SECOND * SECOND
    }

    fn below(&mut self, max: Ms) -> Ms {
        self.rng.u64(SECOND..max)
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.rng.usize(0..of.len())].clone()
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.scenario.settings.insert(name.to_owned(), value.into());
    }

    /// One name more in a list of the settings. A setting that is not there means all.
    fn name(&mut self, setting: &str, name: &str) {
        if let Some(names) = self.scenario.settings.get_mut(setting) {
            names.push(',');
            names.push_str(name);
        }
    }

    fn step(&mut self, at: Ms, what: What) {
        self.scenario.steps.push(step(at, what));
    }

    fn fault(&mut self, from: Ms, to: Ms, percent: u32, what: Trouble) {
        self.scenario.faults.push(FaultSpec {
            from,
            to,
            percent,
            what,
            ..FaultSpec::default()
        });
    }

    fn has_step(&self, wanted: fn(&What) -> bool) -> bool {
        self.scenario.steps.iter().any(|step| wanted(&step.what))
    }
}

fn seconds(time: Ms) -> String {
    format!("{}s", (time / SECOND).max(1))
}

impl Drawn {
    /// The open faults and the limits that explain why this world breaks the rule. Sound worlds have no excuse.
    pub fn explaining(&self, rule: Rule) -> impl Iterator<Item = &'static str> {
        let limits = limits::met(&self.scenario, &Expectations::new(&self.scenario));
        let names = self.known.iter().copied().chain(limits);
        let wild = self.range == Range::Wild;
        let faults = names.filter(move |_| wild).filter_map(worlds::find);
        let open = faults.filter(|fault| fault.state() != FaultState::Fixed);
        open.filter(move |fault| fault.may_break(rule))
            .map(|fault| fault.name)
    }

    /// Returns whether an open fault or a limit explains why this world breaks the rule.
    #[must_use]
    pub fn explains(&self, rule: Rule) -> bool {
        self.explaining(rule).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_worlds_meet_no_limit() {
        for seed in 0..2000 {
            let scenario = random(seed, Range::Sound).scenario;
            let met: Vec<&str> = limits::met(&scenario, &Expectations::new(&scenario)).collect();
            assert!(met.is_empty(), "seed {seed}: {met:?}");
        }
    }

    #[test]
    fn a_fifth_of_the_worlds_are_crowds() {
        let size = |seed| random(seed, Range::Sound).scenario.hosts.len();
        let crowds = (0..2000).filter(|seed| size(*seed) >= 5).count();
        assert!((340..480).contains(&crowds), "{crowds}");
    }
}
