//! The product's sidecar in the model: the core's state machine, asked and answered as the program does it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use protector_core::control::Control;
use protector_core::settings::Reader;
use protector_core::wait::{
    Because, Fate, Known, Leftover, Next, Observation, Policy, Reading, Switch, Task, Trouble, Wait, Why,
};

use super::Bug;
use crate::model::{Guard, GuardAnswer, GuardView};
use crate::rivals::Original;
use crate::scenario::{Ms, Sidecar};

/// The prefix of every simulated deployment.
pub(crate) const PREFIX: &str = "/ecs-daemon-protector";

/// Makes sidecars.
#[must_use]
pub fn guards(bug: Option<Bug>) -> crate::model::GuardMaker {
    Arc::new(move |sidecar| match sidecar {
        Sidecar::None => None,
        Sidecar::Product => Some(Box::new(Product {
            bug,
            ..Product::default()
        }) as Box<dyn Guard>),
        Sidecar::Original => Some(Box::new(Original)),
    })
}

/// The sidecars' settings that decide.
///
/// # Errors
/// What is wrong with them.
pub(super) fn policy(settings: &BTreeMap<String, String>) -> Result<Policy, String> {
    let lookup = |wanted: &str| {
        let short = wanted.strip_prefix("PROTECTOR_")?;
        settings.get(short).cloned()
    };
    let mut reader = Reader::new(&lookup);
    let default = Policy::default();
    let policy = Policy {
        poll_interval: reader.duration("POLL_INTERVAL", default.poll_interval),
        max_hold: reader.duration("MAX_HOLD", default.max_hold),
        unknown_grace: reader.duration("UNKNOWN_GRACE", default.unknown_grace),
        terminating_grace: reader.duration("TERMINATING_GRACE", default.terminating_grace),
        disabled: reader.flag("DISABLED"),
    };
    reader.finish(policy).map_err(|problems| problems.to_string())
}

/// One sidecar of the product.
#[derive(Default)]
struct Product {
    known: Known,
    wait: Option<Wait>,
    name: String,
    /// The last text that was read, and what it says: most readings find it again.
    last: Option<(String, Reading)>,
    bug: Option<Bug>,
    seen: bool,
}

impl Guard for Product {
    fn start(&mut self, view: &mut GuardView<'_>) {
        self.name = format!("{PREFIX}/{}/{}", view.cluster(), view.machine());
        let registration = view
            .plan()
            .knows_registration
            .then(|| view.registration().parse().ok());
        self.known = Known {
            service: view.service().and_then(|service| service.parse().ok()),
            container_instance: registration.flatten(),
            leftover: None,
        };
        if self.bug == Some(Bug::ReadsBeforeSigterm) {
            self.read(view);
        }
        if let Reading::Record(record) = self.read(view) {
            self.known.leftover = Leftover::of(&record);
        }
        if self.bug == Some(Bug::ObeysALeftover) {
            self.known = Known::default();
        }
    }

    fn look(&mut self, view: &mut GuardView<'_>) -> GuardAnswer {
        let now = view.now();
        let since_sigterm = signed(now - view.sigterm().unwrap_or(now));
        let task = match (view.daemon_lives(), view.agent_answers()) {
            (false, _) => Task::Stopped,
            (true, true) => Task::Alive,
            (true, false) => Task::Unreachable,
        };
        let reading = match task {
            Task::Stopped => Reading::Trouble(Trouble::NotAsked),
            _ => self.read(view),
        };
        let wait = self.wait.get_or_insert_with(|| {
            Wait::new(with_bug(
                policy(view.sidecar_settings()).unwrap_or_default(),
                self.bug,
            ))
        });
        if let Some(answer) = sabotaged(self.bug, &reading, &mut self.seen) {
            return answer;
        }
        let fate = fate(view, wait, &self.known, &reading);
        let switch = match self.bug {
            Some(Bug::NoKillSwitch) => Switch::NotAsked,
            _ => switch(view, wait, &reading, since_sigterm),
        };
        let seen = Observation {
            now: crate::wall_clock(now) + SignedDuration::from_millis(view.clock_skew()),
            since_sigterm,
            fate,
            switch,
            reading,
            task,
            chance: view.random(),
        };
        match wait.next(&self.known, &seen) {
            Next::Sleep { duration, because } => {
                let _: Because = because;
                GuardAnswer::Sleep(Ms::try_from(duration.as_millis()).unwrap_or(1))
            }
            Next::Leave(why) => GuardAnswer::Exit(i32::from(why.code()), name(why)),
        }
    }
}

