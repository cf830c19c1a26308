"""Just enough AWS for one sidecar and an idle coordinator. Counts the calls it gets."""

import datetime
import json
from urllib.parse import parse_qs

from .http import Response

CLUSTER = "measure"
INSTANCE = "i-0123456789abcdef0"
REGION = "us-east-1"
ACCOUNT = "123456789012"
ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}"

JSON = (("content-type", "application/x-amz-json-1.1"),)
XML = (("content-type", "text/xml"),)


def later(seconds):
    """A moment from now, RFC 3339."""
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return now.isoformat(timespec="seconds").replace("+00:00", "Z")


def reply(value, status=200):
    return Response(status, json.dumps(value).encode(), JSON)


def error(code, status=400):
    return reply({"__type": code, "message": code}, status)


class Local:
    """Container credentials, task metadata, instance metadata."""

    def __call__(self, request):
        if request.path.startswith("/credentials"):
            return reply(self.credentials())
        if request.path.startswith("/v4/"):
            return reply(self.task() if request.path.endswith("/task") else self.task()["Containers"][1])
        if request.path == "/latest/api/token":
            return Response(200, b"token")
        if request.path == "/latest/meta-data/instance-id":
            return Response(200, INSTANCE.encode())
        return Response(404)

    @staticmethod
    def credentials():
        return {"AccessKeyId": "AKID", "SecretAccessKey": "secret", "Token": "token", "Expiration": later(3600)}

    @staticmethod
    def task():
        names = ("fluent-bit", "ecs-daemon-protector")
        container = {"DesiredStatus": "RUNNING", "KnownStatus": "RUNNING", "Type": "NORMAL"}
        containers = [{"DockerId": n, "Name": n, "DockerName": n, **container} for n in names]
        return {
            "Cluster": f"{ARN}:cluster/{CLUSTER}",
            "TaskARN": f"{ARN}:task/{CLUSTER}/0123456789abcdef0123456789abcdef",
            "Family": "fluent-bit-daemon",
            "Revision": "1",
            "DesiredStatus": "RUNNING",
            "KnownStatus": "RUNNING",
            "LaunchType": "EC2",
            "ServiceName": "fluent-bit",
            "Containers": containers,
        }


class Aws:
    """SSM with one record that is released at the read that `release_at` names, and an account with nothing in it."""

    def __init__(self, release_at=None):
        self.release_at = release_at
        self.draining = False
        self.reads = 0
        self.calls = []

    def __call__(self, request):
        target = request.headers.get("x-amz-target")
        if target is None:
            action = parse_qs(request.body.decode()).get("Action", ["?"])[0]
            self.calls.append(action)
            return self.query(action)
        action = target.rpartition(".")[2]
        self.calls.append(action)
        return self.json(action, json.loads(request.body or b"{}"))

    def json(self, action, body):
        if action == "GetParameters":
            return self.parameters(body["Names"])
        empty = {"ListClusters": {"clusterArns": []}, "GetParametersByPath": {"Parameters": []}}
        return reply(empty[action]) if action in empty else error("InvalidAction")

    def query(self, action):
        result = f"<{action}Response><{action}Result></{action}Result></{action}Response>"
        return Response(200, result.encode(), XML)

    def parameters(self, names):
        found = [self.parameter(name) for name in names if self.draining and name.endswith(INSTANCE)]
        absent = [name for name in names if name not in [parameter["Name"] for parameter in found]]
        return reply({"Parameters": found, "InvalidParameters": absent})

    def parameter(self, name):
        self.reads += 1
        value = json.dumps(self.record(self.reads >= self.release_at))
        return {"Name": name, "Type": "String", "Value": value, "Version": self.reads}

    @staticmethod
    def record(released):
        """The record as the design's section 3 has it."""
        common = {
            "schema": 1,
            "ec2InstanceId": INSTANCE,
            "containerInstanceArn": f"{ARN}:container-instance/{CLUSTER}/0123456789abcdef0123456789abcdef",
            "drainId": "measure",
            "startedAt": later(-5),
            "updatedAt": later(0),
            "deadlineAt": later(3600),
            "pollSeconds": 1,
            "releasedServices": [],
        }
        if released:
            return {**common, "state": "released", "remaining": 0, "reason": "drained", "releasedAt": later(0), "heldBy": []}
        held = [{"group": "service:web", "count": 1, "lastStatus": "DEACTIVATING"}]
        return {**common, "state": "holding", "remaining": 1, "heldBy": held}
