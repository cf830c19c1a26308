//! Drawn worlds: the same seed gives the same run, and nothing that is not known breaks a promise.

use std::sync::atomic::AtomicBool;

use protector_sim::campaign::{self, Campaign};
use protector_sim::generate::{Range, random};
use protector_sim::model::Observer;
use protector_sim::run::{Options, play};
use protector_sim::scenario::Scenario;
use protector_sim::transcript::Transcript;

/// Worlds that have nothing of which a fault is known.
const SOUND: u64 = 2500;

/// Worlds that have everything.
const WILD: u64 = 600;

fn transcript(scenario: &Scenario) -> String {
    let observer: Vec<Box<dyn Observer>> = vec![Box::new(Transcript::with_calls())];
    let (_, observers) = play(scenario, Options::default(), observer).unwrap();
    let transcripts = observers
        .into_iter()
        .filter_map(|observer| observer.into_any().downcast::<Transcript>().ok());
    transcripts
        .map(|transcript| transcript.text().to_owned())
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_run_to_the_last_line() {
    for seed in 0..40 {
        let scenario = random(seed, Range::Wild).scenario;
        let first = transcript(&scenario);
        assert!(!first.is_empty());
        assert_eq!(first, transcript(&scenario), "seed {seed}");
    }
}

#[test]
fn a_world_that_was_written_down_is_the_same_world() {
    for seed in 0..40 {
        let scenario = random(seed, Range::Wild).scenario;
        assert_eq!(
            Scenario::from_json(&scenario.to_json()).as_ref(),
            Ok(&scenario),
            "seed {seed}"
        );
    }
}

#[test]
fn settings_that_are_drawn_are_settings_that_validation_accepts() {
    for seed in 0..500 {
        let mut scenario = random(seed, Range::Wild).scenario;
        scenario.limit = 0;
        assert_eq!(
            play(&scenario, Options::default(), Vec::new()).map(drop),
            Ok(()),
            "seed {seed}"
        );
    }
}

/// A failure names the seed; `protectorctl simulate --random 1 --first SEED` plays it again, and makes it smaller.
fn unexplained(range: Range, seeds: u64) -> Vec<String> {
    let campaign = Campaign {
        first: 0,
        seeds,
        range,
        threads: 2,
    };
    let findings = campaign::run(campaign, &|_| {}, &AtomicBool::new(false)).unwrap();
    let notified = findings.failures.iter().map(|failure| {
        format!(
            "seed {}: {}\n{}",
            failure.seed,
            failure.violation,
            failure.smallest.to_json()
        )
    });
    notified.collect()
}

#[test]
fn sound_worlds_break_no_promise() {
    assert_eq!(unexplained(Range::Sound, SOUND), [""; 0]);
}

#[test]
fn wild_worlds_break_no_promise_but_by_a_known_fault() {
    assert_eq!(unexplained(Range::Wild, WILD), [""; 0]);
}
