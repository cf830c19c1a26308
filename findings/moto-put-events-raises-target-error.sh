#!/usr/bin/env bash
# What surprises: in moto PutEvents fails with the error of a target, and targets of later rules get nothing.
#
# Versions: moto 5.2.5, boto3 1.44.8.
# Expected: PutEvents succeeds and the other target gets the event. EventBridge delivers after it has answered, retries,
#   and then drops the event or sends it to the rule's dead-letter queue (EventBridge User Guide, "Retrying event
#   delivery" and "Using dead-letter queues"); the service model of PutEvents knows InternalException alone.
# Seen: two rules match, the queue of the first is gone: PutEvents raises QueueDoesNotExist, an error of another
#   service, and the queue of the second rule stays empty.
# Who meets it: tests of what happens while a target is missing, which is what retries and dead letters are for.
# Publicly known: no report found.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'moto[events,sqs]==5.2.5' boto3==1.44.8
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import boto3
import moto
from botocore.exceptions import ClientError

print("moto", moto.__version__)
with moto.mock_aws():
    events = boto3.client("events", "us-east-1")
    sqs = boto3.client("sqs", "us-east-1")
    queue = sqs.create_queue(QueueName="there")["QueueUrl"]
    for name in "gone", "there":
        events.put_rule(Name=name, EventPattern='{"source": ["example"]}')
        arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
        events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    try:
        answer = events.put_events(Entries=[{"Source": "example", "DetailType": "test", "Detail": "{}"}])
        code = None
        print("PutEvents answers:", answer["Entries"])
    except ClientError as error:
        code = error.response["Error"]["Code"]
        print("PutEvents fails:", error)
    received = len(sqs.receive_message(QueueUrl=queue).get("Messages", []))
    print(f"the other target got {received} event(s)")
sys.exit(0 if code and "QueueDoesNotExist" in code and not received else "changed: PutEvents does not fail so")
PYTHON
