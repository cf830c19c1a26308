import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

from botocore.exceptions import ClientError

from cli import commands
from lib import ROOT, events
from lib.ministack import BUCKET, Ministack
from lib.wait import until

from .ministack import BUILT, PROGRAM, STACK, sam, sam_deploy

GROUP, HOOK = "ecs-prod", "protect-daemons"  # of the fixtures
PARAMETERS = {
    "Architecture": os.environ["STACK_ARCHITECTURE"],
    "AutoScalingGroups": GROUP,
    "LifecycleHooks": HOOK,
    "Log": "debug",
}
GROUP_OF_ALL = "drains"  # the message group
WAITING = "ApproximateNumberOfMessages"
TICKED = 120  # seconds: far more than the minute between two ticks


def logged(aws, *words):
    """Lines in the log groups of the functions that have all these words."""
    logs = aws.client("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    messages = [
        event["message"]
        for group in groups
        for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]
        for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
    ]
    return [line for line in messages if all(word in line for word in words)]


def aws_cli(aws, words):
    """What the AWS CLI prints."""
    command = [str(ROOT / ".venv-cli" / "bin" / "aws"), "--endpoint-url", aws.url, *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise AssertionError(f"{command}:\n{done.stdout}{done.stderr}")
    return done.stdout


class Stack(unittest.TestCase):
    """Built by cargo-lambda, deployed by SAM, run by ministack."""

    @classmethod
    def setUpClass(cls):
        cls.aws = Ministack(PROGRAM)
        cls.addClassCleanup(cls.aws.close)
        cls.stack, cls.outputs = sam_deploy(cls.aws, PARAMETERS)

    def invoke(self, event, function="FunctionArn"):
        """Invokes a function directly, as an operator does, and gives the answer."""
        answer = self.aws.client("lambda").invoke(
            FunctionName=self.outputs[function], Payload=json.dumps(event).encode()
        )
        text = answer["Payload"].read()
        self.assertIsNone(answer.get("FunctionError"), text)
        return json.loads(text)

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

    def queued(self, url):
        """How many messages are in a queue, those in flight among them."""
        queue = self.aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(queue["ApproximateNumberOfMessages"]) + int(queue["ApproximateNumberOfMessagesNotVisible"])

    def said(self, *words):
        return logged(self.aws, *words)

    def test_events_come_through_event_bridge_and_the_queue(self):
        """From a source of ours, since no caller may put events of aws.*: the function says why it ignores them."""
        bus, events_url = self.aws.client("events"), self.outputs["EventQueueUrl"]
        (terminate,) = (rule for rule in bus.list_rules()["Rules"] if "TerminateRule" in rule["Name"])
        (target,) = bus.list_targets_by_rule(Rule=terminate["Name"])["Targets"]
        self.assertEqual(target["SqsParameters"], {"MessageGroupId": GROUP_OF_ALL})
        bus.put_rule(Name="own", EventPattern=json.dumps({"source": ["own.tests"]}))
        own = {name: target[name] for name in ("Id", "Arn", "SqsParameters")}
        bus.put_targets(Rule="own", Targets=[own])
        bus.put_events(Entries=[{"Source": "own.tests", "DetailType": f"Own-{n}", "Detail": "{}"} for n in range(5)])
        for number in range(5):
            until("its log line", lambda: self.said('"ignored"', f'\\"Own-{number}\\"'))
        until("the queue is empty", lambda: self.queued(events_url) == 0)
        self.assertEqual(self.queued(self.outputs["FailedEventQueueUrl"]), 0)

    def test_both_schedules_fire_the_ticks_through_the_queue_and_the_heartbeats_directly(self):
        until("a tick", lambda: self.said('"event":"tick"'), TICKED)
        until("heartbeats", lambda: self.said('"event":"heartbeats"'), TICKED)

    def test_the_heartbeats_answer_what_their_schedule_sends(self):
        bus = self.aws.client("events")
        (rule,) = (rule for rule in bus.list_rules()["Rules"] if "HeartbeatsMinute" in rule["Name"])
        (target,) = bus.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        answer = self.invoke(json.loads(target["Input"]), "HeartbeatsFunctionName")
        self.assertEqual(answer, {"instances": [{"waiting": 0, "due": 0, "sent": 0}]})

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
                aws_cli(self.aws, shlex.split(command)[1:])


class Deployments(unittest.TestCase):
    """What a deployment changes is in service when it has ended, and one command takes it back."""

    def setUp(self):
        self.aws = Ministack(PROGRAM)
        self.addCleanup(self.aws.close)
        _, self.outputs = sam_deploy(self.aws, PARAMETERS)

    def function(self):
        """What the queue invokes, as it is now."""
        functions = self.aws.client("lambda")
        (mapping,) = functions.list_event_source_mappings()["EventSourceMappings"]
        return functions.get_function_configuration(FunctionName=mapping["FunctionArn"])

    def groups(self):
        return self.function()["Environment"]["Variables"]["PROTECTOR_AUTO_SCALING_GROUPS"].strip(",")

    def hook_waits(self, group, instance):
        """Its event, in the queue as EventBridge puts it there."""
        event = events.fresh("terminate-event-bridge", {"AutoScalingGroupName": group, "EC2InstanceId": instance})
        self.aws.client("sqs").send_message(
            QueueUrl=self.outputs["EventQueueUrl"], MessageBody=json.dumps(event), MessageGroupId=GROUP_OF_ALL
        )

    def test_a_changed_setting_is_in_service_after_one_sam_deploy(self):
        """The hook of a group that is named by the second deployment alone."""
        before, after = "i-0000000000000000a", "i-0000000000000000b"
        self.hook_waits("other", before)
        until("it is ignored", lambda: logged(self.aws, '"ignored"', "other"))
        sam_deploy(self.aws, {**PARAMETERS, "AutoScalingGroups": f"{GROUP},other"})
        self.hook_waits("other", after)
        until("it is served", lambda: logged(self.aws, '"complete"', after))
        self.assertEqual(logged(self.aws, '"complete"', before), [])

    def test_the_documented_rollback_takes_code_and_setting_back(self):
        page = (ROOT / "docs/operations.md").read_text()
        (command,) = re.findall(r"^sam (deploy --template-file before\.yaml .*)$", page, re.MULTILINE)
        setting = f"--parameter-overrides AutoScalingGroups={GROUP}"
        self.assertIn("add its old value, such as `--parameter-overrides ", page)
        command = command.replace("--stack-name ecs-daemon-protector", f"--stack-name {STACK}")
        command = command.replace("--resolve-s3", f"--s3-bucket {BUCKET}")
        with tempfile.TemporaryDirectory() as folder:
            kept = os.path.join(folder, "before.yaml")
            self.keep(kept)
            command = command.replace("before.yaml", kept)
            first = self.function()
            self.upgrade(folder)
            self.assertNotEqual(self.function()["CodeSha256"], first["CodeSha256"])
            self.assertEqual(self.groups(), f"{GROUP},other")
            sam(self.aws, *shlex.split(command))
            self.assertEqual(self.function()["CodeSha256"], first["CodeSha256"])
            self.assertEqual(self.groups(), f"{GROUP},other", "settings stay as they are")
            sam(self.aws, *shlex.split(f"{command} {setting}"))
            self.assertEqual(self.function()["CodeSha256"], first["CodeSha256"])
            self.assertEqual(self.groups(), GROUP)

    def keep(self, path):
        """What install.md types before an upgrade."""
        (command,) = (one for _, one in commands.documented() if one.startswith("aws cloudformation get-template"))
        words = shlex.split(command.partition(" > ")[0].replace("ecs-daemon-protector", STACK))
        with open(path, "w") as template:
            template.write(aws_cli(self.aws, words[1:]))

    def upgrade(self, folder):
        """Another package, and another setting."""
        (built,) = (path.parent for path in BUILT.parent.glob("*/bootstrap"))
        code = os.path.join(folder, "code")
        shutil.copytree(built, code)
        with open(os.path.join(code, "version"), "w") as version:
            version.write("another")
        sam_deploy(self.aws, {**PARAMETERS, "AutoScalingGroups": f"{GROUP},other"}, code)


class Differences(unittest.TestCase):
    """Where ministack is not CloudFormation. They are STILL so: if one fails, `ministack.decided` may do less."""

    @classmethod
    def setUpClass(cls):
        cls.aws = Ministack(PROGRAM)
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

    def test_twins_from_event_bridge(self):
        """SQS: the same body twice within five minutes is one message for any sender. Here EventBridge's are two."""
        sqs, bus = self.aws.client("sqs"), self.aws.client("events")
        attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
        url = sqs.create_queue(QueueName="twins.fifo", Attributes=attributes)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

        def waiting():
            return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"][WAITING])

        for _ in range(2):
            sqs.send_message(QueueUrl=url, MessageBody="same", MessageGroupId=GROUP_OF_ALL)
        self.assertEqual(waiting(), 1)
        bus.put_rule(Name="twins", EventPattern=json.dumps({"source": ["own.twins"]}))
        target = {"Id": "1", "Arn": arn, "Input": '"same"', "SqsParameters": {"MessageGroupId": GROUP_OF_ALL}}
        bus.put_targets(Rule="twins", Targets=[target])
        bus.put_events(Entries=[{"Source": "own.twins", "DetailType": "Own", "Detail": "{}"}] * 2)
        until("both are there", lambda: waiting() == 3)

    def test_container_instances(self):
        """ECS: register, and set DRAINING. So no drain can run here."""
        ecs = self.aws.client("ecs")
        ecs.create_cluster(clusterName="prod")
        with self.assertRaises(ClientError):
            ecs.register_container_instance(cluster="prod")
