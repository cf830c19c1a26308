//! Screens in tests.

use super::Look;

/// A look of this width, in these characters and colours.
pub(crate) fn look(width: usize, unicode: bool, colors: bool) -> Look {
    Look {
        colors,
        unicode,
        width,
    }
}

/// Lines that are wider than the terminal, but for commands six characters from the left and for single long words.
pub(crate) fn too_wide<'a>(screen: &'a str, width: usize, commands: &[String]) -> Vec<&'a str> {
    let is_command = |line: &str| commands.iter().any(|command| line == format!("      {command}"));
    let is_word = |line: &str| !line.trim().contains(' ');
    let wide = screen.lines().filter(|line| line.chars().count() > width);
    wide.filter(|line| !is_command(line) && !is_word(line)).collect()
}

/// A screen without its colours.
pub(crate) fn stripped(screen: &str) -> String {
    let mut parts = screen.split("\u{1b}[");
    let mut text = parts.next().unwrap().to_owned();
    parts.for_each(|part| text.push_str(part.split_once('m').unwrap().1));
    text
}

/// A screen with visible escape bytes.
pub(crate) fn visible(screen: &str) -> String {
    screen.replace('\u{1b}', "\\e")
}
