"""The policies for people: deploy/policies is where they are written, template and Terraform module have the same."""

import json
import unittest

from . import policies, reference, terraform
from .template import ACCOUNT, REGIONS, Rendered
from .test_parity import as_variables

CASES = [
    ({}, ["arn:{partition}:ecs:{region}:{account}:cluster/*"]),
    ({"Clusters": "prod,batch", "ParameterPrefix": "/ops/drain"}, [f"arn:*:ecs:*:*:cluster/{name}" for name in ("prod", "batch")]),
]
WRITES = {"Write", "Permissions management", "Tagging"}


def names(rendered, clusters):
    """The placeholders, as the template fills them."""
    place = {"partition": rendered.partition, "region": rendered.region, "account": ACCOUNT}
    return {
        **{name.capitalize(): value for name, value in place.items()},
        "Prefix": rendered.parameters["ParameterPrefix"],
        "Cluster": [text.format(**place) for text in clusters],
        "Function": "<Coordinator>",
        "LogGroup": "<CoordinatorLog>",
        "DeadLetters": "<DeadLetters.QueueName>",
        "FailedEvents": "<FailedEvents.QueueName>",
    }


class People(unittest.TestCase):
    def test_the_template_has_what_the_files_say(self):
        for parameters, clusters in CASES:
            for partition in REGIONS:
                rendered = Rendered(parameters, partition)
                for name, (document,) in [("reader", policies.reader(rendered)), ("operator", policies.operator(rendered))]:
                    self.assertEqual(document, policies.of_people(name, names(rendered, clusters)), name)

    def test_the_module_fills_every_placeholder_with_what_it_makes(self):
        terraform.needed()
        for parameters, _ in CASES:
            given = terraform.evaluated(as_variables(parameters))["policy_names"]
            clusters = json.loads(f'["{given["Cluster"]}"]')
            for name in ("reader", "operator"):
                document = policies.of_people(name, {**given, "Cluster": clusters})
                self.assertNotIn("${", json.dumps(document))
            allowed = policies.allows([document], "lambda:InvokeFunction", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:ecs-daemon-protector")
            self.assertTrue(allowed)

    def test_the_module_reads_the_same_files(self):
        for name in ("reader", "operator"):
            policy = terraform.resources()["aws_iam_policy", name]["policy"]
            self.assertIn(f"/../policies/{name}.json", policy)
            self.assertIn("local.policy_names", policy)

    def test_a_reader_writes_nothing_and_an_operator_orders_and_switches(self):
        levels = {action: reference.privilege(action)["access_level"] for action in policies.actions(policies.reader(Rendered()))}
        self.assertEqual({action for action, level in levels.items() if level in WRITES}, set())
        self.assertEqual(policies.actions(policies.operator(Rendered())), {"lambda:InvokeFunction", "ssm:PutParameter"})

    def test_what_looks_deeper_writes_nothing_and_reads_what_a_reader_may_not(self):
        document = policies.of_people("deep", {**names(Rendered(), []), "Account": ACCOUNT})
        levels = {action: reference.privilege(action)["access_level"] for action in policies.actions([document])}
        self.assertEqual(set(levels), {"iam:SimulatePrincipalPolicy", "ec2:DescribeInstances"})
        self.assertEqual(set(levels.values()) & WRITES, set())
        self.assertEqual(policies.actions(policies.reader(Rendered())) & set(levels), set())
        role = f"arn:aws:iam::{ACCOUNT}:role/fluent-bit-task"
        self.assertTrue(policies.allows([document], "iam:SimulatePrincipalPolicy", role))

    def test_an_operator_writes_the_kill_switch_and_no_record(self):
        documents = policies.operator(Rendered({"ParameterPrefix": "/p"}))
        for name, allowed in [("control", True), ("coordinator", False), ("prod/i-1", False)]:
            on = f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/p/{name}"
            self.assertEqual(policies.allows(documents, "ssm:PutParameter", on), allowed, name)

    def test_a_reader_of_named_clusters_reads_no_other(self):
        documents = policies.reader(Rendered({"Clusters": "prod"}))
        for name, allowed in [("prod", True), ("batch", False), ("prod2", False)]:
            place = f"arn:aws:ecs:eu-west-1:{ACCOUNT}"
            within = f"{place}:cluster/{name}"
            for action, on in [("ecs:DescribeTasks", f"{place}:task/{name}/1"), ("ecs:ListServices", "*")]:
                self.assertEqual(policies.allows(documents, action, on, within), allowed, f"{action} {name}")

    def test_a_managed_policy_is_short_enough(self):
        rendered = Rendered({"Clusters": ",".join(f"cluster-with-a-long-name-{n}" for n in range(8))})
        for documents in (policies.reader(rendered), policies.operator(rendered)):
            text = "".join(json.dumps(documents[0]).split())
            self.assertLess(len(text), 6144)
