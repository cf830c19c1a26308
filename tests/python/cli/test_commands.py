import json
import os
import shlex
import subprocess
import tempfile
import unittest
from pathlib import Path

from lib import ROOT
from lib.function import environment
from lib.local_aws import LocalAws
from lib.programs import BOOTSTRAP, BOUND_SECONDS, until
from lib.rie import Emulator, emulator
from lib.workload import CLUSTER, Workload

from . import commands

AWS = ROOT / ".venv-cli" / "bin" / "aws"
SERVED = {"autoscaling", "ecs", "ssm"}
# Version 2 of the CLI wants it, version 1, the only one among Python's packages, neither needs nor knows it.
VERSION_2_ONLY = "--cli-binary-format raw-in-base64-out"
NOWHERE = "http://127.0.0.1:9"


class Commands(unittest.TestCase):
    """A drain that somebody began in the console is going on. Each command is typed as it is written, with the names
    of this drain, and the endpoint of the counterpart that serves it."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.aws = LocalAws("--no-quotas", "--tick", "1s", "--coordinator", str(BOOTSTRAP))
        cls.addClassCleanup(cls.aws.close)
        cls.workload = Workload(cls.aws)
        cls.run_on(cls.aws.url, "ecs", "update-container-instances-state", "--cluster", CLUSTER, "--status", "DRAINING",
                   "--container-instances", cls.workload.arn).check_returncode()
        until("there is a record", cls.workload.record_text)

    @classmethod
    def run_on(cls, endpoint, *words):
        variables = {name: os.environ[name] for name in os.environ if name.startswith(("AWS_", "PATH"))}
        return subprocess.run(
            [str(AWS), "--endpoint-url", endpoint, *words],
            cwd=ROOT,
            env={**variables, "AWS_MAX_ATTEMPTS": "1", "HOME": str(cls.folder)},
            capture_output=True,
            text=True,
            timeout=BOUND_SECONDS,
        )

    def words(self, command):
        """The command with the names of this drain."""
        names = {"FUNCTION_NAME": "function", "CLUSTER": CLUSTER, "INSTANCE": self.workload.host}
        names["answer.json"] = str(self.folder / "answer.json")
        for placeholder, name in names.items():
            command = command.replace(placeholder, name)
        return shlex.split(command.replace(VERSION_2_ONLY, ""))[1:]

    def succeeds(self, command, endpoint=None):
        done = self.run_on(endpoint or self.aws.url, *self.words(command))
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout

    def test_each_documented_command_works(self):
        """Or, where no counterpart serves it, is at least understood by the CLI, which then finds nobody to ask."""
        found = commands.documented()
        self.assertIn("ssm", {command.split()[1] for _, command in found})
        for page, command in found:
            with self.subTest(page=str(page), command=command):
                if command.split()[1] in SERVED:
                    self.succeeds(command)
                elif command.split()[1:3] != ["lambda", "invoke"]:
                    done = self.run_on(NOWHERE, *self.words(command))
                    self.assertIn("Could not connect to the endpoint URL", done.stderr)

    @unittest.skipUnless(emulator(), "SKIP: the SAM CLI brings no Lambda emulator for this processor")
    def test_an_operator_invokes_the_function(self):
        """With the CLI, and the coordinator in AWS's own emulator."""
        function = Emulator(60, environment(self.aws.url))
        self.addCleanup(function.close)
        invocations = [c for _, c in commands.documented() if c.startswith("aws lambda invoke")]
        self.assertTrue(invocations)
        for command in invocations:
            with self.subTest(command=command):
                self.succeeds(command, function.url)
                (line,) = json.loads((self.folder / "answer.json").read_text())["instances"]
                self.assertEqual(line["trigger"], "operator")

    def of_the_readme(self, *words):
        """The first of its commands that has these words."""
        found = [c for page, c in commands.documented() if page.name == "README.md" and all(w in c for w in words)]
        self.assertTrue(found, f"README.md has no command with {words}")
        return found[0]

    def test_the_record_is_read_as_the_readme_says(self):
        record = json.loads(self.succeeds(self.of_the_readme("get-parameter", "CLUSTER/INSTANCE", "--output text")))
        self.assertEqual(record["ec2InstanceId"], self.workload.host)
        self.assertIn("remaining", record)

    def test_the_kill_switch_is_set_as_the_readme_says(self):
        self.succeeds(self.of_the_readme("put-parameter", "/control", "release-all"))
        value = self.aws.ssm.get_parameter(Name="/ecs-daemon-protector/control")["Parameter"]["Value"]
        self.assertEqual(json.loads(value), {"mode": "release-all"})
        until("it is released", lambda: json.loads(self.workload.record_text())["state"] == "released")

    def test_what_the_local_aws_suggests_works(self):
        suggested = commands.of_the_usage()
        self.assertGreater(len(suggested), 2)
        for command in suggested:
            with self.subTest(command=command):
                self.succeeds(command)
