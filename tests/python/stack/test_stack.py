import json
import os
import shlex
import subprocess
import unittest

from botocore.exceptions import ClientError

from cli import commands
from lib import ROOT, events
from lib.programs import until

from .ministack import Ministack, sam_deploy

GROUP, HOOK = "ecs-prod", "protect-daemons"  # of the fixtures
PARAMETERS = {
    "Architecture": os.environ["STACK_ARCHITECTURE"],
    "Rollout": "Off",
    "AutoScalingGroups": GROUP,
    "LifecycleHooks": HOOK,
}


class Stack(unittest.TestCase):
    """Built by cargo-lambda, deployed by SAM, run by ministack."""

    @classmethod
    def setUpClass(cls):
        cls.aws = Ministack()
        cls.addClassCleanup(cls.aws.close)
        cls.stack, cls.outputs = sam_deploy(cls.aws, PARAMETERS)

    def invoke(self, event):
        """Invokes the alias, as the rules do, and gives the answer."""
        answer = self.aws.client("lambda").invoke(
            FunctionName=self.outputs["FunctionAliasArn"], Payload=json.dumps(event).encode()
        )
        text = answer["Payload"].read()
        self.assertIsNone(answer.get("FunctionError"), text)
        return json.loads(text)

    def messages(self):
        """All lines in the log groups of the function."""
        logs = self.aws.client("logs")
        groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
        return [
            event["message"]
            for group in groups
            for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]
            for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
        ]

    def test_the_stack_is_complete(self):
        self.assertEqual(self.stack["StackStatus"], "CREATE_COMPLETE")

    def test_a_tick_is_answered(self):
        self.assertEqual(self.invoke(events.tick()), {"instances": [{"deleted": 0, "instances": 0}]})

    def test_the_settings_of_the_stack_are_those_of_the_function(self):
        """A hook of the group that the stack names is completed: its instance is in no cluster."""
        answer = self.invoke(events.fresh("terminate-event-bridge", {}))
        (line,) = answer["instances"]
        self.assertEqual(line["actions"][-1], {"action": "complete", "outcome": "ok"}, line)
        other = events.fresh("terminate-event-bridge", {"AutoScalingGroupName": "other"})
        self.assertEqual(self.invoke(other), {"instances": []})

    def test_an_event_comes_through_event_bridge(self):
        """Of a source of ours, since nobody may put events of aws.*: the function says why it ignores it."""
        bus = self.aws.client("events")
        bus.put_rule(Name="own", EventPattern=json.dumps({"source": ["own.tests"]}))
        bus.put_targets(Rule="own", Targets=[{"Id": "1", "Arn": self.outputs["FunctionAliasArn"]}])
        bus.put_events(Entries=[{"Source": "own.tests", "DetailType": "Own", "Detail": "{}"}])
        until("its log line", lambda: [line for line in self.messages() if '"ignored"' in line and '\\"Own\\"' in line])

    def test_each_rule_takes_its_fixture(self):
        """ministack's own pattern matching, with the patterns that it was given."""
        bus = self.aws.client("events")
        patterns = [rule["EventPattern"] for rule in bus.list_rules()["Rules"] if rule.get("EventPattern")]
        for name, taken in {
            "terminate-event-bridge": True,
            "task-stopped": True,
            "instance-draining": True,
            "spot-interruption": True,
            "capacity-reservation-interruption": True,
            "launch-event-bridge": False,
            "rebalance-recommendation": False,
            "task-stopped-fargate": False,
        }.items():
            with self.subTest(name):
                event = json.dumps(events.fixture(name))
                results = [bus.test_event_pattern(EventPattern=pattern, Event=event)["Result"] for pattern in patterns]
                self.assertEqual(any(results), taken)

    def test_the_documented_hook_stack(self):
        """`aws cloudformation deploy` as the README writes it."""
        documented = {one for _, one in commands.documented() if one.startswith("aws cloudformation deploy")}
        self.assertTrue(documented)
        for command in documented:
            with self.subTest(command=command):
                aws = ROOT / ".venv-cli" / "bin" / "aws"
                words = [str(aws), "--endpoint-url", self.aws.url, *shlex.split(command)[1:]]
                done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Differences(unittest.TestCase):
    """Where ministack is not CloudFormation. They are STILL so: if one fails, `ministack.decided` may do less."""

    @classmethod
    def setUpClass(cls):
        cls.aws = Ministack()
        cls.addClassCleanup(cls.aws.close)

    def made(self, name, condition):
        """Creates a stack of a topic under a condition, and one without; the types of what came out."""
        topic, queue = {"Type": "AWS::SNS::Topic", "Condition": "C"}, {"Type": "AWS::SQS::Queue"}
        template = {"Conditions": {"C": condition}, "Resources": {"Topic": topic, "Queue": queue}}
        formation = self.aws.client("cloudformation")
        formation.create_stack(StackName=name, TemplateBody=json.dumps(template))
        until("it is there", lambda: self.status(formation, name) == "CREATE_COMPLETE")
        resources = formation.describe_stack_resources(StackName=name)["StackResources"]
        return {resource["ResourceType"] for resource in resources}

    @staticmethod
    def status(formation, name):
        return formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]

    def test_text_functions_in_conditions(self):
        """CloudFormation: Join, Split and Select may stand in Equals. Here a Join is never equal to its text."""
        joined, plain = {"Fn::Join": ["", ["a", "b"]]}, {"Fn::Equals": ["ab", "ab"]}
        self.assertEqual(self.made("plain", plain), {"AWS::SNS::Topic", "AWS::SQS::Queue"})
        self.assertEqual(self.made("joined", {"Fn::Equals": [joined, "ab"]}), {"AWS::SQS::Queue"})
        split = {"Fn::Select": [1, {"Fn::Split": [",", "a,b"]}]}
        with self.assertRaisesRegex(ClientError, "nonexistent value"):
            self.made("split", {"Fn::Equals": [split, "b"]})

    def test_code_deploy(self):
        """CloudFormation: makes the rollout of a new version. So the stack here is deployed without one."""
        resource = {"Type": "AWS::CodeDeploy::Application", "Properties": {"ComputePlatform": "Lambda"}}
        with self.assertRaisesRegex(ClientError, "Unrecognized resource types: .*CodeDeploy"):
            self.aws.client("cloudformation").create_stack(
                StackName="two", TemplateBody=json.dumps({"Resources": {"Application": resource}})
            )

    def test_container_instances(self):
        """ECS: register, and set DRAINING. So no drain can run here."""
        ecs = self.aws.client("ecs")
        ecs.create_cluster(clusterName="prod")
        with self.assertRaises(ClientError):
            ecs.register_container_instance(cluster="prod")
