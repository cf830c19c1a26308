import json

from lib import events
from lib.function import environment
from lib.local_aws import LocalAws
from lib.proxy import Proxy

from .world import ENDPOINT, MotoCase, ssm, unique


class ConsoleDrain(MotoCase):
    """A person sets DRAINING; no hook waits."""

    def test_it_is_held_until_the_last_task_is_stopped(self):
        replicas = [self.start_task("service:web") for _ in range(2)]
        standalone = self.start_task("family:job")
        daemon = self.start_task("service:logs")
        guarded = self.start_task("service:other", self.define("ecs-daemon-protector", "agent"))
        function, sidecar = self.function(), self.sidecar()

        self.answered(function.invoke(self.drain_by_console()))
        record = self.record()
        self.assertEqual((record["state"], record["remaining"]), ("holding", 3))
        held_by = {(held["group"], held["count"]) for held in record["heldBy"]}
        self.assertEqual(held_by, {("service:web", 2), ("family:job", 1)})

        sidecar.terminate()
        for task in (*replicas, standalone):
            sidecar.reads_again("tasks-remain")
            self.assertEqual(self.record()["state"], "holding")
            self.answered(function.invoke(self.stop_task(task)))
        code, last = sidecar.left()
        self.assertEqual((code, last["reason"]), (0, "released"), last)
        record = self.released(function)
        self.assertEqual((record["reason"], record["remaining"]), ("drained", 0))

        for task in (daemon, guarded):
            self.answered(function.invoke(self.stop_task(task)))
        receipt = self.ticks_until(function, "the receipt", lambda: function.program.said("receipt"))[-1]
        self.assertEqual((receipt["reason"], receipt["forced"], receipt["lifecycleHook"]), ("drained", False, None))
        waited_for = {waited["group"]: waited["tasks"] for waited in receipt["waitedFor"]}
        self.assertEqual(waited_for, {"service:web": 2, "family:job": 1})

    def test_the_deadline_releases(self):
        self.start_task("family:job")
        function, sidecar = self.function(MAX_DRAIN="4s"), self.sidecar()
        self.answered(function.invoke(self.drain_by_console()))
        self.assertEqual(self.record()["state"], "holding")
        sidecar.terminate()
        sidecar.reads_again("tasks-remain")

        record = self.released(function)
        self.assertEqual((record["reason"], record["remaining"]), ("deadline", 1))
        self.assertGreaterEqual(record["releasedAt"], record["deadlineAt"])
        self.assertEqual(sidecar.left()[0], 0)
        receipt = self.ticks_until(function, "the receipt", lambda: function.program.said("receipt"))[-1]
        self.assertTrue(receipt["forced"])

    def test_an_operator_releases(self):
        self.start_task("family:job")
        function, sidecar = self.function(), self.sidecar()
        self.answered(function.invoke(self.drain_by_console()))
        sidecar.terminate()
        sidecar.reads_again("tasks-remain")

        answer = self.answered(function.invoke(events.order("release", self.cluster, self.host)))
        (line,) = answer["instances"]
        # No daemon is on the instance, so the drain is over with the release.
        self.assertEqual((line["verdict"], line["remaining"]), ("done", 1), line)
        self.assertEqual(line["messages"], ["released: ordered by ana: ticket 7"])
        self.assertEqual(sidecar.left()[0], 0)
        record = self.record()
        self.assertEqual((record["reason"], record["ordered"]["who"]), ("operator", "ana"))
        mistake = function.invoke(events.order("let-go", self.cluster, self.host))
        self.assertTrue(mistake.failed)
        self.assertEqual(mistake.value["errorType"], "Coordinator.Failed")

    def test_without_a_drain_an_order_does_nothing(self):
        self.start_task("family:job")
        answer = self.answered(self.function().invoke(events.order("release", self.cluster, self.host)))
        self.assertEqual(answer["instances"], [])
        self.assertEqual(answer["ignored"][0]["reason"], "the instance does not drain")
        self.assertIsNone(self.record())
        self.assertEqual(self.instance()["status"], "ACTIVE")


