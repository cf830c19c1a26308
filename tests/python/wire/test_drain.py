from lib.wait import until

from .aws import autoscaling, ecs, ssm, unique
from .cluster import HOOK, ClusterCase, slow


class Drain(ClusterCase):
    """One whole drain by hand: what the coordinator does, call by call."""

    def test_a_whole_drain(self):
        autoscaling.put_lifecycle_hook(
            AutoScalingGroupName=self.group,
            LifecycleHookName=HOOK,
            LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
            HeartbeatTimeout=300,
        )
        arn = self.active()[0]
        host = self.instance(arn)["ec2InstanceId"]
        replica = self.service("REPLICA", slow(3.0), desiredCount=1)
        daemon = self.service("DAEMON", {})
        standalone = self.run_task(self.definition({}))

        autoscaling.set_desired_capacity(AutoScalingGroupName=self.group, DesiredCapacity=0)
        ssm.put_parameter(Name=f"/wire/{self.cluster}/{host}", Value='{"state":"holding"}', Type="String")
        self.drain(arn)

        # Users report it so: the daemon goes when the replica is no longer RUNNING, though it still stops.
        until("the daemon is asked to stop", lambda: self.task(daemon)["desiredStatus"] == "STOPPED")
        self.assertNotIn(self.task(replica)["lastStatus"], ("RUNNING", "STOPPED"))
        self.assertEqual(self.task(standalone)["desiredStatus"], "RUNNING")
        self.assertEqual(self.instance(arn)["runningTasksCount"], 1)
        for task in (replica, daemon):
            self.assertEqual(self.wait_for(task, "STOPPED")["stopCode"], "ServiceSchedulerInitiated")
        self.assertEqual(self.task(standalone)["lastStatus"], "RUNNING")

        ecs.stop_task(cluster=self.cluster, task=standalone)
        self.wait_for(standalone, "STOPPED")
        action = {"AutoScalingGroupName": self.group, "LifecycleHookName": HOOK, "InstanceId": host}
        autoscaling.record_lifecycle_action_heartbeat(**action)
        autoscaling.complete_lifecycle_action(**action, LifecycleActionResult="CONTINUE")
        until("the instance is gone", lambda: self.listed() == [])

    def listed(self):
        return ecs.list_container_instances(cluster=self.cluster, status="DRAINING")["containerInstanceArns"]

    def service(self, strategy, container, **more):
        name = unique("service")
        definition = self.definition(container)
        ecs.create_service(
            cluster=self.cluster, serviceName=name, taskDefinition=definition, schedulingStrategy=strategy, **more
        )
        self.addCleanup(ecs.delete_service, cluster=self.cluster, service=name, force=True)
        (task,) = until(
            f"{name} runs", lambda: ecs.list_tasks(cluster=self.cluster, serviceName=name)["taskArns"]
        )
        self.wait_for(task, "RUNNING")
        return task


class Placement(ClusterCase):
    INSTANCES = 2

    def test_nothing_new_comes_to_a_draining_instance(self):
        draining, other = self.active()
        self.drain(draining)
        definition = self.definition({})
        name = unique("service")
        ecs.create_service(
            cluster=self.cluster, serviceName=name, taskDefinition=definition, schedulingStrategy="DAEMON"
        )
        self.addCleanup(ecs.delete_service, cluster=self.cluster, service=name, force=True)
        standalone = [self.run_task(definition) for _ in range(3)]
        tasks = until("the daemon runs", lambda: ecs.list_tasks(cluster=self.cluster, serviceName=name)["taskArns"])
        places = {self.task(arn)["containerInstanceArn"] for arn in [*standalone, *tasks]}
        self.assertEqual(places, {other})
        answer = ecs.start_task(cluster=self.cluster, taskDefinition=definition, containerInstances=[draining])
        self.assertEqual((answer["tasks"], [one["arn"] for one in answer["failures"]]), ([], [draining]))
