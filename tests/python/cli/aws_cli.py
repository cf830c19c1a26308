"""The AWS CLI, as a person types it."""

import os
import re
import shlex
import subprocess

from lib import ROOT
from lib.programs import BOUND_SECONDS

AWS = ROOT / ".venv-cli" / "bin" / "aws"
# What a counterpart on this machine serves.
SERVED = {"autoscaling", "ecs", "ssm"}
# Version 2 of the CLI wants it, version 1, the only one among Python's packages, neither needs nor knows it.
VERSION_2_ONLY = "--cli-binary-format raw-in-base64-out"
NOWHERE = "http://127.0.0.1:9"


def words(command, names):
    """The command's words after `aws`, with names in place of the words in capitals, and without a redirection."""
    for placeholder, name in names.items():
        command = re.sub(rf"(?<![A-Za-z_]){re.escape(placeholder)}(?![A-Za-z_])", name, command)
    return shlex.split(command.partition(" > ")[0].replace(VERSION_2_ONLY, ""))[1:]


def run_on(endpoint, words, home):
    variables = {name: os.environ[name] for name in os.environ if name.startswith(("AWS_", "PATH"))}
    return subprocess.run(
        [str(AWS), "--endpoint-url", endpoint, *words],
        cwd=ROOT,
        env={**variables, "AWS_MAX_ATTEMPTS": "1", "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
    )


def to_nowhere(command, home, names):
    """What the CLI does with a command that no counterpart here serves."""
    return run_on(NOWHERE, words(command, names), home)


def understood(test, command, done):
    """Checks that the CLI accepted the command, and then failed to connect."""
    test.assertIn("Could not connect to the endpoint URL", done.stderr, command)
