//! What goes wrong: each fault of the scenario, with how often it has struck.

use super::facts::Caller as By;
use crate::scenario::{CallerKind, FaultSpec, Ms, Trouble};

/// The outcome of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is answered.
    Passes,
    /// It is throttled.
    Throttled,
    /// It fails with a server's error.
    Fails,
    /// It is denied.
    Denied,
    /// It takes effect, and its answer is lost.
    AnswerLost,
    /// The environment ends before its effect.
    CrashBefore,
    /// The environment ends after its effect.
    CrashAfter,
}

/// The outcome of an event.
#[derive(Debug, Default)]
pub(super) struct EventDelivery {
    pub(super) lost: bool,
    pub(super) doubled: bool,
    pub(super) delay: Ms,
}

#[derive(Debug)]
struct Armed {
    fault: FaultSpec,
    seen: u32,
    struck: u32,
}

impl Armed {
    /// Returns whether the fault strikes now. Every case in which it could strike counts.
    fn strikes(&mut self, now: Ms, rng: &mut fastrand::Rng) -> bool {
        let fault = &self.fault;
        if now < fault.from || now >= fault.to || self.struck >= fault.times {
            return false;
        }
        self.seen += 1;
        if self.seen <= fault.skip {
            return false;
        }
        let strikes = fault.percent >= 100 || rng.u32(0..100) < fault.percent;
        self.struck += u32::from(strikes);
        strikes
    }
}

#[derive(Debug)]
pub(super) struct Faults(Vec<Armed>);

impl Faults {
    pub(super) fn new(faults: &[FaultSpec]) -> Faults {
        let armed = |fault: &FaultSpec| Armed {
            fault: fault.clone(),
            seen: 0,
            struck: 0,
        };
        Faults(faults.iter().map(armed).collect())
    }

    pub(super) fn call(&mut self, now: Ms, by: By, operation: &str, rng: &mut fastrand::Rng) -> Verdict {
        let product = match by {
            By::Coordinator(_) => Some(CallerKind::Coordinator),
            By::Sidecar(_) => Some(CallerKind::Sidecar),
            By::Person | By::Service => return Verdict::Passes,
        };
        let fits = |of: &Option<String>| of.as_ref().is_none_or(|of| of == operation);
        for armed in &mut self.0 {
            let verdict = match &armed.fault.what {
                Trouble::Throttle { of, by } if fits(of) && (by.is_none() || *by == product) => {
                    Verdict::Throttled
                }
                Trouble::Fail { of, by } if fits(of) && (by.is_none() || *by == product) => Verdict::Fails,
                Trouble::Deny { of } if fits(of) => Verdict::Denied,
                Trouble::LoseAnswer { of } if fits(of) => Verdict::AnswerLost,
                Trouble::RefuseWrites if operation == "PutParameter" => Verdict::Denied,
                Trouble::Crash if matches!(by, By::Coordinator(_)) => Verdict::CrashBefore,
                _ => continue,
            };
            if armed.strikes(now, rng) {
                return match verdict {
                    Verdict::CrashBefore if rng.bool() => Verdict::CrashAfter,
                    verdict => verdict,
                };
            }
        }
        Verdict::Passes
    }

    /// Returns whether trouble of this kind strikes.
    pub(super) fn strikes(&mut self, now: Ms, kind: &Trouble, rng: &mut fastrand::Rng) -> bool {
        self.0
            .iter_mut()
            .any(|armed| armed.fault.what == *kind && armed.strikes(now, rng))
    }

    pub(super) fn event(&mut self, now: Ms, detail_type: &str, rng: &mut fastrand::Rng) -> EventDelivery {
        let fits = |of: &Option<String>| of.as_ref().is_none_or(|of| detail_type.contains(of.as_str()));
        let mut delivery = EventDelivery::default();
        for armed in &mut self.0 {
            match armed.fault.what.clone() {
                Trouble::LoseEvents { of } if fits(&of) => delivery.lost |= armed.strikes(now, rng),
                Trouble::DoubleEvents => delivery.doubled |= armed.strikes(now, rng),
                Trouble::DelayEvents { max, of } if fits(&of) && armed.strikes(now, rng) => {
                    delivery.delay += rng.u64(max / 2..=max);
                }
                _ => {}
            }
        }
        delivery
    }
}