class KillSwitch(MotoCase):
    """The control parameter is one for all that share a prefix: each test has its own."""

    def setUp(self):
        super().setUp()
        self.prefix = f"/{unique('prefix')}"

    def switch(self, mode):
        text = f'{{"mode":"{mode}"}}'
        ssm.put_parameter(Name=f"{self.prefix}/control", Value=text, Type="String", Overwrite=True)

    def record(self):
        found = ssm.get_parameters_by_path(Path=f"{self.prefix}/{self.cluster}")["Parameters"]
        return json.loads(found[0]["Value"]) if found else None

    def test_release_all_lets_every_daemon_go(self):
        self.start_task("family:job")
        function = self.function(PARAMETER_PREFIX=self.prefix)
        sidecar = self.sidecar(PARAMETER_PREFIX=self.prefix)
        self.answered(function.invoke(self.drain_by_console()))
        sidecar.terminate()
        sidecar.reads_again("tasks-remain")

        self.switch("release-all")
        record = self.released(function)
        self.assertEqual((record["reason"], record["remaining"]), ("operator", 1))
        self.assertEqual(sidecar.left()[0], 0)

    def test_observe_changes_nothing(self):
        self.start_task("family:job")
        self.switch("observe")
        function = self.function(PARAMETER_PREFIX=self.prefix)
        self.answered(function.invoke(self.drain_by_console()))
        line = function.line()
        self.assertEqual(line["mode"], "observe")
        self.assertEqual({action["outcome"] for action in line["actions"]}, {"skipped"})
        self.assertIsNone(self.record())


class HookDrain(MotoCase):
    """ECS and Parameter Store are moto's; the hook is that of the local AWS, since moto has no lifecycle actions.

    The instance has one id in each, so what goes to Auto Scaling passes a proxy that knows both.
    """

    def setUp(self):
        super().setUp()
        self.local = LocalAws("--tick", "0s")
        self.addCleanup(self.local.close)
        self.scaling = Proxy(self.local.url)
        self.addCleanup(self.scaling.close)
        self.group = unique("group")
        self.local.autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=self.group, MinSize=0, MaxSize=1, DesiredCapacity=1
        )
        self.local.autoscaling.put_lifecycle_hook(
            AutoScalingGroupName=self.group,
            LifecycleHookName="drain",
            LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
            HeartbeatTimeout=120,
        )
        (self.twin,) = [one["InstanceId"] for one in self.scaling_group()["Instances"]]
        self.scaling.rename(self.host, self.twin)

    def function_environment(self, **settings):
        return {**environment(ENDPOINT, **settings), "AWS_ENDPOINT_URL_AUTO_SCALING": self.scaling.url}

    def scaling_group(self):
        answer = self.local.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self.group])
        return answer["AutoScalingGroups"][0]

    def called(self, action):
        return [e for e in self.scaling.exchanges if f"Action={action}&".encode() in e.request.body]

    def test_the_hook_waits_until_the_daemon_is_stopped(self):
        task, daemon = self.start_task("service:web"), self.start_task("service:logs")
        ours = {"AUTO_SCALING_GROUPS": self.group, "LIFECYCLE_HOOKS": "drain"}
        function = self.function(**ours, DAEMON_STOP="1h", MAX_DRAIN="2h")
        sidecar = self.sidecar()
        self.local.autoscaling.set_desired_capacity(AutoScalingGroupName=self.group, DesiredCapacity=0)

        # The hook's event is lost: the tick finds the instance that waits.
        self.ticks_until(function, "DRAINING", lambda: self.instance()["status"] == "DRAINING")
        record = self.record()
        self.assertEqual((record["state"], record["lifecycle"]["lifecycleHookName"]), ("holding", "drain"))
        sidecar.terminate()
        sidecar.reads_again("tasks-remain")

        self.answered(function.invoke(self.stop_task(task)))
        self.released(function)
        self.assertEqual(sidecar.left()[0], 0)
        self.assertEqual(self.called("CompleteLifecycleAction"), [])
        self.assertEqual([one["LifecycleState"] for one in self.scaling_group()["Instances"]], ["Terminating:Wait"])

        self.answered(function.invoke(self.stop_task(daemon)))
        self.ticks_until(function, "the instance is gone", lambda: not self.scaling_group()["Instances"])
        self.assertEqual([e.response.status for e in self.called("CompleteLifecycleAction")], [200])
        receipt = function.line("receipt")
        self.assertEqual((receipt["reason"], receipt["forced"], receipt["lifecycleHook"]), ("drained", False, "drain"))
