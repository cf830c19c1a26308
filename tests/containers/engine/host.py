"""What a container instance and AWS offer the sidecar, on 127.0.0.1: the local AWS, by TLS with a private authority."""

import os
import tempfile
from pathlib import Path

import boto3
from lib import aws as measured
from lib import tls

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = Path(ROOT, os.environ["PROGRAMS"])
PROTECTORCTL = PROGRAMS / "protectorctl"


def client(aws, service):
    """A boto3 client of a local AWS."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, endpoint_url=aws.url, region_name=measured.REGION, **keys)


class Host(measured.Host):
    """One container instance. Parameter Store denies every read while it is closed."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        os.chmod(self.folder.name, 0o755)  # the sidecar is not root
        made = tls.make(self.folder.name)
        if made is None:
            raise RuntimeError("openssl is needed to make a certificate authority")
        self.authority = Path(self.folder.name, "ca.crt")
        super().__init__(made[:2], program=PROTECTORCTL)

    def environment(self, **more):
        return {**super().environment(), **more}

    def trust(self):
        """Options that make a container trust the authority of the endpoint."""
        return ("--volume", f"{self.authority}:/ca.crt:ro", "--env", "SSL_CERT_FILE=/ca.crt")

    def deny(self):
        reads = ("GetParameters", "GetParameter")
        self.aws.faults(*({"service": "ssm", "operation": operation, "fault": "deny"} for operation in reads))

    def allow(self):
        self.aws.faults()

    def close(self):
        super().close()
        self.folder.cleanup()
