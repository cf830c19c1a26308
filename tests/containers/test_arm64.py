"""The sidecar for arm64 in an emulator: its version, and a whole hold. scripts/build-arm64 builds it and runs this.

An emulator cannot let a program execute itself again: `/proc/self/exe` is the emulator. So the two halves of a life
are run one by one: the one that checks and gets SIGTERM meanwhile, and the one that has waited.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import unittest

EMULATOR = "qemu-aarch64-static"
SIDECAR = os.environ["ARM64_SIDECAR"]

for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

from engine.host import ROOT, Host, measured  # noqa: E402

BOUND_SECONDS = 60
RT_SIGTIMEDWAIT = "128"  # on x86-64


class Emulated:
    """The program in the emulator; its lines go to a file."""

    def __init__(self, test, environment, *arguments):
        self.log = tempfile.TemporaryFile("w+")
        test.addCleanup(self.log.close)
        self.process = subprocess.Popen(
            [EMULATOR, SIDECAR, *arguments], env=environment, stdout=self.log, stderr=subprocess.STDOUT
        )
        test.addCleanup(self.process.wait)
        test.addCleanup(self.process.kill)

    def lines(self):
        self.log.seek(0)
        return [json.loads(line) for line in self.log.read().splitlines() if line.startswith("{")]

    def says(self, event):
        end = time.monotonic() + BOUND_SECONDS
        while time.monotonic() < end:
            for line in self.lines():
                if line["event"] == event:
                    return line
            time.sleep(0.05)
        raise AssertionError(f"does not say {event}: {self.lines()}")


class Arm64(unittest.TestCase):
    def setUp(self):
        self.host = Host()
        self.addCleanup(self.host.close)

    def environment(self, **more):
        return self.host.environment(SSL_CERT_FILE=str(self.host.authority), **more)

    def finish(self, sidecar):
        """Holds while the record says so, and ends when it is released."""
        self.assertEqual(sidecar.says("holding")["reason"], "tasks-remain")
        self.assertIsNone(sidecar.process.poll())
        self.host.write_record(released=True)
        self.assertEqual(sidecar.process.wait(BOUND_SECONDS), 0)
        last = sidecar.lines()[-1]
        self.assertEqual((last["event"], last["reason"], last["code"]), ("exit", "released", 0))

    def test_it_is_for_arm64_and_of_this_version(self):
        with open(SIDECAR, "rb") as program:
            self.assertEqual(int.from_bytes(program.read(20)[18:], "little"), 183)  # EM_AARCH64
        version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
        said = subprocess.run([EMULATOR, SIDECAR, "--version"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(said, f"ecs-daemon-protector {version}\n")

    def test_sigterm_during_the_self_check_then_a_whole_hold(self):
        self.host.deny()
        sidecar = Emulated(self, self.environment(PROTECTOR_POLL_INTERVAL="1s"))
        sidecar.says("self-check-failed")
        self.host.write_record(released=False)
        self.host.allow()
        sidecar.process.send_signal(signal.SIGTERM)
        self.finish(sidecar)

    def test_a_wait_that_ends_with_sigterm_then_a_whole_hold(self):
        place = {
            "region": measured.REGION,
            "cluster": self.host.cluster,
            "instance": self.host.instance,
            "ownContainer": "ecs-daemon-protector",
            "known": {},
        }
        self.host.write_record(released=False)
        sidecar = Emulated(self, self.environment(), "wait", json.dumps({"place": place}))
        self.finish_after_sigterm(sidecar)

    def finish_after_sigterm(self, sidecar):
        # Until the program waits for the signal, it may end the emulator instead.
        end = time.monotonic() + BOUND_SECONDS
        while not self.waits_for_a_signal(sidecar.process.pid):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        sidecar.process.send_signal(signal.SIGTERM)
        self.finish(sidecar)

    @staticmethod
    def waits_for_a_signal(pid):
        """The emulator hands the program's sigwait on to this machine's kernel, which shows the call's number."""
        with open(f"/proc/{pid}/syscall", encoding="ascii") as call:
            return call.read().split()[0] == RT_SIGTIMEDWAIT


if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False, verbosity=2).result.wasSuccessful())
