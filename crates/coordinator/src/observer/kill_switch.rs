//! Minding the kill switch: it comes with every record that is read, and with the tick's listing.

use protector_core::control::{Control, KillSwitch};
use protector_core::limits::coordinator::KILL_SWITCH_TTL;
use protector_core::record::ParameterPrefix;

use crate::aws::{Aws, ErrorKind};
use crate::cache::Cache;
use crate::context::RunContext;
use crate::log_line::LogLine;
use crate::logging::Level;

/// Reads the kill switch, and remembers what it says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KillSwitchReader<'r> {
    pub(super) aws: &'r Aws,
    pub(super) cache: &'r Cache,
    pub(super) prefix: &'r ParameterPrefix,
    pub(super) run: &'r RunContext,
}

impl KillSwitchReader<'_> {
    /// Reads the kill switch if the last reading is old. What cannot be read leaves it as it is. Many runs of a tick want
    /// it at once.
    pub(crate) async fn refresh(&self) {
        let reading = &self.cache.control_reading;
        reading
            .read_once((), &self.run.clock, || self.is_fresh(), self.read())
            .await;
    }

    /// Returns whether the kill switch was read a moment ago.
    pub(crate) fn is_fresh(&self) -> bool {
        self.cache.control_is_fresh(self.run.now(), KILL_SWITCH_TTL)
    }

    /// Reads the kill switch. What cannot be read leaves it as it is.
    pub(crate) async fn read(&self) {
        match self.aws.get_text(&self.prefix.control_name()).await {
            Ok(text) => self.apply(Some(&text)),
            Err(failure) if failure.kind == ErrorKind::NotFound => self.apply(None),
            Err(failure) if self.cache.control_problem_is_news(self.run.now()) => {
                let error = failure.to_string();
                self.log_control(&LogLine::ControlUnread { error });
            }
            Err(_) => {}
        }
    }

    /// Obeys what the parameter says; without it everything is on. A malformed one changes nothing.
    pub(crate) fn apply(&self, text: Option<&str>) {
        let before = self.cache.kill_switch();
        let read = text.map_or(Ok(Control::On.into()), KillSwitch::decode);
        let switch = read.as_ref().unwrap_or(&before).clone();
        self.cache.insert_kill_switch(switch.clone(), self.run.now());
        let (control, before) = (switch.control, before.control);
        if let Err(problem) = read {
            if !self.cache.control_problem_is_news(self.run.now()) {
                return;
            }
            self.log_control(&LogLine::ControlMalformed {
                mode: control,
                error: &problem,
            });
        } else if control != before {
            self.log_control(&LogLine::ControlChanged {
                mode: control,
                previous: before,
                who: switch.who.as_deref(),
                why: switch.why.as_deref(),
            });
        }
    }

    fn log_control(&self, line: &LogLine<'_>) {
        self.run.logger.log(Level::Warn, line);
    }
}