/// The sidecar's settings as one with a planted bug obeys them.
fn with_bug(mut policy: Policy, bug: Option<Bug>) -> Policy {
    match bug {
        Some(Bug::LongGrace) => policy.unknown_grace = SignedDuration::from_mins(10),
        Some(Bug::SidecarWithoutBounds) => policy.max_hold = SignedDuration::from_hours(48),
        _ => {}
    }
    policy
}

/// What a sidecar with a planted bug does at once.
fn sabotaged(bug: Option<Bug>, reading: &Reading, seen: &mut bool) -> Option<GuardAnswer> {
    match (bug, reading) {
        (Some(Bug::BelievesOneAbsence), Reading::NotFound) if *seen => {
            Some(GuardAnswer::Exit(0, "record-gone"))
        }
        (Some(Bug::ObeysALeftover), Reading::Record(record)) if record.is_released() => {
            Some(GuardAnswer::Exit(0, "released"))
        }
        (_, Reading::Record(_)) => {
            *seen = true;
            None
        }
        _ => None,
    }
}

impl Product {
    fn read(&mut self, view: &mut GuardView<'_>) -> Reading {
        let text = match view.get_parameter(&self.name) {
            Ok(stored) => stored.text,
            Err(error) => {
                return match error.code {
                    "ParameterNotFound" => Reading::NotFound,
                    "AccessDeniedException" => Reading::Trouble(Trouble::Denied),
                    "NoCredentials" => Reading::Trouble(Trouble::NoCredentials),
                    _ => Reading::Trouble(Trouble::Failed),
                };
            }
        };
        match &self.last {
            Some((known, reading)) if *known == text => reading.clone(),
            _ => {
                let reading = Reading::of_text(&text);
                self.last = Some((text, reading.clone()));
                reading
            }
        }
    }
}

/// Asked only while there is no record of this drain.
fn fate(view: &GuardView<'_>, wait: &Wait, known: &Known, reading: &Reading) -> Fate {
    let maybe_absent = match reading {
        Reading::NotFound => true,
        Reading::Record(record) => record.is_released() || known.is_foreign(record),
        Reading::Trouble(_) => false,
    };
    if !(maybe_absent && wait.wants_fate()) {
        return Fate::Unknown;
    }
    match view.target_lifecycle_state() {
        _ if view.spot_action() => Fate::Leaving,
        Some("Terminated") => Fate::Leaving,
        Some("InService") => Fate::InService,
        _ => Fate::Unknown,
    }
}

fn switch(view: &mut GuardView<'_>, wait: &Wait, reading: &Reading, since: SignedDuration) -> Switch {
    let holds = matches!(reading, Reading::Record(record) if !record.is_released());
    if !holds || !wait.wants_switch(since) {
        return Switch::NotAsked;
    }
    match view.get_parameter(&format!("{PREFIX}/control")) {
        Ok(stored) => Control::decode(&stored.text).map_or(Switch::Unclear, Switch::Says),
        Err(error) if error.code == "ParameterNotFound" => Switch::Says(Control::On),
        Err(_) => Switch::Unclear,
    }
}

fn signed(ms: Ms) -> SignedDuration {
    SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))
}

fn name(why: Why) -> &'static str {
    match why {
        Why::Disabled => "disabled",
        Why::ProtectedStopped => "protected-stopped",
        Why::Released => "released",
        Why::ServiceReleased => "service-released",
        Why::KillSwitch => "kill-switch",
        Why::RecordGone => "record-gone",
        Why::NotADrain => "not-a-drain",
        Why::NoRecordThoughTerminating => "no-record-though-terminating",
        Why::HostGoingDown => "host-going-down",
        Why::MaxHold => "max-hold",
        Why::DeadlinePassed => "deadline-passed",
    }
}
