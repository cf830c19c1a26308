"""The local AWS, and clients of it."""

import itertools
from contextlib import contextmanager

from botocore.exceptions import ClientError
from lib import local_aws

from . import strict

# How long a call may take here: far more than it does.
BOUND_SECONDS = 20

AWS = local_aws.LocalAws()
ENDPOINT, REGION = AWS.url, AWS.region

_numbers = itertools.count(1)


def client(service, attempts=12):
    """A client whose answers are checked. The quotas hold, so it retries as the SDKs do by default, but longer."""
    return strict.watch(local_aws.client(service, ENDPOINT, attempts=attempts))


ecs = client("ecs")
ssm = client("ssm")
autoscaling = client("autoscaling")
events = client("events")


def unique(stem):
    """A name that no other test uses."""
    return f"{stem}-{next(_numbers)}"


@contextmanager
def refused(test, code, text=""):
    """The calls inside end with this error."""
    with test.assertRaises(ClientError) as caught:
        yield
    error = caught.exception.response["Error"]
    test.assertEqual(error["Code"], code, error)
    test.assertIn(text, error.get("Message", ""))


def refuses(test, code, call, *arguments, **parameters):
    """The call ends with this error."""
    with refused(test, code):
        call(*arguments, **parameters)
