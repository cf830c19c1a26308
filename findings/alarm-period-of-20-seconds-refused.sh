#!/usr/bin/env bash
# What surprises: cfn-lint and CDK refuse an alarm period of 20 seconds, which CloudWatch takes.
#
# Versions: cfn-lint 1.58.0, aws-cdk-lib 2.276.0, botocore 1.44.8 (for AWS's own text).
# Expected: no finding. PutMetricAlarm in the CloudWatch API reference, and with it botocore's service model: "Valid
#   values are 10, 20, 30, and any multiple of 60".
# Seen: cfn-lint, error E3615: "20 is not one of [10, 30, 60] or a multiple of 60". CDK, when a Metric is made:
#   "'period' must be 1, 5, 10, 30, or a multiple of 60 seconds, received 20". With 30 both are content.
# Who meets it: alarms on high-resolution metrics (EMF with StorageResolution 1). The template deploys, the check fails.
# Publicly known: for Terraform's provider, where it is fixed:
#   https://github.com/hashicorp/terraform-provider-aws/issues/42389 . No report found for these two.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet cfn-lint==1.58.0 botocore==1.44.8
npm install --silent --no-audit --no-fund --prefix "$work/node" aws-cdk-lib@2.276.0 constructs@10 >&2

"$work/venv/bin/cfn-lint" --version
"$work/venv/bin/python" - <<'PYTHON'
import re

import botocore
import botocore.session

model = botocore.session.get_session().get_service_model("cloudwatch")
text = model.operation_model("PutMetricAlarm").input_shape.members["Period"].documentation
print(f"botocore {botocore.__version__}:", re.search(r"Valid values are [^.]*\.", re.sub("<[^>]+>", "", text))[0])
PYTHON

lint() { # how cfn-lint ends for an alarm with this period
  cat > "$work/alarm-$1.yaml" <<YAML
Resources:
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: Example
      MetricName: Drains
      Statistic: Sum
      Period: $1
      EvaluationPeriods: 3
      Threshold: 1
      ComparisonOperator: GreaterThanThreshold
YAML
  "$work/venv/bin/cfn-lint" --format parseable --regions us-east-1 -- "$work/alarm-$1.yaml" | cut -d: -f6-
}
cdk() { # what CDK says to a metric with this period
  NODE_PATH="$work/node/node_modules" node - "$1" <<'JS'
const { Duration } = require('aws-cdk-lib');
const { Metric } = require('aws-cdk-lib/aws-cloudwatch');
try {
  new Metric({ namespace: 'Example', metricName: 'Drains', period: Duration.seconds(Number(process.argv[2])) });
} catch (error) {
  console.log(error.message.split('\n')[0]);
}
JS
}

changed=0
for period in 30 20; do
  linted=$(lint "$period" || true)
  made=$(cdk "$period")
  echo "period $period: cfn-lint: ${linted:-nothing to say}; CDK: ${made:-nothing to say}"
  case $period in
    30) [[ -z $linted && -z $made ]] || changed=1 ;;
    20) [[ $linted == *E3615* && $made == *"received 20"* ]] || changed=1 ;;
  esac
done
((changed == 0)) || { echo "changed: the periods are judged otherwise" >&2; exit 1; }
