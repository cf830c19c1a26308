//! One event of a journal, and how lines are written.

use jiff::SignedDuration;

/// The longest line, in characters.
const WIDTH: usize = 118;

/// Time and actor take so much of it.
const INDENT: usize = 26;

/// Who did what, when.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Since the journal's zero.
    pub(super) at: SignedDuration,
    pub(super) actor: &'static str,
    /// To whom, or to what, if it may be several at once.
    pub(super) subjects: Vec<String>,
    pub(super) text: String,
}

impl Line {
    /// Merges a line that says the same about another subject at the same time. Returns whether it was one.
    pub(super) fn merge(&mut self, other: &Line) -> bool {
        let same = time(self.at) == time(other.at) && self.actor == other.actor && self.text == other.text;
        let merges = same && !self.subjects.is_empty() && !other.subjects.is_empty();
        if merges {
            self.subjects.extend(other.subjects.iter().cloned());
            self.subjects.sort();
        }
        merges
    }

    /// The line, with its line break; long lines continue below.
    pub(super) fn write(&self) -> String {
        let text = match self.subjects.is_empty() {
            true => self.text.clone(),
            false => format!("{}: {}", self.subjects.join(", "), self.text),
        };
        let head = format!("{:>9}  {:<13}", time(self.at), self.actor);
        let mut lines = wrapped(&text, WIDTH - INDENT).into_iter();
        let first = format!("{head}{}\n", lines.next().unwrap_or_default());
        lines.fold(first, |all, line| format!("{all}{:INDENT$}{line}\n", ""))
    }
}

impl Line {
    /// A text that is no line of the journal.
    pub(super) fn wrap_plain(text: &str) -> String {
        let lines = wrapped(text, WIDTH).into_iter().enumerate();
        lines
            .map(|(number, line)| format!("{:1$}{line}\n", "", if number == 0 { 0 } else { 2 }))
            .collect()
    }
}

/// Seconds since the journal's zero.
pub(super) fn time(at: SignedDuration) -> String {
    format!("{:.1} s", at.as_secs_f64())
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines
            .last_mut()
            .filter(|line| line.chars().count() + word.chars().count() < width);
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => *line = format!("{line} {word}"),
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(subject: &str, millis: i64) -> Line {
        Line {
            at: SignedDuration::from_millis(millis),
            actor: "container",
            subjects: vec![subject.to_owned()],
            text: "SIGTERM".to_owned(),
        }
    }

    #[test]
    fn the_same_at_the_same_time_is_one_line() {
        let mut first = line("web-1", 1_001);
        assert!(first.merge(&line("web-2", 1_004)) && !first.merge(&line("web-3", 1_100)));
        assert_eq!(first.write(), "    1.0 s  container    web-1, web-2: SIGTERM\n");
    }

    #[test]
    fn long_lines_go_on_below() {
        let long = Line {
            text: "word ".repeat(40),
            ..line("web-1", 0)
        };
        let written = long.write();
        assert!(
            written.lines().count() > 1 && written.lines().all(|line| line.chars().count() <= WIDTH),
            "{written}"
        );
    }
}
