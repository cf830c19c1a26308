"""The coordinator: size, start, and what an event costs besides the calls it makes."""

import os
import statistics
import sys

from . import aws, proc
from .http import Server
from .report import MEGABYTE, Line
from .runtime_api import RuntimeApi

EVENTS = 300

# Ignored with a reason: it is read, judged and logged, and makes no call.
LAUNCH = {
    "version": "0",
    "id": "00000000-0000-0000-0000-000000000001",
    "detail-type": "EC2 Instance-launch Lifecycle Action",
    "source": "aws.autoscaling",
    "account": aws.ACCOUNT,
    "time": "2026-01-01T00:00:00Z",
    "region": aws.REGION,
    "resources": [],
    "detail": {
        "LifecycleActionToken": "00000000-0000-0000-0000-000000000002",
        "AutoScalingGroupName": "measure",
        "LifecycleHookName": "measure",
        "EC2InstanceId": "i-0123456789abcdef0",
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
        "Origin": "EC2",
        "Destination": "AutoScalingGroup",
    },
}

# With nothing to drain: the calls of an idle minute.
TICK = {
    "version": "0",
    "id": "00000000-0000-0000-0000-000000000003",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": aws.ACCOUNT,
    "time": "2026-01-01T00:00:00Z",
    "region": aws.REGION,
    "resources": [f"arn:aws:events:{aws.REGION}:{aws.ACCOUNT}:rule/tick"],
    "detail": {},
}


class Function:
    """One cold start of the coordinator."""

    def __init__(self, program, tls, log):
        *certificate, store = tls or (None,)
        self.aws = aws.LocalAws(tls and certificate)
        self.api = RuntimeApi()
        self.runtime = Server(self.api)
        self.process = proc.Process([program], self.environment(store), log)

    def environment(self, store):
        trust = {"SSL_CERT_FILE": store} if store else {}
        return {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.runtime.port}",
            "AWS_LAMBDA_FUNCTION_NAME": "measure",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_LOG_GROUP_NAME": "measure",
            "AWS_LAMBDA_LOG_STREAM_NAME": "measure",
            "AWS_REGION": aws.REGION,
            "AWS_ACCESS_KEY_ID": "AKID",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_SESSION_TOKEN": "token",
            "AWS_ENDPOINT_URL": self.aws.endpoint,
            "_HANDLER": "bootstrap",
            **trust,
        }

    def init(self):
        """Seconds from start to the first request for an event."""
        if not self.api.ready.wait(10) or self.api.failed:
            raise RuntimeError(f"the coordinator did not start: {self.api.failed}")
        return self.api.first_next - self.process.started

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.aws.close()
        self.runtime.close()


def overhead(program, tls, log):
    """Init, and the median of what an event without calls costs, once warm."""
    with Function(program, tls, log) as function:
        init = function.init()
        for number in range(EVENTS):
            function.api.give(number, LAUNCH)
        seconds = [function.api.answer() for _ in range(EVENTS)]
        calls = function.aws.calls()
        if calls:
            raise RuntimeError(f"an ignored event made calls: {calls}")
    return init, statistics.median(seconds[1:])


def first_event(program, tls, log):
    """The first event of a cold function that makes calls: it pays for the handshake."""
    with Function(program, tls, log) as function:
        function.init()
        function.api.give(0, TICK)
        seconds = function.api.answer()
        calls = function.aws.calls()
        if not calls:
            raise RuntimeError("the tick made no call")
    return seconds, calls


def measure(program, archive, tls, runs, log):
    warm = [overhead(program, tls, log) for _ in range(runs)]
    init, event = (statistics.median(column) for column in zip(*warm))
    firsts = [first_event(program, tls, log) for _ in range(runs)]
    calls = firsts[-1][1]
    print(f"coordinator: its first event makes {len(calls)} calls: {', '.join(calls)}", file=sys.stderr)
    return [
        Line("coordinator: zip", os.path.getsize(archive), 3.5 * MEGABYTE, "MB"),
        Line("coordinator: init", init, 0.005, "ms"),
        Line("coordinator: overhead per event", event, 0.0001, "ms"),
        Line("coordinator: first event, with calls", statistics.median(s for s, _ in firsts), 0.010, "ms"),
    ]
