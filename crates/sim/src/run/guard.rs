//! The product's sidecar in the model: it executes the core's protocol, as the program does.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use protector_core::early_exit::{self, Next, Surroundings};
use protector_core::hold::state::{
    ExitReason, HoldPolicy, ProtectedContainers, ReadError, Reading, SidecarIdentity, TargetLifecycleState,
    self_check_pause,
};
use protector_core::hold::{Answer, Hold, Identity, Moment, Parameters, Step};
use protector_core::record::ParameterPrefix;
use protector_core::settings::sidecar::SidecarSettings;

use super::rivals::Original;
use super::sabotage::Bug;
use crate::model::{CallError, Guard, GuardAnswer, GuardView, Stored};
use crate::scenario::{Ms, Sidecar};

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

/// The sidecars' settings that affect its decisions.
pub(super) fn policy(settings: &BTreeMap<String, String>) -> Result<HoldPolicy, String> {
    let lookup = |wanted: &str| {
        let short = wanted.strip_prefix("PROTECTOR_")?;
        settings.get(short).cloned()
    };
    let read = SidecarSettings::read(&lookup, []);
    read.map(|settings| settings.policy)
        .map_err(|problems| problems.to_string())
}

/// The exit of a sidecar with a wrong setting.
const REFUSES_ITS_SETTINGS: GuardAnswer = GuardAnswer::Exit(64, "settings");

#[derive(Default)]
struct Product {
    identity: Option<Identity>,
    hold: Option<Hold>,
    /// Self-checks in a row that have failed.
    failures: u32,
    /// Whether AWS has answered, and so has given its time.
    answered: bool,
    bug: Option<Bug>,
    seen: bool,
}

impl Guard for Product {
    fn check(&mut self, view: &mut GuardView<'_>) -> Option<GuardAnswer> {
        if view.plan().wrong_setting {
            return Some(
                match early_exit::next(Surroundings::EcsTask, signed(view.uptime())) {
                    Next::Exit => REFUSES_ITS_SETTINGS,
                    Next::LogAndWait { pause, .. } => sleep(pause),
                },
            );
        }
        self.identity = identity(view);
        if self.bug == Some(Bug::ReadsBeforeSigterm) {
            self.passes(view);
        }
        let passes = self.passes(view);
        if self.bug == Some(Bug::ObeysALeftover)
            && let Some(identity) = &mut self.identity
        {
            identity.known = SidecarIdentity::default();
        }
        if passes {
            return None;
        }
        self.failures += 1;
        Some(sleep(self_check_pause(
            &self.policy(view),
            self.failures,
            view.random(),
        )))
    }

    fn look(&mut self, view: &mut GuardView<'_>) -> GuardAnswer {
        if view.plan().wrong_setting {
            return REFUSES_ITS_SETTINGS;
        }
        let mut hold = self.hold.take().unwrap_or_else(|| {
            Hold::new(
                self.policy(view),
                ParameterPrefix::default(),
                self.identity.clone(),
            )
        });
        let mut answer = Answer::Nothing;
        let ended = loop {
            let step = hold.next(&self.moment(view), answer);
            match step {
                Step::Sleep { duration, .. } => break sleep(duration),
                Step::Exit(why) => break GuardAnswer::Exit(i32::from(why.code()), name(why)),
                question => answer = self.answer(view, question),
            }
        };
        let sabotage = sabotaged(self.bug, hold.reading(), &mut self.seen);
        self.hold = Some(hold);
        sabotage.unwrap_or(ended)
    }
}

/// The identity of the sidecar, found in the same way as the program does.
fn identity(view: &GuardView<'_>) -> Option<Identity> {
    let registration = view
        .plan()
        .knows_registration
        .then(|| view.registration().parse().ok());
    Some(Identity {
        region: "eu-west-1".to_owned(),
        cluster: view.cluster().parse().ok()?,
        instance: view.machine().parse().ok()?,
        own_container: "ecs-daemon-protector".parse().ok()?,
        task: None,
        known: SidecarIdentity {
            service: view.service().and_then(|service| service.parse().ok()),
            container_instance: registration.flatten(),
        },
    })
}

impl Product {
    fn moment(&self, view: &mut GuardView<'_>) -> Moment {
        let now = view.now();
        let sigterm = view.sigterm().unwrap_or(now);
        Moment {
            since_sigterm: signed(now - sigterm),
            sigterm_at: self.answered.then(|| crate::wall_clock(sigterm)),
            host_clock: crate::wall_clock(now) + SignedDuration::from_millis(view.clock_skew()),
            jitter: view.random(),
        }
    }

