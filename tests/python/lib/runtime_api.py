"""The Lambda Runtime API: hands out events and notes when each was taken and answered."""

import json
import queue
import threading
import time

from .http import Response

API = "/2018-06-01/runtime"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:measure"


def environment(name="measure", region="us-east-1"):
    """What Lambda gives a function, but for the address of its Runtime API."""
    return {
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "AWS_REGION": region,
        "AWS_ACCESS_KEY_ID": "COORDINATOR",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "_HANDLER": "bootstrap",
    }


class RuntimeApi:
    """One function's side of Lambda. `give` queues events; `answer` waits for the next answer."""

    def __init__(self):
        self.first_next = None
        self.ready = threading.Event()
        self.events = queue.Queue()
        self.answers = queue.Queue()
        self.given_at = {}
        self.failed = None

    def __call__(self, request):
        now = time.perf_counter()
        if request.path == f"{API}/invocation/next":
            return self.next(now)
        if request.path.endswith("/response"):
            number = int(request.path.split("/")[-2])
            self.answers.put(now - self.given_at.pop(number))
        else:
            self.failed = request.body.decode()
            self.answers.put(None)
            self.ready.set()
        return Response(202)

    def next(self, now):
        if self.first_next is None:
            self.first_next = now
            self.ready.set()
        number, event = self.events.get()
        headers = (
            ("lambda-runtime-aws-request-id", number),
            ("lambda-runtime-deadline-ms", int((time.time() + 60) * 1000)),
            ("lambda-runtime-invoked-function-arn", ARN),
            ("content-type", "application/json"),
        )
        response = Response(200, event, headers)
        self.given_at[number] = time.perf_counter()
        return response

    def give(self, number, event):
        self.events.put((number, json.dumps(event).encode()))

    def answer(self, timeout=10):
        """Seconds from handing an event out to its answer."""
        seconds = self.answers.get(timeout=timeout)
        if seconds is None:
            raise RuntimeError(f"the coordinator failed: {self.failed}")
        return seconds
