import json
import unittest

from . import strict
from .aws import autoscaling, ecs, ssm

TASK = {"tasks": [{"lastStatus": "RUNNING", "createdAt": 1.5, "version": 3}], "failures": []}


class Strict(unittest.TestCase):
    """The check of the answers can fail."""

    def check(self, client, operation, body, status=200):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        model = client.meta.service_model.operation_model(operation)
        strict.check(model, {"body": body, "status_code": status})

    def test_a_right_answer_passes(self):
        self.check(ecs, "DescribeTasks", TASK)

    def test_wrong_json_is_found(self):
        for member, value in [("lastState", "RUNNING"), ("createdAt", "now"), ("version", 1.5), ("launchType", "X")]:
            wrong = {"tasks": [{**TASK["tasks"][0], member: value}]}
            with self.subTest(member), self.assertRaises(strict.Mismatch):
                self.check(ecs, "DescribeTasks", wrong)

    def test_wrong_xml_is_found(self):
        def answer(hooks):
            return f"""<DescribeLifecycleHooksResponse xmlns="urn:x"><DescribeLifecycleHooksResult><LifecycleHooks>
                {hooks}</LifecycleHooks></DescribeLifecycleHooksResult></DescribeLifecycleHooksResponse>""".encode()

        self.check(autoscaling, "DescribeLifecycleHooks", answer("<member><GlobalTimeout>5</GlobalTimeout></member>"))
        for wrong in ["<item/>", "<member><Timeout/></member>", "<member><GlobalTimeout>x</GlobalTimeout></member>"]:
            with self.subTest(wrong), self.assertRaises(strict.Mismatch):
                self.check(autoscaling, "DescribeLifecycleHooks", answer(wrong))
        group = "<DescribeAutoScalingGroupsResult><AutoScalingGroups><member/></AutoScalingGroups>"
        group = f"<R>{group}</DescribeAutoScalingGroupsResult></R>".encode()
        with self.assertRaisesRegex(strict.Mismatch, "missing members"):
            self.check(autoscaling, "DescribeAutoScalingGroups", group)

    def test_wrong_errors_are_found(self):
        self.check(ssm, "GetParameter", {"__type": "ParameterNotFound"}, 400)
        with self.assertRaises(strict.Mismatch):
            self.check(ssm, "GetParameter", {"__type": "NotFound"}, 400)
        exists = b"<ErrorResponse><Error><Code>AlreadyExists</Code></Error></ErrorResponse>"
        self.check(autoscaling, "CreateAutoScalingGroup", exists, 400)
        with self.assertRaises(strict.Mismatch):
            self.check(autoscaling, "CreateAutoScalingGroup", exists, 404)
