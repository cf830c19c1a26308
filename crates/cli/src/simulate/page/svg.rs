//! Pictures as text: a few typed shapes, and one place that escapes.

use std::fmt::Write;

/// For text between tags and in attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// The side of a text that is at its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// To the right of it.
    Start,
    /// On both sides of it.
    Middle,
    /// To the left of it.
    End,
}

impl Anchor {
    fn name(self) -> &'static str {
        match self {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        }
    }
}

pub(super) type Point = (f64, f64);

/// A rectangle: its corner, its width and its height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    /// Left.
    pub(super) x: f64,
    /// Top.
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Rect {
    pub(super) fn right(self) -> f64 {
        self.x + self.width
    }

    pub(super) fn bottom(self) -> f64 {
        self.y + self.height
    }
}

/// A picture that is being drawn.
#[derive(Debug)]
pub(super) struct Svg {
    width: f64,
    height: f64,
    title: String,
    description: String,
    shapes: String,
}

impl Svg {
    /// An empty one; `title` and `description` are for those who do not see it.
    pub(super) fn new(width: f64, height: f64, title: &str, description: &str) -> Svg {
        Svg {
            width,
            height,
            title: escape(title),
            description: escape(description),
            shapes: String::new(),
        }
    }

    /// A straight line.
    pub(super) fn line(&mut self, class: &str, from: Point, to: Point) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(
            self.shapes,
            r#"<line class="{class}" x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}"/>"#
        );
    }

    /// A filled rectangle; `hint` is shown when the pointer is on it.
    pub(super) fn rect(&mut self, class: &str, rect: Rect, hint: &str) {
        let Rect { x, y, width, height } = rect;
        let _ = writeln!(
            self.shapes,
            r#"<rect class="{class}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="1.5"><title>{}</title></rect>"#,
            escape(hint)
        );
    }

    /// Lines from point to point.
    pub(super) fn path(&mut self, class: &str, points: &[Point]) {
        let mut data = String::new();
        for (index, (x, y)) in points.iter().enumerate() {
            let _ = write!(data, "{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' });
        }
        let _ = writeln!(self.shapes, r#"<path class="{class}" d="{data}"/>"#);
    }

    /// A small mark: a diamond.
    pub(super) fn mark(&mut self, class: &str, (x, y): Point, hint: &str) {
        const R: f64 = 4.5;
        let _ = writeln!(
            self.shapes,
            r#"<path class="{class}" d="M{x:.1} {:.1}L{:.1} {y:.1}L{x:.1} {:.1}L{:.1} {y:.1}Z"><title>{}</title></path>"#,
            y - R,
            x + R,
            y + R,
            x - R,
            escape(hint)
        );
    }

    pub(super) fn text(&mut self, class: &str, (x, y): Point, anchor: Anchor, words: &str) {
        let _ = writeln!(
            self.shapes,
            r#"<text class="{class}" x="{x:.1}" y="{y:.1}" text-anchor="{}">{}</text>"#,
            anchor.name(),
            escape(words)
        );
    }

    pub(super) fn finish(self) -> String {
        let Svg {
            width,
            height,
            title,
            description,
            shapes,
        } = self;
        format!(
            "<svg role=\"img\" viewBox=\"0 0 {width:.0} {height:.0}\" style=\"--w:{width:.0}\">
<title>{title}</title>
<desc>{description}</desc>
{shapes}</svg>"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_shown_can_be_a_tag() {
        assert_eq!(escape(r#"<b a="1">&'"#), "&lt;b a=&quot;1&quot;&gt;&amp;&#39;");
        let mut svg = Svg::new(10.0, 10.0, "<t>", "<d>");
        svg.text("c", (0.0, 0.0), Anchor::Start, "<script>");
        svg.rect(
            "c",
            Rect {
                x: 0.0,
                y: 0.0,
                width: 1.0,
                height: 1.0,
            },
            "<i>",
        );
        let text = svg.finish();
        for raw in ["<t>", "<d>", "<script>", "<i>"] {
            assert!(!text.contains(raw), "{raw} in {text}");
        }
    }

    #[test]
    fn a_path_begins_with_a_move() {
        let mut svg = Svg::new(1.0, 1.0, "", "");
        svg.path("c", &[(0.0, 1.0), (2.0, 3.0)]);
        assert!(svg.finish().contains(r#"d="M0.0 1.0L2.0 3.0""#));
    }
}
