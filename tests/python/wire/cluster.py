"""A cluster with instances, for a test case."""

import unittest

from lib.wait import until

from .aws import autoscaling, ecs, unique

HOOK = "drain"


class ClusterCase(unittest.TestCase):
    """Has a cluster `self.cluster` with `INSTANCES` instances of the group `self.group`."""

    INSTANCES = 1

    @classmethod
    def setUpClass(cls):
        cls.cluster, cls.group = unique("cluster"), unique("group")
        ecs.create_cluster(clusterName=cls.cluster)
        autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=cls.group,
            MinSize=0,
            MaxSize=10,
            DesiredCapacity=cls.INSTANCES,
            Tags=[{"Key": "local-aws.cluster", "Value": cls.cluster, "PropagateAtLaunch": True}],
        )
        until("instances are registered", lambda: len(cls.active()) == cls.INSTANCES)

    @classmethod
    def tearDownClass(cls):
        autoscaling.delete_auto_scaling_group(AutoScalingGroupName=cls.group, ForceDelete=True)

    @classmethod
    def active(cls):
        """ARNs of the ACTIVE container instances."""
        return ecs.list_container_instances(cluster=cls.cluster, status="ACTIVE")["containerInstanceArns"]

    def instance(self, arn):
        """A container instance."""
        described = ecs.describe_container_instances(cluster=self.cluster, containerInstances=[arn])
        self.assertEqual(described["failures"], [])
        return described["containerInstances"][0]

    def definition(self, *containers, **more):
        """Registers a task definition and gives its ARN. A container has no process unless it has an entry point."""
        made = ecs.register_task_definition(
            family=unique("family"),
            containerDefinitions=[{**container_defaults(one), **one} for one in containers],
            **more,
        )
        return made["taskDefinition"]["taskDefinitionArn"]

    def run_task(self, definition, **more):
        """Runs a standalone task, waits until it is RUNNING, and gives its ARN."""
        answer = ecs.run_task(cluster=self.cluster, taskDefinition=definition, **more)
        self.assertEqual(answer["failures"], [])
        arn = answer["tasks"][0]["taskArn"]
        self.wait_for(arn, "RUNNING")
        return arn

    def task(self, arn):
        """A task."""
        return ecs.describe_tasks(cluster=self.cluster, tasks=[arn])["tasks"][0]

    def wait_for(self, arn, status):
        """Waits until a task has a status and gives the task."""
        return until(f"{arn} is {status}", lambda: (one := self.task(arn))["lastStatus"] == status and one)

    def drain(self, arn):
        """Sets a container instance DRAINING."""
        answer = ecs.update_container_instances_state(
            cluster=self.cluster, containerInstances=[arn], status="DRAINING"
        )
        self.assertEqual(answer["failures"], [])
        self.assertEqual(answer["containerInstances"][0]["status"], "DRAINING")


def container_defaults(container):
    simulated = {} if "entryPoint" in container else {"dockerLabels": {"local-aws.simulated": "true"}}
    return {"name": "app", "image": "app", "memory": 64, "cpu": 10, "essential": True, **simulated}


def slow(seconds, **more):
    """A simulated container that takes so long from SIGTERM to its exit."""
    return {"dockerLabels": {"local-aws.simulated": "true", "local-aws.stop-seconds": str(seconds)}, **more}
