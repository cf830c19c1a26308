//! The table of faults, in both directions.

use protector_sim::judge;
use protector_sim::play::Options;
use protector_sim::worlds::{self, State};

#[test]
fn an_open_fault_breaks_what_it_says_and_a_fixed_one_breaks_nothing() {
    let mut wrong = Vec::new();
    for fault in worlds::all() {
        let judged = judge::run(&(fault.world)(), Options::default()).unwrap();
        let broken: Vec<String> = judged.violations.iter().map(ToString::to_string).collect();
        let breaks = |rule| judged.violations.iter().any(|violation| violation.rule == rule);
        let as_told = match fault.state {
            State::Open => fault.breaks.iter().all(|rule| breaks(*rule)),
            State::Fixed => judged.violations.is_empty(),
        };
        if !as_told {
            wrong.push(format!(
                "{} is {:?}, breaks {:?}; seen: {broken:#?}",
                fault.name, fault.state, fault.breaks
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
