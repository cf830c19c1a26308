//! The coordinator's log.

use super::Account;
use super::time::milliseconds;
use jiff::{SignedDuration, Timestamp};
use protector_diagnosis::read::Reading;

/// So many pages are read at most: a page may be empty although there is more.
const PAGES: usize = 20;

/// Where the newest lines are looked for: in the last day, and if those are too few, in the six days before.
const WINDOWS: [SignedDuration; 2] = [SignedDuration::from_hours(24), SignedDuration::from_hours(7 * 24)];

/// So many pages of each are read at most: four calls in all.
const PAGES_OF_A_WINDOW: usize = 2;

/// From when on, and up to when.
type Window = (Timestamp, Option<Timestamp>);

impl Account {
    /// Lines of a log group since a time that fit a filter pattern, oldest first.
    pub(crate) async fn log_lines(
        &self,
        group: &str,
        pattern: &str,
        since: Timestamp,
    ) -> Reading<Vec<String>> {
        self.log_pages(group, pattern, (since, None), PAGES).await
    }

    /// Lines of a log group of the last week that fit a filter pattern, in no order: those of the last day alone if they
    /// are enough. It takes four calls at most, so of a busy log some may be left out.
    pub(crate) async fn newest_log_lines(
        &self,
        group: &str,
        pattern: &str,
        enough: usize,
    ) -> Reading<Vec<String>> {
        let mut found = Vec::new();
        let mut until = None;
        for window in WINDOWS {
            let since = self.now().checked_sub(window).unwrap_or(Timestamp::UNIX_EPOCH);
            let pages = self.log_pages(group, pattern, (since, until), PAGES_OF_A_WINDOW);
            found.extend(pages.await?);
            if found.len() >= enough {
                break;
            }
            until = Some(since);
        }
        Ok(found)
    }

    async fn log_pages(
        &self,
        group: &str,
        pattern: &str,
        (from, until): Window,
        pages: usize,
    ) -> Reading<Vec<String>> {
        let mut found = Vec::new();
        let mut token = None;
        for _ in 0..pages {
            let request = self
                .logs
                .filter_log_events()
                .log_group_name(group)
                .filter_pattern(pattern)
                .start_time(milliseconds(from))
                .set_end_time(until.map(milliseconds))
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
