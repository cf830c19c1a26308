//! After SIGTERM: look, decide, sleep, until the decision is to leave.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use protector_core::control::Control;
use protector_core::record::Record;
use protector_core::wait::{
    Ask, Because, Fate, Known, Next, Observation, Reading, Switch, Task, Together, Trouble, Wait, Why,
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::aws::ssm::{Answers, Parameters};
use crate::aws::{Aws, Fault};
use crate::chance::chance;
use crate::find;
use crate::imds;
use crate::place::{Place, Records};
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
    parameters: Option<Parameters>,
    wait: Wait,
    since: Instant,
    reads: u32,
    record: Option<Record>,
    fault: Option<Fault>,
    control: Option<Control>,
    /// Was the call for the records denied, so that each is asked for by itself?
    one_by_one: bool,
    said: Said,
}

/// What was said, and when.
#[derive(Default)]
struct Said {
    at: Option<Duration>,
    reasons: Vec<Because>,
    switch_at: Option<Duration>,
}

/// What the parameters said in one look.
struct Heard {
    reading: Reading,
    switch: Switch,
    together: Together,
}

impl Heard {
    /// Nothing was asked for, for this reason.
    fn nothing(trouble: Trouble) -> Self {
        Self {
            reading: Reading::Trouble(trouble),
            switch: Switch::NotAsked,
            together: Together::NotAsked,
        }
    }
}

impl<'a> Hold<'a> {
    /// A hold that began with a SIGTERM at `since`. Without a place it goes on looking for it.
    pub(crate) fn new(settings: &'a Settings, log: Log, place: Option<Place>, since: Instant) -> Self {
        Self {
            settings,
            log,
            place,
            aws: Aws::new(),
            parameters: None,
            wait: Wait::new(settings.policy),
            since,
            reads: 0,
            record: None,
            fault: None,
            control: None,
            one_by_one: false,
            said: Said::default(),
        }
    }

