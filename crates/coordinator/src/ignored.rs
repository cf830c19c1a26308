//! Events that do not concern this deployment: a success, and one line.

use crate::context::RunContext;
use crate::handled::Handled;
use crate::log_line::{IgnoredTrigger, LogLine};
use crate::logging::Level;

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
