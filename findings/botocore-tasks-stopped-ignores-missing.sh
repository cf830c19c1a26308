#!/usr/bin/env bash
# What surprises: botocore's waiter `tasks_stopped` polls on for ten minutes for a task that ECS no longer knows.
#
# Versions: botocore 1.44.8 (waiters-2.json of ECS, 2014-11-13).
# Expected: an end at once, as a failure or as a success. ECS shows a stopped task for an hour at least
#   (DescribeTasks in the API reference); after that the answer is `failures[].reason` MISSING. The waiters
#   `tasks_running`, `services_stable` and `services_inactive` of the same file treat MISSING as a failure.
# Seen: `tasks_running` ends after 1 request; `tasks_stopped` uses up every attempt ("Max attempts exceeded"). Its
#   defaults are 100 attempts, 6 s apart. Here 5 attempts without a delay stand for them.
# Who meets it: drain scripts that note task ARNs and wait later; also `aws ecs wait tasks-stopped`.
# Publicly known: the symptom, for another SDK: https://github.com/aws/aws-sdk-go/issues/1506 . No report of the cause.
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
task = "arn:aws:ecs:us-east-1:123456789012:task/demo/" + "0" * 32
requests = []
client.meta.events.register("before-parameter-build.ecs.DescribeTasks", lambda **_: requests.append(1))


def attempts(waiter):
    requests.clear()
    with Stubber(client) as stub:
        for _ in range(5):
            stub.add_response("describe_tasks", {"tasks": [], "failures": [{"arn": task, "reason": "MISSING"}]})
        try:
            client.get_waiter(waiter).wait(
                cluster="demo", tasks=[task], WaiterConfig={"Delay": 0, "MaxAttempts": 5}
            )
            outcome = "returned"
        except WaiterError as error:
            outcome = str(error)
    print(f"{waiter}: {len(requests)} request(s), {outcome}")
    return len(requests)


stopped = client.get_waiter("tasks_stopped").config
print(f"defaults of tasks_stopped: {stopped.max_attempts} attempts, {stopped.delay} s apart")
seen = attempts("tasks_running"), attempts("tasks_stopped")
sys.exit(0 if seen == (1, 5) else f"changed: {seen} requests instead of (1, 5)")
PYTHON
