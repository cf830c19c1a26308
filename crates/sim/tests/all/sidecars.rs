//! Sidecars before SIGTERM, and drains whose daemons have none.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};

use protector_sim::judge;
use protector_sim::model::{Caller, Fact, Observer, World};
use protector_sim::plain::{self, MESH, step};
use protector_sim::run::{self, Options};
use protector_sim::scenario::{Daemon, MINUTE, Ms, SECOND, Scenario, What};
use serde_json::Value;

/// Sidecars start with the world, and what they do at that moment no observer sees.
const BEGINNING: Ms = 0;

/// Notes the sidecars' calls and ends, and the last text of each parameter.
#[derive(Default)]
struct Notes {
    started: Vec<Ms>,
    called: Vec<Ms>,
    ended: Vec<(Ms, i32)>,
    written: BTreeMap<String, BTreeSet<String>>,
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
            Fact::Parameter {
                name,
                text: Some(text),
                ..
            } => {
                let texts = self.written.entry((*name).to_owned()).or_default();
                texts.insert((*text).to_owned());
            }
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

/// A second daemon on each instance, whose sidecar cannot be pulled anywhere.
fn half_protected(instances: usize, what: fn(usize) -> What) -> Scenario {
    let mut scenario = plain::fleet(1, instances);
    for host in &mut scenario.hosts {
        host.daemons.push(Daemon {
            service: MESH,
            no_image: true,
            ..Daemon::default()
        });
    }
    for (index, step) in scenario.steps.iter_mut().enumerate() {
        step.what = what(index);
    }
    scenario
}

#[test]
fn a_drain_in_a_shared_record_has_its_own_too_if_a_daemon_is_unprotected() {
    let notes = noted(&half_protected(8, What::ScaleIn));
    let shared = notes.written.keys().filter(|name| name.contains("/shared-"));
    assert!(shared.count() > 0);
    let named = |texts: &BTreeSet<String>| {
        let mut records = texts
            .iter()
            .filter_map(|text| serde_json::from_str::<Value>(text).ok());
        records.any(|record| record["unprotected"][0]["reason"] == "sidecar-never-started")
    };
    let own = notes.written.iter().filter(|(name, _)| name.contains("/i-"));
    let unnamed: Vec<&String> = own
        .clone()
        .filter(|(_, texts)| !named(texts))
        .map(|(name, _)| name)
        .collect();
    assert_eq!((own.count(), unnamed), (8, vec![]));
}

/// A script sets them DRAINING, so a daemon goes before the tasks if its hold comes 15 s late.
#[test]
fn p1_what_is_wrong_on_every_instance_delays_no_hold_of_a_daemon_that_is_protected() {
    let judged = judge::run(&half_protected(100, What::SetDraining), Options::default()).unwrap();
    assert!(judged.violations.is_empty(), "{:?}", judged.violations);
}

/// A sidecar that may not read its record knows of no release, and not that there is no drain: it holds (P2).
#[test]
fn a_sidecar_that_may_not_read_its_record_is_blamed_for_nothing_that_it_cannot_know() {
    let denied = |scale_in: fn(usize) -> What| {
        let mut scenario = plain::fleet(1, 1);
        scenario.sidecar.clear();
        scenario.hosts[0].daemons[0].denied = true;
        scenario.steps = vec![step(10 * SECOND, scale_in(0))];
        scenario
    };
    let mut deployed = denied(|host| What::Deploy { host, daemon: 0 });
    deployed.hosts[0].tasks.clear();
    let mut tiers = denied(What::ScaleIn);
    tiers
        .settings
        .insert("DAEMON_TIERS".to_owned(), "logs | mesh".to_owned());
    tiers.hosts[0].daemons.push(plain::daemon(MESH));
    let mut flushes = denied(What::ScaleIn);
    flushes.sidecar.insert("MAX_HOLD".to_owned(), "141s".to_owned());
    flushes.hosts[0].daemons[0].flush = 100 * SECOND;
    for scenario in [deployed, tiers, flushes] {
        let judged = judge::run(&scenario, Options::default()).unwrap();
        assert!(judged.violations.is_empty(), "{:?}", judged.violations);
    }
}
