//! The table of faults, in both directions.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use protector_sim::judge;
use protector_sim::run::Options;
use protector_sim::worlds::{self, FaultState};

#[test]
fn an_open_fault_or_a_limit_breaks_what_it_says_and_a_fixed_one_breaks_nothing() {
    let mut wrong = Vec::new();
    for fault in worlds::all() {
        let world = (fault.world)();
        assert!(!world.hosts.is_empty(), "{}: its file cannot be read", fault.name);
        let judged = judge::run(&world, Options::default()).unwrap();
        let broken: Vec<String> = judged.violations.iter().map(ToString::to_string).collect();
        let breaks = |rule| judged.violations.iter().any(|violation| violation.rule == rule);
        let as_notified = match fault.state() {
            FaultState::Open | FaultState::Limit => fault.breaks.iter().all(|rule| breaks(*rule)),
            FaultState::Fixed => judged.violations.is_empty(),
        };
        if !as_notified {
            wrong.push(format!(
                "{} is {:?}, breaks {:?}; seen: {broken:#?}",
                fault.name,
                fault.state(),
                fault.breaks
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_limit_says_why_it_stays_and_with_its_setting_breaks_nothing() {
    for fault in worlds::all() {
        let Some(limit) = worlds::limit(fault.name) else {
            continue;
        };
        assert!(
            limit.why.ends_with('.') && limit.avoid.ends_with('.'),
            "{}",
            fault.name
        );
        let Some(settings) = limit.settings else { continue };
        let mut world = (fault.world)();
        settings(&mut world);
        let judged = judge::run(&world, Options::default()).unwrap();
        let broken: Vec<String> = judged.violations.iter().map(ToString::to_string).collect();
        assert!(broken.is_empty(), "{}: {broken:#?}", fault.name);
    }
}

/// `UPDATE_DOCS=1 cargo test -p protector-sim the_table` writes it again.
#[test]
fn the_table_in_the_documents_is_the_table_of_the_worlds() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/faults.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, worlds::markdown()).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), worlds::markdown());
}

#[test]
fn names_are_given_once_and_sentences_are_whole() {
    let faults = worlds::all();
    let names: BTreeSet<&str> = faults.iter().map(|fault| fault.name).collect();
    assert_eq!(names.len(), faults.len());
    for fault in faults {
        let kebab = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        assert!(fault.name.chars().all(kebab), "{}", fault.name);
        assert!(!fault.breaks.is_empty(), "{}", fault.name);
        for sentence in [fault.what, fault.why] {
            assert!(
                sentence.ends_with('.') && !sentence.contains('|'),
                "{}: {sentence}",
                fault.name
            );
        }
    }
}
