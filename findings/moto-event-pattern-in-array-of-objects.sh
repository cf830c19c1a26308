#!/usr/bin/env bash
# What surprises: in moto an event pattern never matches a field inside an array of objects.
#
# Versions: moto 5.2.5, boto3 1.44.8.
# Expected: a match. "Array matching" in the EventBridge User Guide (Amazon EventBridge event patterns) matches if any
#   element fits, and the ECS events are built that way: `detail.containers[].exitCode`, `detail.attachments[].status`.
#   AWS's own open-source matcher (event-ruler) flattens arrays of objects and matches.
# Seen: `{"detail": {"containers": {"exitCode": [137]}}}` does not match an ECS Task State Change with one container
#   of exit code 137. The same pattern matches if `containers` is a plain object, which ECS never sends.
# Who meets it: tests of rules on exit codes, container names or attachments, against moto: their target stays silent.
# Publicly known: no report found. (Plain arrays were added with https://github.com/getmoto/moto/issues/4384 .)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'moto[events,sqs]==5.2.5' boto3==1.44.8
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import json
import sys

import boto3
import moto

print("moto", moto.__version__)


def delivered(containers):
    """Whether an event with these containers reaches the target of the rule."""
    with moto.mock_aws():
        events = boto3.client("events", "us-east-1")
        sqs = boto3.client("sqs", "us-east-1")
        queue = sqs.create_queue(QueueName="target")["QueueUrl"]
        pattern = {"source": ["aws.ecs"], "detail": {"containers": {"exitCode": [137]}}}
        events.put_rule(Name="killed", EventPattern=json.dumps(pattern))
        arn = "arn:aws:sqs:us-east-1:123456789012:target"
        events.put_targets(Rule="killed", Targets=[{"Id": "queue", "Arn": arn}])
        detail = json.dumps({"lastStatus": "STOPPED", "containers": containers})
        events.put_events(
            Entries=[{"Source": "aws.ecs", "DetailType": "ECS Task State Change", "Detail": detail}]
        )
        return len(sqs.receive_message(QueueUrl=queue).get("Messages", [])) == 1


container = {"name": "app", "exitCode": 137}
seen = delivered([container]), delivered(container)
print("array of objects, as ECS sends it:", "delivered" if seen[0] else "not delivered")
print("plain object:", "delivered" if seen[1] else "not delivered")
sys.exit(0 if seen == (False, True) else f"changed: {seen} instead of (False, True)")
PYTHON
