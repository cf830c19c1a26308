"""`sam deploy` into ministack."""

import json
import os
import subprocess

from deploy import template as templates
from lib import ROOT
from lib.ministack import BUCKET

PROGRAM = ROOT / ".venv-stack" / "bin" / "ministack"
BUILT = ROOT / ".aws-sam" / "build" / "template.yaml"
SAM = ROOT / ".venv" / "bin" / "sam"
STACK = "protector"


def decided(parameters, path):
    """The template, with two things that ministack cannot: its conditions are decided; and the parameters are defaults too,
    since SAM's transform looks at those alone.
    """
    template = templates.decided(parameters, path)
    for name, value in parameters.items():
        template["Parameters"][name]["Default"] = value
    # Only for a repository of applications; it names files beside the template.
    template["Metadata"].pop("AWS::ServerlessRepo::Application", None)
    return template


def sam_deploy(aws, parameters, code=None, template=BUILT):
    """Deploys as the README says, but without questions, and gives the stack and its outputs. `code` is a folder to
    deploy in place of what was built, `template` another template than that of `sam build`."""
    template = decided(parameters, template)
    for resource in template["Resources"].values():
        if code and resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = str(code)
    # Beside the template: the paths in it are relative.
    path = BUILT.with_name("decided.json")
    path.write_text(json.dumps(template))
    command = ["deploy", "--template-file", path, "--stack-name", STACK, "--s3-bucket", BUCKET]
    command += ["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    command += ["--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())]
    return sam(aws, *command)


def sam(aws, *words):
    """Runs SAM's CLI without questions; gives the stack and its outputs."""
    environment = {**os.environ, "AWS_ENDPOINT_URL": aws.url}
    command = [SAM, *words, "--no-confirm-changeset", "--no-progressbar"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise AssertionError(f"sam deploy:\n{done.stdout}{done.stderr}")
    (stack,) = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return stack, {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
