"""One drain of an instance whose applications end with a burst of lines: two routers, each reached in two ways.

One router is rsyslog, which keeps up. The other one reads a fixed number of lines a second, so that it still has
`BACKLOG_SECONDS` of lines before it, all of them in sockets, when its applications end.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from .docker import WORKLOAD
from .scenario import HERE, ROUTER, SIDECAR, Drain, free_port

SLOW = "slow-router"
LINES_PER_SECOND = 400
BACKLOG_SECONDS = 4.5


@dataclass(frozen=True)
class Source:
    """An application: its router, and how its lines get there."""

    router: str
    driver: bool
    burst: int

    @property
    def name(self):
        return f"{self.router}-{'driver' if self.driver else 'tcp'}"

    @property
    def way(self):
        return "Docker's syslog driver" if self.driver else "plain TCP"


SOURCES = (
    *(Source(ROUTER, driver, burst=20_000) for driver in (False, True)),
    *(Source(SLOW, driver, burst=int(LINES_PER_SECOND * BACKLOG_SECONDS)) for driver in (False, True)),
)


class BurstDrain(Drain):
    containers = (SIDECAR, ROUTER, SLOW, *(source.name for source in SOURCES))

    def __init__(self, test, linger):
        super().__init__(test, protected=True, linger=linger)
        self.kind = f"linger-{linger or 'default'}"

    def prepare_files(self):
        super().prepare_files()
        other = next(port for port in iter(free_port, None) if port != self.port)
        self.ports = {ROUTER: self.port, SLOW: other}
        self.files = {ROUTER: self.folder / "lines/router.log", SLOW: self.folder / "lines/slow.log"}

    def mounts(self, program):
        return ("--volume", f"{HERE}/{program}:/{program}:ro", "--volume", f"{self.folder}/lines:/lines")

    def daemons(self):
        program = ["python3", "/slow_router.py", str(self.ports[SLOW]), str(LINES_PER_SECOND), "/lines/slow.log"]
        return [self.router(), self.container(SLOW, [*self.mounts("slow_router.py"), WORKLOAD, *program], 20)]

    def applications(self):
        return [self.application(source) for source in SOURCES]

    def application(self, source):
        port = str(self.ports[source.router])
        to = "stdout" if source.driver else port
        address = f"syslog-address=tcp://127.0.0.1:{port}"
        driver = ("--log-driver", "syslog", "--log-opt", address, "--log-opt", "tag=app") if source.driver else ()
        arguments = [to, source.name, str(source.burst), f"/lines/{source.name}.written"]
        program = ["python3", "/burst.py", *arguments]
        return self.container(source.name, [*driver, *self.mounts("burst.py"), WORKLOAD, *program], 30)

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
