"""ministack on 127.0.0.1, and `sam deploy` into it."""

import json
import os
import subprocess
import urllib.request
from contextlib import suppress
from copy import deepcopy

from deploy.template import Rendered, load
from lib import ROOT
from lib.local_aws import client
from lib.programs import Program, until
from lib.rie import free_port

BUILT = ROOT / ".aws-sam" / "build" / "template.yaml"
SAM = ROOT / ".venv" / "bin" / "sam"
BUCKET = "artefacts"
STACK = "protector"


class Ministack:
    """A whole account in one process."""

    def __init__(self):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "AWS_REGION": "us-east-1"}
        # It hands this on to the functions that it runs. Without it they would go to the real AWS.
        settings["AWS_ENDPOINT_URL"] = self.url
        settings.update({name: "0" for name in ("IOT_MTLS_ENABLED", "SFTP_ENABLED")})
        self.program = Program([ROOT / ".venv-stack" / "bin" / "ministack"], settings)
        until("ministack listens", self.listens)
        self.client("s3").create_bucket(Bucket=BUCKET)

    def listens(self):
        if not self.program.running():
            raise AssertionError("ministack ended:\n" + "\n".join(self.program.lines[-20:]))
        with suppress(OSError):
            urllib.request.urlopen(self.url, timeout=5).close()
            return True
        return False

    def client(self, service):
        return client(service, self.url)

    def close(self):
        self.program.stop()


def decided(parameters):
    """The template that `sam build` made, with two things that ministack cannot: its conditions are decided, since it
    knows no function of text in them; and the parameters are defaults too, since SAM's transform looks at those alone.
    """
    rendered, template = Rendered(parameters), deepcopy(load(BUILT.relative_to(ROOT)))
    for name in template["Conditions"]:
        template["Conditions"][name] = {"Fn::Equals": ["yes" if rendered.condition(name) else "no", "yes"]}
    for name, value in parameters.items():
        template["Parameters"][name]["Default"] = value
    return template


def sam_deploy(aws, parameters, code=None):
    """Deploys as the README says, but without questions, and gives the outputs of the stack. `code` is a folder to
    deploy in place of what was built."""
    template = decided(parameters)
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
