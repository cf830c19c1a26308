#!/usr/bin/env bash
# What surprises: moto answers TestEventPattern with success and without a result.
#
# Versions: moto 5.2.5, boto3 1.44.8.
# Expected: `Result` true or false (EventBridge API reference, TestEventPattern: the only member of the answer), or
#   an error that says that the operation is not there.
# Seen: HTTP 200 and an empty answer for a pattern that matches and for one that does not; `answer["Result"]` is a
#   KeyError, and `answer.get("Result")` reads as "no match" for both.
# Who meets it: tests that check the patterns of their rules with the call that exists for it.
# Publicly known: no report found.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'moto[events]==5.2.5' boto3==1.44.8
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import json
import sys

import boto3
import moto

print("moto", moto.__version__)
event = {
    "id": "1",
    "account": "123456789012",
    "source": "aws.ecs",
    "time": "2026-01-01T00:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail-type": "ECS Task State Change",
    "detail": {},
}
seen = []
with moto.mock_aws():
    events = boto3.client("events", "us-east-1")
    for source in "aws.ecs", "aws.autoscaling":
        answer = events.test_event_pattern(EventPattern=json.dumps({"source": [source]}), Event=json.dumps(event))
        seen.append((answer["ResponseMetadata"]["HTTPStatusCode"], answer.get("Result")))
        print(f"pattern for {source}: HTTP {seen[-1][0]}, Result {seen[-1][1]}")
sys.exit(0 if seen == [(200, None)] * 2 else "changed: there is a Result now")
PYTHON
