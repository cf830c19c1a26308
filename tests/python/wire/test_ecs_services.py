from lib.wait import until

from .aws import ecs, refused, refuses, unique
from .cluster import ClusterCase


class Services(ClusterCase):
    INSTANCES = 2

    def create(self, strategy, **more):
        name = unique("service")
        ecs.create_service(
            cluster=self.cluster,
            serviceName=name,
            taskDefinition=self.definition({}),
            schedulingStrategy=strategy,
            **more,
        )
        self.addCleanup(self.delete, name)
        return name

    def delete(self, name):
        ecs.delete_service(cluster=self.cluster, service=name, force=True)

    def describe(self, name):
        return ecs.describe_services(cluster=self.cluster, services=[name])["services"][0]

    def running(self, name, count):
        until(f"{count} tasks of {name} run", lambda: self.describe(name)["runningCount"] == count)
        return ecs.list_tasks(cluster=self.cluster, serviceName=name)["taskArns"]

    def test_a_replica_service_keeps_its_count(self):
        name = self.create("REPLICA", desiredCount=3)
        tasks = self.running(name, 3)
        task = self.task(tasks[0])
        self.assertEqual(task["group"], f"service:{name}")
        self.assertEqual(task["startedBy"], self.describe(name)["deployments"][0]["id"])
        ecs.stop_task(cluster=self.cluster, task=tasks[0])
        until("it is replaced", lambda: tasks[0] not in self.running(name, 3))
        answer = ecs.update_service(cluster=self.cluster, service=name, desiredCount=1)
        self.assertEqual(answer["service"]["desiredCount"], 1)
        self.running(name, 1)
        with refused(self, "InvalidParameterException", "scaled above 0"):
            ecs.delete_service(cluster=self.cluster, service=name)

    def test_a_daemon_service_is_on_every_instance(self):
        name = self.create("DAEMON")
        tasks = self.running(name, 2)
        places = {self.task(arn)["containerInstanceArn"] for arn in tasks}
        self.assertEqual(places, set(self.active()))
        service = self.describe(name)
        self.assertEqual((service["schedulingStrategy"], service["desiredCount"]), ("DAEMON", 2))

    def test_lists_and_limits(self):
        names = {self.create("REPLICA", desiredCount=0), self.create("DAEMON")}
        pages = ecs.get_paginator("list_services").paginate(cluster=self.cluster, PaginationConfig={"PageSize": 1})
        listed = [arn.split("/")[-1] for page in pages for arn in page["serviceArns"]]
        self.assertLessEqual(names, set(listed))
        daemons = ecs.list_services(cluster=self.cluster, schedulingStrategy="DAEMON")["serviceArns"]
        self.assertEqual(len([arn for arn in daemons if arn.split("/")[-1] in names]), 1)
        answer = ecs.describe_services(cluster=self.cluster, services=["unknown"])
        self.assertEqual(answer["failures"][0]["reason"], "MISSING")
        refuses(self, "InvalidParameterException", ecs.describe_services, cluster=self.cluster, services=["s"] * 11)
        with refused(self, "ServiceNotFoundException"):
            ecs.update_service(cluster=self.cluster, service="unknown", desiredCount=1)

    def test_tasks_of_a_service_can_be_protected(self):
        name = self.create("REPLICA", desiredCount=1)
        tasks = self.running(name, 1)
        answer = ecs.update_task_protection(cluster=self.cluster, tasks=tasks, protectionEnabled=True)
        self.assertEqual(answer["failures"], [])
        found = ecs.get_task_protection(cluster=self.cluster, tasks=tasks)["protectedTasks"]
        self.assertEqual([one["protectionEnabled"] for one in found], [True])
