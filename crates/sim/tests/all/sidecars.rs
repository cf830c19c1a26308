//! Sidecars before SIGTERM.

use std::any::Any;

use protector_sim::model::{Caller, Fact, Observer, World};
use protector_sim::plain::{self, step};
use protector_sim::run::{self, Options};
use protector_sim::scenario::{Daemon, MINUTE, Ms, SECOND, Scenario, What};

/// Sidecars start with the world, and what they do at that moment no observer sees.
const BEGINNING: Ms = 0;

/// Notes the sidecars' starts, calls and ends.
#[derive(Default)]
struct Notes {
    started: Vec<Ms>,
    called: Vec<Ms>,
    ended: Vec<(Ms, i32)>,
}

impl Observer for Notes {
    fn see(&mut self, now: Ms, fact: &Fact<'_>, _: &World) {
        match fact {
            Fact::SidecarStarted { .. } => self.started.push(now),
            Fact::SidecarExit { code, .. } => self.ended.push((now, *code)),
            Fact::Call {
                by: Caller::Sidecar(_),
                ..
            } => self.called.push(now),
            _ => {}
        }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

fn noted(scenario: &Scenario) -> Notes {
    let (_, observers) = run::play(scenario, Options::default(), vec![Box::<Notes>::default()]).unwrap();
    let notes = observers.into_iter().next().unwrap().into_any();
    *notes.downcast::<Notes>().unwrap()
}

/// One instance, of which something happens only after ten minutes.
fn quiet(change: impl Fn(&mut Daemon)) -> Scenario {
    let mut scenario = plain::fleet(1, 1);
    change(&mut scenario.hosts[0].daemons[0]);
    scenario.steps = vec![step(10 * MINUTE, What::ScaleIn(0))];
    scenario
}

/// Calls before anything drains.
fn called_early(notes: &Notes) -> Vec<Ms> {
    let early = notes.called.iter().filter(|at| **at < 10 * MINUTE);
    early.copied().collect()
}

#[test]
fn a_self_check_that_fails_is_repeated_at_the_pace_of_the_program() {
    assert!(
        called_early(&noted(&quiet(|_| {}))).is_empty(),
        "it passes at once"
    );
    let repeated = called_early(&noted(&quiet(|daemon| daemon.denied = true)));
    let called: Vec<Ms> = [BEGINNING].into_iter().chain(repeated).collect();
    let pauses = called.windows(2).map(|pair| pair[1] - pair[0]);
    let expected = [5, 10, 20, 40].into_iter().chain(std::iter::repeat(60));
    for (pause, seconds) in pauses.zip(expected) {
        let (least, most) = (seconds * 800, seconds * 1200);
        assert!((least..=most).contains(&pause), "{pause} ms, not {seconds} s");
    }
    assert!(called.len() >= 11, "{called:?}");
}

#[test]
fn a_sidecar_with_a_wrong_setting_ends_when_the_agent_restarts_it() {
    let notes = noted(&quiet(|daemon| daemon.wrong_setting = true));
    assert!(notes.called.is_empty());
    let starts = [BEGINNING].into_iter().chain(notes.started);
    assert!(notes.ended.len() >= 9, "{:?}", notes.ended);
    for (start, (end, code)) in starts.zip(&notes.ended).take(9) {
        assert_eq!((end - start, *code), (61 * SECOND, 64));
    }
}
