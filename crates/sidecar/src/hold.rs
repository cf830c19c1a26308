//! After SIGTERM: puts the questions of the core's protocol, sleeps as it says, and exits when it does.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use protector_core::control::Control;
use protector_core::hold::state::{ExitReason, HoldReason};
use protector_core::hold::{self, Answer, Moment, Step};
use protector_core::limits::sidecar::HOLD_LOG_INTERVAL;
use protector_runtime::log::fields;
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use crate::aws::ssm::Parameters;
use crate::aws::{Aws, AwsError};
use crate::discovery;
use crate::identity::Place;
use crate::imds;
use crate::jitter::jitter;
use crate::logging::{self, Level, Logger};
use crate::messages;
use crate::settings::SidecarSettings;
use crate::task_metadata::{self, TaskMetadataResponse};

pub(crate) struct Hold<'a> {
    settings: &'a SidecarSettings,
    log: Logger,
    protocol: hold::Hold,
    aws: Aws,
    parameters: Option<Parameters>,
    /// The last answer of task metadata: it also says where this is.
    reported: TaskMetadataResponse,
    since: Instant,
    fault: Option<AwsError>,
    said: LastLogged,
}

/// The last reasons that were logged, and when.
#[derive(Default)]
struct LastLogged {
    at: Option<Duration>,
    reasons: Vec<HoldReason>,
    switch_at: Option<Duration>,
}

impl<'a> Hold<'a> {
    /// A hold that began with a SIGTERM at `since`. Without a place it continues to look for it.
    pub(crate) fn new(
        settings: &'a SidecarSettings,
        log: Logger,
        place: Option<Place>,
        since: Instant,
    ) -> Self {
        Self {
            settings,
            log,
            protocol: hold::Hold::new(settings.policy, settings.prefix.clone(), place),
            aws: Aws::new(),
            parameters: None,
            reported: TaskMetadataResponse::NotOnEcs,
            since,
            fault: None,
            said: LastLogged::default(),
        }
    }

    /// Holds. Writes the last line.
    pub(crate) async fn run(mut self) -> ExitReason {
        let mut answer = Answer::Nothing;
        loop {
            answer = match self.protocol.next(&self.moment(), answer) {
                Step::ReadTask => self.read_task().await,
                Step::FindIdentity => self.find_identity().await,
                Step::ReadParameters(names) => self.read_parameters(&names).await,
                Step::ReadParameter(name) => self.read_parameter(&name).await,
                Step::ReadInstanceMetadata => Answer::Instance(imds::target_lifecycle_state().await),
                Step::Sleep {
                    duration,
                    reason: because,
                } => {
                    self.log_kill_switch_problem();
                    self.log_hold(because, duration);
                    sleep(duration.unsigned_abs()).await;
                    Answer::Nothing
                }
                Step::Exit(why) => {
                    self.log_exit(why);
                    return why;
                }
            };
        }
    }

    fn moment(&self) -> Moment {
        Moment {
            since_sigterm: self.held(),
            sigterm_at: self.aws.clock().at(self.since),
            host_clock: Timestamp::now(),
            jitter: jitter(),
        }
    }

    async fn read_task(&mut self) -> Answer {
        self.reported = task_metadata::fetch().await;
        let own = self.protocol.identity().map(|place| &place.own_container);
        Answer::Task(task_metadata::state(&self.reported, &self.settings.protects, own))
    }

    async fn find_identity(&mut self) -> Answer {
        let found = discovery::place_in_time(self.settings, &self.reported).await;
        Answer::Identity(found.map_err(|fault| self.note(fault)))
    }

    async fn read_parameters(&mut self, names: &[String]) -> Answer {
        let read = match self.parameters() {
            Some((parameters, aws)) => parameters.together(aws, names).await,
            None => Err(no_region()),
        };
        self.answer(read)
    }

    /// The kill switch, which has a line of its own for what is wrong with it, or a record.
    async fn read_parameter(&mut self, name: &str) -> Answer {
        let read = match self.parameters() {
            Some((parameters, aws)) => parameters.alone(aws, name).await,
            None => Err(no_region()),
        };
        if name != self.settings.prefix.control_name() {
            return self.answer(read);
        }
        Answer::Parameters(read.map_err(|fault| {
            self.log_kill_switch(&fault.detail);
            fault.kind
        }))
    }

