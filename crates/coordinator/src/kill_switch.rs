//! Minding the kill switch: it comes with every record that is read, and with the tick's listing.

use protector_core::control::{Control, KillSwitch};
use protector_core::limits::coordinator::KILL_SWITCH_TTL;
use serde_json::json;

use crate::aws::ErrorKind;
use crate::coordinator::Coordinator;
use crate::logging::Level;

impl Coordinator {
    /// Reads the kill switch if the last reading is old. What cannot be read leaves it as it is.
    pub(crate) async fn refresh_kill_switch(&self) {
        if !self.kill_switch_is_fresh() {
            self.read_kill_switch().await;
        }
    }

    /// Returns whether the kill switch was read a moment ago.
    pub(crate) fn kill_switch_is_fresh(&self) -> bool {
        self.cache.control_is_fresh(self.now(), KILL_SWITCH_TTL)
    }

    /// Reads the kill switch. What cannot be read leaves it as it is.
    pub(crate) async fn read_kill_switch(&self) {
        match self.aws.get_text(&self.policy.prefix.control_name()).await {
            Ok(text) => self.apply_kill_switch(Some(&text)),
            Err(failure) if failure.kind == ErrorKind::NotFound => self.apply_kill_switch(None),
            Err(failure) if self.cache.control_problem_is_news(self.now()) => {
                self.logger
                    .log(Level::Warn, "control", json!({"error": failure.to_string()}))
            }
            Err(_) => {}
        }
    }

    /// Obeys what the parameter says; without it everything is on. A malformed one changes nothing.
    pub(crate) fn apply_kill_switch(&self, text: Option<&str>) {
        let before = self.cache.kill_switch();
        let read = text.map_or(Ok(Control::On.into()), KillSwitch::decode);
        let switch = read.as_ref().unwrap_or(&before).clone();
        self.cache.learn_kill_switch(switch.clone(), self.now());
        let (control, before) = (switch.control, before.control);
        if let Err(problem) = read {
            if !self.cache.control_problem_is_news(self.now()) {
                return;
            }
            self.logger.log(
                Level::Warn,
                "control",
                json!({"mode": control.name(), "error": problem}),
            );
        } else if control != before {
            let mut fields = json!({"mode": control.name(), "previous": before.name()});
            let remarks = [("who", switch.who), ("why", switch.why)];
            for (name, remark) in remarks {
                if let Some(text) = remark {
                    fields[name] = json!(text);
                }
            }
            self.logger.log(Level::Warn, "control", fields);
        }
    }

    /// What the run may do, for its lines.
    pub(crate) fn mode(&self) -> &'static str {
        if self.policy.dry_run {
            "dry-run"
        } else {
            self.cache.control().name()
        }
    }
}
