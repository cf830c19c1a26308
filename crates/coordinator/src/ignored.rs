//! Events that do not concern this deployment: a success, and one line.

use protector_core::trigger::TriggerKind;
use serde::Serialize;

use crate::context::RunContext;
use crate::handled::Handled;
use crate::log_line::LogLine;
use crate::logging::Level;

/// What an `ignored` line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum IgnoredTrigger {
    /// An event whose kind is not one of ours.
    Event,
    /// A cluster that does not exist.
    Cluster,
    /// A trigger of this kind.
    #[serde(untagged)]
    Kind(TriggerKind),
}

impl From<TriggerKind> for IgnoredTrigger {
    fn from(kind: TriggerKind) -> IgnoredTrigger {
        IgnoredTrigger::Kind(kind)
    }
}

impl RunContext {
    /// Logs why nothing is done.
    pub(crate) fn ignored(&self, level: Level, trigger: impl Into<IgnoredTrigger>, message: &str) -> Handled {
        let line = LogLine::Ignored {
            request_id: &self.request_id,
            trigger: trigger.into(),
            message,
        };
        self.logger.log(level, &line);
        Handled::Ignored
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_has_no_kind_of_its_own_is_named_as_documented() {
        assert_eq!(json!(IgnoredTrigger::from(TriggerKind::Spot)), "spot");
        assert_eq!(json!(IgnoredTrigger::Event), "event");
        assert_eq!(json!(IgnoredTrigger::Cluster), "cluster");
    }
}
