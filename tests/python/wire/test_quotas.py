import unittest

from botocore.exceptions import ClientError

from .aws import client, unique

# A bucket holds 100 calls at most and gets 20 a second back, so no machine needs more to empty it.
CALLS = 5000


class Quotas(unittest.TestCase):
    """The documented rates hold: without retries, calls in a row meet the limit."""

    def test_writes_of_parameters(self):
        ssm = client("ssm", attempts=1)
        name = f"/wire/{unique('quota')}"
        written = self.calls_until_throttled(
            "ThrottlingException", lambda: ssm.put_parameter(Name=name, Value="1", Type="String", Overwrite=True)
        )
        self.assertGreaterEqual(written, 3)

    def test_calls_of_auto_scaling(self):
        autoscaling = client("autoscaling", attempts=1)
        describe = autoscaling.describe_auto_scaling_instances
        self.calls_until_throttled("Throttling", lambda: describe(InstanceIds=["i-1"]))

    def calls_until_throttled(self, code, call):
        """Makes calls until one is refused as throttling; how many were not."""
        for count in range(CALLS):
            try:
                call()
            except ClientError as error:
                self.assertEqual(error.response["Error"]["Code"], code)
                self.assertEqual(error.response["Error"]["Message"], "Rate exceeded")
                self.assertEqual(error.response["ResponseMetadata"]["HTTPStatusCode"], 400)
                return count
        self.fail(f"{CALLS} calls, and never throttled")
