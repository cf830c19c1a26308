"""The template, deployed into ministack by its CloudFormation."""

import io
import json
import sys
import zipfile
from pathlib import Path

from lib.ministack import BUCKET
from lib.wait import until

from . import template as templates

PROGRAM = Path(sys.executable).with_name("ministack")
STACK = "protector"


def upload(aws):
    """A program to deploy: what it does does not matter here."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("bootstrap", "#!/bin/sh\nexit 0\n")
    aws.client("s3").put_object(Bucket=BUCKET, Key="coordinator.zip", Body=archive.getvalue())


def deploy(aws, operation, parameters):
    """Creates or updates the stack, and gives back its outputs."""
    template = templates.decided(parameters)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = f"s3://{BUCKET}/coordinator.zip"
    aws.client("s3").put_object(Bucket=BUCKET, Key="template.json", Body=json.dumps(template).encode())
    formation = aws.client("cloudformation")
    getattr(formation, f"{operation}_stack")(
        StackName=STACK,
        TemplateURL=f"{aws.url}/{BUCKET}/template.json",
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    stack = until("the stack settles", lambda: settled(formation))
    if stack["StackStatus"] != f"{operation.upper()}_COMPLETE":
        events = formation.describe_stack_events(StackName=STACK)["StackEvents"]
        failed = [e["ResourceStatusReason"] for e in events if "FAILED" in e["ResourceStatus"]]
        raise AssertionError(f"{stack['StackStatus']}: {failed}")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def settled(formation):
    """The stack, unless it is being changed."""
    (stack,) = formation.describe_stacks(StackName=STACK)["Stacks"]
    return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack
