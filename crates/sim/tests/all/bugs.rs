//! The judge can fail: each planted bug is caught, and without it the same worlds are clean.

use protector_sim::bugs::{self, caught};
use protector_sim::judge;
use protector_sim::run::{Bug, Options};

#[test]
fn every_planted_bug_is_caught_within_its_seeds() {
    let mut missed = Vec::new();
    for planted in bugs::all() {
        match caught(&planted).unwrap() {
            Some((seed, violation)) => println!("{:?}: seed {seed}, {violation}", planted.bug),
            None => missed.push(planted.bug),
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:?}");
}

#[test]
fn without_the_bug_the_same_worlds_keep_every_promise() {
    let mut broken = Vec::new();
    for planted in bugs::all() {
        for seed in 1..=planted.seeds {
            let judged = judge::run(&(planted.world)(seed), Options::default()).unwrap();
            if let Some(violation) = judged.violations.first() {
                broken.push(format!("{:?}, seed {seed}: {violation}", planted.bug));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_bug_has_its_worlds() {
    let with_worlds: Vec<Bug> = bugs::all().iter().map(|planted| planted.bug).collect();
    assert_eq!(with_worlds, Bug::ALL);
}
