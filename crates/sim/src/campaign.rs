//! Many drawn worlds, judged: what was broken, and by which seeds.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde::Serialize;

use crate::generate::{Drawn, Range, random};
use crate::judge::{self, Judged, Rule, Violation};
use crate::run::Options;
use crate::scenario::Scenario;
use crate::shrink::shrink;

/// So many worlds are played to make one that failed smaller.
const SHRINK_BUDGET: u32 = 400;

/// So many unexplained failures are kept, and made smaller.
const KEPT: usize = 20;

/// What is played.
#[derive(Debug, Clone, Copy)]
pub struct Campaign {
    /// The first seed.
    pub first: u64,
    /// How many seeds.
    pub seeds: u64,
    /// Which worlds are drawn.
    pub range: Range,
    /// On so many threads.
    pub threads: usize,
}

/// The result of a campaign.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Findings {
    /// Worlds that were played.
    pub played: u64,
    /// Drains in them that began.
    pub drains: u64,
    /// Worlds with a broken promise.
    pub broken: u64,
    /// How many worlds broke each rule, and the first seed that did.
    pub rules: BTreeMap<Rule, (u64, u64)>,
    /// How many worlds broke a promise that no known fault of theirs explains.
    pub unexplained: u64,
    /// Some of these.
    pub failures: Vec<Failure>,
}

/// A world that broke a promise, and no known fault explains it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// What it broke first.
    pub violation: Violation,
    /// The smallest world that still breaks the same rule.
    pub smallest: Scenario,
}

impl Findings {
    fn add(&mut self, seed: u64, drawn: &Drawn, judged: &Judged) -> Option<Violation> {
        self.played += 1;
        self.drains += judged.drains;
        let violations = &judged.violations;
        self.broken += u64::from(!violations.is_empty());
        let mut rules: Vec<Rule> = violations.iter().map(|violation| violation.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        for rule in rules {
            let (count, first) = self.rules.entry(rule).or_insert((0, seed));
            (*count, *first) = (*count + 1, (*first).min(seed));
        }
        let unexplained = violations
            .iter()
            .find(|violation| !drawn.explains(violation.rule))?;
        self.unexplained += 1;
        Some(unexplained.clone())
    }
}

/// Plays a campaign. `progress` gets the number of worlds that were played; `stop` ends it early, with the findings so
/// far.
///
/// # Errors
/// The settings of a world are wrong: a fault of the generator.
pub fn run(
    campaign: Campaign,
    progress: &(dyn Fn(u64) + Sync),
    stop: &AtomicBool,
) -> Result<Findings, String> {
    let next = AtomicU64::new(campaign.first);
    let findings = Mutex::new(Findings::default());
    let problem = Mutex::new(None);
    let end = campaign.first.saturating_add(campaign.seeds);
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            let drawn = random(seed, campaign.range);
            let judged = match judge::run(&drawn.scenario, Options::default()) {
                Ok(judged) => judged,
                Err(words) => {
                    *locked(&problem) = Some(format!("seed {seed}: {words}"));
                    return stop.store(true, Ordering::Relaxed);
                }
            };
            let unexplained = locked(&findings).add(seed, &drawn, &judged);
            if let Some(violation) = unexplained.filter(|_| locked(&findings).failures.len() < KEPT) {
                let shrunk = shrink(&drawn.scenario, violation.rule, Options::default(), SHRINK_BUDGET);
                locked(&findings).failures.push(Failure {
                    seed,
                    violation,
                    smallest: shrunk.scenario,
                });
            }
            progress(next.load(Ordering::Relaxed).min(end) - campaign.first);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..campaign.threads.max(1) {
            scope.spawn(work);
        }
    });
    if let Some(problem) = locked(&problem).take() {
        return Err(problem);
    }
    let mut findings = std::mem::take(&mut *locked(&findings));
    findings.failures.sort_by_key(|failure| failure.seed);
    Ok(findings)
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_find_the_same_as_one() {
        let campaign = |threads| Campaign {
            first: 100,
            seeds: 30,
            range: Range::Wild,
            threads,
        };
        let stop = AtomicBool::new(false);
        let played = |threads| run(campaign(threads), &|_| {}, &stop).unwrap();
        let (one, two) = (played(1), played(2));
        assert_eq!((one.played, one.broken, &one.rules), (30, two.broken, &two.rules));
    }

    #[test]
    fn it_stops_on_request() {
        let campaign = Campaign {
            first: 0,
            seeds: u64::MAX,
            range: Range::Sound,
            threads: 2,
        };
        let stop = AtomicBool::new(false);
        let findings = run(
            campaign,
            &|played| stop.store(played >= 10, Ordering::Relaxed),
            &stop,
        )
        .unwrap();
        assert!((5..100).contains(&findings.played), "{}", findings.played);
    }
}
