"""AWS's own Lambda Runtime Interface Emulator around the coordinator. It comes with the SAM CLI.

It gives the function a true deadline, and kills it there. It takes one invocation at a time.
"""

import json
import platform
import socket
import urllib.error
import urllib.request
from pathlib import Path

from .wait import until
from . import ROOT
from .programs import BOOTSTRAP, BOUND_SECONDS, Program


def emulator():
    """The emulator for this processor, or None."""
    processor = {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine())
    found = sorted((ROOT / ".venv").glob(f"lib/*/site-packages/samcli/local/rapid/aws-lambda-rie-{processor}"))
    return found[0] if found else None


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Emulator:
    """The coordinator in it. `variables` are those of the function."""

    def __init__(self, timeout_seconds, variables):
        self.port = free_port()
        # Without both addresses it listens on every interface.
        addresses = (f"--runtime-interface-emulator-address=127.0.0.1:{self.port}",
                     f"--runtime-api-address=127.0.0.1:{free_port()}")
        settings = {**variables, "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_seconds)}
        self.program = Program([emulator(), *addresses, BOOTSTRAP], settings)
        self.url = f"http://127.0.0.1:{self.port}"
        until("the emulator listens", self.listens)

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def invoke(self, event):
        """The text of the answer, whatever its status: that of a time-out is 200, that of a failed start is 502."""
        url = f"{self.url}/2015-03-31/functions/function/invocations"
        request = urllib.request.Request(url, json.dumps(event).encode())
        try:
            with urllib.request.urlopen(request, timeout=BOUND_SECONDS) as response:
                return response.read().decode()
        except urllib.error.HTTPError as error:
            return error.read().decode()

    def runtime(self):
        """Process id of the coordinator, None if it does not run."""
        children = Path(f"/proc/{self.program.pid}/task").glob("*/children")
        pids = [int(pid) for file in children for pid in file.read_text().split()]
        running = [pid for pid in pids if Path(f"/proc/{pid}/exe").resolve() == BOOTSTRAP.resolve()]
        return running[0] if running else None

    def close(self):
        self.program.stop()
