#!/usr/bin/env bash
# What surprises: moto drops the lifecycle hooks that are given when an Auto Scaling group is created.
#
# Versions: moto 5.2.5, boto3 1.44.8.
# Expected: DescribeLifecycleHooks shows the hook. `LifecycleHookSpecificationList` of CreateAutoScalingGroup is "one
#   or more lifecycle hooks to add to the Auto Scaling group before instances are launched" (Auto Scaling API reference).
# Seen: the group is created without a complaint and has no hook; PutLifecycleHook on the same group adds one.
# Who meets it: tests of drain tools: what Terraform (`initial_lifecycle_hook`) and CloudFormation put into the group
#   is not there, so a tool that looks for its hook finds none.
# Publicly known: no report found.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'moto[autoscaling,ec2]==5.2.5' boto3==1.44.8
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import boto3
import moto

print("moto", moto.__version__)
hook = {"LifecycleHookName": "drain", "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"}
with moto.mock_aws():
    image = boto3.client("ec2", "us-east-1").describe_images()["Images"][0]["ImageId"]
    scaling = boto3.client("autoscaling", "us-east-1")
    scaling.create_launch_configuration(LaunchConfigurationName="web", ImageId=image, InstanceType="t3.micro")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchConfigurationName="web",
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=["us-east-1a"],
        LifecycleHookSpecificationList=[{**hook, "HeartbeatTimeout": 900}],
    )

    def hooks():
        return len(scaling.describe_lifecycle_hooks(AutoScalingGroupName="web")["LifecycleHooks"])

    seen = [hooks()]
    scaling.put_lifecycle_hook(AutoScalingGroupName="web", **hook)
    seen.append(hooks())
print(f"hooks after CreateAutoScalingGroup with one: {seen[0]}; after PutLifecycleHook: {seen[1]}")
sys.exit(0 if seen == [0, 1] else f"changed: {seen} hooks instead of [0, 1]")
PYTHON
