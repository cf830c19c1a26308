"""What SAM makes of the template: an alias, which takes events from the queue, and a schedule for the heartbeats."""

import logging
import os
import unittest
from copy import deepcopy
from unittest.mock import patch

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from .template import load

logging.disable(logging.WARNING)  # SAM talks about its own metrics

ALIAS = {"Ref": "CoordinatorAliaslive"}


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


class Alias(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.resources = translated()

    def test_the_alias_takes_the_events_and_nothing_else_invokes_the_coordinator(self):
        mappings = of_type(self.resources, "AWS::Lambda::EventSourceMapping")
        self.assertEqual(
            mappings,
            {
                "CoordinatorEvents": {
                    "FunctionName": ALIAS,
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

    def test_whatever_another_resource_waits_for_is_there(self):
        for name, resource in self.resources.items():
            after = resource.get("DependsOn", [])
            self.assertLessEqual({after} if isinstance(after, str) else set(after), set(self.resources), name)

    def test_nobody_invokes_twice_what_an_operator_or_the_schedule_has_invoked(self):
        configs = of_type(self.resources, "AWS::Lambda::EventInvokeConfig").values()
        found = {config["FunctionName"]["Ref"]: config for config in configs}
        self.assertEqual({config["MaximumRetryAttempts"] for config in configs}, {0})
        self.assertEqual(found["Coordinator"]["Qualifier"], "live")
        self.assertEqual(
            found["Coordinator"]["DestinationConfig"]["OnFailure"]["Destination"],
            {"Fn::GetAtt": ["DeadLetters", "Arn"]},
        )

    def test_the_version_is_made_anew_when_the_settings_are(self):
        """SAM itself does not see that a parameter has another value: both have the same logical id."""
        (version,) = of_type(self.resources, "AWS::Lambda::Version").values()
        self.assertEqual(version["Description"], {"Fn::Sub": "settings ${SettingsVersion}"})
        self.assertEqual(
            list(of_type(translated(MaxDrain="2h"), "AWS::Lambda::Version")),
            list(of_type(self.resources, "AWS::Lambda::Version")),
        )

    def test_errors_of_the_new_version_take_a_rollout_back(self):
        (group,) = of_type(self.resources, "AWS::CodeDeploy::DeploymentGroup").values()
        self.assertEqual(group["AlarmConfiguration"]["Alarms"], [{"Name": {"Ref": "NewVersionFailing"}}])
        self.assertIn("DEPLOYMENT_STOP_ON_ALARM", group["AutoRollbackConfiguration"]["Events"])
        alarm = self.resources["NewVersionFailing"]["Properties"]
        dimensions = {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]}
        (version,) = of_type(self.resources, "AWS::Lambda::Version")
        self.assertEqual(dimensions["ExecutedVersion"], {"Fn::GetAtt": [version, "Version"]})
        self.assertEqual(dimensions["Resource"], {"Fn::Sub": "${Coordinator}:live"})

    def test_the_roles_are_ours_alone(self):
        roles = of_type(self.resources, "AWS::IAM::Role")
        self.assertEqual(set(roles), {"CoordinatorRole", "HeartbeatsRole", "CodeDeployServiceRole"})


class Rollout(unittest.TestCase):
    def test_every_choice_is_one_that_codedeploy_knows(self):
        for choice in load()["Parameters"]["Rollout"]["AllowedValues"]:
            resources = translated(Rollout=choice)
            groups = list(of_type(resources, "AWS::CodeDeploy::DeploymentGroup").values())
            if choice == "Off":
                self.assertEqual(groups, [])
            else:
                name, values = groups[0]["DeploymentConfigName"]["Fn::Sub"]
                self.assertEqual(name, "CodeDeployDefault.Lambda${ConfigName}")
                self.assertEqual(values, {"ConfigName": choice})

    def test_off_needs_no_codedeploy_and_keeps_the_alias(self):
        resources = translated(Rollout="Off")
        self.assertFalse([r for r in resources.values() if r["Type"].startswith("AWS::CodeDeploy")])
        self.assertNotIn("UpdatePolicy", resources["CoordinatorAliaslive"])
