#!/usr/bin/env bash
# What surprises: in moto ListAttributes with an attribute's name finds nothing.
#
# Versions: moto 5.2.5, boto3 1.44.8.
# Expected: the container instances that have it. `attributeName` is "the name of the attribute to filter the results
#   with" (ECS API reference, ListAttributes).
# Seen: without the name five attributes of the instance, `stack` among them; with `attributeName="stack"`: none.
# Who meets it: tools that mark container instances with an attribute and look for them by it, as placement does.
# Publicly known: no report found.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'moto[ecs,ec2]==5.2.5' boto3==1.44.8
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import json
import sys

import boto3
import moto

print("moto", moto.__version__)
with moto.mock_aws():
    ec2 = boto3.client("ec2", "us-east-1")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ecs = boto3.client("ecs", "us-east-1")
    ecs.create_cluster(clusterName="demo")
    host = ecs.register_container_instance(
        cluster="demo", instanceIdentityDocument=json.dumps({"instanceId": instance})
    )["containerInstance"]["containerInstanceArn"]
    ecs.put_attributes(cluster="demo", attributes=[{"name": "stack", "value": "blue", "targetId": host}])

    def names(**arguments):
        answer = ecs.list_attributes(cluster="demo", targetType="container-instance", **arguments)
        return sorted(attribute["name"] for attribute in answer["attributes"])

    every, named = names(), names(attributeName="stack")
print("without a name:", every)
print("attributeName=stack:", named)
sys.exit(0 if "stack" in every and named == [] else "changed: the filter finds something")
PYTHON
