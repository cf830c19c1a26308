//! Why machines go, and what people and agents do meanwhile.

use super::Draw;
use crate::scenario::{MINUTE, Ms, SECOND, TaskSpec, What};

impl Draw {
    /// Why the machines go.
    pub(super) fn departures(&mut self) {
        // An instance refresh takes some at once, a scale-in of many all.
        let within = match self.percent(25) {
            true => 5 * SECOND..15 * SECOND,
            false => 5 * SECOND..90 * SECOND,
        };
        for host in 0..self.scenario.hosts.len() {
            let at = self.rng.u64(within.clone());
            match self.rng.u32(0..100) {
                0..75 => self.step(at, What::ScaleIn(host)),
                75..82 => {
                    self.step(at, What::SetDraining(host));
                    let later = at + self.below(3 * MINUTE);
                    self.step(later, What::ScaleIn(host));
                }
                82..87 => self.step(at, What::SpotNotice(host)),
                87..90 if self.strikes(100, "capacity-reservation-notice") => {
                    self.step(at, What::CapacityNotice(host));
                }
                90..96 => {
                    self.step(at, What::Deploy { host, daemon: 0 });
                    self.step(at + 3 * MINUTE, What::ScaleIn(host));
                }
                96.. => self.step(at, What::SetDraining(host)),
                _ => self.step(at, What::ScaleIn(host)),
            }
            self.incidents(host, at);
        }
        self.control();
    }

    fn incidents(&mut self, host: usize, at: Ms) {
        let during = at + self.below(3 * MINUTE);
        if self.percent(8) {
            let away = match self.strikes(15, "two-flaps-of-an-agent") {
                true => self.time(90 * SECOND, 15 * MINUTE),
                false => self.below(90 * SECOND),
            };
            self.step(during, What::AgentDown(host));
            self.step(during + away, What::AgentUp(host));
        }
        if self.percent(6) {
            let command = self.pick(&["release", "hold", "extend"]).to_owned();
            let by = (command == "extend").then(|| "10m".to_owned());
            let braces = self.strikes(10, "braces-in-an-order");
            let why = if braces { "ticket {{7}}" } else { "ticket 7" }.to_owned();
            self.step(
                during,
                What::Order {
                    host,
                    command,
                    by,
                    why,
                },
            );
        }
        if self.percent(4) {
            let task = TaskSpec {
                stop: 10 * SECOND,
                ..TaskSpec::default()
            };
            // Up to three seconds before the machine goes.
            self.step(at - at % (3 * SECOND), What::Place { host, task });
        }
    }

    /// What concerns all machines.
    fn control(&mut self) {
        if self.percent(5) {
            let at = MINUTE + self.below(4 * MINUTE);
            self.step(at, What::Recycle);
        }
        if self.percent(4) {
            let at = 10 * SECOND + self.below(4 * MINUTE);
            let mode = self.pick(&["release-all", "observe"]);
            self.step(at, What::Control(Some(format!("{{\"mode\":\"{mode}\"}}"))));
            if mode == "observe" {
                self.step(at + 2 * MINUTE, What::Control(None));
            }
        }
    }
}
