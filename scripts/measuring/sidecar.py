"""The sidecar: size, what it costs while it waits, and what a whole life costs.

Beside it, in the same run and in turns, may stand another sidecar, and programs that only wait.
"""

import gzip
import os
import signal
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

from lib import aws

from . import proc
from .report import MEGABYTE, Line

POLLS = 3
COPIES = 10
SETTLE = 0.4  # seconds between "waiting" and the look at its memory


@dataclass
class Subject:
    """A program that starts, waits for SIGTERM, and may then poll. `store` is the file of roots that it reads."""

    name: str
    command: list
    store: str = None
    polls: bool = True
    environment: dict = field(default_factory=dict)

    @property
    def program(self):
        return self.command[0]

    def waits(self, pid):
        """A sidecar has executed itself again as `… wait`; any other program is in the system call that waits."""
        if self.polls:
            return proc.arguments(pid)[1:2] == [b"wait"]
        return proc.awaits_signal(pid)


class Host(aws.Host):
    """One container instance for the sidecars that are measured."""

    def start(self, subject, log):
        """In a clean environment, without the variables of the caller."""
        trust = {"SSL_CERT_FILE": subject.store, "AWS_CA_BUNDLE": subject.store} if subject.store else {}
        return proc.Process(subject.command, {**self.environment(), **trust, **subject.environment}, log)

    def reads(self):
        """How often the record was read."""
        return self.aws.calls().count("GetParameters")


def until_waiting(subject, process):
    """Seconds from start until it waits for SIGTERM."""
    while not subject.waits(process.pid):
        if not process.alive():
            raise RuntimeError(f"{subject.name} ended with {process.ended[0]} before it waited")
        if time.perf_counter() - process.started > 10:
            raise TimeoutError(f"{subject.name} does not wait after 10 s")
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


def life(subject, certificate, log):
    """One whole life: start, wait, SIGTERM, three reads, released."""
    host = Host(certificate)
    process = host.start(subject, log)
    try:
        waiting = until_waiting(subject, process)
        time.sleep(SETTLE)
        seen = {
            "start to waiting": waiting,
            "CPU until waiting": proc.cpu(process.pid),
            "idle RSS": proc.rss(process.pid),
            "idle private memory": proc.private(process.pid),
        }
        if not subject.polls:
            return seen
        host.release_at_read(POLLS)
        before = host.reads()
        os.kill(process.pid, signal.SIGTERM)
        seen["peak RSS while polling"] = peak_until_end(process)
        code, seen["CPU, whole life, three polls"] = process.wait(1)
        reads = host.reads() - before
    finally:
        process.kill()
        host.close()
    if code != 0 or reads != POLLS:
        raise RuntimeError(f"{subject.name} ended with {code} after {reads} reads; 0 after {POLLS} was expected")
    return seen


def shared(subject, certificate, log):
    """PSS of each of ten copies that wait at one time."""
    host = Host(certificate)
    copies = [host.start(subject, log) for _ in range(COPIES)]
    try:
        for copy in copies:
            until_waiting(subject, copy)
        time.sleep(SETTLE)
        return statistics.mean(proc.pss(copy.pid) for copy in copies)
    finally:
        for copy in copies:
            copy.kill()
        host.close()


def figures(subjects, certificate, runs, log):
    """What each subject costs, by its name: medians. They take turns, so that a busy moment meets all of them."""
    lives = {subject.name: [] for subject in subjects}
    for _ in range(runs):
        for subject in subjects:
            lives[subject.name].append(life(subject, certificate, log))
    return {subject.name: of_all(subject, lives[subject.name], certificate, log) for subject in subjects}


def of_all(subject, lives, certificate, log):
    content = Path(subject.program).read_bytes()
    medians = {name: statistics.median(life[name] for life in lives) for name in lives[0]}
    pss = shared(subject, certificate, log)
    return {"binary": len(content), "gzip -9": len(gzip.compress(content, 9)), **medians, "idle PSS, each of ten": pss}


# Each quantity in the order of the table: its budget and its unit.
BUDGETS = {
    "binary": (2.8 * MEGABYTE, "MB"),
    "gzip -9": (1.5 * MEGABYTE, "MB"),
    "idle RSS": (0.5 * MEGABYTE, "MB"),
    "idle private memory": (48_000, "kB"),
    "idle PSS, each of ten": (100_000, "kB"),
    "peak RSS while polling": (3.5 * MEGABYTE, "MB"),
    "start to waiting": (0.006, "ms"),
    "CPU until waiting": (0.004, "ms"),
    "CPU, whole life, three polls": (0.012, "ms"),
}


def measure(subjects, certificate, runs, log):
    """The lines of the first subject, and all figures of all."""
    found = figures(subjects, certificate, runs, log)
    own = found[subjects[0].name]
    lines = [Line(f"sidecar: {name}", own[name], budget, unit) for name, (budget, unit) in BUDGETS.items()]
    return lines, found
