"""One drain of an instance whose applications end with a burst of lines: three routers, reached in three ways.

One router is rsyslog, which keeps up. The other two read a fixed number of lines a second, so that they still have
`BACKLOG_SECONDS` of lines before them, all of them in sockets, when their applications end. One of them speaks the
protocol of Fluentd and Fluent Bit, which are in none of the package registries that this test can use.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from .docker import WORKLOAD
from .scenario import HERE, ROUTER, SIDECAR, Drain, free_port

SLOW, FORWARD = "slow-router", "forward-router"
# What each slow router reads.
FORMATS = {SLOW: "lines", FORWARD: "forward"}
LINES_PER_SECOND = 400
BACKLOG_SECONDS = 4.5


TCP, SYSLOG, FLUENTD = "tcp", "syslog", "fluentd"
# Options of Docker's log drivers. That of fluentd has its defaults: it waits for the router.
DRIVERS = {
    SYSLOG: lambda port: ("--log-driver", SYSLOG, "--log-opt", f"syslog-address=tcp://127.0.0.1:{port}"),
    FLUENTD: lambda port: ("--log-driver", FLUENTD, "--log-opt", f"fluentd-address=127.0.0.1:{port}"),
}


@dataclass(frozen=True)
class Source:
    """An application: its router, and how its lines get there."""

    router: str
    way: str
    burst: int

    @property
    def name(self):
        return f"{self.router}-{self.way}"

    @property
    def in_words(self):
        return f"Docker's {self.way} driver" if self.way in DRIVERS else "plain TCP"

    def options(self, port):
        """Those of its container."""
        return (*DRIVERS[self.way](port), "--log-opt", "tag=app") if self.way in DRIVERS else ()


BACKLOG_LINES = int(LINES_PER_SECOND * BACKLOG_SECONDS)
SOURCES = (
    Source(ROUTER, TCP, burst=20_000),
    Source(ROUTER, SYSLOG, burst=20_000),
    Source(SLOW, TCP, burst=BACKLOG_LINES),
    Source(SLOW, SYSLOG, burst=BACKLOG_LINES),
    Source(FORWARD, FLUENTD, burst=BACKLOG_LINES),
)


class BurstDrain(Drain):
    containers = (SIDECAR, ROUTER, *FORMATS, *(source.name for source in SOURCES))

    def __init__(self, test, linger):
        super().__init__(test, protected=True, linger=linger)
        self.kind = f"linger-{linger or 'default'}"

    def prepare_files(self):
        super().prepare_files()
        self.ports = {ROUTER: self.port}
        for router in FORMATS:
            self.ports[router] = next(port for port in iter(free_port, None) if port not in self.ports.values())
        self.files = {router: self.folder / f"lines/{router}.log" for router in self.ports}

    def mounts(self, program):
        return ("--volume", f"{HERE}/{program}:/{program}:ro", "--volume", f"{self.folder}/lines:/lines")

    def daemons(self):
        return [self.router(), *map(self.slow_router, FORMATS)]

    def slow_router(self, name):
        arguments = [FORMATS[name], str(self.ports[name]), str(LINES_PER_SECOND), f"/lines/{name}.log"]
        program = ["python3", "/slow_router.py", *arguments]
        return self.container(name, [*self.mounts("slow_router.py"), WORKLOAD, *program], 20)

    def applications(self):
        return [self.application(source) for source in SOURCES]

    def application(self, source):
        port = str(self.ports[source.router])
        to = "stdout" if source.way in DRIVERS else port
        arguments = [to, source.name, str(source.burst), f"/lines/{source.name}.written"]
        program = ["python3", "/burst.py", *arguments]
        return self.container(source.name, [*source.options(port), *self.mounts("burst.py"), WORKLOAD, *program], 30)

    def listens(self):
        return all(map(self.accepts, self.ports.values()))

    def lines_come_in(self):
        return all(self.arrived(source) for source in SOURCES)

    def arrived(self, source):
        """Numbers of the lines of `source` that its router has written."""
        file = self.files[source.router]
        text = file.read_text() if file.exists() else ""
        return set(map(int, re.findall(rf"\b{source.name} line (\d+) x*$", text, re.MULTILINE)))

    def written(self, source):
        """Numbers of the lines that `source` has written."""
        return set(range(int(Path(self.folder, "lines", f"{source.name}.written").read_text())))

    def lost(self, source):
        return self.written(source) - self.arrived(source)

    def outlived(self):
        """Seconds between the end of the last application and SIGTERM to the first router, by the engine's events."""
        end = max(self.moments[f"{source.name} ended"] for source in SOURCES)
        return min(self.moments[f"{router} SIGTERM"] for router in self.ports) - end
