//! After SIGTERM: look, decide, sleep, until the decision is to leave.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use protector_core::control::Control;
use protector_core::record::Record;
use protector_core::wait::{
    Because, Fate, Known, Next, Observation, Reading, Switch, Task, Trouble, Wait, Why,
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::aws::ssm::Parameter;
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
    place: Option<Place>,
    aws: Aws,
    parameter: Option<Parameter>,
    wait: Wait,
    since: Instant,
    reads: u32,
    record: Option<Record>,
    fault: Option<Fault>,
    control: Option<Control>,
    said: Said,
}

/// What was said, and when.
#[derive(Default)]
struct Said {
    at: Option<Duration>,
    reasons: Vec<Because>,
}

impl<'a> Hold<'a> {
    /// A hold that began with a SIGTERM at `since`. Without a place it goes on looking for it.
    pub(crate) fn new(settings: &'a Settings, log: Log, place: Option<Place>, since: Instant) -> Self {
        Self {
            settings,
            log,
            place,
            aws: Aws::new(),
            parameter: None,
            wait: Wait::new(settings.policy),
            since,
            reads: 0,
            record: None,
            fault: None,
            control: None,
            said: Said::default(),
        }
    }

    /// Holds. Writes the last line.
    pub(crate) async fn run(mut self) -> Why {
        loop {
            let seen = self.look().await;
            let known = self
                .place
                .as_ref()
                .map_or_else(Known::default, |p| p.known.clone());
            match self.wait.next(&known, &seen) {
                Next::Leave(why) => {
                    self.say_exit(why);
                    return why;
                }
                Next::Sleep { duration, because } => {
                    self.say_hold(because, duration);
                    sleep(duration.unsigned_abs()).await;
                }
            }
        }
    }

    async fn look(&mut self) -> Observation {
        let (task, reading, fate) = if self.settings.policy.disabled {
            (Task::Absent, Reading::Trouble(Trouble::NotAsked), Fate::Unknown)
        } else {
            self.look_around().await
        };
        let switch = match &reading {
            Reading::Record(record) if !record.is_released() => self.switch().await,
            _ => Switch::NotAsked,
        };
        Observation {
            now: Timestamp::now(),
            switch,
            since_sigterm: self.held(),
            reading,
            task,
            fate,
            chance: chance(),
        }
    }

    /// The host first: if nothing is left to protect, nobody else need be asked.
    async fn look_around(&mut self) -> (Task, Reading, Fate) {
        let own = self.place.as_ref().map(|p| &p.own_container);
        let told = task::ask().await;
        let task = task::state(&told, &self.settings.protects, own);
        if task == Task::Stopped {
            return (task, Reading::Trouble(Trouble::NotAsked), Fate::Unknown);
        }
        let reading = self.reading(&told).await;
        let fate = if self.wants_fate(&reading) {
            imds::fate().await
        } else {
            Fate::Unknown
        };
        (task, reading, fate)
    }

    /// The instance's fate only matters while there is no record of this drain. A release may turn out to be none of
    /// this drain's, so it is asked for then too.
    fn wants_fate(&self, reading: &Reading) -> bool {
        let maybe_absent = match reading {
            Reading::NotFound => true,
            Reading::Record(record) => record.is_released() || self.is_foreign(record),
            Reading::Trouble(_) => false,
        };
        maybe_absent && self.wait.wants_fate()
    }

    fn is_foreign(&self, record: &Record) -> bool {
        self.place.as_ref().is_some_and(|p| p.known.is_foreign(record))
    }

    async fn reading(&mut self, told: &Told) -> Reading {
        match self.try_read(told).await {
            Ok(reading) => {
                self.fault = None;
                if let Reading::Record(record) = &reading {
                    self.record = Some((**record).clone());
                }
                reading
            }
            Err(fault) => {
                let trouble = fault.trouble;
                self.fault = Some(fault);
                Reading::Trouble(trouble)
            }
        }
    }

    /// The kill switch, if it is time to read it. What is wrong with it is said, and changes nothing.
    async fn switch(&mut self) -> Switch {
        if !self.wait.wants_switch(self.held()) {
            return Switch::NotAsked;
        }
        let Some(parameter) = &mut self.parameter else {
            return Switch::NotAsked;
        };
        self.reads = self.reads.saturating_add(1);
        let name = self.settings.prefix.control_name();
        let text = parameter.text(&self.aws, &name).await;
        let read = text
            .map_err(|fault| fault.detail)
            .and_then(|text| text.as_deref().map_or(Ok(Control::On), Control::decode));
        match read {
            Ok(mode) => {
                self.control = Some(mode);
                Switch::Says(mode)
            }
            Err(problem) => {
                let fields = json!({"parameter": name, "problem": say::short(&problem)});
                self.log.say(Level::Warn, "control", &fields);
                Switch::Unclear
            }
        }
    }

    async fn try_read(&mut self, told: &Told) -> Result<Reading, Fault> {
        let place = match self.place.take() {
            Some(place) => place,
            None => find::place_in_time(self.settings, &self.aws, told).await?,
        };
        let place = self.place.insert(place);
        let parameter = self
            .parameter
            .get_or_insert_with(|| Parameter::of(place, &self.settings.prefix));
        self.reads = self.reads.saturating_add(1);
        parameter.read(&self.aws).await
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
        let message = words::hold(because, self.record.as_ref(), self.held());
        self.log
            .say(level, event, &self.state(json!(because), message, Some(pause)));
    }

    fn say_exit(&self, why: Why) {
        let level = if why.code() == 0 { Level::Info } else { Level::Warn };
        let message = words::exit(why, self.record.as_ref(), self.held());
        let mut fields = self.state(json!(why), message, None);
        if let Value::Object(map) = &mut fields {
            map.insert("code".to_owned(), json!(why.code()));
        }
        say::always(level, "exit", &fields);
    }

    fn state(&self, why: Value, message: String, pause: Option<SignedDuration>) -> Value {
        let parameter = self.place.as_ref().map(|p| p.parameter(&self.settings.prefix));
        let mut fields = json!({
            "why": why,
            "message": message,
            "heldSeconds": self.held().as_millis_f64().round() / 1000.0,
            "reads": self.reads,
            "parameter": parameter,
            "lastRecord": say::summary(self.record.as_ref()),
            "control": self.control.map(Control::name),
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
