"""The programs of this project, and others, as processes. None outlives the tests."""

import atexit
import json
import os
import signal
import subprocess
import threading

from . import ROOT
from .wait import until

FOLDER = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "debug"
BOOTSTRAP = FOLDER / "bootstrap"
SIDECAR = FOLDER / "ecs-daemon-protector"
PROTECTORCTL = FOLDER / "protectorctl"

# How long anything may take here: far more than it does.
BOUND_SECONDS = 60


def missing():
    """Names of the programs that are not built."""
    return [program.name for program in (BOOTSTRAP, SIDECAR, PROTECTORCTL) if not program.is_file()]


class Program:
    """A process in a session of its own. It has the environment that is given, and no variable of ours."""

    def __init__(self, arguments, environment):
        self.lines = []
        self.popen = subprocess.Popen(
            [str(argument) for argument in arguments],
            env={"PATH": os.environ["PATH"], **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.pid = self.popen.pid
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        atexit.register(self.stop)

    def _read(self):
        for line in self.popen.stdout:
            self.lines.append(line.decode(errors="replace").rstrip("\n"))

    def json_lines(self):
        """The lines that are JSON objects."""
        return [json.loads(line) for line in list(self.lines) if line.startswith("{") and line.endswith("}")]

    def said(self, event):
        """The lines of one kind."""
        return [line for line in self.json_lines() if line.get("event") == event]

    def says(self, event):
        """The last line of one kind. A line comes through another pipe than an answer, and may come after it."""
        return until(f"a line of {event}", lambda: self.said(event))[-1]

    def running(self):
        return self.popen.poll() is None

    def signal(self, number):
        os.kill(self.pid, number)

    def exit_code(self, seconds=BOUND_SECONDS):
        """Waits for its end, and until all of its output is read."""
        try:
            code = self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds} s; it said:\n" + "\n".join(self.lines[-20:])) from None
        self.reader.join(5)
        return code

    def stop(self):
        """Asks it to end, then ends it and all that it started."""
        atexit.unregister(self.stop)
        if self.running():
            self.popen.terminate()
            try:
                self.popen.wait(5)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.popen.wait()
        self.reader.join(5)
        self.popen.stdout.close()
