//! The coordinator's log.

use super::Account;
use super::time::milliseconds;
use jiff::Timestamp;
use protector_diagnosis::read::Reading;

/// So many pages are read at most: a page may be empty although there is more.
const PAGES: usize = 20;

impl Account {
    /// Lines of a log group since a time that fit a filter pattern, oldest first.
    ///
    /// # Errors
    /// The gap.
    pub(crate) async fn log_lines(
        &self,
        group: &str,
        pattern: &str,
        since: Timestamp,
    ) -> Reading<Vec<String>> {
        let mut found = Vec::new();
        let mut token = None;
        for _ in 0..PAGES {
            let request = self
                .logs
                .filter_log_events()
                .log_group_name(group)
                .filter_pattern(pattern)
                .start_time(milliseconds(since))
                .set_next_token(token);
            let page = self.call("logs:FilterLogEvents", request.send()).await?;
            found.extend(
                page.events
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|event| event.message),
            );
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        Ok(found)
    }
}
