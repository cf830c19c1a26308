//! The product's sidecar in the model: the core's state machine, asked and answered as the program does it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use protector_core::ids::{ClusterName, InstanceId};
use protector_core::record::ParameterPrefix;
use protector_core::settings::Reader;
use protector_core::wait::{
    Ask, Because, Fate, Known, Next, Observation, Policy, Reading, Switch, Task, Together, Trouble, Wait, Why,
};

use super::Bug;
use crate::model::{AwsError, Guard, GuardAnswer, GuardView};
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

/// The texts of an instance's own record and of the shared records; nothing in place of one that is not there.
type Texts = Vec<Option<String>>;

/// One sidecar of the product.
#[derive(Default)]
struct Product {
    known: Known,
    wait: Option<Wait>,
    /// Its own record, the shared records of its cluster, and the kill switch.
    names: Vec<String>,
    instance: Option<InstanceId>,
    /// The last texts that were read, and what they say: most readings find them again.
    last: Option<(Texts, Reading)>,
    /// Has AWS answered, and so told its time?
    answered: bool,
    bug: Option<Bug>,
    seen: bool,
}

impl Guard for Product {
    fn start(&mut self, view: &mut GuardView<'_>) {
        let prefix = ParameterPrefix::default();
        self.instance = view.machine().parse().ok();
        let own = format!("{PREFIX}/{}/{}", view.cluster(), view.machine());
        let cluster: Option<ClusterName> = view.cluster().parse().ok();
        let shared = cluster.iter().flat_map(|cluster| prefix.shared_names(cluster));
        self.names = [own].into_iter().chain(shared).chain([control_name()]).collect();
        let registration = view
            .plan()
            .knows_registration
            .then(|| view.registration().parse().ok());
        self.known = Known {
            service: view.service().and_then(|service| service.parse().ok()),
            container_instance: registration.flatten(),
        };
        if self.bug == Some(Bug::ReadsBeforeSigterm) {
            self.both(view);
        }
        // The self-check: one call, of which nothing is kept.
        self.both(view);
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
            (true, false) if view.agent_is_there() => Task::Unclear,
            (true, false) => Task::Unreachable,
        };
        let mut wait = self.wait.take().unwrap_or_else(|| {
            let policy = policy(view.sidecar_settings()).unwrap_or_default();
            Wait::new(with_bug(policy, self.bug))
        });
        let asks = match task {
            Task::Stopped => Ask::Nothing,
            _ => wait.asks(true, since_sigterm),
        };
        let heard = self.hear(view, asks);
        let reading = heard.reading;
        if let Some(answer) = sabotaged(self.bug, &reading, &mut self.seen) {
            return answer;
        }
        let fate = fate(view, &wait, &self.known, &reading);
        let switch = match self.bug {
            Some(Bug::NoKillSwitch) => Switch::NotAsked,
            _ => heard.switch,
        };
        let seen = Observation {
            since_sigterm,
            sigterm_at: self
                .answered
                .then(|| crate::wall_clock(view.sigterm().unwrap_or(now))),
            host_clock: crate::wall_clock(now) + SignedDuration::from_millis(view.clock_skew()),
            fate,
            switch,
            together: heard.together,
            reading,
            task,
            chance: view.random(),
        };
        let next = wait.next(&self.known, &seen);
        self.wait = Some(wait);
        match next {
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

/// What the parameters said in one look.
struct Heard {
    reading: Reading,
    switch: Switch,
    together: Together,
}

impl Product {
    /// Asks for what the wait wants, as the program does.
    fn hear(&mut self, view: &mut GuardView<'_>, asks: Ask) -> Heard {
        let mut heard = Heard {
            reading: Reading::Trouble(Trouble::NotAsked),
            switch: Switch::NotAsked,
            together: Together::NotAsked,
        };
        match asks {
            Ask::Both => return self.both(view),
            Ask::Record => heard.reading = self.records_alone(view),
            Ask::Switch => heard.switch = switch_alone(view),
            Ask::Nothing => {}
        }
        heard
    }

    /// Both in one call, or each by itself if that is denied. The self-check knows no second call.
    fn both(&mut self, view: &mut GuardView<'_>) -> Heard {
        let texts = self.read(view, self.names.len());
        let denied = matches!(&texts, Err(error) if error.code == "AccessDeniedException");
        self.answered |= !matches!(&texts, Err(error) if error.code == "NoCredentials");
        match texts {
            Ok(mut texts) => {
                let control = texts.pop().flatten();
                Heard {
                    reading: self.understand(texts),
                    switch: Switch::of_parameter(control.as_deref()),
                    together: Together::Answered,
                }
            }
            Err(_) if denied && view.sigterm().is_some() => Heard {
                reading: self.records_alone(view),
                switch: switch_alone(view),
                together: Together::Denied,
            },
            Err(error) => Heard {
                reading: Reading::Trouble(trouble(&error)),
                switch: Switch::Unclear,
                together: Together::Answered,
            },
        }
    }

    /// The first of its names in one call.
    fn read(&self, view: &mut GuardView<'_>, count: usize) -> Result<Texts, AwsError> {
        let names: Vec<&str> = self.names.iter().take(count).map(String::as_str).collect();
        let found = view.get_parameters(&names)?;
        Ok(found
            .into_iter()
            .map(|stored| stored.map(|stored| stored.text))
            .collect())
    }

    /// The records without the switch; its own by itself if that is denied too.
    fn records_alone(&mut self, view: &mut GuardView<'_>) -> Reading {
        match self.read(view, self.names.len() - 1) {
            Ok(texts) => self.understand(texts),
            Err(error) if error.code == "AccessDeniedException" => match view.get_parameter(&self.names[0]) {
                Ok(stored) => self.understand(vec![Some(stored.text)]),
                Err(error) if error.code == "ParameterNotFound" => Reading::NotFound,
                Err(error) => Reading::Trouble(trouble(&error)),
            },
            Err(error) => Reading::Trouble(trouble(&error)),
        }
    }

    fn understand(&mut self, texts: Texts) -> Reading {
        if let Some((_, reading)) = self.last.as_ref().filter(|(known, _)| *known == texts) {
            return reading.clone();
        }
        let own = texts.first().and_then(Option::as_deref);
        let shared: Vec<&str> = texts.iter().skip(1).flatten().map(String::as_str).collect();
        let reading = match &self.instance {
            Some(instance) => Reading::of_parameters(own, &shared, instance, &self.known),
            None => Reading::of_parameter(own),
        };
        self.last = Some((texts, reading.clone()));
        reading
    }
}

fn switch_alone(view: &mut GuardView<'_>) -> Switch {
    match view.get_parameter(&control_name()) {
        Ok(stored) => Switch::of_parameter(Some(&stored.text)),
        Err(error) if error.code == "ParameterNotFound" => Switch::of_parameter(None),
        Err(_) => Switch::Unclear,
    }
}

fn control_name() -> String {
    format!("{PREFIX}/control")
}

fn trouble(error: &AwsError) -> Trouble {
    match error.code {
        "AccessDeniedException" => Trouble::Denied,
        "NoCredentials" => Trouble::NoCredentials,
        _ => Trouble::Failed,
    }
}

/// Asked only if the answer depends on it.
fn fate(view: &GuardView<'_>, wait: &Wait, known: &Known, reading: &Reading) -> Fate {
    if !wait.wants_fate(known, reading) {
        return Fate::Unknown;
    }
    match view.target_lifecycle_state() {
        _ if view.spot_action() => Fate::Leaving,
        Some("Terminated") => Fate::Leaving,
        Some("InService") => Fate::InService,
        _ => Fate::Unknown,
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
