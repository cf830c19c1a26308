//! A count in a sentence agrees with its noun: `1 task`, `2 tasks`.

use std::fmt;

/// A count and its noun, for a sentence. The plural has an `s` at its end.
///
/// ```
/// use protector_core::plural::counted;
///
/// assert_eq!(counted(1, "task").to_string(), "1 task");
/// assert_eq!(counted(0, "task").to_string(), "0 tasks");
/// ```
#[must_use]
pub fn counted<N: fmt::Display + PartialEq + From<u8>>(count: N, noun: &'static str) -> Counted<N> {
    Counted { count, noun }
}

/// A number with its noun: the result of [`counted`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted<N> {
    count: N,
    noun: &'static str,
}

impl<N: fmt::Display + PartialEq + From<u8>> fmt::Display for Counted<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ending = if self.count == N::from(1) { "" } else { "s" };
        write!(f, "{} {}{ending}", self.count, self.noun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        let texts = [0_u32, 1, 2, 21, 101].map(|count| counted(count, "task").to_string());
        assert_eq!(texts, ["0 tasks", "1 task", "2 tasks", "21 tasks", "101 tasks"]);
        assert_eq!(counted(1_usize, "heartbeat").to_string(), "1 heartbeat");
    }
}
