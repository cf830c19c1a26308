"""What SAM makes of the template: two functions, the queue as the source of events, a schedule, and nothing else."""

import logging
import os
import tomllib
import unittest
from copy import deepcopy
from unittest.mock import patch

from lib import ROOT
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from .template import load

logging.disable(logging.WARNING)  # SAM talks about its own metrics


def translated(**parameters):
    """The template after SAM's transform, by the code that CloudFormation runs."""
    template = deepcopy(load())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    with patch.dict(os.environ, {"AWS_DEFAULT_REGION": "eu-west-1"}):
        return Translator({}, Parser()).translate(template, parameter_values=parameters)["Resources"]


def of_type(resources, kind):
    return {name: r["Properties"] for name, r in resources.items() if r["Type"] == kind}


class Functions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.resources = translated()

    def test_the_coordinator_takes_the_events_and_nothing_else_invokes_it(self):
        mappings = of_type(self.resources, "AWS::Lambda::EventSourceMapping")
        self.assertEqual(
            mappings,
            {
                "CoordinatorEvents": {
                    "FunctionName": {"Ref": "Coordinator"},
                    "EventSourceArn": {"Fn::GetAtt": ["Events", "Arn"]},
                    "BatchSize": 10,
                    "FunctionResponseTypes": ["ReportBatchItemFailures"],
                }
            },
        )
        permitted = {p["FunctionName"]["Ref"] for p in of_type(self.resources, "AWS::Lambda::Permission").values()}
        self.assertEqual(permitted, {"Heartbeats"})

    def test_the_schedule_of_the_heartbeats_invokes_them_and_may(self):
        rule = self.resources["HeartbeatsMinute"]["Properties"]
        self.assertEqual([target["Arn"] for target in rule["Targets"]], [{"Fn::GetAtt": ["Heartbeats", "Arn"]}])
        permission = self.resources["HeartbeatsMinutePermission"]["Properties"]
        self.assertEqual(permission["SourceArn"], {"Fn::GetAtt": ["HeartbeatsMinute", "Arn"]})

    def test_sam_builds_the_coordinator_with_the_crates_that_it_needs(self):
        """SAM gives cargo-lambda the name of the program alone, and its package comes from the workspace."""
        workspace = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]
        (package,) = workspace["metadata"]["lambda"]["build"]["packages"]
        (folder,) = (
            member for member in workspace["members"] if f'name = "{package}"' in (ROOT / member / "Cargo.toml").read_text()
        )
        programs = {program["name"] for program in tomllib.loads((ROOT / folder / "Cargo.toml").read_text())["bin"]}
        functions = [r for r in load()["Resources"].values() if r["Type"] == "AWS::Serverless::Function"]
        self.assertEqual({f["Metadata"]["BuildProperties"]["Binary"] for f in functions}, programs)

    def test_whatever_another_resource_waits_for_is_there(self):
        for name, resource in self.resources.items():
            after = resource.get("DependsOn", [])
            self.assertLessEqual({after} if isinstance(after, str) else set(after), set(self.resources), name)

    def test_what_an_operator_or_the_schedule_has_invoked_is_invoked_once(self):
        configs = of_type(self.resources, "AWS::Lambda::EventInvokeConfig").values()
        found = {config["FunctionName"]["Ref"]: config for config in configs}
        self.assertEqual({config["MaximumRetryAttempts"] for config in configs}, {0})
        self.assertEqual(found["Coordinator"]["Qualifier"], "$LATEST")
        self.assertEqual(
            found["Coordinator"]["DestinationConfig"]["OnFailure"]["Destination"],
            {"Fn::GetAtt": ["DeadLetters", "Arn"]},
        )

    def test_a_deployment_is_in_service_at_once(self):
        """Nothing stands between a changed function and its events: no version that could stay behind, no rollout."""
        kinds = {resource["Type"] for resource in self.resources.values()}
        self.assertLessEqual({"AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping"}, kinds)
        for kind in ("AWS::Lambda::Version", "AWS::Lambda::Alias"):
            self.assertNotIn(kind, kinds)
        self.assertEqual({kind for kind in kinds if kind.startswith(("AWS::CodeDeploy", "AWS::AppConfig"))}, set())

    def test_the_roles_are_ours_alone(self):
        roles = of_type(self.resources, "AWS::IAM::Role")
        self.assertEqual(set(roles), {"CoordinatorRole", "HeartbeatsRole"})
