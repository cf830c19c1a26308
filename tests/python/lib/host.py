"""A container instance as one sidecar sees it, and the sidecar on it."""

import signal

from measuring import aws
from measuring.http import Server

from .programs import SIDECAR, Program, until

SERVICE = "logs"


class Local(aws.Local):
    """Task metadata and credentials for a task of the daemon service."""

    def __init__(self, cluster):
        self.cluster = cluster

    def task(self):
        arn = f"{aws.ARN}:task/{self.cluster}/{'f' * 32}"
        return {**aws.Local.task(), "Cluster": self.cluster, "TaskARN": arn, "ServiceName": SERVICE}


class Sidecar:
    """The real program, started as the agent would start its container. `ssm` is where it reads its record."""

    def __init__(self, cluster, instance, ssm, **settings):
        self.server = Server(Local(cluster))
        variables = {
            "AWS_REGION": aws.REGION,
            "AWS_ENDPOINT_URL": ssm,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.server.url,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self.server.url}/credentials",
            "ECS_CONTAINER_METADATA_URI_V4": f"{self.server.url}/v4/container",
            "PROTECTOR_INSTANCE_ID": instance,
            "PROTECTOR_LOG": "debug",
        }
        variables.update({f"PROTECTOR_{name}": value for name, value in settings.items()})
        self.program = Program([SIDECAR], variables)

    def ready(self):
        """Waits until the self-check has passed."""
        return until("the sidecar is ready", lambda: self.program.said("ready"))[-1]

    def terminate(self):
        """SIGTERM, as at the stop of its container."""
        self.program.signal(signal.SIGTERM)

    def readings(self):
        """Its lines while it holds, one for each reading."""
        return self.program.said("holding")

    def reads_again(self, reason):
        """Waits for a reading after this moment that came to `reason`."""
        before = len(self.readings())
        return until(f"it reads again: {reason}", lambda: [r for r in self.readings()[before:] if r["reason"] == reason])[-1]

    def left(self):
        """Waits for its end: exit code and last line."""
        code = self.program.exit_code()
        return code, self.program.said("exit")[-1]

    def close(self):
        self.program.stop()
        self.server.close()
