//! Events that do not concern this deployment: a success, and one line.

use protector_core::trigger::TriggerKind;
use serde_json::json;

use crate::context::RunContext;
use crate::handled::Handled;
use crate::logging::Level;

/// What an `ignored` line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IgnoredTrigger {
    /// A trigger of this kind.
    Kind(TriggerKind),
    /// An event whose kind is not one of ours.
    Event,
    /// A cluster that does not exist.
    Cluster,
}

impl IgnoredTrigger {
    /// Its name in the line.
    fn name(self) -> &'static str {
        match self {
            IgnoredTrigger::Kind(kind) => kind.name(),
            IgnoredTrigger::Event => "event",
            IgnoredTrigger::Cluster => "cluster",
        }
    }
}

impl From<TriggerKind> for IgnoredTrigger {
    fn from(kind: TriggerKind) -> IgnoredTrigger {
        IgnoredTrigger::Kind(kind)
    }
}

impl RunContext {
    /// Logs why nothing is done.
    pub(crate) fn ignored(&self, level: Level, trigger: impl Into<IgnoredTrigger>, message: &str) -> Handled {
        let trigger = trigger.into().name();
        let fields = json!({"requestId": self.request_id, "trigger": trigger, "message": message});
        self.logger.log(level, "ignored", fields);
        Handled::Ignored
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_kind_of_its_own_is_named_as_documented() {
        assert_eq!(IgnoredTrigger::from(TriggerKind::Spot).name(), "spot");
        assert_eq!(IgnoredTrigger::Event.name(), "event");
        assert_eq!(IgnoredTrigger::Cluster.name(), "cluster");
    }
}
