"""The template, deployed: by the CloudFormation of an emulator that this project did not write."""

import json
import unittest

from lib.ministack import Ministack

from . import emulator
from .template import load

NAMED = {"Clusters": "prod,batch", "AlarmEmail": "ops@example.com"}


class Stack(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.account = Ministack(emulator.PROGRAM)
        cls.addClassCleanup(cls.account.close)
        emulator.upload(cls.account)
        cls.outputs = emulator.deploy(cls.account, "create", NAMED)

    def aws(self, service):
        return self.account.client(service)

    def in_service(self):
        """The environment of what the queue invokes."""
        (mapping,) = self.aws("lambda").list_event_source_mappings()["EventSourceMappings"]
        function = self.aws("lambda").get_function_configuration(FunctionName=mapping["FunctionArn"])
        return function["Environment"]["Variables"]

    def update(self, **parameters):
        emulator.deploy(self.account, "update", {**NAMED, **parameters})

    def test_a_changed_setting_is_in_service_after_one_update(self):
        self.assertEqual(self.in_service()["PROTECTOR_MAX_DRAIN"], "1h")
        self.update(MaxDrain="2h")
        self.assertEqual(self.in_service()["PROTECTOR_MAX_DRAIN"], "2h")

    def test_every_rule_sends_to_the_queue_and_one_to_the_heartbeats(self):
        sent = {}
        for rule in self.aws("events").list_rules()["Rules"]:
            (target,) = self.aws("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
            group = target.get("SqsParameters", {}).get("MessageGroupId")
            sent.setdefault((target["Arn"].split(":")[2], group), []).append(rule["Name"])
        self.assertEqual({kind: len(names) for kind, names in sent.items()}, {("sqs", "drains"): 5, ("lambda", None): 1})

    def test_the_function_takes_events_from_a_queue_that_is_first_in_first_out(self):
        (mapping,) = self.aws("lambda").list_event_source_mappings()["EventSourceMappings"]
        self.assertEqual(mapping["FunctionArn"], self.outputs["FunctionArn"])
        self.assertEqual((mapping["BatchSize"], mapping["State"]), (10, "Enabled"))
        queue = self.aws("sqs").get_queue_attributes(QueueUrl=self.outputs["EventQueueUrl"], AttributeNames=["All"])
        attributes = queue["Attributes"]
        self.assertEqual(attributes["QueueArn"], mapping["EventSourceArn"])
        self.assertEqual((attributes["FifoQueue"], attributes["ContentBasedDeduplication"]), ("true", "true"))
        self.assertEqual(attributes["VisibilityTimeout"], "60")
        self.assertIn('"maxReceiveCount"', attributes["RedrivePolicy"])

    def test_both_functions_have_the_settings(self):
        functions = [self.outputs[name] for name in ("FunctionName", "HeartbeatsFunctionName")]
        found = [self.aws("lambda").get_function_configuration(FunctionName=name) for name in functions]
        self.assertEqual(*(function["Environment"]["Variables"] for function in found))
        self.assertEqual([function["Timeout"] for function in found], [60, 55])

    def test_rules_and_policy_name_the_clusters(self):
        patterns = [
            json.loads(r["EventPattern"]) for r in self.aws("events").list_rules()["Rules"] if r.get("EventPattern")
        ]
        (tasks,) = (p for p in patterns if p["detail-type"] == ["ECS Task State Change"])
        arns = [f"arn:aws:ecs:us-east-1:000000000000:cluster/{name}" for name in ("prod", "batch")]
        self.assertEqual(tasks["detail"]["clusterArn"][:2], arns)
        policy = self.aws("iam").get_policy_version(PolicyArn=self.outputs["SidecarPolicyArn"], VersionId="v1")
        (statement,) = policy["PolicyVersion"]["Document"]["Statement"]
        self.assertIn("arn:aws:ssm:us-east-1:000000000000:parameter/ecs-daemon-protector/prod/*", statement["Resource"])

    def test_topic_alarms_and_dashboard_are_made(self):
        topics = [topic["TopicArn"] for topic in self.aws("sns").list_topics()["Topics"]]
        self.assertEqual(topics, [self.outputs["AlarmTopicArn"]])
        alarms = self.aws("cloudwatch").describe_alarms()["MetricAlarms"]
        expected = [r for r in load()["Resources"].values() if r["Type"] == "AWS::CloudWatch::Alarm"]
        self.assertEqual(len(alarms), len(expected))
        body = self.aws("cloudwatch").get_dashboard(DashboardName=self.outputs["DashboardName"])["DashboardBody"]
        self.assertIn(self.outputs["FunctionName"], body)
        self.assertNotIn("${", body)
