import datetime
import json
import unittest

from lib.wait import until

from .aws import autoscaling, refused, refuses, unique

TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"


class Group(unittest.TestCase):
    def setUp(self):
        self.group = unique("asg")
        autoscaling.create_auto_scaling_group(AutoScalingGroupName=self.group, MinSize=0, MaxSize=4, DesiredCapacity=2)
        self.addCleanup(autoscaling.delete_auto_scaling_group, AutoScalingGroupName=self.group, ForceDelete=True)

    def describe(self):
        answer = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self.group])
        return answer["AutoScalingGroups"][0]

    def instances(self):
        return [one["InstanceId"] for one in self.describe()["Instances"]]

    def state(self, instance):
        answer = autoscaling.describe_auto_scaling_instances(InstanceIds=[instance])["AutoScalingInstances"]
        return answer[0]["LifecycleState"] if answer else None

    def hook(self, name, transition=TERMINATING, **more):
        autoscaling.put_lifecycle_hook(
            AutoScalingGroupName=self.group, LifecycleHookName=name, LifecycleTransition=transition, **more
        )

    def desire(self, capacity):
        autoscaling.set_desired_capacity(AutoScalingGroupName=self.group, DesiredCapacity=capacity)

    def action(self, hook, instance):
        return {"AutoScalingGroupName": self.group, "LifecycleHookName": hook, "InstanceId": instance}


class Groups(Group):
    def test_a_group_is_described(self):
        group = self.describe()
        self.assertEqual((group["MinSize"], group["MaxSize"], group["DesiredCapacity"]), (0, 4, 2))
        self.assertEqual({one["LifecycleState"] for one in group["Instances"]}, {"InService"})
        age = datetime.datetime.now(datetime.timezone.utc) - group["CreatedTime"]
        self.assertLess(abs(age.total_seconds()), 60)

    def test_a_group_is_changed(self):
        autoscaling.update_auto_scaling_group(AutoScalingGroupName=self.group, MinSize=3)
        self.assertEqual((self.describe()["DesiredCapacity"], len(self.instances())), (3, 3))
        with refused(self, "ValidationError", "above max value 4"):
            self.desire(5)
        with refused(self, "ValidationError", "below min value 3"):
            self.desire(2)

    def test_pages(self):
        prefix = unique("page")
        names = [f"{prefix}-{number}" for number in range(5)]
        for name in names:
            autoscaling.create_auto_scaling_group(AutoScalingGroupName=name, MinSize=0, MaxSize=0)
            self.addCleanup(autoscaling.delete_auto_scaling_group, AutoScalingGroupName=name)
        paginator = autoscaling.get_paginator("describe_auto_scaling_groups")
        pages = list(paginator.paginate(AutoScalingGroupNames=names, PaginationConfig={"PageSize": 2}))
        self.assertEqual([len(page["AutoScalingGroups"]) for page in pages], [2, 2, 1])
        found = [group["AutoScalingGroupName"] for page in pages for group in page["AutoScalingGroups"]]
        self.assertEqual(found, names)
        instances = autoscaling.get_paginator("describe_auto_scaling_instances")
        pages = instances.paginate(InstanceIds=self.instances(), PaginationConfig={"PageSize": 1})
        self.assertEqual([len(page["AutoScalingInstances"]) for page in pages], [1, 1])
        with refused(self, "ValidationError", "less than or equal to 100"):
            autoscaling.describe_auto_scaling_groups(MaxRecords=101)

    def test_tags(self):
        tag = {"ResourceId": self.group, "ResourceType": "auto-scaling-group", "Key": "k", "PropagateAtLaunch": False}
        autoscaling.create_or_update_tags(Tags=[{**tag, "Value": "<v&>"}])
        self.assertEqual([(one["Key"], one["Value"]) for one in self.describe()["Tags"]], [("k", "<v&>")])
        autoscaling.delete_tags(Tags=[tag])
        self.assertEqual(self.describe()["Tags"], [])

    def test_protection_from_scale_in(self):
        protected = self.instances()[0]
        autoscaling.set_instance_protection(
            AutoScalingGroupName=self.group, InstanceIds=[protected], ProtectedFromScaleIn=True
        )
        self.desire(0)
        self.assertEqual(self.instances(), [protected])

    def test_creating_twice_and_deleting(self):
        with refused(self, "AlreadyExists"):
            autoscaling.create_auto_scaling_group(AutoScalingGroupName=self.group, MinSize=0, MaxSize=1)
        refuses(self, "ResourceInUse", autoscaling.delete_auto_scaling_group, AutoScalingGroupName=self.group)
        with refused(self, "ValidationError", "AutoScalingGroup name not found"):
            autoscaling.delete_auto_scaling_group(AutoScalingGroupName="unknown")

    def test_what_is_not_served(self):
        refuses(self, "AccessDenied", autoscaling.describe_policies)


