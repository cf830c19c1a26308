"""Checks that cannot fail are worth nothing: each finds what is wrong with a copy that was broken on purpose."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
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
    """Ids of the checks of checkov that fail."""
    _, output = run(OURS / "checkov", "--framework", framework, *where, "-o", "json", *QUIET)
    return sorted(check["check_id"] for check in json.loads(output)["results"]["failed_checks"])


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
    def test_cfn_lint_finds_a_reference_to_nothing(self):
        copy = self.copy("template.yaml", lambda text: text.replace("!Ref CoordinatorLog\n", "!Ref NoSuchLog\n"))
        code, output = run(TOOLS / "cfn-lint", "--", copy)
        self.assertNotEqual(code, 0)
        self.assertIn("NoSuchLog", output)

    def test_cfn_lint_finds_a_property_that_is_none(self):
        copy = self.copy("template.yaml", lambda text: text.replace("RetentionInDays:", "RetentionDays:"))
        code, output = run(TOOLS / "cfn-lint", "--", copy)
        self.assertNotEqual(code, 0)
        self.assertIn("RetentionDays", output)

    def test_checkov_finds_a_queue_in_the_clear(self):
        copy = self.copy("template.yaml", lambda text: without_skip(text, "CKV_AWS_27"))
        code, output = run(OURS / "checkov", "--framework", "cloudformation", "-f", copy, *QUIET)
        self.assertNotEqual(code, 0)
        self.assertIn("CKV_AWS_27", output)

    def test_each_check_that_is_skipped_would_fail(self):
        """An exception that nothing needs is dropped."""
        text = (ROOT / "template.yaml").read_text()
        skipped = sorted(re.findall(r"- id: (CKV_\w+)", text))
        self.assertTrue(skipped)
        copy = self.copy("template.yaml", lambda text: re.sub(r"- id: CKV_\w+", "- id: CKV_NONE", text))
        self.assertEqual(failed_checks("cloudformation", "-f", copy), skipped)


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
        self.assertEqual(failed_checks("terraform", "-d", self.module), sorted(skipped))

    @staticmethod
    def passes(test):
        result = unittest.TestResult()
        test.run(result)
        return result.wasSuccessful()


def without_skip(text, check):
    return text.replace(f"- id: {check}\n", "- id: CKV_NONE\n")
