import json
import os
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lib.function import environment
from lib.local_aws import LocalAws
from lib.programs import BOOTSTRAP
from lib.rie import Emulator, emulator
from lib.wait import until
from lib.workload import CLUSTER, Workload

from . import aws_cli, commands


class Commands(unittest.TestCase):
    """A drain that a person began in the console is in progress. Each command is typed as it is written, with the names
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
        return aws_cli.run_on(endpoint, words, cls.folder)

    def names(self):
        """What the words in capitals stand for in this drain."""
        names = {"FUNCTION_NAME": "function"}
        names.update({"CLUSTER": CLUSTER, "INSTANCE": self.workload.host})
        return {**names, "answer.json": str(self.folder / "answer.json")}

    def succeeds(self, command, endpoint=None):
        done = self.run_on(endpoint or self.aws.url, *aws_cli.words(command, self.names()))
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout

    def test_each_documented_command_works(self):
        """Or, where no counterpart serves it, is at least understood by the CLI, which then fails to connect."""
        found = [(page, command) for page, command in commands.documented() if page.name not in commands.PAGES_IN_ORDER]
        self.assertIn("ssm", {command.split()[1] for _, command in found})
        for page, command in found:
            with self.subTest(page=str(page), command=command):
                if command.split()[1] in aws_cli.SERVED:
                    self.succeeds(command)
                elif command.split()[1:3] != ["lambda", "invoke"]:
                    aws_cli.understood(self, command, aws_cli.to_nowhere(command, self.folder, self.names()))

    def test_each_command_of_doctor_is_understood(self):
        found = commands.of_doctor()
        self.assertGreater(len(found), 10)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            answers = pool.map(lambda command: aws_cli.to_nowhere(command, self.folder, {}), found)
        for command, done in zip(found, answers):
            with self.subTest(command=command):
                aws_cli.understood(self, command, done)

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
                answer = json.loads((self.folder / "answer.json").read_text())
                self.assertEqual(answer["instances"], [])
                (order,) = answer["ignored"]
                self.assertEqual(order["reason"], "the cluster has no such container instance")

    def test_an_operator_invokes_the_function_of_the_local_aws(self):
        """The same command, as long as there is no account: the coordinator of the local AWS answers."""
        _, command = next((p, c) for p, c in commands.documented() if c.startswith("aws lambda invoke"))
        for function in ("ecs-daemon-protector", "ecs-daemon-protector:$LATEST"):
            words = aws_cli.words(command, {**self.names(), "FUNCTION_NAME": function})
            done = self.run_on(self.aws.url, *words)
            self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
            (order,) = json.loads((self.folder / "answer.json").read_text())["ignored"]
            self.assertEqual(order["command"], "extend")

    def documented(self, page, *words):
        """The first command of the page that has these words."""
        found = [c for path, c in commands.documented() if str(path) == page and all(w in c for w in words)]
        self.assertTrue(found, f"{page} has no command with {words}")
        return found[0]

    def test_the_record_is_read_as_the_documentation_says(self):
        command = self.documented("docs/operations.md", "get-parameter", "CLUSTER/INSTANCE", "--output text")
        record = json.loads(self.succeeds(command))
        self.assertEqual(record["ec2InstanceId"], self.workload.host)
        self.assertIn("remaining", record)

    def test_the_kill_switch_is_set_as_the_documentation_says(self):
        self.succeeds(self.documented("docs/configuration.md", "put-parameter", "/control", "release-all"))
        value = self.aws.ssm.get_parameter(Name="/ecs-daemon-protector/control")["Parameter"]["Value"]
        self.assertEqual(json.loads(value), {"mode": "release-all"})
        until("it is released", lambda: json.loads(self.workload.record_text())["state"] == "released")

    def test_what_the_local_aws_suggests_works(self):
        suggested = commands.of_the_usage()
        self.assertGreater(len(suggested), 2)
        for command in suggested:
            with self.subTest(command=command):
                self.succeeds(command)