    fn answer(&mut self, read: Result<hold::Parameters, AwsError>) -> Answer {
        if read.is_ok() {
            self.fault = None;
        }
        Answer::Parameters(read.map_err(|fault| self.note(fault)))
    }

    fn note(&mut self, fault: AwsError) -> protector_core::hold::state::ReadError {
        self.fault.insert(fault).kind
    }

    /// The client, once the region is known. It learns which permission to name when the place is known.
    fn parameters(&mut self) -> Option<(&mut Parameters, &Aws)> {
        let prefix = &self.settings.prefix;
        match self.protocol.identity() {
            Some(place) if !self.parameters.as_ref().is_some_and(Parameters::are_placed) => {
                self.parameters = Some(Parameters::of(place, prefix));
            }
            None if self.parameters.is_none() => {
                let region = discovery::region_of(&self.reported);
                self.parameters = region.map(|region| Parameters::in_region(&region, prefix));
            }
            _ => {}
        }
        Some((self.parameters.as_mut()?, &self.aws))
    }

    fn log_kill_switch_problem(&mut self) {
        if let Some(problem) = self.protocol.control_problem().map(str::to_owned) {
            self.log_kill_switch(&problem);
        }
    }

    /// At once, and then once a minute.
    fn log_kill_switch(&mut self, problem: &str) {
        let now = self.since.elapsed();
        if self
            .said
            .switch_at
            .is_some_and(|at| now.saturating_sub(at) < HOLD_LOG_INTERVAL)
        {
            return;
        }
        self.said.switch_at = Some(now);
        let name = self.settings.prefix.control_name();
        let fields = json!({"parameter": name, "error": logging::short(problem)});
        self.log.log(Level::Warn, "control", &fields);
    }

    fn held(&self) -> SignedDuration {
        SignedDuration::try_from(self.since.elapsed()).unwrap_or(SignedDuration::MAX)
    }

    /// The first line at once, a new reason at once but only its first time, and all of it every minute.
    fn log_hold(&mut self, because: HoldReason, pause: SignedDuration) {
        let now = self.since.elapsed();
        let due = self
            .said
            .at
            .is_none_or(|at| now.saturating_sub(at) >= HOLD_LOG_INTERVAL);
        let news = !self.said.reasons.contains(&because);
        let level = match (because, due || news) {
            (_, false) => Level::Debug,
            (HoldReason::ReadFailed(_), true) => Level::Warn,
            (_, true) => Level::Info,
        };
        let first = self.said.at.is_none();
        if due || news {
            self.said.at = Some(now);
        }
        if news {
            self.said.reasons.push(because);
        }
        let message = messages::hold(because, self.protocol.record(), self.held());
        let mut state = self.state(json!(because), message, Some(pause));
        if first {
            state.insert("first".to_owned(), true.into());
        }
        self.log.log(level, "holding", &state.into());
    }

    fn log_exit(&self, why: ExitReason) {
        let level = if why.is_unreleased() {
            Level::Warn
        } else {
            Level::Info
        };
        let message = messages::exit(why, self.protocol.record(), self.held());
        let reason = json!(why);
        let mut state = self.state(reason.clone(), message, None);
        state.insert("code".to_owned(), why.code().into());
        if why.is_unreleased() {
            state.extend(logging::unreleased_exit(reason, Timestamp::now()));
        }
        logging::log_always(level, "exit", &state.into());
    }

    fn state(&self, why: Value, message: String, pause: Option<SignedDuration>) -> Map<String, Value> {
        let place = self.protocol.identity();
        let parameter = place.map(|place| place.parameter(&self.settings.prefix));
        let mut state = vec![
            ("reason", why),
            ("message", message.into()),
            ("heldSeconds", seconds(self.held())),
            ("reads", self.protocol.reads().into()),
            ("parameter", parameter.into()),
            ("lastRecord", logging::summary(self.protocol.record())),
            ("control", self.protocol.control().map(Control::name).into()),
        ];
        state.extend(pause.map(|pause| ("nextReadInSeconds", seconds(pause))));
        if let Some(fault) = &self.fault {
            state.extend([
                ("error", fault.detail.as_str().into()),
                ("hint", fault.hint.as_str().into()),
            ]);
        }
        fields(state)
    }
}

/// Seconds to a thousandth.
pub(crate) fn seconds(duration: SignedDuration) -> Value {
    (duration.as_millis_f64().round() / 1000.0).into()
}

fn no_region() -> AwsError {
    AwsError::failed("region unknown", "set AWS_REGION")
}
