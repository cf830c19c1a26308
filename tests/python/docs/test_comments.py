"""Doc comments of Rust sources are statements."""

import re
import unittest

from . import ROOT
from .pages import tracked
from .words import SOURCES

DOC = re.compile(r"^\s*//[/!] ?(.*)$")


def questions(text):
    """The numbers of the lines of a Rust file on which a doc comment asks something. A quoted question is none."""
    lines = enumerate(text.splitlines(), 1)
    found = ((number, DOC.match(line)) for number, line in lines)
    return [number for number, doc in found if doc and re.search(r"\w\?( |$)", re.sub("`[^`]*`", "", doc[1]))]


class Comments(unittest.TestCase):
    def test_no_doc_comment_is_a_question(self):
        """"Returns whether …" says of a function what it returns, and of a field what it means."""
        found = [f"{path.relative_to(ROOT)}:{number}" for path in tracked(*SOURCES) for number in questions(path.read_text())]
        self.assertEqual(found, [])

    def test_the_check_finds_what_is_wrong(self):
        text = "/// Is it?\nfn a() {}\n//! What? That.\n    /// Whether it is.\n// Is it?\n/// `a?` returns.\n"
        self.assertEqual(questions(text), [1, 3])
