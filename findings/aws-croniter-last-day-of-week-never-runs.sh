#!/usr/bin/env bash
# What surprises: aws-croniter finds no run at all for `L` as day of the week, which EventBridge knows.
#
# Versions: aws-croniter 2.1.1, aws-cron-expression-validator 1.1.15.
# Expected: every Saturday. EventBridge User Guide, "Cron expressions reference": "The L wildcard in the Day-of-month
#   or Day-of-week fields specifies the last day of the month or week"; the week there is 1-7, SUN-SAT.
# Seen: `0 0 ? * L *` is accepted and its next run is None, as for an expression whose years are over. `0 0 ? * 7 *`
#   and `0 0 ? * 7L *` work. The validator of another package accepts all three.
# Who meets it: tools that show when a maintenance schedule runs next, or look for schedules that collide.
# Publicly known: no report found.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet aws-croniter==2.1.1 aws-cron-expression-validator==1.1.15
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import sys
from datetime import datetime, timezone
from importlib.metadata import version

from aws_cron_expression_validator.validator import AWSCronExpressionValidator
from aws_croniter import AwsCroniter

print("aws-croniter", version("aws-croniter"))
start = datetime(2026, 11, 26, tzinfo=timezone.utc)
runs = {}
for expression in "0 0 ? * 7 *", "0 0 ? * 7L *", "0 0 ? * L *":
    AWSCronExpressionValidator.validate(expression)
    (runs[expression],) = AwsCroniter(expression).get_next(start, 1)
    print(f"{expression}: next run after {start:%A %F} is {runs[expression]}")
as_seen = [run and f"{run:%A %F}" for run in runs.values()] == ["Saturday 2026-11-28", "Saturday 2026-11-28", None]
sys.exit(0 if as_seen else f"changed: {runs}")
PYTHON
