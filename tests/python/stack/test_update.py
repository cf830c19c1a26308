"""The stack of the last version before the queue is updated to this one, and taken back, while drains are in flight.

ministack has no container instances (test_stack.Differences) and no instances that wait, so a drain here is what the
version before has left of it: its record. ECS cannot say what its instance runs, which holds it until its deadline, and the
version that is deployed then has to end it. scripts/skew-test has whole drains.
"""

import json
import os
import unittest
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

from lib import ROOT, events
from lib.ministack import Ministack
from lib.wait import until

from .ministack import PROGRAM, sam_deploy
from .test_stack import GROUP, GROUP_OF_ALL, logged
from .test_stack import PARAMETERS as STACK_PARAMETERS

# Its template, and a folder with its program.
BEFORE = os.environ.get("STACK_BEFORE")
PARAMETERS = {**STACK_PARAMETERS, "DaemonStop": "2s"}
# What only the old template has.
PARAMETERS_BEFORE = {**PARAMETERS, "Rollout": "Off"}
PREFIX = "/ecs-daemon-protector"
CLUSTER = "prod"


@unittest.skipUnless(BEFORE, "SKIP: the revision before the queue is not in this clone")
class Update(unittest.TestCase):
    def setUp(self):
        self.aws = Ministack(PROGRAM)
        self.addCleanup(self.aws.close)
        self.aws.client("ecs").create_cluster(clusterName=CLUSTER)

    def deploy_before(self):
        template, code = Path(BEFORE, "template.yaml"), Path(BEFORE, "code")
        self.stack, self.outputs = sam_deploy(self.aws, PARAMETERS_BEFORE, code, template)

    def deploy(self):
        self.stack, self.outputs = sam_deploy(self.aws, PARAMETERS)

    def put(self, name, value):
        text = json.dumps(value, separators=(",", ":"))
        self.aws.client("ssm").put_parameter(Name=f"{PREFIX}/{name}", Value=text, Type="String", Overwrite=True)

    def drain(self, instance):
        """The record of a drain in the middle of its hold, as 0.1.0 writes it. No version touches it for now."""
        self.put("control", {"mode": "observe"})
        now = datetime.now(timezone.utc)
        moments = {"startedAt": -60, "updatedAt": -30, "drainingConfirmedAt": -60, "deadlineAt": 1}
        record = json.loads((ROOT / "crates/core/fixtures/records/0.1.0-holding.json").read_text())
        record.update({name: moment(now, seconds) for name, seconds in moments.items()}, ec2InstanceId=instance)
        record["lifecycle"].update(heartbeatAt=moment(now, -30), globalDeadlineAt=moment(now, 30_000))
        self.put(f"{CLUSTER}/{instance}", record)

    def record(self, instance):
        ssm = self.aws.client("ssm")
        return json.loads(ssm.get_parameter(Name=f"{PREFIX}/{CLUSTER}/{instance}")["Parameter"]["Value"])

    def tick_directly(self):
        """As the schedule of the old stack does. The answer may be that the instance is not known."""
        payload = json.dumps(events.tick()).encode()
        self.aws.client("lambda").invoke(FunctionName=self.outputs["FunctionAliasArn"], Payload=payload)

    def tick_by_the_queue(self):
        """As the schedule of the new stack does; another body each time, or SQS would take it for the same message."""
        self.send({**events.tick(), "id": str(uuid.uuid4())})
        until("the tick is over", lambda: self.waiting() == 0)

    def send(self, event):
        self.aws.client("sqs").send_message(
            QueueUrl=self.outputs["EventQueueUrl"], MessageBody=json.dumps(event), MessageGroupId=GROUP_OF_ALL
        )

    def waiting(self):
        """Events in the queue, those in flight among them."""
        url = self.outputs["EventQueueUrl"]
        found = self.aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])

    def ends(self, instance, tick):
        """The version that is deployed now ends the drain by its ticks; returns how many receipts it writes."""
        self.assertEqual(self.record(instance)["state"], "holding")
        self.assertEqual(logged(self.aws, '"event":"receipt"', instance), [])
        self.put("control", {"mode": "on"})

        def ticked():
            tick()
            return logged(self.aws, '"event":"receipt"', instance)

        until("its receipt", ticked, 150)
        record = self.record(instance)
        self.assertEqual((record["state"], record["reason"]), ("released", "deadline"))
        tick()
        receipts = logged(self.aws, '"event":"receipt"', instance)
        self.assertTrue(all('"reason":"deadline"' in line for line in receipts), receipts)
        return len(receipts)

    def functions(self):
        return {one["FunctionName"] for one in self.aws.client("lambda").list_functions()["Functions"]}

    def queues(self):
        urls = self.aws.client("sqs").list_queues().get("QueueUrls", [])
        return {url for url in urls if url.endswith(".fifo")}

    def mappings(self):
        return self.aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]

    def targets(self):
        """What the rule of the hook sends its events to."""
        bus = self.aws.client("events")
        rules = [rule["Name"] for rule in bus.list_rules()["Rules"] if "Terminate" in rule["Name"]]
        return [target["Arn"] for rule in rules for target in bus.list_targets_by_rule(Rule=rule)["Targets"]]

    def test_from_direct_invocation_to_the_queue_and_back_with_drains_in_flight(self):
        first, second, third = (f"i-0000000000000000{letter}" for letter in "abc")
        self.deploy_before()
        self.assertEqual((len(self.functions()), self.queues(), self.mappings()), (1, set(), []))
        self.assertTrue(all(":lambda:" in arn for arn in self.targets()), self.targets())

        self.drain(first)
        self.deploy()
        self.assertEqual(self.stack["StackStatus"], "UPDATE_COMPLETE")
        self.assertEqual((len(self.functions()), len(self.queues()), len(self.mappings())), (2, 2, 1))
        self.assertTrue(all(":sqs:" in arn for arn in self.targets()), self.targets())
        self.assertEqual(self.ends(first, self.tick_by_the_queue), 1)
        self.send(events.fresh("terminate-event-bridge", {"AutoScalingGroupName": GROUP, "EC2InstanceId": second}))
        until("it is served by way of the queue", lambda: logged(self.aws, '"complete"', second))

        self.drain(third)
        self.deploy_before()
        self.assertEqual(self.stack["StackStatus"], "UPDATE_COMPLETE")
        self.assertEqual((len(self.functions()), self.queues(), self.mappings()), (1, set(), []))
        self.assertTrue(all(":lambda:" in arn for arn in self.targets()), self.targets())
        # One that crosses a tick of the schedule may write it as well: that is what the queue is for.
        self.assertGreaterEqual(self.ends(third, self.tick_directly), 1)


def moment(now, seconds):
    return (now + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
