"""What a container instance and AWS offer the sidecar, on 127.0.0.1: the local AWS, and a TLS front before it."""

import json
import os
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import boto3

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "scripts"))

from measuring import aws as measured  # noqa: E402
from measuring import tls  # noqa: E402
from measuring.http import Response, Server  # noqa: E402

PROGRAMS = Path(ROOT, os.environ["PROGRAMS"])
REGION = measured.REGION


class LocalAws:
    """The project's own local AWS as a process."""

    def __init__(self, *arguments):
        command = [PROGRAMS / "protectorctl", "local-aws", "--port", "0", "--json", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = json.loads(self.process.stdout.readline())["endpoint"]

    def client(self, service):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **keys)

    def close(self):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()


class Front:
    """A TLS front that hands every request to `upstream`, or refuses all of them while it is closed."""

    def __init__(self, upstream, context):
        self.upstream = upstream
        self.open = True
        self.server = Server(self, context)

    def __call__(self, request):
        if not self.open:
            return measured.error("AccessDeniedException")
        dropped = {"host", "content-length", "connection", "accept-encoding"}
        headers = {name: value for name, value in request.headers.items() if name not in dropped}
        forwarded = urllib.request.Request(self.upstream + request.path, request.body, headers, method=request.method)
        try:
            with urllib.request.urlopen(forwarded, timeout=30) as answer:
                return Response(answer.status, answer.read(), measured.JSON)
        except urllib.error.HTTPError as error:
            with error:
                return Response(error.code, error.read(), measured.JSON)


class Host:
    """One container instance: credentials and metadata, and SSM by HTTPS with a private authority."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        os.chmod(self.folder.name, 0o755)  # the sidecar is not root
        made = tls.make(self.folder.name)
        if made is None:
            raise RuntimeError("openssl is needed to make a certificate authority")
        self.authority = Path(self.folder.name, "ca.crt")
        self.aws = LocalAws()
        self.ssm = self.aws.client("ssm")
        self.local = Server(measured.Local())
        self.front = Front(self.aws.url, made[0])

    def environment(self, **more):
        return {
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_SSM": self.front.server.url,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.local.url,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self.local.url}/credentials",
            "ECS_CONTAINER_METADATA_URI_V4": f"{self.local.url}/v4/container",
            "PROTECTOR_CLUSTER": measured.CLUSTER,
            "PROTECTOR_INSTANCE_ID": measured.INSTANCE,
            **more,
        }

    def trust(self):
        """Options that make a container trust the authority of the front."""
        return ("--volume", f"{self.authority}:/ca.crt:ro", "--env", "SSL_CERT_FILE=/ca.crt")

    def write_record(self, released):
        """What the coordinator writes. A record that ended another drain has gone before."""
        name = f"/ecs-daemon-protector/{measured.CLUSTER}/{measured.INSTANCE}"
        value = json.dumps(measured.Aws.record(released))
        self.ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)

    def forget_record(self):
        self.ssm.delete_parameters(Names=[f"/ecs-daemon-protector/{measured.CLUSTER}/{measured.INSTANCE}"])

    def close(self):
        self.local.close()
        self.front.server.close()
        self.aws.close()
        self.folder.cleanup()
