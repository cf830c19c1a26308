"""A cluster in moto with one draining instance to be, for a test case."""

import functools
import itertools
import json
import re
import unittest
import urllib.request

from lib import ROOT, events
from lib.function import Function, environment
from lib.host import SERVICE, Sidecar
from lib.local_aws import client
from lib.programs import Program
from lib.wait import until

SERVER = Program([ROOT / ".venv-moto/bin/moto_server", "--host", "127.0.0.1", "--port", "0"], {})


def endpoint():
    """moto says where it listens once it does."""
    if not SERVER.running():
        raise AssertionError("moto ended:\n" + "\n".join(SERVER.lines))
    return re.search(r"http://127\.0\.0\.1:\d+", "\n".join(SERVER.lines))


ENDPOINT = until("moto listens", endpoint)[0]
PREFIX = "/ecs-daemon-protector"

ecs, ec2, ssm = (client(service, ENDPOINT) for service in ("ecs", "ec2", "ssm"))

_numbers = itertools.count(1)


def unique(stem):
    return f"{stem}-{next(_numbers)}"


@functools.cache
def image():
    """Any machine image."""
    return ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]


def manage_tasks(change, **parameters):
    """Changes how moto moves tasks from status to status."""
    body = json.dumps({"model_name": "ecs::task", **parameters}).encode()
    headers = {"Content-Type": "application/json"}
    url = f"{ENDPOINT}/moto-api/state-manager/{change}-transition"
    urllib.request.urlopen(urllib.request.Request(url, body, headers)).close()


class MotoCase(unittest.TestCase):
    """Has a cluster, one container instance, and the services web (REPLICA) and logs (DAEMON), without tasks."""

    def setUp(self):
        # Without this each DescribeTasks moves every task one status on.
        manage_tasks("set", transition={"progression": "manual", "times": 1_000_000})
        self.cluster = unique("cluster")
        self.cluster_arn = ecs.create_cluster(clusterName=self.cluster)["cluster"]["clusterArn"]
        self.host = ec2.run_instances(ImageId=image(), MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        registered = ecs.register_container_instance(
            cluster=self.cluster, instanceIdentityDocument=json.dumps({"instanceId": self.host})
        )
        self.arn = registered["containerInstance"]["containerInstanceArn"]
        self.definition = self.define("app")
        for name, strategy in (("web", "REPLICA"), (SERVICE, "DAEMON")):
            ecs.create_service(
                cluster=self.cluster, serviceName=name, taskDefinition=self.definition, schedulingStrategy=strategy
            )

    @staticmethod
    def define(*containers):
        containers = [{"name": name, "image": name, "cpu": 1, "memory": 8} for name in containers]
        made = ecs.register_task_definition(family=unique("family"), containerDefinitions=containers)
        return made["taskDefinition"]["taskDefinitionArn"]

    def start_task(self, group, definition=None):
        """moto places no task of a service: here one starts by hand, as ECS would start it."""
        by_service = {"startedBy": "ecs-svc/1234567890123456789"} if group.startswith("service:") else {}
        started = ecs.start_task(
            cluster=self.cluster,
            taskDefinition=definition or self.definition,
            containerInstances=[self.arn],
            group=group,
            **by_service,
        )
        self.assertEqual(started["failures"], [])
        return started["tasks"][0]["taskArn"]

    def stop_task(self, arn):
        """Ends a task, and gives the event of its end."""
        ecs.stop_task(cluster=self.cluster, task=arn)
        return events.task_stopped(ecs.describe_tasks(cluster=self.cluster, tasks=[arn])["tasks"][0])

    def instance(self):
        described = ecs.describe_container_instances(cluster=self.cluster, containerInstances=[self.arn])
        return described["containerInstances"][0]

    def drain_by_console(self):
        """Sets DRAINING as a person does, and gives the event."""
        answer = ecs.update_container_instances_state(
            cluster=self.cluster, containerInstances=[self.arn], status="DRAINING"
        )
        self.assertEqual(answer["failures"], [])
        return events.instance_draining(self.cluster_arn, self.instance())

    def function(self, **settings):
        """The coordinator, for the time of the test."""
        settings = {"CLUSTERS": self.cluster, "SETTLE": "1s", "LINGER": "0s", "DAEMON_STOP": "2s", **settings}
        function = Function(self.function_environment(**settings))
        self.addCleanup(function.__exit__)
        return function

    def function_environment(self, **settings):
        return environment(ENDPOINT, **settings)

    def sidecar(self, **settings):
        """A sidecar that waits for SIGTERM."""
        sidecar = Sidecar(self.cluster, self.host, ENDPOINT, POLL_INTERVAL="1s", **settings)
        self.addCleanup(sidecar.close)
        sidecar.ready()
        return sidecar

    def record(self):
        """The record of the instance, or None."""
        try:
            name = f"{PREFIX}/{self.cluster}/{self.host}"
            return json.loads(ssm.get_parameter(Name=name)["Parameter"]["Value"])
        except ssm.exceptions.ParameterNotFound:
            return None

    def answered(self, answer):
        """The invocation has succeeded."""
        self.assertFalse(answer.failed, answer.value)
        return answer.value

    def ticks_until(self, function, what, find):
        """Invokes the schedule until `find` gives something true."""
        def tick_and_look():
            self.answered(function.invoke(events.tick()))
            return find()

        return until(what, tick_and_look)

    def released(self, function):
        """Invokes the schedule until the record says released, and gives the record."""
        return self.ticks_until(function, "released", lambda: (r := self.record())["state"] == "released" and r)
