import unittest

from botocore.exceptions import ParamValidationError
from botocore.model import OperationNotFoundError

from lib import request_model
from lib.http import Request
from lib.request_model import Mismatch


def json_request(operation, body):
    headers = {"x-amz-target": operation, "content-type": "application/x-amz-json-1.1"}
    return Request("POST", "/", headers, body.encode())


def query_request(body):
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Request("POST", "/", headers, body.encode())


class RequestModel(unittest.TestCase):
    """What judges the requests of a drain finds what is wrong with one."""

    def ecs(self, operation, body):
        return request_model.check(json_request(f"AmazonEC2ContainerServiceV20141113.{operation}", body))

    def scaling(self, form):
        return request_model.check(query_request(f"{form}&Version=2011-01-01"))

    def test_good_ones(self):
        self.ecs("ListTasks", '{"cluster":"prod","desiredStatus":"STOPPED"}')
        two = "AutoScalingGroupNames.member.1=a&AutoScalingGroupNames.member.2=b"
        for names in ("AutoScalingGroupNames=", two):
            self.scaling(f"Action=DescribeAutoScalingGroups&{names}")

    def form(self, service, text):
        request = query_request(text)
        request.headers["authorization"] = f"AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/{service}/aws4_request"
        return request_model.check(request)

    def test_forms_of_other_services(self):
        lists = "ActionNames.member.1=a:b&ResourceArns.member.1=*"
        self.form("iam", f"Action=SimulatePrincipalPolicy&Version=2010-05-08&PolicySourceArn={'a' * 20}&{lists}")
        self.form("ec2", "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=instance-id&Filter.1.Value.1=i-1")
        classic = "Action=DescribeInstanceHealth&LoadBalancerName=a&Version="
        self.form("elasticloadbalancing", f"{classic}2012-06-01")
        for service, text in [
            ("elasticloadbalancing", f"{classic}2012-06-02"),
            ("ec2", "Action=DescribeInstances&Version=2016-11-15&Filters.1.Name=instance-id"),
            ("ec2", "Action=DescribeInstances&Version=2016-11-15&Filter.2.Name=instance-id"),
            ("iam", "Action=SimulatePrincipalPolicy&Version=2010-05-08&Role=a"),
        ]:
            with self.assertRaises(Mismatch, msg=text):
                self.form(service, text)

    def test_bad_json(self):
        for operation, body, error in [
            ("ListTasks", '{"desiredState":"STOPPED"}', ParamValidationError),
            ("ListTasks", '{"desiredStatus":"GONE"}', Mismatch),
            ("ListTasks", '{"maxResults":"3"}', ParamValidationError),
            ("DescribeTasks", '{"cluster":"prod"}', ParamValidationError),
            ("DescribeTask", "{}", OperationNotFoundError),
        ]:
            with self.subTest(operation=operation, body=body), self.assertRaises(error):
                self.ecs(operation, body)

    def test_bad_forms(self):
        for form, error in [
            ("Action=DescribeAutoScalingGroups&Groups.member.1=a", Mismatch),
            ("Action=DescribeAutoScalingGroups&AutoScalingGroupNames.member.2=a", Mismatch),
            ("Action=DescribeAutoScalingGroups&AutoScalingGroupNames.1=a", KeyError),
            ("Action=CompleteLifecycleAction&LifecycleActionResult=CONTINUE", ParamValidationError),
            ("Action=DescribeAutoScalingGroups&MaxRecords=many", ValueError),
            ("Action=DescribeAutoScalingGroups&Action=DescribeAutoScalingGroups", Mismatch),
        ]:
            with self.subTest(form=form), self.assertRaises(error):
                self.scaling(form)

    def test_a_wrong_signature(self):
        request = json_request("AmazonEC2ContainerServiceV20141113.ListClusters", "{}")
        request.headers.update({
            "host": "127.0.0.1",
            "x-amz-date": "20260101T000000Z",
            "authorization": "AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/ecs/aws4_request, "
            f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}",
        })
        operation = request_model.operation_of(request)
        with self.assertRaisesRegex(Mismatch, "^signature"):
            request_model.check_signature(request, operation, "secret", None, "us-east-1")
