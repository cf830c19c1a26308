"""The sidecar: size, what it costs while it waits, and what a whole life costs."""

import gzip
import os
import signal
import statistics
import time
from pathlib import Path

from . import aws, proc
from .http import Server
from .report import MEGABYTE, Line

POLLS = 3
COPIES = 10
SETTLE = 0.4  # seconds between "waiting" and the look at its memory


class Host:
    """The endpoints that one container instance offers its sidecars."""

    def __init__(self, tls):
        context, self.store = tls or (None, None)
        self.aws = aws.Aws(release_at=POLLS)
        self.local = Server(aws.Local())
        self.remote = Server(self.aws, context)

    def environment(self):
        """A clean environment: nothing of the caller's reaches the program."""
        trust = {"SSL_CERT_FILE": self.store} if self.store else {}
        return {
            "AWS_REGION": aws.REGION,
            "AWS_ENDPOINT_URL": self.remote.url,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.local.url,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self.local.url}/credentials",
            "ECS_CONTAINER_METADATA_URI_V4": f"{self.local.url}/v4/container",
            "PROTECTOR_CLUSTER": aws.CLUSTER,
            "PROTECTOR_INSTANCE_ID": aws.INSTANCE,
            **trust,
        }

    def close(self):
        self.local.close()
        self.remote.close()


def until_waiting(process):
    """Seconds from start until it waits for SIGTERM: it has then executed itself anew as `… wait`."""
    while proc.arguments(process.pid)[1:2] != [b"wait"]:
        if not process.alive():
            raise RuntimeError(f"the sidecar ended with {process.ended[0]} before it waited")
        if time.perf_counter() - process.started > 10:
            raise TimeoutError("the sidecar does not wait after 10 s")
        time.sleep(0.0002)
    return time.perf_counter() - process.started


def peak_until_end(process):
    """The highest RSS seen until it ends. The kernel forgets it with the process, so it is read all the time."""
    peak = 0
    while process.alive():
        try:
            peak = proc.peak_rss(process.pid)
        except (OSError, AttributeError):  # between its end and our notice of it there is no memory to read
            pass
        time.sleep(0.005)
    return peak


def life(program, tls, log):
    """One whole life: start, wait, SIGTERM, three reads, released."""
    host = Host(tls)
    process = proc.Process(program, host.environment(), log)
    try:
        waiting = until_waiting(process)
        time.sleep(SETTLE)
        idle = proc.rss(process.pid), proc.private(process.pid)
        host.aws.draining = True
        os.kill(process.pid, signal.SIGTERM)
        peak = peak_until_end(process)
        code, cpu = process.wait(1)
    finally:
        process.kill()
        host.close()
    if code != 0 or host.aws.reads != POLLS:
        raise RuntimeError(f"the sidecar ended with {code} after {host.aws.reads} reads; 0 after {POLLS} was expected")
    return waiting, *idle, peak, cpu


def shared(program, tls, log):
    """PSS of each of ten copies that wait at one time."""
    host = Host(tls)
    copies = [proc.Process(program, host.environment(), log) for _ in range(COPIES)]
    try:
        for copy in copies:
            until_waiting(copy)
        time.sleep(SETTLE)
        return statistics.mean(proc.pss(copy.pid) for copy in copies)
    finally:
        for copy in copies:
            copy.kill()
        host.close()


def measure(program, tls, runs, log):
    lives = [life(program, tls, log) for _ in range(runs)]
    waiting, rss, private, peak, cpu = (statistics.median(column) for column in zip(*lives))
    packed = len(gzip.compress(Path(program).read_bytes(), 9))
    return [
        Line("sidecar: binary", os.path.getsize(program), 4.5 * MEGABYTE, "MB"),
        Line("sidecar: gzip -9", packed, 2 * MEGABYTE, "MB"),
        Line("sidecar: idle RSS", rss, 1 * MEGABYTE, "MB"),
        Line("sidecar: idle private memory", private, 64_000, "kB"),
        Line("sidecar: idle PSS, each of ten", shared(program, tls, log), 256_000, "kB"),
        Line("sidecar: peak RSS while polling", peak, 6 * MEGABYTE, "MB"),
        Line("sidecar: start to waiting", waiting, 0.005, "ms"),
        Line("sidecar: CPU, whole life, three polls", cpu, 0.020, "ms"),
    ]
