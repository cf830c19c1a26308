"""ministack on 127.0.0.1: CloudFormation, Lambda, EventBridge, IAM and the rest in one process, without an account."""

import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from copy import deepcopy
from pathlib import Path

import boto3

from .template import Rendered, load

PATIENCE = 120  # seconds, for any one thing; far more than it takes


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running():
    """The endpoint of a ministack of our own, with nothing in it; ended in any case."""
    port = free_port()
    off = {name: "0" for name in ("IOT_MTLS_ENABLED", "SFTP_ENABLED")}
    environment = {**os.environ, **off, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}
    with tempfile.TemporaryFile() as log:
        command = [str(Path(sys.executable).with_name("ministack"))]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield reachable(f"http://127.0.0.1:{port}", process)
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)


def reachable(endpoint, process):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"ministack ended with {process.returncode}")
        with contextlib.suppress(OSError):
            urllib.request.urlopen(endpoint, timeout=5).close()
            return endpoint
        time.sleep(0.1)
    raise TimeoutError("ministack does not answer")


def client(endpoint, service):
    return boto3.client(
        service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


def upload(endpoint):
    """A program to deploy: what it does does not matter here."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("bootstrap", "#!/bin/sh\nexit 0\n")
    store = client(endpoint, "s3")
    store.create_bucket(Bucket="artefacts")
    store.put_object(Bucket="artefacts", Key="coordinator.zip", Body=archive.getvalue())


def decided(parameters):
    """The template with its conditions decided, since ministack understands few functions in them. All else is as in
    the file."""
    rendered, template = Rendered(parameters), deepcopy(load())
    for name in template["Conditions"]:
        template["Conditions"][name] = {"Fn::Equals": ["yes" if rendered.condition(name) else "no", "yes"]}
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://artefacts/coordinator.zip"
    return template


def deploy(endpoint, operation, parameters):
    """Creates or updates the stack, and gives back its outputs."""
    body = json.dumps(decided(parameters)).encode()
    client(endpoint, "s3").put_object(Bucket="artefacts", Key="template.json", Body=body)
    formation = client(endpoint, "cloudformation")
    getattr(formation, f"{operation}_stack")(
        StackName="protector",
        TemplateURL=f"{endpoint}/artefacts/template.json",
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    stack = settled(formation)
    if stack["StackStatus"] != f"{operation.upper()}_COMPLETE":
        events = formation.describe_stack_events(StackName="protector")["StackEvents"]
        failed = [e["ResourceStatusReason"] for e in events if "FAILED" in e["ResourceStatus"]]
        raise AssertionError(f"{stack['StackStatus']}: {failed}")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def settled(formation):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        stack = formation.describe_stacks(StackName="protector")["Stacks"][0]
        if not stack["StackStatus"].endswith("IN_PROGRESS"):
            return stack
        time.sleep(0.1)
    raise TimeoutError("the stack does not settle")
