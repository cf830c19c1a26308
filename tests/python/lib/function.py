"""The coordinator as a Lambda function: the tests are EventBridge and the Runtime API."""

import json
import queue
from dataclasses import dataclass

from measuring.http import Server
from measuring.runtime_api import RuntimeApi

from .programs import BOOTSTRAP, BOUND_SECONDS, Program

NAME = "ecs-daemon-protector"


@dataclass
class Answer:
    """The result of an invocation: a value, or Lambda's error object."""

    value: object
    failed: bool


class Api(RuntimeApi):
    """Keeps the answers of the function, which scripts/measure does not need."""

    def __init__(self):
        super().__init__()
        self.bodies = queue.Queue()

    def __call__(self, request):
        if request.path.endswith(("/response", "/error")):
            failed = request.path.endswith("/error")
            self.bodies.put(Answer(json.loads(request.body or b"null"), failed))
        return super().__call__(request)


def environment(endpoint, region="us-east-1", **settings):
    """What Lambda gives the function; `settings` are those of the coordinator, without their prefix."""
    return {
        "AWS_LAMBDA_FUNCTION_NAME": NAME,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{NAME}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "AWS_REGION": region,
        "AWS_ACCESS_KEY_ID": "COORDINATOR",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "_HANDLER": "bootstrap",
        **{f"PROTECTOR_{name}": value for name, value in settings.items()},
    }


class Function:
    """One execution environment. Use it as a context."""

    def __init__(self, variables):
        self.api = Api()
        self.server = Server(self.api)
        self.invocations = 0
        self.program = Program(
            [BOOTSTRAP], {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.port}", **variables}
        )

    def invoke(self, event):
        """Hands it an event, and waits for the answer."""
        self.invocations += 1
        self.api.give(self.invocations, event)
        try:
            return self.api.bodies.get(timeout=BOUND_SECONDS)
        except queue.Empty:
            raise AssertionError("no answer; it said:\n" + "\n".join(self.program.lines[-20:])) from None

    def line(self, event="instance"):
        """Its last log line of a kind."""
        return self.program.said(event)[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.program.stop()
        self.server.close()
