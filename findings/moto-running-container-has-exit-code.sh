#!/usr/bin/env bash
# What surprises: in moto a container that has not ended has exit code 0, and the ARN of a task definition as its task.
#
# Versions: moto 5.2.5, boto3 1.44.8.
# Expected: no `exitCode` before the container has ended, and `taskArn` "the ARN of the task" (ECS API reference,
#   Container). The example of DescribeTasks there shows a running container without an exit code.
# Seen: a task that StartTask has just started: its container has `exitCode` 0, `lastStatus` PENDING, `healthStatus`
#   HEALTHY without a health check, and `taskArn` …:task-definition/web:1.
# Who meets it: code that tells "ended well" from "still there" by the exit code, or that finds a container's task.
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
    ecs.register_task_definition(
        family="web", containerDefinitions=[{"name": "app", "image": "example/app:1", "memory": 64}]
    )
    (task,) = ecs.start_task(cluster="demo", taskDefinition="web", containerInstances=[host])["tasks"]
    (described,) = ecs.describe_tasks(cluster="demo", tasks=[task["taskArn"]])["tasks"]
    (container,) = described["containers"]
for name in "lastStatus", "exitCode", "healthStatus", "taskArn":
    print(f"container {name}: {container.get(name)}")
surprise = container.get("exitCode") == 0 and "task-definition/" in container["taskArn"]
sys.exit(0 if surprise and container["lastStatus"] != "STOPPED" else "changed: the container is shown otherwise")
PYTHON
