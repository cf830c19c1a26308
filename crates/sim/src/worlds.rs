//! Every known fault as a named world, with what it breaks and whether it still does.
//!
//! `docs/faults.md` is the table of these worlds, and a test holds both true: an open fault breaks what it says, a fixed
//! one breaks nothing.

use serde::Serialize;

use crate::judge::Rule;
use crate::scenario::Scenario;

mod drawn;
mod logic;

/// Does a fault still break what it says?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It does.
    Open,
    /// It does not any more.
    Fixed,
}

/// A fault with its world.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// Its name, for `--faults`.
    pub name: &'static str,
    /// What a user meets, in one sentence.
    pub what: &'static str,
    /// Why: what in the product makes it so, in one sentence.
    pub why: &'static str,
    /// What its world breaks, as long as it is open: each of these, whatever else.
    pub breaks: &'static [Rule],
    /// What else it may break, in other worlds than its own.
    pub also: &'static [Rule],
    /// Its state.
    pub state: State,
    /// Its world.
    pub world: fn() -> Scenario,
}

/// All of them, by subject.
#[must_use]
pub fn all() -> Vec<Fault> {
    [logic::FAULTS, drawn::FAULTS].concat()
}

/// The one of this name.
#[must_use]
pub fn find(name: &str) -> Option<Fault> {
    all().into_iter().find(|fault| fault.name == name)
}

/// The table of `docs/faults.md`.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from(HEAD);
    for fault in all() {
        let breaks: Vec<String> = fault.breaks.iter().map(|rule| rule.name()).collect();
        let state = match fault.state {
            State::Open => "open",
            State::Fixed => "fixed",
        };
        text.push_str(&format!(
            "| `{}` | {} {} | {} | {state} |\n",
            fault.name,
            fault.what,
            fault.why,
            breaks.join(", ")
        ));
    }
    text
}

const HEAD: &str = "\
# Known faults

Each row is a world that the simulator plays: `protectorctl simulate --faults NAME` shows what it breaks, and with
`--transcript` how. While a fault is open, its world breaks the rules that are named here; when it is fixed, it breaks
none. Tests hold this table to the worlds in both directions. The number before a rule is the promise in the
[README](../README.md#promises).

| World | What happens, and why | Breaks | State |
| --- | --- | --- | --- |
";
