from lib.wait import until

from .aws import autoscaling, ecs, refused, refuses
from .cluster import ClusterCase


class Instances(ClusterCase):
    INSTANCES = 3

    def test_clusters(self):
        arn = f"arn:aws:ecs:us-east-1:123456789012:cluster/{self.cluster}"
        found = ecs.get_paginator("list_clusters").paginate().build_full_result()["clusterArns"]
        self.assertIn(arn, found)
        self.assertEqual(len(ecs.list_clusters(maxResults=1)["clusterArns"]), 1)
        answer = ecs.describe_clusters(clusters=[self.cluster, "unknown"])
        self.assertEqual(answer["clusters"][0]["registeredContainerInstancesCount"], 3)
        self.assertEqual(answer["failures"][0]["reason"], "MISSING")
        with refused(self, "ClusterNotFoundException", "Cluster not found."):
            ecs.list_container_instances(cluster="unknown")

    def test_pages_and_filters(self):
        paginator = ecs.get_paginator("list_container_instances")
        pages = paginator.paginate(cluster=self.cluster, PaginationConfig={"PageSize": 2})
        self.assertEqual([len(page["containerInstanceArns"]) for page in pages], [2, 1])
        refuses(self, "InvalidParameterException", ecs.list_container_instances, cluster=self.cluster, maxResults=101)
        with refused(self, "InvalidParameterException"):
            ecs.list_container_instances(cluster=self.cluster, nextToken="nonsense")
        arn = self.active()[1]
        host = self.instance(arn)["ec2InstanceId"]
        found = ecs.list_container_instances(cluster=self.cluster, filter=f"ec2InstanceId == {host}")
        self.assertEqual(found["containerInstanceArns"], [arn])

    def test_an_instance_is_described(self):
        arn = self.active()[0]
        unknown = arn[:-4] + "zzzz"
        answer = ecs.describe_container_instances(cluster=self.cluster, containerInstances=[arn, unknown])
        instance = answer["containerInstances"][0]
        self.assertEqual((instance["status"], instance["agentConnected"]), ("ACTIVE", True))
        hosts = autoscaling.describe_auto_scaling_instances(InstanceIds=[instance["ec2InstanceId"]])
        self.assertEqual(hosts["AutoScalingInstances"][0]["AutoScalingGroupName"], self.group)
        self.assertEqual(answer["failures"], [{"arn": unknown, "reason": "MISSING"}])
        with refused(self, "InvalidParameterException"):
            ecs.describe_container_instances(cluster=self.cluster, containerInstances=[])
        with refused(self, "InvalidParameterException"):
            ecs.describe_container_instances(cluster=self.cluster, containerInstances=[arn] * 101)

    def test_states(self):
        arn = self.active()[0]
        unknown = arn[:-4] + "zzzz"
        for status in ["DRAINING", "DRAINING", "ACTIVE"]:
            answer = ecs.update_container_instances_state(
                cluster=self.cluster, containerInstances=[arn, unknown], status=status
            )
            self.assertEqual([one["status"] for one in answer["containerInstances"]], [status])
            self.assertEqual([one["reason"] for one in answer["failures"]], ["MISSING"])
            listed = ecs.list_container_instances(cluster=self.cluster, status=status)
            self.assertIn(arn, listed["containerInstanceArns"])
        with refused(self, "InvalidParameterException"):
            ecs.update_container_instances_state(
                cluster=self.cluster, containerInstances=[arn] * 11, status="DRAINING"
            )
        with refused(self, "InvalidParameterException"):
            ecs.update_container_instances_state(cluster=self.cluster, containerInstances=[arn], status="INACTIVE")


class Leaving(ClusterCase):
    INSTANCES = 2

    def test_deregistering(self):
        arn = self.active()[0]
        task = self.run_task(self.definition({}), placementConstraints=[on(self.instance(arn))])
        with refused(self, "InvalidParameterException"):
            ecs.deregister_container_instance(cluster=self.cluster, containerInstance=arn)
        answer = ecs.deregister_container_instance(cluster=self.cluster, containerInstance=arn, force=True)
        self.assertEqual(answer["containerInstance"]["status"], "INACTIVE")
        self.assertNotIn(arn, self.active())
        self.wait_for(task, "STOPPED")

    def test_a_terminated_instance_takes_its_tasks_along(self):
        autoscaling.set_desired_capacity(AutoScalingGroupName=self.group, DesiredCapacity=3)
        until("one more", lambda: len(self.active()) >= 2)
        arn = self.active()[-1]
        host = self.instance(arn)
        task = self.run_task(self.definition({}), placementConstraints=[on(host)])
        autoscaling.terminate_instance_in_auto_scaling_group(
            InstanceId=host["ec2InstanceId"], ShouldDecrementDesiredCapacity=True
        )
        until("the instance is gone", lambda: arn not in self.active())
        self.wait_for(task, "STOPPED")


def on(instance):
    return {"type": "memberOf", "expression": f"ec2InstanceId == {instance['ec2InstanceId']}"}
