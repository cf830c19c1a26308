import unittest

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from . import strict
from .aws import ENDPOINT, REGION, refused


def unsigned(service):
    """A client without credentials."""
    config = Config(region_name=REGION, signature_version=UNSIGNED, retries={"total_max_attempts": 1})
    return strict.watch(boto3.client(service, endpoint_url=ENDPOINT, config=config))


class Callers(unittest.TestCase):
    def test_a_caller_must_say_who_it_is(self):
        with refused(self, "MissingAuthenticationTokenException"):
            unsigned("ecs").list_clusters()
        with refused(self, "MissingAuthenticationToken"):
            unsigned("autoscaling").describe_auto_scaling_groups()
