"""ministack on 127.0.0.1: CloudFormation, Lambda, EventBridge, IAM and the rest in one process, without an account."""

import urllib.request
from contextlib import suppress

from .wait import until
from .local_aws import client
from .programs import Program
from .rie import free_port

BUCKET = "artefacts"


class Ministack:
    """A whole account, with nothing in it but a bucket."""

    def __init__(self, program):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "AWS_REGION": "us-east-1"}
        # It hands this on to the functions that it runs. Without it they would go to the real AWS.
        settings["AWS_ENDPOINT_URL"] = self.url
        settings.update({name: "0" for name in ("IOT_MTLS_ENABLED", "SFTP_ENABLED")})
        self.program = Program([program], settings)
        until("ministack listens", self.listens)
        self.client("s3").create_bucket(Bucket=BUCKET)

    def listens(self):
        if not self.program.running():
            raise AssertionError("ministack ended:\n" + "\n".join(self.program.lines[-20:]))
        with suppress(OSError):
            urllib.request.urlopen(self.url, timeout=5).close()
            return True
        return False

    def client(self, service):
        return client(service, self.url)

    def close(self):
        self.program.stop()
