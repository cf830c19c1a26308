import json
import os
import signal
import threading
import unittest

from lib import events
from lib.function import environment
from lib.local_aws import LocalAws
from lib.proxy import Proxy
from lib.rie import Emulator
from lib.wait import until
from lib.workload import GROUP, HOOK, Workload

# The coordinator gives up three seconds before its deadline.
TIMEOUT_SECONDS = 6

# In the body of the call that writes the release.
RELEASED = r'\"state\":\"released\"'


class Deadline(unittest.TestCase):
    """The AWS of the function stands behind a proxy that keeps a call for longer than the function may run."""

    def setUp(self):
        self.aws = LocalAws("--tick", "0s", "--no-quotas")
        self.addCleanup(self.aws.close)
        self.proxy = Proxy(self.aws.url)
        self.addCleanup(self.proxy.close)
        self.workload = Workload(self.aws)
        settings = {"AUTO_SCALING_GROUPS": GROUP, "LIFECYCLE_HOOKS": HOOK, "SETTLE": "1s", "LINGER": "0s", "DAEMON_STOP": "5m"}
        self.emulator = Emulator(TIMEOUT_SECONDS, environment(self.proxy.url, **settings))
        self.addCleanup(self.emulator.close)
        self.workload.scale_in()

    def tick(self):
        return self.emulator.invoke(events.tick())

    def record(self):
        return json.loads(self.workload.record_text() or "null")

    def killed_at(self, operation, after, text=""):
        """A tick comes as far as this call. There the whole process stands still, until Lambda ends it."""
        stall = self.proxy.stall(operation, after, text)
        answers = []

        def ticks():
            # On a machine that is very slow a tick may give up before it comes so far.
            while not stall.reached.is_set():
                answers.append(self.tick())

        run = threading.Thread(target=ticks, daemon=True)
        run.start()
        self.assertTrue(stall.reached.wait(60), f"no {operation}; it said {self.emulator.program.lines[-5:]}")
        runtime = self.emulator.runtime()
        os.kill(runtime, signal.SIGSTOP)
        run.join(60)
        stall.over.set()
        self.assertIn(f"Task timed out after {TIMEOUT_SECONDS}.00 seconds", answers[-1])
        self.assertNotEqual(self.emulator.runtime(), runtime)

    def test_it_gives_up_before_it_is_killed(self):
        self.tick()
        self.assertEqual(self.record()["state"], "holding")
        runtime = self.emulator.runtime()
        stall = self.proxy.stall("GetParametersByPath")
        answer = json.loads(self.tick())
        stall.over.set()
        self.assertEqual(answer["errorType"], "Coordinator.Failed")
        self.assertEqual(answer["errorMessage"], "tick run timed out before the Lambda deadline")
        # The same process goes on: it was not killed, and need not start again.
        self.assertIn("instances", json.loads(self.tick()))
        self.assertEqual(self.emulator.runtime(), runtime)
        self.assertEqual(self.record()["state"], "holding")

    def test_a_drain_goes_on_over_kills(self):
        """Lambda kills it before and after each kind of write; the next run continues from the state in AWS."""
        self.killed_at("PutParameter", after=False)
        self.assertIsNone(self.record())
        self.killed_at("PutParameter", after=True)
        self.assertEqual((self.record()["state"], self.workload.instance()["status"]), ("holding", "ACTIVE"))
        self.killed_at("UpdateContainerInstancesState", after=False)
        self.assertEqual(self.workload.instance()["status"], "ACTIVE")
        self.killed_at("UpdateContainerInstancesState", after=True)
        self.assertEqual(self.workload.instance()["status"], "DRAINING")
        self.assertEqual(self.record()["state"], "holding")
        self.assertEqual(self.workload.task("service:logs")["containers"][0]["lastStatus"], "RUNNING")

        self.workload.end_job()
        self.killed_at("PutParameter", after=False, text=RELEASED)
        self.assertEqual(self.record()["state"], "holding")
        self.assertEqual(self.workload.task("service:logs")["containers"][0]["lastStatus"], "RUNNING")
        self.killed_at("PutParameter", after=True, text=RELEASED)
        until("the daemon is STOPPED", lambda: self.workload.task("service:logs")["lastStatus"] == "STOPPED")
        self.killed_at("CompleteLifecycleAction", after=False)
        self.assertEqual((self.record()["state"], self.workload.state()), ("released", "Terminating:Wait"))
        self.killed_at("CompleteLifecycleAction", after=True)
        self.tick()
        receipt = self.emulator.program.says("receipt")
        self.assertEqual((receipt["reason"], receipt["forced"]), ("drained", False))
        self.assertEqual({one["group"] for one in receipt["waitedFor"]}, {"service:web", "family:job"})

        ends = {task["group"]: task["stoppedAt"] for task in self.workload.tasks()}
        self.assertEqual(max(ends, key=ends.get), "service:logs", ends)
        self.assertIsNone(self.workload.state())
