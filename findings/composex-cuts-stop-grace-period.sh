#!/usr/bin/env bash
# What surprises: ECS Compose-X cuts `stop_grace_period` to 120 seconds for services on EC2 as well.
#
# Versions: ecs-composex 1.1.9.
# Expected: 3840 for `stop_grace_period: 64m`. The limit of 120 seconds is Fargate's: ECS API reference,
#   ContainerDefinition, stopTimeout: "For tasks that use the Fargate launch type, the max stop timeout value is 120
#   seconds", "The valid values for Fargate are 2-120 seconds"; for EC2 no limit is named, and the agent has none.
#   Compose-X itself knows the difference: what Fargate lacks is written behind its condition UseFargate.
# Seen: a warning in its log, "stop_grace_period/StopTimeout 3840 > 120 - setting to 120", and StopTimeout 120 without
#   any condition.
# Who meets it: everything that must outlive a long drain: a sidecar that must hold for an hour is killed after two
#   minutes.
# Publicly known: the option came with https://github.com/compose-x/ecs_composex/pull/718 . No report of the cut found.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet ecs-composex==1.1.9
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import json
import sys
from importlib.metadata import version

from ecs_composex.compose.compose_services import ComposeService

print("ecs-composex", version("ecs-composex"))
rendered = {}
for period in "60s", "64m":
    service = ComposeService("guard", {"image": "example/guard:1", "stop_grace_period": period})
    rendered[period] = service.container_definition.to_dict()["StopTimeout"]
    print(f"stop_grace_period {period}: StopTimeout {json.dumps(rendered[period])}")
sys.exit(0 if rendered == {"60s": 60, "64m": 120} else f"changed: {rendered}")
PYTHON
