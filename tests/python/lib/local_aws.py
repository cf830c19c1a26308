"""The local AWS of this project, as a process."""

import boto3
from botocore.config import Config

from .wait import until
from .programs import BOUND_SECONDS, PROTECTORCTL, Program


def client(service, endpoint, region="us-east-1", attempts=6):
    """A boto3 client of a counterpart on this machine."""
    config = Config(
        region_name=region,
        retries={"mode": "standard", "total_max_attempts": attempts},
        read_timeout=BOUND_SECONDS,
        ignore_configured_endpoint_urls=True,
    )
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, endpoint_url=endpoint, config=config, **keys)


class LocalAws:
    """`protectorctl local-aws` on a free port."""

    def __init__(self, *arguments, region="us-east-1"):
        self.region = region
        command = [PROTECTORCTL, "local-aws", "--port", "0", "--json", "--region", region, *arguments]
        self.program = Program(command, {})
        self.url = until("the local AWS listens", self.endpoint)
        self.ecs, self.ssm, self.autoscaling = (self.client(name) for name in ("ecs", "ssm", "autoscaling"))

    def endpoint(self):
        if not self.program.running():
            raise AssertionError("the local AWS ended:\n" + "\n".join(self.program.lines))
        return next((line["endpoint"] for line in self.program.said("ready")), None)

    def client(self, service):
        return client(service, self.url, self.region)

    def close(self):
        self.program.stop()
