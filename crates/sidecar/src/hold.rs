//! After SIGTERM: puts the questions of the core's protocol, sleeps as it says, and exits when it does.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use protector_core::control::Control;
use protector_core::hold::{self, Answer, Moment, Step};
use protector_core::wait::{Because, Why};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::aws::ssm::Parameters;
use crate::aws::{Aws, Fault};
use crate::chance::chance;
use crate::find;
use crate::imds;
use crate::place::Place;
use crate::say::{self, Level, Log};
use crate::settings::Settings;
use crate::task::{self, Told};
use crate::words;

/// While it holds, the sidecar says why so often.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// One hold.
pub(crate) struct Hold<'a> {
    settings: &'a Settings,
    log: Log,
    protocol: hold::Hold,
    aws: Aws,
    parameters: Option<Parameters>,
    /// What task metadata said last: it also tells where this is.
    told: Told,
    since: Instant,
    fault: Option<Fault>,
    said: Said,
}

/// What was said, and when.
#[derive(Default)]
struct Said {
    at: Option<Duration>,
    reasons: Vec<Because>,
    switch_at: Option<Duration>,
}

impl<'a> Hold<'a> {
    /// A hold that began with a SIGTERM at `since`. Without a place it goes on looking for it.
    pub(crate) fn new(settings: &'a Settings, log: Log, place: Option<Place>, since: Instant) -> Self {
        Self {
            settings,
            log,
            protocol: hold::Hold::new(settings.policy, settings.prefix.clone(), place),
            aws: Aws::new(),
            parameters: None,
            told: Told::NoAddress,
            since,
            fault: None,
            said: Said::default(),
        }
    }

    /// Holds. Writes the last line.
    pub(crate) async fn run(mut self) -> Why {
        let mut answer = Answer::Nothing;
        loop {
            answer = match self.protocol.next(&self.moment(), answer) {
                Step::ReadTask => self.read_task().await,
                Step::FindIdentity => self.find_identity().await,
                Step::ReadParameters(names) => self.read_parameters(&names).await,
                Step::ReadParameter(name) => self.read_parameter(&name).await,
                Step::ReadInstanceMetadata => Answer::Instance(imds::fate().await),
                Step::Sleep { duration, because } => {
                    self.say_problem_of_switch();
                    self.say_hold(because, duration);
                    sleep(duration.unsigned_abs()).await;
                    Answer::Nothing
                }
                Step::Exit(why) => {
                    self.say_exit(why);
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
            jitter: chance(),
        }
    }

    async fn read_task(&mut self) -> Answer {
        self.told = task::ask().await;
        let own = self.protocol.identity().map(|place| &place.own_container);
        Answer::Task(task::state(&self.told, &self.settings.protects, own))
    }

    async fn find_identity(&mut self) -> Answer {
        let found = find::place_in_time(self.settings, &self.told).await;
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
            self.say_switch(&fault.detail);
            fault.trouble
        }))
    }

    fn answer(&mut self, read: Result<hold::Parameters, Fault>) -> Answer {
        if read.is_ok() {
            self.fault = None;
        }
        Answer::Parameters(read.map_err(|fault| self.note(fault)))
    }

    fn note(&mut self, fault: Fault) -> protector_core::wait::Trouble {
        self.fault.insert(fault).trouble
    }

    /// The client, once the region is known. It learns which permission to name when the place is known.
    fn parameters(&mut self) -> Option<(&mut Parameters, &Aws)> {
        let prefix = &self.settings.prefix;
        match self.protocol.identity() {
            Some(place) if !self.parameters.as_ref().is_some_and(Parameters::are_placed) => {
                self.parameters = Some(Parameters::of(place, prefix));
            }
            None if self.parameters.is_none() => {
                let region = find::region_of(&self.told);
                self.parameters = region.map(|region| Parameters::in_region(&region, prefix));
            }
            _ => {}
        }
        Some((self.parameters.as_mut()?, &self.aws))
    }

    fn say_problem_of_switch(&mut self) {
        if let Some(problem) = self.protocol.control_problem().map(str::to_owned) {
            self.say_switch(&problem);
        }
    }

    /// At once, and then once a minute.
    fn say_switch(&mut self, problem: &str) {
        let now = self.since.elapsed();
        if self
            .said
            .switch_at
            .is_some_and(|at| now.saturating_sub(at) < SAY_EVERY)
        {
            return;
        }
        self.said.switch_at = Some(now);
        let name = self.settings.prefix.control_name();
        let fields = json!({"parameter": name, "problem": say::short(problem)});
        self.log.say(Level::Warn, "control", &fields);
    }

    fn held(&self) -> SignedDuration {
        SignedDuration::try_from(self.since.elapsed()).unwrap_or(SignedDuration::MAX)
    }

    /// The first line at once, a new reason at once but only its first time, and all of it every minute.
    fn say_hold(&mut self, because: Because, pause: SignedDuration) {
        let now = self.since.elapsed();
        let due = self.said.at.is_none_or(|at| now.saturating_sub(at) >= SAY_EVERY);
        let news = !self.said.reasons.contains(&because);
        let level = match (because, due || news) {
            (_, false) => Level::Debug,
            (Because::Trouble(_), true) => Level::Warn,
            (_, true) => Level::Info,
        };
        let event = if self.said.at.is_none() { "hold" } else { "holding" };
        if due || news {
            self.said.at = Some(now);
        }
        if news {
            self.said.reasons.push(because);
        }
        let message = words::hold(because, self.protocol.record(), self.held());
        self.log
            .say(level, event, &self.state(json!(because), message, Some(pause)));
    }

    fn say_exit(&self, why: Why) {
        let level = if why.is_unreleased() {
            Level::Warn
        } else {
            Level::Info
        };
        let message = words::exit(why, self.protocol.record(), self.held());
        let mut fields = self.state(json!(why), message, None);
        if let Value::Object(map) = &mut fields {
            map.insert("code".to_owned(), json!(why.code()));
            if why.is_unreleased() {
                map.extend(say::unreleased_exit(&json!(why), Timestamp::now()));
            }
        }
        say::always(level, "exit", &fields);
    }

    fn state(&self, why: Value, message: String, pause: Option<SignedDuration>) -> Value {
        let place = self.protocol.identity();
        let parameter = place.map(|place| place.parameter(&self.settings.prefix));
        let mut fields = json!({
            "why": why,
            "message": message,
            "heldSeconds": self.held().as_millis_f64().round() / 1000.0,
            "reads": self.protocol.reads(),
            "parameter": parameter,
            "lastRecord": say::summary(self.protocol.record()),
            "control": self.protocol.control().map(Control::name),
        });
        if let Value::Object(map) = &mut fields {
            if let Some(pause) = pause {
                map.insert(
                    "nextReadSeconds".to_owned(),
                    json!(pause.as_millis_f64().round() / 1000.0),
                );
            }
            if let Some(fault) = &self.fault {
                map.insert("detail".to_owned(), json!(fault.detail));
                map.insert("mend".to_owned(), json!(fault.mend));
            }
        }
        fields
    }
}

fn no_region() -> Fault {
    Fault::failed("region unknown", "set AWS_REGION")
}
