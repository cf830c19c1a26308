//! Command lines that are safe to paste into a shell, and that reach the account at which a person looks.

mod invocation;

pub use invocation::Invocation;

/// A command line that grows word by word.
#[derive(Debug, Clone)]
pub(crate) struct CommandLine(String);

impl CommandLine {
    /// Begins with words of ours, which need no quotes.
    pub(crate) fn new(words: &str) -> Self {
        Self(words.to_owned())
    }

    /// Adds an option with its value. A value that looks like an option is joined to its name, or it would be taken for
    /// one.
    pub(crate) fn option(mut self, name: &str, value: &str) -> Self {
        let joint = if value.starts_with('-') { '=' } else { ' ' };
        self.0.push_str(&format!(" {name}{joint}{}", quoted(value)));
        self
    }

    /// Adds an option without a value.
    pub(crate) fn flag(mut self, name: &str) -> Self {
        self.0.push_str(&format!(" {name}"));
        self
    }

    pub(crate) fn argument(mut self, value: &str) -> Self {
        self.0.push_str(&format!(" {}", quoted(value)));
        self
    }

    pub(crate) fn line(self) -> String {
        self.0
    }
}

/// A word as a POSIX shell reads it back: as it is if no character of it means anything to the shell, else in single
/// quotes.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=,@%+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_means_something_to_a_shell_is_quoted() {
        let line = CommandLine::new("aws autoscaling update-auto-scaling-group")
            .option("--auto-scaling-group-name", "it's $(mine); rm -rf /")
            .option("--max-size", "4")
            .option("--cluster", "-odd")
            .flag("--no-cli-pager")
            .argument("")
            .line();
        assert_eq!(
            line,
            r"aws autoscaling update-auto-scaling-group --auto-scaling-group-name 'it'\''s $(mine); rm -rf /' --max-size 4 --cluster=-odd --no-cli-pager ''"
        );
    }

    /// What a POSIX shell makes of a line: words, with single quotes and the backslash understood.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut word, mut inside) = (Vec::new(), None::<String>, false);
        let mut letters = line.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\'' => {
                    inside = !inside;
                    word.get_or_insert_default();
                }
                ' ' if !inside => words.extend(word.take()),
                '\\' if !inside => word.get_or_insert_default().extend(letters.next()),
                _ => {
                    assert!(
                        inside || !"$`;|&<>()*?[]{}~#!\"\n\t".contains(letter),
                        "{letter:?} is bare in {line}"
                    );
                    word.get_or_insert_default().push(letter);
                }
            }
        }
        words.extend(word);
        words
    }

    proptest! {
        #[test]
        fn a_shell_reads_back_what_was_meant(value in "[ -~é\n\t]{0,30}") {
            let line = CommandLine::new("aws").argument(&value).line();
            prop_assert_eq!(words(&line), ["aws".to_owned(), value]);
        }
    }
}
