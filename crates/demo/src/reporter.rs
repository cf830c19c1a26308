//! Reports what happens while it happens: coloured lines, plain lines, or JSON.

use super::scenario::{Kind, SIDECAR};
use super::timeline;
use jiff::Timestamp;
use protector_aws_model::Entry;
use protector_aws_model::narrator::{Narrator, Sentence};
use protector_command_line::output;
use protector_local_aws::LocalAws;
use serde_json::json;
use std::convert::Infallible;
use std::io;
use std::time::Duration;

/// Longer than any run.
const FOREVER: Duration = Duration::from_secs(86_400);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// For a terminal.
    Colour,
    /// For a file or a pipe.
    Plain,
    /// For a program: one JSON object a line.
    Json,
}

/// Reports one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reporter {
    /// The run that it reports.
    pub(crate) kind: Kind,
    pub(crate) form: Form,
}

impl Reporter {
    /// Reports one thing that happened `seconds` after the scale-in; before it if negative.
    pub(crate) fn print(&self, seconds: f64, text: &str) -> io::Result<()> {
        match self.form {
            Form::Json => {
                let run = self.kind.name();
                output::json(&json!({"event": "timeline", "run": run, "seconds": seconds, "text": text}))
            }
            Form::Plain => output::line(&plain(self.kind, seconds, text)),
            Form::Colour => output::line(&coloured(self.kind, &plain(self.kind, seconds, text))),
        }
    }
}

fn plain(kind: Kind, seconds: f64, text: &str) -> String {
    format!("{seconds:>6.1} s  {:<7}  {text}", kind.name())
}

/// Yellow without, green with; what is over is bold.
fn coloured(kind: Kind, line: &str) -> String {
    let colour = match kind {
        Kind::Without => 33,
        Kind::With => 32,
    };
    format!("\x1b[{colour}m{line}\x1b[0m")
}

/// Follows the journal of a run.
pub(crate) struct Follower {
    aws: LocalAws,
    reporter: Reporter,
    start: Timestamp,
    seen: usize,
    narrator: Narrator,
    last_record: Option<String>,
}

impl Follower {
    /// Reports what comes after the first `seen` entries; the drain begins at `start`.
    pub(crate) fn new(aws: &LocalAws, reporter: Reporter, start: Timestamp, seen: usize) -> Follower {
        Follower {
            aws: aws.clone(),
            reporter,
            start,
            seen,
            narrator: Narrator::new(SIDECAR),
            last_record: None,
        }
    }

    /// Reports everything as it happens, indefinitely.
    pub(crate) async fn follow(&mut self) -> io::Result<Infallible> {
        loop {
            let seen = self.seen;
            let news = self
                .aws
                .wait_until("something happens", FOREVER, |world| after(world.journal(), seen));
            if let Ok(news) = news.await {
                self.report(&news)?;
            }
        }
    }

    /// Reports what has not been reported yet.
    pub(crate) fn catch_up(&mut self) -> io::Result<()> {
        let news = after(&self.aws.journal(), self.seen).unwrap_or_default();
        self.report(&news)
    }

    fn report(&mut self, news: &[Entry]) -> io::Result<()> {
        self.seen += news.len();
        for entry in news {
            let Some(sentence) = self.narrator.sentence(&entry.what) else {
                continue;
            };
            if let Some(text) = timeline::text(sentence).filter(|text| self.is_news(sentence, text)) {
                let seconds = entry.at.duration_since(self.start).as_secs_f64();
                self.reporter.print(seconds, &text)?;
            }
        }
        Ok(())
    }

    /// A record is written again when its details change; what it says to a person may be the same.
    fn is_news(&mut self, sentence: Sentence<'_>, text: &str) -> bool {
        let is_record = matches!(sentence, Sentence::Parameter(..));
        !is_record || self.last_record.replace(text.to_owned()).as_deref() != Some(text)
    }
}

fn after(journal: &[Entry], seen: usize) -> Option<Vec<Entry>> {
    journal
        .get(seen..)
        .filter(|news| !news.is_empty())
        .map(<[Entry]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_both_runs_are_in_columns() {
        assert_eq!(plain(Kind::With, 1.25, "x"), "   1.2 s  with     x");
        assert_eq!(plain(Kind::Without, 12.0, "x"), "  12.0 s  without  x");
    }
}
