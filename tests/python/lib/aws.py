"""The local AWS as a process, and in it one container instance for a sidecar that is started beside it.

Without boto3, so that scripts/measure needs Python alone. The requests are not signed: an access key names the caller.
"""

import datetime
import json
import os
import subprocess
import urllib.error
import urllib.request
from urllib.parse import urlencode

from . import ROOT
from .wait import until

# Optimised: the programs under test wait for its answers.
PROFILE = "simulate"
PROTECTORCTL = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / PROFILE / "protectorctl"

CLUSTER = "measure"
REGION = "us-east-1"
ACCOUNT = "123456789012"
TARGETS = {"ecs": "AmazonEC2ContainerServiceV20141113", "ssm": "AmazonSSM"}
BOUND_SECONDS = 60


def later(seconds):
    """A moment from now, RFC 3339."""
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return now.isoformat(timespec="seconds").replace("+00:00", "Z")


class LocalAws:
    """`protectorctl local-aws` on a free port; with a certificate and its key it also speaks TLS."""

    def __init__(self, tls=None, program=PROTECTORCTL, arguments=("--tick", "0s", "--no-quotas")):
        command = [program, "local-aws", "--json", "--region", REGION, *arguments]
        if tls:
            command += ["--tls-certificate", tls[0], "--tls-key", tls[1]]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.url = ready["endpoint"]
        self.endpoint = ready["secureEndpoint"] or self.url

    def request(self, method, path, body=b"", headers=()):
        request = urllib.request.Request(self.url + path, body or None, dict(headers), method=method)
        try:
            with urllib.request.urlopen(request, timeout=BOUND_SECONDS) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()}") from None

    def signed(self, service):
        return {"authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request"}

    def call(self, service, operation, **parameters):
        headers = {**self.signed(service), "x-amz-target": f"{TARGETS[service]}.{operation}"}
        return json.loads(self.request("POST", "/", json.dumps(parameters).encode(), headers))

    def query(self, service, **parameters):
        self.request("POST", "/", urlencode(parameters).encode(), self.signed(service))

    def faults(self, *plans):
        """Replaces the faults; crates/local-aws/src/http/control.rs says what a plan has."""
        self.request("PUT", "/_local/faults", json.dumps(plans).encode())

    def calls(self, *callers):
        """The operations that were called so far, by the programs under test or by these callers."""
        calls = json.loads(self.request("GET", "/_local/requests"))["calls"]
        return [one["operation"] for one in calls if (one["principal"] in callers if callers else one["principal"] != "test")]

    def close(self):
        self.process.terminate()
        self.process.wait(BOUND_SECONDS)
        self.process.stdout.close()


def simulated(name, stop_seconds):
    labels = {"local-aws.simulated": "true", "local-aws.stop-seconds": str(stop_seconds)}
    return {"name": name, "image": name, "memory": 16, "essential": stop_seconds == 0, "stopTimeout": 3600, "dockerLabels": labels}


class Host:
    """One container instance with one task: a daemon and its sidecar, for which a process outside stands."""

    def __init__(self, tls=None, cluster=CLUSTER, service="fluent-bit", program=PROTECTORCTL):
        self.aws, self.cluster = LocalAws(tls, program), cluster
        self.aws.call("ecs", "CreateCluster", clusterName=cluster)
        tag = {"Tags.member.1.Key": "local-aws.cluster", "Tags.member.1.Value": cluster}
        group = {"AutoScalingGroupName": "measure", "MinSize": 0, "MaxSize": 1, "DesiredCapacity": 1, **tag}
        self.aws.query("autoscaling", Action="CreateAutoScalingGroup", Version="2011-01-01", **group)
        (self.container_instance,) = until("an instance is registered", lambda: self.listed("ListContainerInstances"))
        described = self.aws.call("ecs", "DescribeContainerInstances", cluster=cluster, containerInstances=[self.container_instance])
        self.instance = described["containerInstances"][0]["ec2InstanceId"]
        self.run(service)

    def listed(self, operation):
        (found,) = self.aws.call("ecs", operation, cluster=self.cluster).values()
        return found

    def run(self, service):
        containers = [simulated(service, 0), simulated("ecs-daemon-protector", 3600)]
        role = f"arn:aws:iam::{ACCOUNT}:role/daemon"
        self.aws.call("ecs", "RegisterTaskDefinition", family=service, taskRoleArn=role, containerDefinitions=containers)
        names = {"serviceName": service, "taskDefinition": service, "schedulingStrategy": "DAEMON"}
        self.aws.call("ecs", "CreateService", cluster=self.cluster, **names)
        (task,) = until("the task is there", lambda: self.listed("ListTasks"))
        until("the task runs", lambda: self.status(task) == "RUNNING")
        self.task = task.rpartition("/")[2]

    def status(self, task):
        return self.aws.call("ecs", "DescribeTasks", cluster=self.cluster, tasks=[task])["tasks"][0]["lastStatus"]

    @property
    def record_name(self):
        return f"/ecs-daemon-protector/{self.cluster}/{self.instance}"

    def environment(self):
        """What the agent would give the container of the sidecar, and where the instance is."""
        imds = json.loads(self.aws.request("GET", f"/_local/instances/{self.instance}"))["imds"]
        return {
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.aws.endpoint,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": imds,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self.aws.url}/credentials/{self.task}",
            "ECS_CONTAINER_METADATA_URI_V4": f"{self.aws.url}/v4/{self.task}-ecs-daemon-protector",
            "PROTECTOR_CLUSTER": self.cluster,
            "PROTECTOR_INSTANCE_ID": self.instance,
        }

    def write_record(self, released):
        """What the coordinator writes. A record that ended another drain has gone before."""
        value = json.dumps(self.record(released))
        self.aws.call("ssm", "PutParameter", Name=self.record_name, Value=value, Type="String", Overwrite=True)

    def release_at_read(self, number):
        """A drain whose record says holding until this read of it, and released from then on."""
        self.write_record(released=False)
        reads = {"service": "ssm", "operation": "GetParameters", "mentions": self.instance}
        self.aws.faults({**reads, "fault": "stale", "times": number - 1})
        self.write_record(released=True)

    def record(self, released):
        common = {
            "schema": 1,
            "ec2InstanceId": self.instance,
            "containerInstanceArn": self.container_instance,
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

    def close(self):
        self.aws.close()
