"""No modules of a crate use each other in a circle, at any level of its tree."""

import tempfile
import textwrap
import unittest
from pathlib import Path

from .imports import circles, modules
from .template import ROOT


def sources():
    """The source folder of each crate."""
    return sorted([*ROOT.glob("crates/*/src"), ROOT / "tests/src", ROOT / "fuzz/src"])


class Sources(unittest.TestCase):
    def test_the_uses_among_siblings_have_one_direction(self):
        for source in sources():
            with self.subTest(source):
                self.assertEqual(circles(source), set())

    def test_every_crate_is_read(self):
        for source in sources():
            with self.subTest(source):
                read = modules(source)
                self.assertIn((), read)
                self.assertTrue(any(module.uses for module in read.values()))


class Planted(unittest.TestCase):
    def circles(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                file = Path(folder, name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(textwrap.dedent(text))
            return circles(Path(folder))

    def test_a_planted_circle_is_found(self):
        two = {("", ("a", "b"))}
        cases = {
            "use, and a path in the code": (
                {"a.rs": "use crate::b::B;\n", "b.rs": "fn f() -> crate::a::A { todo!() }\n"},
                two,
            ),
            "braces and aliases": (
                {"a.rs": "use crate::{c, b::{self as other, B}};\n", "b.rs": "use super::a as first;\n", "c.rs": ""},
                two,
            ),
            "a child of one of them": (
                {"a.rs": "mod c;\n", "a/c.rs": "use crate::b::B;\n", "b.rs": "use crate::a::A;\n"},
                two,
            ),
            "three": (
                {"a.rs": "use super::b::B;\n", "b.rs": "use super::c::C;\n", "c.rs": "use super::a::A;\n"},
                {("", ("a", "b", "c"))},
            ),
            "a deeper level, with mod.rs": (
                {"p/mod.rs": "", "p/a.rs": "use super::b::B;\n", "p/b.rs": "use crate::p::a::A;\n"},
                {("p", ("a", "b"))},
            ),
            "with what one of them re-exports of a third": (
                {"a.rs": "use crate::b::C;\n", "b.rs": "use crate::a::A;\npub use super::c::C;\n", "c.rs": ""},
                two,
            ),
            "two circles of one level": (
                {
                    "a.rs": "use crate::b::B;\nuse crate::c::C;\n",
                    "b.rs": "use crate::a::A;\n",
                    "c.rs": "use crate::d::D;\n",
                    "d.rs": "use crate::c::C;\n",
                },
                two | {("", ("c", "d"))},
            ),
        }
        for name, (files, expected) in cases.items():
            with self.subTest(name):
                self.assertEqual(self.circles({"lib.rs": "", **files}), expected)

    def test_a_re_export_hides_no_circle(self):
        cases = {
            "in the crate's root": (
                {"lib.rs": "pub use a::A;\n", "a.rs": "use crate::b::B;\n", "b.rs": "use crate::A;\n"},
                ("a", "b"),
            ),
            "under another name": (
                {
                    "lib.rs": "use c::Other;\npub use a::A;\n",
                    "a.rs": "use crate::b::B;\n",
                    "b.rs": "use super::Other;\n",
                    "c.rs": "pub use crate::A as Other;\n",
                },
                ("a", "b", "c"),
            ),
            "by a private import of the parent": (
                {
                    "lib.rs": "use crate::a::A;\n",
                    "a.rs": "use crate::b::B;\n",
                    "b.rs": "fn f(a: &super::A) {}\n",
                },
                ("a", "b"),
            ),
        }
        for name, (files, names) in cases.items():
            with self.subTest(name):
                self.assertEqual(self.circles(files), {("", names)})

    def test_what_goes_downwards_is_no_circle(self):
        files = {
            "lib.rs": "mod a;\nmod b;\npub use a::A;\npub struct Shared;\n",
            # The parent's own items, other crates, comments, and what only tests use.
            "a.rs": """
                use super::Shared;
                use b::{B, a};
                // use crate::b::B;
                #[cfg(test)]
                mod tests {
                    use crate::b::B;
                }
            """,
            "a/tests.rs": "use crate::b::B;\n",
            "b.rs": "use crate::a::A;\nuse crate::a::c::C;\n",
            "a/c.rs": "use crate::Shared;\nuse super::A;\n",
            "bin/tool.rs": "use crate::b::B;\n",
        }
        self.assertEqual(self.circles(files), set())
