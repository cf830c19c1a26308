"""The pages have their form, and agree with the sources: lengths, record, manifests, lints, changelog."""

import re
import tomllib
import unittest

from . import ROOT, pages

README_WORDS_MAX = 1000

# The main job and the tests, as the front page offers them.
QUICK_START = ("scripts/demo", "scripts/test")


def read(name):
    return (ROOT / name).read_text()


def manifest(name):
    return tomllib.loads(read(name))


class Readme(unittest.TestCase):
    def test_it_has_at_most_a_thousand_words(self):
        self.assertLessEqual(len(read("README.md").split()), README_WORDS_MAX)

    def test_it_has_one_screen_for_each_question(self):
        sections = re.split(r"^## ", pages.without_blocks(read("README.md")), flags=re.MULTILINE)
        self.assertEqual(
            [section.splitlines()[0] for section in sections[1:]],
            ["Do I need it?", "See it", "Promises", "Install", "When a drain hangs", "What it cannot protect", "Read on"],
        )
        for section in sections:
            self.assertLessEqual(len(section.splitlines()), 45, section.splitlines()[0])

    def test_the_quick_start_is_two_commands_in_blocks_of_their_own(self):
        blocks = re.findall(r"^```\n(.*?)\n```$", read("README.md"), re.MULTILINE | re.DOTALL)
        self.assertEqual([block for block in blocks if block.startswith("scripts/")], list(QUICK_START))


class Record(unittest.TestCase):
    def test_every_field_of_the_record_is_documented(self):
        source = read("crates/core/src/record.rs") + read("crates/core/src/record/lifecycle.rs")
        page = read("docs/record.md")
        for name in ("Record", "Lifecycle"):
            body = re.search(rf"^pub struct {name} \{{\n(.*?)^\}}", source, re.MULTILINE | re.DOTALL)[1]
            fields = re.findall(r"^    pub (\w+):", body, re.MULTILINE)
            self.assertGreater(len(fields), 4, name)
            self.assertEqual([camel(field) for field in fields if f"`{camel(field)}`" not in page], [], name)

    def test_every_setting_of_the_sidecar_is_documented(self):
        names = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)*)"', read("crates/core/src/settings/sidecar.rs").split("#[cfg(test)]")[0]))
        rows = {row[0].strip("`") for row in self.sidecar_rows()}
        self.assertGreater(len(rows), 8)
        self.assertLessEqual(rows, names)

    def sidecar_rows(self):
        section = read("docs/configuration.md").split("## Settings of the sidecar")[1].split("\n## ")[0]
        return pages.table(section, "`PROTECTOR_…`")


def camel(field):
    first, *rest = field.split("_")
    return first + "".join(word.capitalize() for word in rest)


class Manifests(unittest.TestCase):
    def test_every_crate_takes_the_lints_of_the_workspace(self):
        lints = manifest("Cargo.toml")["workspace"]["lints"]
        self.assertEqual(lints["rust"]["unsafe_code"], "forbid")
        self.assertIn("unwrap_used", lints["clippy"])
        self.assertIn("expect_used", lints["clippy"])
        for member in manifest("Cargo.toml")["workspace"]["members"]:
            self.assertEqual(manifest(f"{member}/Cargo.toml").get("lints"), {"workspace": True}, member)

    def test_the_core_repeats_the_lints_of_the_workspace(self):
        """Clippy reads the nearest clippy.toml only."""
        everywhere, core = manifest("clippy.toml"), manifest("crates/core/clippy.toml")
        self.assertEqual({name: value for name, value in core.items() if not name.startswith("disallowed")}, everywhere)

    def test_the_core_forbids_what_is_not_pure(self):
        core = manifest("crates/core/clippy.toml")
        entries = core["disallowed-methods"] + core["disallowed-types"]
        paths = {entry["path"] for entry in entries}
        for path in ("jiff::Timestamp::now", "std::env::var", "std::fs::read", "std::net::TcpStream", "std::hash::RandomState"):
            self.assertIn(path, paths)
        self.assertEqual([entry["path"] for entry in entries if not entry.get("reason")], [])

    def test_every_crate_describes_itself(self):
        package = manifest("Cargo.toml")["workspace"]["package"]
        self.assertTrue((ROOT / package["readme"]).is_file())
        self.assertLessEqual(len(package["keywords"]), 5)
        shared = ("license", "readme", "keywords", "categories", "rust-version")
        for member in manifest("Cargo.toml")["workspace"]["members"]:
            own = manifest(f"{member}/Cargo.toml")["package"]
            self.assertTrue(own["description"], member)
            self.assertEqual([name for name in shared if own.get(name) != {"workspace": True}], [], member)


# The part of the code map about one crate.
CRATE = re.compile(r"^### `crates/([\w-]+)`[^\n]*\n(.*?)(?=^##)", re.MULTILINE | re.DOTALL)
MODULE = re.compile(r"^(?:pub(?:\(crate\))? )?mod (\w+)[;{ ]", re.MULTILINE)


def modules(crate):
    """The modules that a crate's roots declare, without those of its tests."""
    roots = (ROOT / "crates" / crate / "src" / name for name in ("lib.rs", "main.rs"))
    text = "\n".join(root.read_text() for root in roots if root.is_file())
    return sorted(set(MODULE.findall(text)) - {"tests", "testing"})


class CodeMap(unittest.TestCase):
    def test_each_crate_and_each_of_its_modules_is_on_the_map(self):
        sections = dict(CRATE.findall(read("ARCHITECTURE.md")))
        self.assertEqual(sorted(sections), sorted(path.parent.name for path in ROOT.glob("crates/*/Cargo.toml")))
        for crate, text in sections.items():
            with self.subTest(crate):
                named = set(re.findall(r"`(\w+)[`/]", text))
                self.assertEqual([module for module in modules(crate) if module not in named], [])
        self.assertIn("plan", modules("core"))


class Changelog(unittest.TestCase):
    def test_it_has_unreleased_changes_first_and_a_date_for_each_version(self):
        headings = re.findall(r"^## (.*)$", read("CHANGELOG.md"), re.MULTILINE)
        self.assertEqual(headings[0], "[Unreleased]")
        for heading in headings[1:]:
            self.assertRegex(heading, r"^\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}$")
