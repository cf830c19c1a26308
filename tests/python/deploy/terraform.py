"""The Terraform module: its text, by a parser, and its values, by Terraform itself where there is one.

Its locals are functions of its variables and of account.tf alone, so Terraform evaluates them without a provider.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from functools import lru_cache
from pathlib import Path

import hcl2

from .template import ACCOUNT, REGIONS, ROOT

MODULE = ROOT / "deploy/terraform"
VALUES = {
    "environment": "local.environment",
    "function": "local.function",
    "heartbeats_function": "local.heartbeats",
    "queue": "local.queue",
    "rules": "local.rules",
    "tick": "local.tick",
    "coordinator": "[for text in values(local.coordinator_policies) : jsondecode(text)]",
    "heartbeats": "[jsondecode(local.heartbeats_policy)]",
    "policy_names": "local.policy_names",
    "sidecar": "[jsondecode(local.sidecar_policy)]",
    "alarms": "local.alarm_settings",
    "dashboard": "jsonencode({ widgets = local.widgets })",
}


class Refused(Exception):
    """Terraform does not take the variables."""


def needed():
    """Terraform on the path, or a reported skip."""
    if not shutil.which("terraform"):
        print("\nSKIP values of the Terraform module: no terraform on this machine", file=sys.__stderr__, flush=True)
        raise unittest.SkipTest("no terraform")


@lru_cache
def parsed():
    """Every block of the module's files, of all kinds."""
    blocks = {}
    for path in sorted(MODULE.glob("*.tf")):
        with path.open() as file:
            for kind, found in hcl2.load(file).items():
                blocks.setdefault(kind, []).extend(found)
    return blocks


def plain(body):
    """The parser gives each attribute as a list of one."""
    return {name: value[0] for name, value in body.items() if isinstance(value, list) and value}


def variables():
    return {name: plain(body) for block in parsed()["variable"] for name, body in block.items()}


def resources():
    blocks = [(kind, named) for resource in parsed()["resource"] for kind, named in resource.items()]
    return {(kind, name): plain(body) for kind, named in blocks for name, body in named.items()}


def evaluated(given=None, partition="aws"):
    """VALUES of the module for variables that differ from their defaults."""
    with tempfile.TemporaryDirectory(prefix="deploy-check.") as folder:
        workspace = Path(folder)
        for path in [*MODULE.glob("variables-*.tf"), *MODULE.glob("locals-*.tf")]:
            shutil.copy(path, workspace)
        account = {"partition": partition, "region": REGIONS[partition], "account": ACCOUNT}
        outputs = {name: {"value": "${jsonencode(" + value + ")}"} for name, value in VALUES.items()}
        (workspace / "account.tf.json").write_text(json.dumps({"locals": account, "output": outputs}))
        tfvars = {"package_file": "coordinator.zip", **(given or {})}
        (workspace / "terraform.tfvars.json").write_text(json.dumps(tfvars))
        # Without a provider there is nothing to initialise, and the state is a file.
        apply(workspace)
        found = json.loads((workspace / "terraform.tfstate").read_text())["outputs"]
    return {name: json.loads(output["value"]) for name, output in found.items()}


def apply(folder):
    environment = {**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    done = subprocess.run(
        ["terraform", "apply", "-input=false", "-auto-approve", "-no-color"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Refused(done.stdout + done.stderr)
