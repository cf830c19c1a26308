#!/usr/bin/env bash
# What surprises: botocore's waiter `services_inactive` returns as soon as ONE of the services it waits for is INACTIVE.
#
# Versions: botocore 1.44.8 (waiters-2.json of ECS, 2014-11-13).
# Expected: it waits for all of them. DeleteService in the ECS API reference says that a deleted service is DRAINING
#   while its tasks stop, and INACTIVE after that; the other waiters that take a list (`tasks_stopped`, `tasks_running`)
#   compare with `pathAll`. This one compares `services[].status` with `pathAny`.
# Seen: two services, the first INACTIVE, the second DRAINING with two running tasks: returned after 1 request.
# Who meets it: scripts that delete several services and then their cluster or instances; also
#   `aws ecs wait services-inactive`, which is this waiter.
# Publicly known: no report found.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet botocore==1.44.8
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import botocore
import botocore.session
from botocore.exceptions import WaiterError
from botocore.stub import Stubber

print("botocore", botocore.__version__)
client = botocore.session.get_session().create_client(
    "ecs", region_name="us-east-1", aws_access_key_id="example", aws_secret_access_key="example"
)
answer = {
    "services": [
        {"serviceName": "first", "status": "INACTIVE", "runningCount": 0},
        {"serviceName": "second", "status": "DRAINING", "runningCount": 2},
    ],
    "failures": [],
}
requests = []
client.meta.events.register("before-parameter-build.ecs.DescribeServices", lambda **_: requests.append(1))
with Stubber(client) as stub:
    for _ in range(3):
        stub.add_response("describe_services", answer)
    try:
        client.get_waiter("services_inactive").wait(
            cluster="demo", services=["first", "second"], WaiterConfig={"Delay": 0, "MaxAttempts": 3}
        )
        outcome = "returned"
    except WaiterError as error:
        outcome = f"failed: {error}"
print(f"second is DRAINING with 2 tasks; the waiter {outcome} after {len(requests)} request(s)")
sys.exit(0 if (outcome, len(requests)) == ("returned", 1) else "changed: the waiter no longer ends at the first one")
PYTHON
