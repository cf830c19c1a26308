"""Where moto is not AWS. Each test asserts that it is STILL so: if one fails, moto has changed, and what the drains of
this folder work around may be dropped, or they may now prove more.
"""

import json

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from lib.local_aws import client

from .world import ENDPOINT, MotoCase, ec2, ecs, image, manage_tasks, unique

scaling = client("autoscaling", ENDPOINT, attempts=1)
impatient_ecs = client("ecs", ENDPOINT, attempts=1)

UNKNOWN_TASK = f"arn:aws:ecs:us-east-1:123456789012:task/none/{'0' * 32}"


class NotThere(MotoCase):
    def is_not_implemented(self, call, **arguments):
        """moto answers HTTP 500 with a page of HTML."""
        with self.assertRaises((ClientError, ResponseParserError)) as caught:
            call(**arguments)
        self.assertIn("Internal Server Error", str(caught.exception))

    def test_lifecycle_actions(self):
        """AWS: both exist. So no drain with a hook can run on moto alone."""
        action = {"LifecycleHookName": "h", "AutoScalingGroupName": "g", "InstanceId": self.host}
        self.is_not_implemented(scaling.record_lifecycle_action_heartbeat, **action)
        self.is_not_implemented(scaling.complete_lifecycle_action, **action, LifecycleActionResult="CONTINUE")

    def test_task_protection(self):
        """AWS: returns which tasks are protected from scale-in."""
        task = self.start_task("service:web")
        self.is_not_implemented(impatient_ecs.get_task_protection, cluster=self.cluster, tasks=[task])
        self.is_not_implemented(
            impatient_ecs.update_task_protection, cluster=self.cluster, tasks=[task], protectionEnabled=True
        )


class Draining(MotoCase):
    def test_it_stops_no_task(self):
        """AWS: the service scheduler stops the tasks of services on an instance that is set DRAINING."""
        tasks = [self.start_task(group) for group in ("service:web", "service:logs")]
        self.drain_by_console()
        described = ecs.describe_tasks(cluster=self.cluster, tasks=tasks)["tasks"]
        self.assertEqual({(one["desiredStatus"], one["lastStatus"]) for one in described}, {("RUNNING", "RUNNING")})

    def test_it_takes_new_tasks_by_start_task(self):
        """AWS: an instance that is DRAINING gets no new task."""
        self.drain_by_console()
        self.start_task("family:late")

    def test_more_than_ten_instances_at_once(self):
        """AWS: at most ten in one UpdateContainerInstancesState."""
        answer = ecs.update_container_instances_state(
            cluster=self.cluster, containerInstances=[self.arn] * 11, status="DRAINING"
        )
        self.assertEqual(len(answer["containerInstances"]), 11)


class Services(MotoCase):
    def test_they_place_no_task(self):
        """AWS: one task of a DAEMON service on each instance, and as many of a REPLICA service as desired."""
        ecs.update_service(cluster=self.cluster, service="web", desiredCount=2)
        self.assertEqual(ecs.list_tasks(cluster=self.cluster)["taskArns"], [])
        (daemon,) = ecs.describe_services(cluster=self.cluster, services=["logs"])["services"]
        self.assertEqual((daemon["schedulingStrategy"], daemon["desiredCount"]), ("DAEMON", 0))


