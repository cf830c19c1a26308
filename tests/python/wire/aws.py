"""Clients of the local AWS, and waiting for it."""

import itertools
import os
import time
from contextlib import contextmanager

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from . import strict

ENDPOINT = os.environ["LOCAL_AWS_ENDPOINT"]
REGION = "us-east-1"

# How long anything here may take: far more than it does.
BOUND_SECONDS = 20

_numbers = itertools.count(1)


def client(service, attempts=12):
    """A client whose answers are checked. The quotas hold, so it retries as the SDKs do by default, but longer."""
    retries = {"mode": "standard", "total_max_attempts": attempts}
    config = Config(region_name=REGION, retries=retries, read_timeout=BOUND_SECONDS)
    made = boto3.client(
        service,
        endpoint_url=ENDPOINT,
        config=config,
        aws_access_key_id="wire-test",
        aws_secret_access_key="wire-test",
    )
    return strict.watch(made)


ecs = client("ecs")
ssm = client("ssm")
autoscaling = client("autoscaling")
events = client("events")


def unique(stem):
    """A name that no other test uses."""
    return f"{stem}-{next(_numbers)}"


def until(what, find):
    """The first true value of `find`, or an error that names `what`."""
    end = time.monotonic() + BOUND_SECONDS
    while time.monotonic() < end:
        found = find()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {BOUND_SECONDS} s: {what}")


@contextmanager
def refused(test, code, text=""):
    """The calls inside end with this error."""
    with test.assertRaises(ClientError) as caught:
        yield
    error = caught.exception.response["Error"]
    test.assertEqual(error["Code"], code, error)
    test.assertIn(text, error.get("Message", ""))
