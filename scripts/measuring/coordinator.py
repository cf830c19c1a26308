"""The coordinator: size, start, and what an event costs besides the calls it makes."""

import json
import os
import statistics
import sys

from lib import ROOT, aws
from lib.http import Server
from lib.runtime_api import RuntimeApi, environment

from . import proc
from .report import MEGABYTE, Line

EVENTS = 300

EVENTS_ON_FILE = ROOT / "crates/core/fixtures/events"

# Ignored with a reason: it is read, judged and logged, and makes no call.
LAUNCH = json.loads((EVENTS_ON_FILE / "launch-event-bridge.json").read_text())

# With nothing to drain: the calls of an idle minute.
TICK = json.loads((EVENTS_ON_FILE / "tick.json").read_text())


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
        api = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.runtime.port}"}
        return {**environment(), **api, "AWS_ENDPOINT_URL": self.aws.endpoint, **trust}

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