    /// One self-check: the agent answers, and so does one call, of which nothing is kept.
    fn passes(&mut self, view: &mut GuardView<'_>) -> bool {
        let Some(identity) = self.identity.as_ref().filter(|_| view.agent_answers()) else {
            return false;
        };
        let names = identity.names(&ParameterPrefix::default());
        let answer = self.answer(view, Step::ReadParameters(names));
        matches!(answer, Answer::Parameters(Ok(_)))
    }

    fn policy(&self, view: &GuardView<'_>) -> HoldPolicy {
        with_bug(policy(view.sidecar_settings()).unwrap_or_default(), self.bug)
    }

    fn answer(&mut self, view: &mut GuardView<'_>, question: Step) -> Answer {
        match question {
            Step::ReadTask => Answer::Task(task(view)),
            Step::FindIdentity => Answer::Identity(self.identity.clone().ok_or(ReadError::Unidentified)),
            Step::ReadParameters(names) => {
                let asked: Vec<&str> = names.iter().map(String::as_str).collect();
                let read = view.get_parameters(&asked);
                let as_read = |stored: Stored| match self.bug {
                    Some(bug) => bug.as_read(stored.text, view.registration()),
                    None => stored.text,
                };
                let texts = |found: Vec<Option<Stored>>| found.into_iter().map(|stored| stored.map(as_read));
                self.parameters(read.map(|found| names.iter().cloned().zip(texts(found)).collect()))
            }
            Step::ReadParameter(name) => {
                let read = match view.get_parameter(&name) {
                    Ok(stored) => Ok(Some(stored.text)),
                    Err(error) if error.code == "ParameterNotFound" => Ok(None),
                    Err(error) => Err(error),
                };
                self.parameters(read.map(|text| [(name, text)].into_iter().collect()))
            }
            Step::ReadInstanceMetadata => {
                let spot = view.spot_action();
                Answer::Instance(TargetLifecycleState::of(view.target_lifecycle_state(), spot))
            }
            Step::Sleep { .. } | Step::Exit(_) => Answer::Nothing,
        }
    }

    fn parameters(&mut self, read: Result<Parameters, CallError>) -> Answer {
        self.answered |= !matches!(&read, Err(error) if error.code == "NoCredentials");
        let deaf = self.bug == Some(Bug::NoKillSwitch);
        let read = read.map_err(|error| read_error(&error)).map(|mut read| {
            let control = ParameterPrefix::default().control_name();
            if deaf && read.text(&control).is_some() {
                read.insert(&control, None);
            }
            read
        });
        Answer::Parameters(read)
    }
}

fn task(view: &GuardView<'_>) -> ProtectedContainers {
    match (view.daemon_lives(), view.agent_answers()) {
        (false, _) => ProtectedContainers::Stopped,
        (true, true) => ProtectedContainers::Alive,
        (true, false) if view.agent_is_there() => ProtectedContainers::Unclear,
        (true, false) => ProtectedContainers::Unreachable,
    }
}

/// The sidecar's settings as one with a planted bug obeys them.
fn with_bug(mut policy: HoldPolicy, bug: Option<Bug>) -> HoldPolicy {
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

fn read_error(error: &CallError) -> ReadError {
    match error.code {
        // No answer of AWS: the model has not made the call.
        "NoCredentials" => ReadError::NoCredentials,
        code => ReadError::of_code(code),
    }
}

fn sleep(duration: SignedDuration) -> GuardAnswer {
    GuardAnswer::Sleep(Ms::try_from(duration.as_millis()).unwrap_or(1))
}

fn signed(ms: Ms) -> SignedDuration {
    SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))
}

fn name(why: ExitReason) -> &'static str {
    match why {
        ExitReason::Disabled => "disabled",
        ExitReason::ProtectedStopped => "protected-stopped",
        ExitReason::Released => "released",
        ExitReason::ServiceReleased => "service-released",
        ExitReason::KillSwitch => "kill-switch",
        ExitReason::RecordGone => "record-gone",
        ExitReason::NotADrain => "not-a-drain",
        ExitReason::NoRecordThoughTerminating => "no-record-though-terminating",
        ExitReason::HostGoingDown => "host-going-down",
        ExitReason::MaxHold => "max-hold",
        ExitReason::DeadlinePassed => "deadline-passed",
    }
}
