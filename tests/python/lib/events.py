"""Events as EventBridge delivers them: the fixtures of the core, with the names and times of a test."""

import datetime
import itertools
import json

from . import ROOT

FOLDER = ROOT / "crates" / "core" / "fixtures" / "events"

_numbers = itertools.count(1)


def fixture(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def names():
    """Names of all fixtures."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def now():
    """This moment, RFC 3339."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def fresh(name, detail, resources=()):
    """A fixture that happens now."""
    event = fixture(name)
    event["id"] = f"00000000-0000-0000-0000-{next(_numbers):012}"
    event["time"] = now()
    event["resources"] = list(resources)
    event["detail"].update(detail)
    return event


def task_stopped(task):
    """`task` is as DescribeTasks shows it."""
    arns = ("taskArn", "clusterArn", "containerInstanceArn", "taskDefinitionArn")
    detail = {name: task[name] for name in (*arns, "group", "lastStatus", "desiredStatus")}
    return fresh("task-stopped", {**detail, "containers": [], "updatedAt": now()}, [task["taskArn"]])


def instance_draining(cluster_arn, instance):
    """`instance` is as DescribeContainerInstances shows it."""
    kept = ("containerInstanceArn", "ec2InstanceId", "status", "agentConnected")
    detail = {**{name: instance[name] for name in kept}, "clusterArn": cluster_arn, "updatedAt": now()}
    return fresh("instance-draining", detail, [instance["containerInstanceArn"]])


def tick():
    return fresh("tick", {}, ["arn:aws:events:us-east-1:123456789012:rule/tick"])


def order(command, cluster, instance, **more):
    """An operator's command."""
    return {"command": command, "cluster": cluster, "instance": instance, "who": "ana", "why": "ticket 7", **more}
