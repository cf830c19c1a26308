"""The scripts of findings/ have their form, and their README lists them in their own words. None is run here: they
install packages.
"""

import os
import re
import unittest

from .template import ROOT

FOLDER = ROOT / "findings"
LABELS = ["What surprises", "Versions", "Expected", "Seen", "Who meets it", "Publicly known"]
# What is installed, with its exact version: pip's ==, npm's @ (a scope begins with @, too), apt's =, cargo's "=".
INSTALLS = {
    r"pip\" install --quiet (.+)": r"(?!-)\S+==[\d.]+",
    r"apt-get .*download --quiet=2 (.+)\)": r"[^=]+=\d[\w.+~-]*",
    r"npm install .*?--prefix \S+ (.+?)(?: >&2)?$": r"@?[^@]+@\d[\d.]*",
}


def scripts():
    return {path.name: path.read_text() for path in sorted(FOLDER.glob("*.sh"))}


def header(text):
    """What stands after each label, on one line, in the order of the labels."""
    lines = re.match(r"#!/usr/bin/env bash\n((?:#.*\n)+)", text)[1]
    joined = re.sub(r"\n#   ", " ", lines)
    return dict(re.findall(r"^# ([A-Z][a-z ]+?): (.+)$", joined, re.MULTILINE))


class Findings(unittest.TestCase):
    def test_the_table_has_each_script_in_its_own_words(self):
        rows = re.findall(r"^\| \[(\S+)\]\((\S+)\) \| (.+) \|$", (FOLDER / "README.md").read_text(), re.MULTILINE)
        self.assertEqual([link for _, link, _ in rows], [name for name, _, _ in rows])
        listed = {name: words.lower() for name, _, words in rows}
        self.assertEqual(listed, {name: header(text)["What surprises"].lower() for name, text in scripts().items()})
        self.assertGreaterEqual(len(rows), 8)

    def test_each_header_says_all_that_it_must(self):
        for name, text in scripts().items():
            with self.subTest(name):
                self.assertEqual(list(header(text)), LABELS)

    def test_each_script_stops_at_errors_and_removes_its_folder(self):
        for name, text in scripts().items():
            with self.subTest(name):
                self.assertTrue(os.access(FOLDER / name, os.X_OK))
                for line in ("set -euo pipefail", "work=$(mktemp -d)", "trap 'rm -rf \"$work\"' EXIT"):
                    self.assertIn(f"\n{line}\n", text)
                self.assertIn("changed: ", text)

    def test_each_package_is_pinned(self):
        for name, text in scripts().items():
            with self.subTest(name):
                packages = [
                    (package.strip("'"), form)
                    for command, form in INSTALLS.items()
                    for line in re.findall(command, text, re.MULTILINE)
                    for package in line.split()
                ]
                self.assertNotEqual(packages, [])
                for package, form in packages:
                    self.assertRegex(package, f"^{form}$")
