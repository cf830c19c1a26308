#!/usr/bin/env bash
# What surprises: Powertools for Python writes values of one unit under another unit, without a warning.
#
# Versions: aws-lambda-powertools 3.37.0 (Python), @aws-lambda-powertools/metrics 2.36.0 (TypeScript).
# Expected: two metrics or an error. For CloudWatch the unit belongs to the data: the User Guide (CloudWatch concepts,
#   Units) says that data points that state a unit are aggregated separately. An EMF line has one `Unit` for a metric name.
# Seen: add_metric of "Flush" with 1500 Milliseconds, then 2 Seconds: one EMF line, Unit Seconds, values 1500 and 2;
#   so 1.5 s become 25 minutes. The sister library refuses the same two calls: "Metric "Flush" has already been added
#   with unit "Milliseconds", but we received unit "Seconds"".
# Who meets it: functions in which two code paths measure the same thing.
# Publicly known: no report found.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet aws-lambda-powertools==3.37.0
npm install --silent --no-audit --no-fund --prefix "$work/node" @aws-lambda-powertools/metrics@2.36.0 >&2

"$work/venv/bin/python" -W error - <<'PYTHON'
import json
import sys
from importlib.metadata import version

from aws_lambda_powertools.metrics import EphemeralMetrics

print("Python", version("aws-lambda-powertools"))
metrics = EphemeralMetrics(namespace="Example")
metrics.add_metric(name="Flush", unit="Milliseconds", value=1500)
metrics.add_metric(name="Flush", unit="Seconds", value=2)
line = metrics.serialize_metric_set()
declared = line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
print("  declared:", json.dumps(declared), "values:", line["Flush"])
as_seen = declared == [{"Name": "Flush", "Unit": "Seconds"}] and line["Flush"] == [1500, 2]
sys.exit(0 if as_seen else "changed: the units are kept apart or refused")
PYTHON

echo "TypeScript 2.36.0"
NODE_PATH="$work/node/node_modules" node - <<'JS'
const { Metrics } = require('@aws-lambda-powertools/metrics');
const metrics = new Metrics({ namespace: 'Example', serviceName: 'example' });
metrics.addMetric('Flush', 'Milliseconds', 1500);
try {
  metrics.addMetric('Flush', 'Seconds', 2);
  console.error('changed: the TypeScript library takes both units now');
  process.exitCode = 1;
} catch (error) {
  console.log(' ', error.message);
}
metrics.clearMetrics();
JS