class Hooks(Group):
    def test_a_hook_is_described(self):
        self.hook("drain", NotificationMetadata="m")
        self.hook("drain", HeartbeatTimeout=60, DefaultResult="CONTINUE")
        hook = autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=self.group)["LifecycleHooks"][0]
        self.assertEqual((hook["HeartbeatTimeout"], hook["GlobalTimeout"]), (60, 6000))
        self.assertEqual((hook["DefaultResult"], hook["NotificationMetadata"]), ("CONTINUE", "m"))
        with refused(self, "ValidationError", "greater than or equal to 30"):
            self.hook("drain", HeartbeatTimeout=29)
        autoscaling.delete_lifecycle_hook(AutoScalingGroupName=self.group, LifecycleHookName="drain")
        hooks = autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=self.group, LifecycleHookNames=["drain"])
        self.assertEqual(hooks["LifecycleHooks"], [])

    def test_a_termination_waits_for_every_hook(self):
        self.hook("a")
        self.hook("b")
        instance = self.instances()[0]
        answer = autoscaling.terminate_instance_in_auto_scaling_group(
            InstanceId=instance, ShouldDecrementDesiredCapacity=True
        )
        self.assertEqual(answer["Activity"]["StatusCode"], "InProgress")
        self.assertEqual(json.loads(answer["Activity"]["Details"]), {"Availability Zone": "us-east-1a"})
        self.assertEqual(self.describe()["DesiredCapacity"], 1)
        autoscaling.record_lifecycle_action_heartbeat(**self.action("a", instance))
        autoscaling.complete_lifecycle_action(**self.action("a", instance), LifecycleActionResult="CONTINUE")
        self.assertEqual(self.state(instance), "Terminating:Wait")
        autoscaling.complete_lifecycle_action(**self.action("b", instance), LifecycleActionResult="CONTINUE")
        until("the instance is gone", lambda: self.state(instance) is None)

    def test_an_action_that_is_over(self):
        self.hook("drain")
        instance = self.instances()[0]
        words = f"No active Lifecycle Action found with instance ID {instance}"
        with refused(self, "ValidationError", words):
            autoscaling.record_lifecycle_action_heartbeat(**self.action("drain", instance))
        with refused(self, "ValidationError", words):
            autoscaling.complete_lifecycle_action(**self.action("drain", instance), LifecycleActionResult="CONTINUE")
        token = "00000000-0000-0000-0000-000000000000"
        with refused(self, "ValidationError", f"No active Lifecycle Action found with token {token}"):
            autoscaling.complete_lifecycle_action(
                AutoScalingGroupName=self.group,
                LifecycleHookName="drain",
                LifecycleActionToken=token,
                LifecycleActionResult="CONTINUE",
            )

    def test_a_launch_waits_for_its_hook(self):
        self.hook("boot", transition=LAUNCHING)
        old = set(self.instances())
        self.desire(3)
        (instance,) = set(self.instances()) - old
        self.assertEqual(self.state(instance), "Pending:Wait")
        autoscaling.complete_lifecycle_action(**self.action("boot", instance), LifecycleActionResult="CONTINUE")
        self.assertEqual(self.state(instance), "InService")