    /// Holds. Writes the last line.
    pub(crate) async fn run(mut self) -> Why {
        loop {
            let seen = self.look().await;
            match self.wait.next(&self.known(), &seen) {
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
        let (task, heard, fate) = if self.settings.policy.disabled {
            (Task::Absent, Heard::nothing(Trouble::NotAsked), Fate::Unknown)
        } else {
            self.look_around().await
        };
        Observation {
            since_sigterm: self.held(),
            sigterm_at: self.aws.clock().at(self.since),
            host_clock: Timestamp::now(),
            reading: heard.reading,
            switch: heard.switch,
            together: heard.together,
            task,
            fate,
            chance: chance(),
        }
    }

    /// The host first: if nothing is left to protect, nobody else need be asked.
    async fn look_around(&mut self) -> (Task, Heard, Fate) {
        let own = self.place.as_ref().map(|p| &p.own_container);
        let told = task::ask().await;
        let task = task::state(&told, &self.settings.protects, own);
        if task == Task::Stopped {
            return (task, Heard::nothing(Trouble::NotAsked), Fate::Unknown);
        }
        let heard = self.hear(&told).await;
        let fate = if self.wait.wants_fate(&self.known(), &heard.reading) {
            imds::fate().await
        } else {
            Fate::Unknown
        };
        (task, heard, fate)
    }

    fn known(&self) -> Known {
        self.place
            .as_ref()
            .map_or_else(Known::default, |place| place.known.clone())
    }

    /// Asks Parameter Store for what the wait wants to know.
    async fn hear(&mut self, told: &Told) -> Heard {
        let place = self.place(told).await;
        let asks = self.wait.asks(place.is_ok(), self.held());
        let mut heard = Heard::nothing(Trouble::NotAsked);
        match (asks, place) {
            (Ask::Both, Ok(place)) => heard = self.both(&place).await,
            (Ask::Record, Ok(place)) => heard.reading = self.records_alone(&place).await,
            (Ask::Nothing, Ok(_)) => {}
            (Ask::Switch, Ok(_)) => heard.switch = self.switch_alone().await,
            (asks, Err(unplaced)) => {
                if asks == Ask::Switch {
                    heard.switch = self.switch_of_region(told).await;
                }
                heard.reading = self.trouble(unplaced);
            }
        }
        heard
    }

    /// Where this is, once it is known.
    async fn place(&mut self, told: &Told) -> Result<Place, Fault> {
        let place = match self.place.take() {
            Some(place) => place,
            None => find::place_in_time(self.settings, told).await?,
        };
        let place = self.place.insert(place);
        if !self.parameters.as_ref().is_some_and(Parameters::are_placed) {
            self.parameters = Some(Parameters::of(place, &self.settings.prefix));
        }
        Ok(place.clone())
    }

    /// Records and kill switch in one call, or each by itself if that is denied.
    async fn both(&mut self, place: &Place) -> Heard {
        let records = place.records(&self.settings.prefix);
        let control = self.settings.prefix.control_name();
        match self.ask_together(&records, Some(&control)).await {
            Ok(answers) => Heard {
                reading: self.understand(answers.reading(place, &records)),
                switch: self.obey(answers.text(&control)),
                together: Together::Answered,
            },
            Err(fault) if fault.trouble == Trouble::Denied => Heard {
                reading: self.records_alone(place).await,
                switch: self.switch_alone().await,
                together: Together::Denied,
            },
            Err(fault) => Heard {
                reading: self.trouble(fault),
                switch: Switch::Unclear,
                together: Together::Answered,
            },
        }
    }

    /// The records without the switch; if that is denied too, one by one, as a role that has `GetParameter` alone may.
    async fn records_alone(&mut self, place: &Place) -> Reading {
        let records = place.records(&self.settings.prefix);
        let mut answers = match self.one_by_one {
            true => self.ask_one_by_one(&records).await,
            false => self.ask_together(&records, None).await,
        };
        if matches!(&answers, Err(fault) if fault.trouble == Trouble::Denied) && !self.one_by_one {
            self.one_by_one = true;
            answers = self.ask_one_by_one(&records).await;
        }
        let reading = answers.and_then(|answers| answers.reading(place, &records));
        self.understand(reading)
    }

    async fn ask_one_by_one(&mut self, records: &Records) -> Result<Answers, Fault> {
        let mut answers = Answers::default();
        for name in records.names() {
            let text = self.ask_alone(name).await?;
            answers.learn(name, text);
        }
        Ok(answers)
    }

    async fn switch_alone(&mut self) -> Switch {
        let text = self.ask_alone(&self.settings.prefix.control_name()).await;
        self.obey(text)
    }

    /// The kill switch of a sidecar that does not know its instance: the region is enough.
    async fn switch_of_region(&mut self, told: &Told) -> Switch {
        if self.parameters.is_none() {
            let region = find::region_of(told);
            self.parameters = region.map(|region| Parameters::in_region(&region, &self.settings.prefix));
        }
        match self.parameters {
            Some(_) => self.switch_alone().await,
            None => Switch::NotAsked,
        }
    }

    async fn ask_together(&mut self, records: &Records, control: Option<&str>) -> Result<Answers, Fault> {
        let Some(parameters) = &mut self.parameters else {
            return Err(no_region());
        };
        self.reads = self.reads.saturating_add(1);
        parameters.records(&self.aws, records, control).await
    }

    async fn ask_alone(&mut self, name: &str) -> Result<Option<String>, Fault> {
        let Some(parameters) = &mut self.parameters else {
            return Err(no_region());
        };
        self.reads = self.reads.saturating_add(1);
        parameters.alone(&self.aws, name).await
    }

    /// What the records say.
    fn understand(&mut self, reading: Result<Reading, Fault>) -> Reading {
        let reading = match reading {
            Ok(reading) => reading,
            Err(fault) => return self.trouble(fault),
        };
        self.fault = None;
        if let Reading::Record(record) = &reading {
            self.record = Some((**record).clone());
        }
        reading
    }

    fn trouble(&mut self, fault: Fault) -> Reading {
        let trouble = fault.trouble;
        self.fault = Some(fault);
        Reading::Trouble(trouble)
    }

    /// What the kill switch says. What is wrong with it is logged, and changes nothing.
    fn obey(&mut self, text: Result<Option<String>, Fault>) -> Switch {
        let read = text
            .map_err(|fault| fault.detail)
            .and_then(|text| text.as_deref().map_or(Ok(Control::On), Control::decode));
        match read {
            Ok(mode) => {
                self.control = Some(mode);
                Switch::Says(mode)
            }
            Err(problem) => {
                self.say_switch(&problem);
                Switch::Unclear
            }
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

fn no_region() -> Fault {
    Fault::failed("region unknown", "set AWS_REGION")
}
