"""The coordinator as a Lambda function: the tests are EventBridge and the Runtime API."""

import json
import queue
from dataclasses import dataclass

from . import runtime_api
from .http import Server
from .programs import BOOTSTRAP, BOUND_SECONDS, Program

NAME = "ecs-daemon-protector"


@dataclass
class Answer:
    """The result of an invocation: a value, or Lambda's error object."""

    value: object
    failed: bool


class Api(runtime_api.RuntimeApi):
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
        **runtime_api.environment(NAME, region),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        **{f"PROTECTOR_{name}": value for name, value in settings.items()},
    }


class Function:
    """One execution environment. Use it as a context."""

    def __init__(self, variables):
        self.api = Api()
        self.server = Server(self.api)
        self.invocations = 0
        api = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.port}"}
        self.program = Program([BOOTSTRAP], {**variables, **api})

    def invoke(self, event):
        """Hands it an event, and waits for the answer."""
        self.invocations += 1
        self.api.give(self.invocations, event)
        try:
            return self.api.bodies.get(timeout=BOUND_SECONDS)
        except queue.Empty:
            raise AssertionError("no answer; it said:\n" + "\n".join(self.program.lines[-20:])) from None

    def line(self, event="instance"):
        """Its last log line of a kind, which may come after the answer."""
        return self.program.says(event)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.program.stop()
        self.server.close()
