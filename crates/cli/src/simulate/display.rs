//! Numbers for people.

use protector_core::plural::counted;

/// The middle one of some numbers, and how far they reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Middle {
    /// Half of them are not larger.
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Middle {
    /// Of these; none if there is none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Middle> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Some(Middle {
            median: *values.get(values.len().checked_sub(1)? / 2)?,
            min: *values.first()?,
            max: *values.last()?,
        })
    }

    /// `12.3`, or `12.3 (11.0-14.9)` if they differ.
    pub(crate) fn text(self) -> String {
        let [median, min, max] = [self.median, self.min, self.max].map(number);
        if min == max {
            median
        } else {
            format!("{median} ({min}-{max})")
        }
    }
}

/// `0.42`, `12.3`, `1,234`: three digits say enough, and whole numbers stay whole.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if value.fract() == 0.0 || size >= 999.5 {
        grouped(value)
    } else if size >= 99.95 {
        format!("{value:.0}")
    } else if size >= 9.995 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// Lines of at most `width` letters, broken at blanks; each after the first begins with `indent` blanks.
pub(crate) fn wrapped(text: &str, width: usize, indent: usize) -> String {
    let body = text.trim_start_matches(' ');
    let mut lines: Vec<String> = Vec::new();
    let mut line = " ".repeat(text.len() - body.len());
    let mut empty = true;
    for word in body.split(' ') {
        if !empty && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
            empty = true;
        }
        line = if empty { line + word } else { line + " " + word };
        empty = false;
    }
    lines.push(line);
    lines.join("\n")
}

/// A number at an axis: no zeros that say nothing.
pub(crate) fn tick(value: f64) -> String {
    let text = number((value * 1000.0).round() / 1000.0);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// With a comma before every three digits.
fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 { format!("-{text}") } else { text }
}

/// `1 instance`, `2 instances`.
pub(crate) fn count(number: usize, noun: &'static str) -> String {
    let plain = counted(number, noun).to_string();
    plain.replacen(&number.to_string(), &grouped(number as f64), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_say_enough() {
        for (value, text) in [
            (0.0, "0"),
            (0.4212, "0.42"),
            (9.999, "10.0"),
            (12.34, "12.3"),
            (234.6, "235"),
            (999.9, "1,000"),
            (1_234_567.0, "1,234,567"),
            (-1234.0, "-1,234"),
            (100.0, "100"),
        ] {
            assert_eq!(number(value), text, "{value}");
        }
    }

    #[test]
    fn a_spread_over_seeds_is_shown_where_there_is_one() {
        assert_eq!(Middle::of([3.0, 1.0, 2.5]).unwrap().text(), "2.50 (1-3)");
        assert_eq!(Middle::of([2.0, 2.0]).unwrap().text(), "2");
        assert_eq!(Middle::of([]), None);
    }

    #[test]
    fn long_lines_break_at_blanks() {
        assert_eq!(
            wrapped("name  one two three", 12, 6),
            "name  one\n      two\n      three"
        );
        assert_eq!(wrapped("  one two", 6, 2), "  one\n  two");
        assert_eq!(wrapped("averylongword", 4, 2), "averylongword");
    }

    #[test]
    fn an_axis_has_no_idle_zeros() {
        assert_eq!(
            [0.1, 0.5, 20.0, 2.5, 1000.0].map(tick),
            ["0.1", "0.5", "20", "2.5", "1,000"]
        );
    }

    #[test]
    fn one_is_not_plural() {
        assert_eq!(count(1, "instance"), "1 instance");
        assert_eq!(count(1000, "seed"), "1,000 seeds");
    }
}
