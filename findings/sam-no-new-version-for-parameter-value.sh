#!/usr/bin/env bash
# What surprises: SAM publishes no new version for a changed parameter value, with AutoPublishAliasAllProperties too.
#
# Versions: aws-sam-translator 1.115.0.
# Expected: a new version. AWS SAM Developer Guide, AWS::Serverless::Function: "When true, a new Lambda version is
#   created when any property in the Lambda function is modified".
# Seen: the logical id of the version is a hash of the template's text. Another literal in Environment gives another
#   id; another value of the parameter behind a Ref gives the same id. $LATEST gets the new value, and the alias,
#   which all events go to, stays with the old one.
# Who meets it: stacks whose settings are parameters, as this project's template.yaml. Its answer is a resource made
#   of all settings, whose id stands in VersionDescription: CloudFormation compares that by value.
# Publicly known: https://github.com/aws/serverless-application-model/issues/3820 , open.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet aws-sam-translator==1.115.0
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import copy
import os
import sys
from importlib.metadata import version

os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
from samtranslator.translator.transform import transform

print("aws-sam-translator", version("aws-sam-translator"))


class NoManagedPolicies:
    def load(self):
        return {}


def version_id(setting, parameters):
    template = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": {"Linger": {"Type": "String"}},
        "Resources": {
            "Function": {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "Runtime": "provided.al2023",
                    "Handler": "bootstrap",
                    "CodeUri": "s3://example-bucket/code.zip",
                    "AutoPublishAlias": "live",
                    "AutoPublishAliasAllProperties": True,
                    "Environment": {"Variables": {"LINGER": setting}},
                },
            }
        },
    }
    resources = transform(copy.deepcopy(template), parameters, NoManagedPolicies())["Resources"]
    return next(name for name, resource in resources.items() if resource["Type"] == "AWS::Lambda::Version")


literals = [version_id(value, {"Linger": "0s"}) for value in ("5s", "60s")]
values = [version_id({"Ref": "Linger"}, {"Linger": value}) for value in ("5s", "60s")]
print("literal 5s, 60s:        ", *literals)
print("parameter value 5s, 60s:", *values)
as_seen = literals[0] != literals[1] and values[0] == values[1]
sys.exit(0 if as_seen else "changed: the ids depend on other things")
PYTHON
