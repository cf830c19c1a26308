"""Checks that cannot fail are worth nothing: each finds what is wrong with a copy that was broken on purpose."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections import defaultdict
from itertools import chain
from pathlib import Path
from unittest.mock import patch

from . import terraform, test_parity, test_terraform
from .template import ROOT

TOOLS = ROOT / ".venv/bin"
OURS = Path(sys.executable).parent
QUIET = ["--compact", "--quiet", "--skip-download"]


def run(*command):
    """Exit code and output of a tool."""
    done = subprocess.run([str(word) for word in command], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def failed_checks(framework, *where):
    """Ids of the checks of checkov that fail, by the name of the file."""
    code, output = run(OURS / "checkov", "--framework", framework, *where, "-o", "json", *QUIET)
    found = defaultdict(list)
    for check in json.loads(output)["results"]["failed_checks"]:
        found[Path(check["file_path"]).name].append(check["check_id"])
    assert bool(code) == bool(found), f"checkov fails if a check does: {code}"
    return {name: sorted(checks) for name, checks in found.items()}


class Broken(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="deploy-check.")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def copy(self, path, change, name=None):
        """A copy in the scratch folder, with one change that must be one."""
        before = (ROOT / path).read_text()
        after = change(before)
        self.assertNotEqual(before, after, "nothing was broken")
        target = self.folder / (name or Path(path).name)
        target.write_text(after)
        return target


class Template(Broken):
    """All that one tool should find is in one run of it: each takes seconds to start."""

    def test_cfn_lint_finds_what_is_wrong(self):
        for name, before, after in [
            ("NoSuchLog", "!Ref CoordinatorLog\n", "!Ref NoSuchLog\n"),
            ("RetentionDays", "RetentionInDays:", "RetentionDays:"),
        ]:
            self.copy("template.yaml", lambda text: text.replace(before, after), name)
        code, output = run(TOOLS / "cfn-lint", "--format", "json", "--", *self.folder.iterdir())
        self.assertNotEqual(code, 0)
        errors = {(match["Filename"], match["Message"]) for match in json.loads(output) if match["Level"] == "Error"}
        for copy in self.folder.iterdir():
            self.assertTrue(any(file == str(copy) and copy.name in message for file, message in errors), copy)

    def test_checkov_finds_what_is_wrong(self):
        """A queue in the clear; and each check that is skipped would fail: an exception that nothing needs is dropped."""
        skipped = sorted(re.findall(r"- id: (CKV_\w+)", (ROOT / "template.yaml").read_text()))
        self.assertTrue(skipped)
        for name, check in [("queue.yaml", "CKV_AWS_27"), ("all.yaml", r"CKV_\w+")]:
            self.copy("template.yaml", lambda text: re.sub(rf"- id: {check}\n", "- id: CKV_NONE\n", text), name)
        found = failed_checks("cloudformation", "-d", self.folder)
        self.assertEqual(found, {"queue.yaml": ["CKV_AWS_27"] * skipped.count("CKV_AWS_27"), "all.yaml": skipped})


class Module(Broken):
    """The Terraform module, in a copy of its folder."""

    def setUp(self):
        super().setUp()
        self.module = shutil.copytree(terraform.MODULE, self.folder / "module")
        terraform.parsed.cache_clear()
        self.addCleanup(terraform.parsed.cache_clear)

    def change(self, file, before, after):
        path = self.module / file
        text = path.read_text()
        self.assertIn(before, text)
        path.write_text(text.replace(before, after))

    def test_parity_finds_what_differs(self):
        terraform.needed()
        for file, before, after in [
            ("locals-rules.tf", "attempts     = 60", "attempts     = 61"),
            ("locals-rules.tf", '"DEREGISTERING", ', ""),
            ("locals-policies.tf", '"ssm:PutParameter"', '"ssm:PutParameter", "ssm:DeleteParameter"'),
            ("locals-policies.tf", '"${local.parameters_arn}/${name}/*"', '"${local.parameters_arn}/*"'),
            ("locals-policies.tf", "local.served_groups", '["${local.group_arn}/*"]'),
            ("locals-alarms.tf", '"breaching"', '"notBreaching"'),
            ("locals-settings.tf", "= var.settle", '= "5s"'),
            ("locals-settings.tf", "batch_size                = 10", "batch_size                = 9"),
            ("locals-settings.tf", "timeout           = 55", "timeout           = 60"),
            ("locals-dashboard.tf", '"FlushTime"', '"FlushTimes"'),
        ]:
            self.change(file, before, after)
            with self.subTest(file=file, after=after), patch.object(terraform, "MODULE", self.module):
                self.assertFalse(self.passes(test_parity.Values("test_the_same")))
            self.change(file, after, before) if after else shutil.copy(terraform.MODULE / file, self.module)

    def test_parity_finds_another_default(self):
        self.change("variables-drain.tf", '"10s"', '"20s"')
        with patch.object(terraform, "MODULE", self.module):
            self.assertFalse(
                self.passes(test_terraform.Text("test_every_parameter_is_a_variable_with_the_same_default"))
            )

    def test_each_check_that_is_skipped_would_fail(self):
        skipped = []
        for path in self.module.glob("*.tf"):
            skipped += re.findall(r"#checkov:skip=(CKV_\w+)", path.read_text())
            path.write_text(re.sub(r"#checkov:skip=.*", "", path.read_text()))
        found = failed_checks("terraform", "-d", self.module)
        self.assertEqual(sorted(chain(*found.values())), sorted(skipped))

    @staticmethod
    def passes(test):
        result = unittest.TestResult()
        test.run(result)
        return result.wasSuccessful()