class Tasks(MotoCase):
    def test_a_task_runs_and_stops_at_once(self):
        """AWS: PROVISIONING, PENDING, ...; DEACTIVATING, STOPPING, ...: the states in which a task still holds."""
        arn = self.start_task("family:job")
        self.assertEqual(self.task(arn)["lastStatus"], "RUNNING")
        ecs.stop_task(cluster=self.cluster, task=arn)
        task = self.task(arn)
        self.assertEqual((task["desiredStatus"], task["lastStatus"]), ("STOPPED", "STOPPED"))
        self.assertEqual({"stopCode", "stoppedAt", "stoppingAt"} & set(task), set())

    def test_only_the_first_container_is_shown(self):
        """AWS: all of them. A sidecar must be the first here to be seen."""
        arn = self.start_task("family:job", self.define("one", "two"))
        self.assertEqual([one["name"] for one in self.task(arn)["containers"]], ["one"])

    def test_a_list_without_a_desired_status_has_the_stopped_ones(self):
        """AWS: RUNNING is the default."""
        arn = self.start_task("family:job")
        ecs.stop_task(cluster=self.cluster, task=arn)
        self.assertEqual(ecs.list_tasks(cluster=self.cluster)["taskArns"], [arn])

    def test_a_list_has_one_page(self):
        """AWS: maxResults tasks, and a token for the next page."""
        for _ in range(3):
            self.start_task("family:job")
        answer = ecs.list_tasks(cluster=self.cluster, maxResults=2)
        self.assertEqual((len(answer["taskArns"]), answer.get("nextToken")), (3, None))

    def test_the_tasks_of_an_unknown_instance(self):
        """AWS: InvalidParameterException."""
        unknown = self.arn.rpartition("/")[0] + "/" + "0" * 32
        self.assertEqual(ecs.list_tasks(cluster=self.cluster, containerInstance=unknown)["taskArns"], [])

    def test_a_task_that_is_missing_is_not_a_failure(self):
        """AWS: an entry in failures[] with MISSING. Without it an answer is silently incomplete."""
        arn = self.start_task("family:job")
        answer = ecs.describe_tasks(cluster=self.cluster, tasks=[arn, UNKNOWN_TASK])
        self.assertEqual((len(answer["tasks"]), answer["failures"]), (1, []))

    def test_more_than_a_hundred_tasks_at_once(self):
        """AWS: at most 100 in one DescribeTasks."""
        arn = self.start_task("family:job")
        ecs.describe_tasks(cluster=self.cluster, tasks=[arn] * 101)

    def test_each_look_moves_a_task_on(self):
        """AWS: looking changes nothing. The drains of this folder switch this off."""
        arn = self.start_task("family:job")
        manage_tasks("unset")
        seen = [self.task(arn)["lastStatus"] for _ in range(8)]
        self.assertGreater(len(set(seen)), 1, seen)
        self.assertEqual(self.task(arn)["desiredStatus"], "RUNNING")

    def task(self, arn):
        return ecs.describe_tasks(cluster=self.cluster, tasks=[arn])["tasks"][0]


class Instances(MotoCase):
    def test_the_filter_of_a_list_is_ignored(self):
        """AWS: only what matches. With two instances in a cluster the EC2 id would find the wrong one."""
        answer = ecs.list_container_instances(cluster=self.cluster, filter="ec2InstanceId == i-00000000000000000")
        self.assertEqual(answer["containerInstanceArns"], [self.arn])

    def test_a_list_has_one_page(self):
        """AWS: maxResults, and a token for the next page."""
        host = {"instanceId": ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]}
        ecs.register_container_instance(cluster=self.cluster, instanceIdentityDocument=json.dumps(host))
        answer = ecs.list_container_instances(cluster=self.cluster, maxResults=1)
        self.assertEqual((len(answer["containerInstanceArns"]), answer.get("nextToken")), (2, None))


class Groups(MotoCase):
    def setUp(self):
        super().setUp()
        self.group = unique("group")
        scaling.create_launch_configuration(
            LaunchConfigurationName=self.group, ImageId=image(), InstanceType="t3.micro"
        )
        scaling.create_auto_scaling_group(
            AutoScalingGroupName=self.group,
            LaunchConfigurationName=self.group,
            MinSize=0,
            MaxSize=2,
            DesiredCapacity=1,
            AvailabilityZones=["us-east-1a"],
        )
        scaling.put_lifecycle_hook(
            AutoScalingGroupName=self.group,
            LifecycleHookName="drain",
            LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
        )

    def instances(self):
        described = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self.group])
        return [one["InstanceId"] for one in described["AutoScalingGroups"][0]["Instances"]]

    def test_a_termination_waits_for_no_hook(self):
        """AWS: the instance is in Terminating:Wait until the hook is completed or runs out."""
        (instance,) = self.instances()
        scaling.terminate_instance_in_auto_scaling_group(InstanceId=instance, ShouldDecrementDesiredCapacity=True)
        self.assertEqual(self.instances(), [])

    def test_a_hook_has_a_target_that_no_caller_gave(self):
        """AWS: no NotificationTargetARN unless one was put."""
        (hook,) = scaling.describe_lifecycle_hooks(AutoScalingGroupName=self.group)["LifecycleHooks"]
        self.assertIn("NotificationTargetARN", hook)
