"""The container engine, through its command line."""

import json
import os
import subprocess
import time

DOCKER = os.environ["DOCKER"]
IMAGE = os.environ["IMAGE"]
WORKLOAD = os.environ["WORKLOAD"]

# How long anything may take here: far more than it does.
BOUND_SECONDS = 60

# Everything that a task definition can forbid a container; the memory is half of what the example gives it.
RESTRICTED = (
    *("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--memory", "16m", "--memory-swap", "16m", "--pids-limit", "16"),
)


def docker(*arguments, check=True):
    """Runs the client and returns the completed process."""
    done = subprocess.run([DOCKER, *arguments], capture_output=True, text=True, timeout=BOUND_SECONDS)
    if check and done.returncode:
        raise AssertionError(f"docker {' '.join(arguments)}: {done.stderr}")
    return done


def inspect(name):
    return json.loads(docker("inspect", name).stdout)[0]


def until(what, find, bound=BOUND_SECONDS):
    """The first true value of `find`, or an error that names `what`."""
    end = time.monotonic() + bound
    while time.monotonic() < end:
        found = find()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {bound} s: {what}")


def events(since, **filters):
    """What the engine has noted since then (seconds): (container, action, signal, nanoseconds), in order."""
    chosen = [part for key, value in filters.items() for part in ("--filter", f"{key}={value}")]
    lines = docker("events", "--since", str(since), "--until", str(time.time()), *chosen, "--format", "{{json .}}")
    for line in lines.stdout.splitlines():
        event = json.loads(line)
        attributes = event["Actor"]["Attributes"]
        yield attributes.get("name"), event["Action"], attributes.get("signal"), event["timeNano"]


class Container:
    """A container of the image under test, removed at the end of the test."""

    def __init__(self, test, name, environment, *options):
        self.name = name
        variables = [part for key, value in environment.items() for part in ("--env", f"{key}={value}")]
        test.addCleanup(docker, "rm", "--force", name, check=False)
        docker("run", "--detach", "--name", name, "--network", "host", *RESTRICTED, *variables, *options, IMAGE)

    def state(self):
        return inspect(self.name)["State"]

    def signal(self, name="TERM"):
        docker("kill", "--signal", name, self.name)

    def check(self):
        """Exit code of the health check, run as ECS runs it."""
        return docker("exec", self.name, "/ecs-daemon-protector", "check", check=False).returncode

    def lines(self, event=None):
        """Its log lines, parsed; with `event`, only lines of that event."""
        said = docker("logs", self.name)
        lines = [json.loads(line) for line in (said.stdout + said.stderr).splitlines() if line.startswith("{")]
        return [line for line in lines if event in (None, line["event"])]

    def says(self, event):
        """The first line of this event, waited for."""
        return until(f"{self.name} says {event}: {self.lines()}", lambda: self.lines(event))[0]

    def exit_code(self):
        """Waits for its end."""
        until(f"{self.name} ends: {self.lines()}", lambda: not self.state()["Running"])
        return self.state()["ExitCode"]
