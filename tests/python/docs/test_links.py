"""Every link within the repository leads to a file, and to a heading of it."""

import tempfile
import unittest
from pathlib import Path

from . import ROOT, pages


class Links(unittest.TestCase):
    def test_every_link_leads_somewhere(self):
        found = [link for page in pages.markdown() for link in pages.links(page, page.read_text())]
        self.assertGreater(len(found), 100)
        problems = [link.problem() for link in found]
        self.assertEqual([problem for problem in problems if problem], [])

    def test_every_path_that_a_page_names_is_there(self):
        """The changelog may name what is gone."""
        texts = {page: page.read_text() for page in pages.markdown() if page.name != "CHANGELOG.md"}
        found = [(page.name, path) for page, text in texts.items() for path in pages.paths(text)]
        self.assertGreater(len(found), 50)
        self.assertEqual([(page, path) for page, path in found if not (ROOT / path).exists()], [])

    def test_every_page_is_in_the_index(self):
        index = ROOT / "docs/README.md"
        linked = {(index.parent / link.path).resolve() for link in pages.links(index, index.read_text())}
        self.assertEqual([page.name for page in (ROOT / "docs").glob("*.md") if page not in linked | {index}], [])

    def test_paths_are_found_in_code_style(self):
        text = "`crates/core` and `tests/gone.rs`, `scripts/fuzz --runs 1`, `crates/core/src/**/tests*`, `target/debug`"
        self.assertEqual(pages.paths(text), ["crates/core", "tests/gone.rs"])

    def test_the_checks_find_what_is_wrong(self):
        with tempfile.TemporaryDirectory() as folder:
            page, other = Path(folder) / "page.md", Path(folder) / "other.md"
            other.write_text("# A title\n\n## What's `new`, here?\n\n## Twice\n\n## Twice\n\n```\n# no heading\n```\n")
            cases = {
                "[a](other.md)": 0,
                "[a](other.md#a-title)": 0,
                "[a](other.md#whats-new-here)": 0,
                "[a](other.md#twice-1)": 0,
                "[an `a [b]`](other.md)": 0,
                "[a](gone.md)": 1,
                "[a](other.md#gone)": 1,
                "[a](other.md#no-heading)": 1,
                "[a](#gone)": 1,
                "`[a](gone.md)`": 0,
                "[a](https://example.com/gone)": 0,
            }
            for text, expected in cases.items():
                page.write_text(text)
                problems = [link.problem() for link in pages.links(page, text) if link.problem()]
                self.assertEqual(len(problems), expected, f"{text}: {problems}")
