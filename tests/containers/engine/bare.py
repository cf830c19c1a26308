"""Drains of daemons whose sidecars end before their time, or never start. Every container of them is real.

The ECS agent is not available here. The local AWS plays it, and applies its rule: a sidecar that has run for its
`restartAttemptPeriod` is started again, in the same container, and one that ended sooner stays down. What an ECS agent
of its own makes of a real engine is not shown.
"""

import json
import time
from datetime import datetime

from .docker import WORKLOAD, docker, inspect, until
from .host import client
from .scenario import APP, SETTINGS, SIDECAR, Drain, free_port

LOG_GROUP = "/aws/lambda/ecs-daemon-protector"
# The least that ECS accepts.
ATTEMPT_PERIOD_SECONDS = 60

# Ends the given number of seconds after its SIGTERM.
PROGRAM = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (time.sleep(float(sys.argv[1])), sys.exit()))
while True:
    signal.pause()
"""


class BareDrain(Drain):
    """A daemon service for each of `services`, and one application that outlasts what is seen of them."""

    services = ()
    settings = (*SETTINGS, "PROTECTOR_UNPROTECTED_CHECK=5s")

    def __init__(self, test):
        super().__init__(test, protected=True)
        self.kind = type(self).__name__.lower()
        self.containers = (APP, *self.services, *map(self.sidecar_of, self.services))
        self.logs = client(self.aws, "logs")

    def prepare_files(self):
        """No log router, no lines."""

    @staticmethod
    def sidecar_of(service):
        return f"{SIDECAR}-{service}"

    def program(self, name, seconds):
        return self.container(name, [WORKLOAD, "python3", "-c", PROGRAM, str(seconds)], 30)

    def sidecar(self, daemons, **more):
        restart = {"enabled": True, "restartAttemptPeriod": ATTEMPT_PERIOD_SECONDS}
        in_engine = self.sidecar_of(daemons[0]["name"])
        return super().sidecar(daemons, in_engine=in_engine, restartPolicy=restart, **more)

    def build(self):
        self.build_instance()
        for service in self.services:
            daemon = self.program(service, 0)
            self.service(service, [daemon, self.sidecar([daemon])], schedulingStrategy="DAEMON")
        self.service(APP, [self.program(APP, 10)], desiredCount=1)
        until("all of them run", lambda: all(map(self.runs, (APP, *self.services))))

    def runs(self, container):
        found = docker("inspect", "--format", "{{.State.Running}}", self.name(container), check=False)
        return found.stdout.strip() == "true"

    def kill(self, container):
        docker("kill", "--signal", "KILL", self.name(container))

    def said(self, event):
        """The coordinator's lines of this event."""
        pattern = f'{{ $.event = "{event}" }}'
        found = self.logs.filter_log_events(logGroupName=LOG_GROUP, filterPattern=pattern, startTime=0)
        return [json.loads(line["message"]) for line in found["events"]]

    def run(self):
        super().run()
        (self.receipt, *_) = until("the receipt is there", lambda: self.said("receipt"))
        return self


EARLY, LATE = "early", "late"


class Restarts(BareDrain):
    """One sidecar is killed in its first minute, and one after it."""

    services = (EARLY, LATE)

    def build(self):
        super().build()
        for service in self.services:
            self.ready(self.sidecar_of(service))
        self.kill_after(EARLY, 20)
        self.kill_after(LATE, ATTEMPT_PERIOD_SECONDS + 1)
        self.ready(self.sidecar_of(LATE), times=2)
        self.early_runs = self.runs(self.sidecar_of(EARLY))

    def kill_after(self, service, seconds):
        """Kills a sidecar so long after its start."""
        sidecar = self.sidecar_of(service)
        started = datetime.fromisoformat(inspect(self.name(sidecar))["State"]["StartedAt"][:19] + "+00:00")
        time.sleep(max(0.0, started.timestamp() + seconds + 1 - time.time()))
        self.kill(sidecar)


class NoImage(BareDrain):
    """The engine cannot pull the image of the sidecar, and says why in its own words, which the agent passes on."""

    services = ("logs",)

    def sidecar(self, daemons, **more):
        image = f"127.0.0.1:{free_port()}/ecs-daemon-protector:0.1.0"
        self.error = docker("pull", image, check=False).stderr.strip()
        reason = f"CannotPullContainerError: {self.error}"
        # The local AWS refuses to start simulated containers alone.
        labels = {"local-aws.simulated": "true", "local-aws.fails": reason}
        return super().sidecar(daemons, dockerLabels=labels, **more)

    def build(self):
        super().build()
        until("it is reported", lambda: self.said("unprotected"))


class KilledInItsHold(BareDrain):
    """The sidecar is killed while it holds, as by an operator or for lack of memory."""

    services = ("logs",)

    def build(self):
        super().build()
        self.ready(self.sidecar_of("logs"))

    def while_it_drains(self):
        sidecar = self.sidecar_of("logs")
        until("it holds", lambda: self.says(sidecar, '"holding"'))
        self.kill(sidecar)
