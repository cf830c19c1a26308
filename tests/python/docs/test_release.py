"""What scripts/release is configured with, and that its check finds what is wrong."""

import copy
import json
import re
import tomllib
import unittest

from lib.scripts import loaded

from . import ROOT


def toml(name):
    return tomllib.loads((ROOT / name).read_text())


class Licences(unittest.TestCase):
    def test_what_cargo_about_accepts_is_what_cargo_deny_allows(self):
        about, deny = toml("about.toml"), toml("deny.toml")
        self.assertEqual(set(about["accepted"]), set(deny["licenses"]["allow"]))
        self.assertEqual(about["targets"], deny["graph"]["targets"])
        # An exception is for a crate that is in no program that is released.
        for exception in deny["licenses"]["exceptions"]:
            self.assertNotIn(exception["crate"], about)

    def test_the_template_names_every_crate_with_its_texts(self):
        text = (ROOT / "about.hbs").read_text()
        for part in ("{{#each crates}}", "{{#each licenses}}", "{{#each this.used_by}}", "{{{this.text}}}"):
            self.assertIn(part, text)


class Tools(unittest.TestCase):
    def test_each_tool_has_one_version(self):
        text = "".join((ROOT / "scripts" / name).read_text() for name in ("release", "check-dependencies"))
        tools = dict(re.findall(r"\btool (cargo-\w+) (\S+)", text))
        self.assertEqual(set(tools), {"cargo-deny", "cargo-auditable", "cargo-cyclonedx", "cargo-about"})
        pinned = (ROOT / "tests/python/requirements-deny.txt").read_text()
        versions = {**tools, "cargo-deny": re.search(r"cargo-deny==(.*)", pinned)[1]}
        self.assertEqual([one for one in versions.values() if not re.fullmatch(r"\d+\.\d+\.\d+", one)], [])


BILL = {
    "metadata": {"component": {"bom-ref": "path+file:///here/crates/sidecar#1", "name": "sidecar"}},
    "components": [{"bom-ref": "path+file:///here/crates/core#1", "name": "core", "version": "1"}],
    "dependencies": [
        {"ref": "path+file:///here/crates/sidecar#1", "dependsOn": ["path+file:///here/crates/core#1"]},
        {"ref": "path+file:///here/crates/core#1"},
    ],
}


class Bills(unittest.TestCase):
    def test_a_bill_gets_the_libraries_of_the_program_and_loses_the_folder(self):
        amend = loaded("amend-bill")
        bill = amend.amended(json.dumps(BILL), "/here")
        self.assertEqual([one["name"] for one in bill["components"]], ["core", "rust-std", "musl"])
        self.assertEqual(bill["dependencies"][0]["dependsOn"], ["path+file:///crates/core#1", "rust-std", "musl"])
        self.assertNotIn("/here", json.dumps(bill))

    def test_a_crate_more_or_less_is_found_in_bills_and_licences(self):
        check = loaded("releasing/check.py")
        wanted = {("core", "1")}
        self.assertEqual(check.difference("bill", check.of_bill(BILL), wanted), [])
        more = copy.deepcopy(BILL)
        more["components"].append({"name": "extra", "version": "2"})
        self.assertEqual(check.difference("bill", check.of_bill(more), wanted), ["bill: has extra 2"])
        self.assertEqual(check.difference("bill", set(), wanted), ["bill: lacks core 1"])
        licences = f"Head\n\ncore 1: MIT\n\n{'-' * 80}\nMIT License\nother 3: no\n"
        self.assertEqual(check.of_licences(licences), wanted)
