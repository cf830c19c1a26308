from lib.wait import until

from .aws import ecs, refused, refuses
from .cluster import ClusterCase, slow


class Tasks(ClusterCase):
    def list(self, **more):
        return ecs.list_tasks(cluster=self.cluster, **more)["taskArns"]

    def test_a_task_lives_and_is_stopped(self):
        definition = self.definition({"name": "web"}, slow(2, name="worker", essential=False))
        arn = self.run_task(definition, startedBy="me", group="own")
        task = self.task(arn)
        self.assertEqual((task["group"], task["startedBy"], task["desiredStatus"]), ("own", "me", "RUNNING"))
        self.assertEqual([one["lastStatus"] for one in task["containers"]], ["RUNNING", "RUNNING"])
        self.assertEqual(task["containerInstanceArn"], self.active()[0])
        stopped = ecs.stop_task(cluster=self.cluster, task=arn, reason="enough")["task"]
        self.assertEqual(stopped["desiredStatus"], "STOPPED")
        until("it is stopping", lambda: self.task(arn)["lastStatus"] == "STOPPING")
        self.assertNotIn(arn, self.list())
        self.assertIn(arn, self.list(desiredStatus="STOPPED"))
        task = self.wait_for(arn, "STOPPED")
        self.assertEqual((task["stopCode"], task["stoppedReason"]), ("UserInitiated", "enough"))
        self.assertLessEqual(task["stoppingAt"], task["executionStoppedAt"])
        self.assertLessEqual(task["executionStoppedAt"], task["stoppedAt"])

    def test_the_end_of_an_essential_container_stops_the_task(self):
        labels = {"local-aws.simulated": "true", "local-aws.run-seconds": "0.1"}
        definition = self.definition({"name": "main", "dockerLabels": labels}, {"name": "helper", "essential": False})
        answer = ecs.run_task(cluster=self.cluster, taskDefinition=definition)
        task = self.wait_for(answer["tasks"][0]["taskArn"], "STOPPED")
        self.assertEqual(task["stopCode"], "EssentialContainerExited")
        self.assertEqual(task["group"], f"family:{definition.split('/')[-1].split(':')[0]}")

    def test_pages_and_filters(self):
        definition = self.definition({})
        family = definition.split("/")[-1].split(":")[0]
        answer = ecs.run_task(cluster=self.cluster, taskDefinition=definition, count=5, startedBy="pages")
        arns = {task["taskArn"] for task in answer["tasks"]}
        pages = ecs.get_paginator("list_tasks").paginate(
            cluster=self.cluster, family=family, PaginationConfig={"PageSize": 2}
        )
        self.assertEqual([len(page["taskArns"]) for page in pages], [2, 2, 1])
        self.assertEqual(set(self.list(startedBy="pages")), arns)
        self.assertLessEqual(arns, set(self.list(containerInstance=self.active()[0])))
        self.assertEqual(self.list(family=family, desiredStatus="PENDING"), [])
        refuses(self, "InvalidParameterException", self.list, maxResults=0)

    def test_describing(self):
        arn = self.run_task(self.definition({}))
        unknown = arn[:-4] + "zzzz"
        answer = ecs.describe_tasks(cluster=self.cluster, tasks=[arn, unknown])
        self.assertEqual([task["taskArn"] for task in answer["tasks"]], [arn])
        self.assertEqual(answer["failures"], [{"arn": unknown, "reason": "MISSING"}])
        refuses(self, "InvalidParameterException", ecs.describe_tasks, cluster=self.cluster, tasks=[])
        refuses(self, "InvalidParameterException", ecs.describe_tasks, cluster=self.cluster, tasks=[arn] * 101)
        with refused(self, "InvalidParameterException", "The referenced task was not found."):
            ecs.stop_task(cluster=self.cluster, task=unknown)

    def test_starting_on_an_instance(self):
        definition = self.definition({})
        answer = ecs.start_task(
            cluster=self.cluster, taskDefinition=definition, containerInstances=self.active(), startedBy="me"
        )
        self.assertEqual(answer["failures"], [])
        self.wait_for(answer["tasks"][0]["taskArn"], "RUNNING")

    def test_definitions(self):
        definition = self.definition({"name": "web", "stopTimeout": 5})
        described = ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]
        self.assertEqual((described["revision"], described["containerDefinitions"][0]["stopTimeout"]), (1, 5))
        self.assertEqual(ecs.register_task_definition(
            family=described["family"], containerDefinitions=described["containerDefinitions"]
        )["taskDefinition"]["revision"], 2)
        refuses(self, "ClientException", ecs.describe_task_definition, taskDefinition="unknown")
        waits = {"dependsOn": [{"containerName": "unknown", "condition": "START"}]}
        refuses(self, "ClientException", self.definition, {"name": "web", **waits})
        refuses(self, "ClientException", self.definition, {"name": "web", "essential": False})

    def test_protection(self):
        arn = self.run_task(self.definition({}))
        answer = ecs.update_task_protection(
            cluster=self.cluster, tasks=[arn], protectionEnabled=True, expiresInMinutes=5
        )
        # Only tasks of services can be protected.
        self.assertEqual(answer["protectedTasks"], [])
        self.assertEqual(answer["failures"][0]["arn"], arn)

    def test_what_is_not_served(self):
        refuses(self, "AccessDeniedException", ecs.list_account_settings)
