"""The Terraform module has the same content as the template. What its files say, by a parser of HCL."""

import re
import shutil
import subprocess
import unittest

from . import terraform
from .template import Rendered, load, snake

# What the template does not have, on purpose.
ONLY_MODULE = {"package_file", "name", "tags"}


class Text(unittest.TestCase):
    def test_every_parameter_is_a_variable_with_the_same_default(self):
        variables = terraform.variables()
        parameters = {snake(name): body for name, body in load()["Parameters"].items()}
        self.assertEqual(set(variables) - ONLY_MODULE, set(parameters))
        for name, parameter in parameters.items():
            default = variables[name]["default"]
            default = ",".join(default) if isinstance(default, list) else default
            default = str(default).lower() if isinstance(default, bool) else str(default)
            self.assertEqual(default, str(parameter["Default"]), name)

    def test_every_variable_has_a_description_and_all_but_switches_a_validation(self):
        for name, variable in terraform.variables().items():
            self.assertTrue(variable["description"], name)
            if name not in ("package_file", "tags") and variable["type"] != "${bool}":
                self.assertIn("validation", variable, name)

    def test_every_kind_of_resource_of_the_template_is_there(self):
        kinds = {kind for kind, _ in terraform.resources()}
        expected = {
            "AWS::Serverless::Function": "aws_lambda_function",
            "AWS::IAM::Role": "aws_iam_role",
            "AWS::IAM::Policy": "aws_iam_role_policy",
            "AWS::IAM::ManagedPolicy": "aws_iam_policy",
            "AWS::Logs::LogGroup": "aws_cloudwatch_log_group",
            "AWS::SQS::Queue": "aws_sqs_queue",
            "AWS::SQS::QueuePolicy": "aws_sqs_queue_policy",
            "AWS::Events::Rule": "aws_cloudwatch_event_rule",
            "AWS::AutoScaling::LifecycleHook": "aws_autoscaling_lifecycle_hook",
            "AWS::SNS::Topic": "aws_sns_topic",
            "AWS::SNS::TopicPolicy": "aws_sns_topic_policy",
            "AWS::CloudWatch::Alarm": "aws_cloudwatch_metric_alarm",
            "AWS::CloudWatch::Dashboard": "aws_cloudwatch_dashboard",
        }
        made = {resource["Type"] for resource in load()["Resources"].values()}
        self.assertEqual(made, set(expected))
        of_sam = {"aws_cloudwatch_event_target", "aws_lambda_event_source_mapping", "aws_lambda_permission"}
        self.assertLessEqual(set(expected.values()) | of_sam, kinds)

    def test_every_rule_but_that_of_the_heartbeats_sends_to_the_queue_in_one_group(self):
        resources = terraform.resources()
        for name in ("this", "tick"):
            target = resources["aws_cloudwatch_event_target", name]
            self.assertEqual(target["arn"], "${aws_sqs_queue.events.arn}", name)
            group = terraform.plain(target["sqs_target"])["message_group_id"]
            self.assertEqual(group, "${local.queue.message_group}", name)
            self.assertEqual(
                target["depends_on"],
                ["${aws_lambda_event_source_mapping.events}", "${aws_sqs_queue_policy.events}"],
                name,
            )
        target = resources["aws_cloudwatch_event_target", "heartbeats"]
        self.assertEqual(target["arn"], "${aws_lambda_function.heartbeats.arn}")
        self.assertEqual({name for kind, name in resources if kind == "aws_lambda_permission"}, {"heartbeats"})

    def test_the_queue_is_first_in_first_out_and_so_is_where_it_gives_up(self):
        resources = terraform.resources()
        self.assertTrue(resources["aws_sqs_queue", "events"]["fifo_queue"])
        self.assertTrue(resources["aws_sqs_queue", "events"]["content_based_deduplication"])
        self.assertIn("aws_sqs_queue.failed_events.arn", resources["aws_sqs_queue", "events"]["redrive_policy"])
        self.assertTrue(resources["aws_sqs_queue", "failed_events"]["fifo_queue"])
        mapping = resources["aws_lambda_event_source_mapping", "events"]
        self.assertEqual(mapping["function_response_types"], ["ReportBatchItemFailures"])

    def test_every_queue_is_encrypted_and_refuses_what_comes_in_the_clear(self):
        resources = terraform.resources()
        queues = {name for kind, name in resources if kind == "aws_sqs_queue"}
        for name in queues:
            self.assertTrue(resources["aws_sqs_queue", name]["sqs_managed_sse_enabled"], name)
            self.assertIn("aws:SecureTransport", resources["aws_sqs_queue_policy", name]["policy"], name)

    def test_both_functions_learn_the_queues_of_events_that_were_not_processed(self):
        (local,) = [block["variables"][0] for block in terraform.parsed()["locals"] if "variables" in block]
        given = dict(re.findall(r'"?([A-Z_]+_URL)"?\W+aws_sqs_queue\.(\w+)\.id', str(local)))
        template = Rendered().properties("Coordinator")["Environment"]["Variables"]
        expected = {name: snake(value.strip("<>")) for name, value in template.items() if name.endswith("_URL")}
        self.assertEqual(given, expected)
        for name in ("coordinator", "heartbeats"):
            block = terraform.plain(terraform.resources()["aws_lambda_function", name]["environment"])
            self.assertEqual(block["variables"], "${local.variables}", name)

    def test_the_hook_lets_the_instance_go_if_no_answer_comes(self):
        hook = terraform.resources()["aws_autoscaling_lifecycle_hook", "terminate"]
        self.assertEqual(hook["default_result"], "CONTINUE")
        self.assertEqual(hook["lifecycle_transition"], "autoscaling:EC2_INSTANCE_TERMINATING")

    def test_every_output_of_the_template_is_there(self):
        outputs = {name for block in terraform.parsed()["output"] for name in block}
        self.assertEqual(outputs, {snake(name) for name in load()["Outputs"]})

    def test_the_readme_tells_of_every_variable_and_output(self):
        text = (terraform.MODULE / "README.md").read_text()
        settings = {
            name.removeprefix("PROTECTOR_").lower()
            for name in Rendered().properties("Coordinator")["Environment"]["Variables"]
            if name.startswith("PROTECTOR_")
        }
        documented = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
        self.assertEqual(documented | settings, set(terraform.variables()))
        for block in terraform.parsed()["output"]:
            self.assertIn(f"`{next(iter(block))}`", text)

    def test_whatever_is_named_is_there_and_every_variable_is_used(self):
        text = "\n".join(path.read_text() for path in terraform.MODULE.glob("*.tf"))
        text = re.sub(r"#.*", "", text)
        locals_ = {name for block in terraform.parsed()["locals"] for name in block if not name.startswith("__")}
        self.assertLessEqual(set(re.findall(r"\blocal\.(\w+)", text)), locals_)
        self.assertEqual(set(re.findall(r"\bvar\.(\w+)", text)), set(terraform.variables()))
        named = set(re.findall(r"(?<!data\.)\b(aws_[a-z_]+)\.(\w+)", text))
        self.assertLessEqual(named, set(terraform.resources()))

    def test_it_is_formatted(self):
        terraform.needed()
        command = [shutil.which("terraform"), "fmt", "-check", "-diff", str(terraform.MODULE)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
