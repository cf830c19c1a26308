//! The report on all files, in each form.

mod github;
mod json;
mod sarif;
mod text;

use super::args::Format;
use super::examine::Examined;
use super::finding::Finding;
use super::rules::Severity;
use super::source::Unreadable;
use crate::exit::Exit;
use crate::look::Look;

pub(crate) struct File {
    /// Its name as it was given; `stdin` for `-`.
    pub(crate) name: String,
    /// Its text; empty if it could not be read.
    pub(crate) text: String,
    /// The findings, or why the file cannot be read.
    pub(crate) examined: Result<Examined, Unreadable>,
}

pub(crate) struct Report {
    /// In the order in which they were given.
    pub(crate) files: Vec<File>,
    /// How the text looks.
    pub(crate) look: Look,
}

impl Report {
    /// The report in one form, without the end of its last line.
    #[must_use]
    pub(crate) fn written(&self, format: Format) -> String {
        match format {
            Format::Text => text::written(self),
            Format::Json => json::written(self),
            Format::Sarif => sarif::written(self),
            Format::Github => github::written(self),
        }
    }

    /// The answer, which is the same in every form: a bad one goes before none.
    #[must_use]
    pub(crate) fn exit_code(&self, least: Severity) -> Exit {
        let is_bad = self.findings().any(|(_, finding)| finding.severity >= least);
        let is_unread = self.files.iter().any(|file| file.examined.is_err());
        match (is_bad, is_unread) {
            (true, _) => Exit::Bad,
            (false, true) => Exit::NoAnswer,
            (false, false) => Exit::Good,
        }
    }

    fn findings(&self) -> impl Iterator<Item = (&File, &Finding)> {
        self.files.iter().flat_map(|file| {
            let counted = file.examined.iter().flat_map(Examined::counted);
            counted.map(move |finding| (file, finding))
        })
    }

    /// Returns the number of findings of a severity that count.
    fn count(&self, severity: Severity) -> usize {
        self.findings()
            .filter(|(_, finding)| finding.severity == severity)
            .count()
    }
}
