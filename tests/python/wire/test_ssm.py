import datetime
import time
import unittest

from .aws import refused, refuses, ssm, unique


class Parameters(unittest.TestCase):
    def setUp(self):
        self.path = f"/wire/{unique('path')}"

    def name(self, leaf):
        return f"{self.path}/{leaf}"

    def put(self, leaf, value, **more):
        # No faster than the quota of 3 a second, or boto3's growing pauses between tries take far longer.
        time.sleep(0.35)
        return ssm.put_parameter(Name=self.name(leaf), Value=value, Type="String", **more)

    def test_versions_and_overwriting(self):
        self.assertEqual(self.put("a", "one")["Version"], 1)
        refuses(self, "ParameterAlreadyExists", self.put, "a", "two")
        answer = ssm.put_parameter(Name=self.name("a"), Value="two", Overwrite=True)
        self.assertEqual((answer["Version"], answer["Tier"]), (2, "Standard"))
        latest = ssm.get_parameter(Name=self.name("a"))["Parameter"]
        self.assertEqual((latest["Value"], latest["Version"], latest["Type"]), ("two", 2, "String"))
        self.assertEqual(latest["ARN"], f"arn:aws:ssm:us-east-1:123456789012:parameter{self.name('a')}")
        age = datetime.datetime.now(datetime.timezone.utc) - latest["LastModifiedDate"]
        self.assertLess(abs(age.total_seconds()), 60)
        first = ssm.get_parameter(Name=f"{self.name('a')}:1")["Parameter"]
        self.assertEqual(first["Value"], "one")
        refuses(self, "ParameterVersionNotFound", ssm.get_parameter, Name=f"{self.name('a')}:9")

    def test_what_is_missing(self):
        with self.assertRaises(ssm.exceptions.ParameterNotFound):
            ssm.get_parameter(Name=self.name("nothing"))
        with self.assertRaises(ssm.exceptions.ParameterNotFound):
            ssm.delete_parameter(Name=self.name("nothing"))
        self.put("a", "1")
        answer = ssm.get_parameters(Names=[self.name("a"), self.name("nothing")])
        self.assertEqual([one["Name"] for one in answer["Parameters"]], [self.name("a")])
        self.assertEqual(answer["InvalidParameters"], [self.name("nothing")])

    def test_pages_of_a_path(self):
        leaves = [f"{number:02}" for number in range(12)]
        for leaf in leaves:
            self.put(leaf, leaf)
        first = ssm.get_parameters_by_path(Path=self.path)
        self.assertEqual(len(first["Parameters"]), 10)
        pages = list(ssm.get_paginator("get_parameters_by_path").paginate(Path=self.path, MaxResults=5))
        self.assertEqual([len(page["Parameters"]) for page in pages], [5, 5, 2])
        found = [one["Name"] for page in pages for one in page["Parameters"]]
        self.assertEqual(found, [self.name(leaf) for leaf in leaves])
        with refused(self, "ValidationException", "less than or equal to 10"):
            ssm.get_parameters_by_path(Path=self.path, MaxResults=11)
        names = [self.name(leaf) for leaf in leaves]
        deleted = ssm.delete_parameters(Names=names[:9] + [self.name("nothing")])
        self.assertEqual(deleted["DeletedParameters"], names[:9])
        self.assertEqual(deleted["InvalidParameters"], [self.name("nothing")])
        ssm.delete_parameter(Name=names[9])
        self.assertEqual(len(ssm.get_parameters_by_path(Path=self.path)["Parameters"]), 2)

    def test_depth_of_a_path(self):
        self.put("a/b", "deep")
        self.assertEqual(ssm.get_parameters_by_path(Path=self.path)["Parameters"], [])
        deep = ssm.get_parameters_by_path(Path=self.path, Recursive=True)["Parameters"]
        self.assertEqual([one["Value"] for one in deep], ["deep"])

    def test_limits(self):
        self.put("large", "x" * 4096)
        with refused(self, "ValidationException", "4096 characters"):
            self.put("larger", "x" * 4097)
        with refused(self, "HierarchyLevelLimitExceededException"):
            ssm.put_parameter(Name="/a" * 16, Value="1", Type="String")
        for name in ["a b", "aws-x", "a/b", "/ssm/x"]:
            refuses(self, "ValidationException", ssm.put_parameter, Name=name, Value="1", Type="String")
        with refused(self, "ValidationException", "less than or equal to 10"):
            ssm.delete_parameters(Names=[self.name(str(number)) for number in range(11)])
        with refused(self, "ValidationException", "less than or equal to 10"):
            ssm.get_parameters(Names=[self.name(str(number)) for number in range(11)])

    def test_what_is_not_served(self):
        refuses(self, "AccessDeniedException", ssm.describe_parameters)
