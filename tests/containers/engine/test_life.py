"""A whole life of the container, with everything forbidden that a task definition can forbid."""

import re
import subprocess
import time
import unittest
from pathlib import Path

from .docker import DOCKER, RESTRICTED, Container, docker, events, inspect, until
from .host import Host

MEMORY = 16 * 1024 * 1024


def status(pid):
    """What the kernel reports about a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def peak_memory(pid):
    """The most memory that the process's control group has had, if the kernel reports it."""
    groups = Path(f"/proc/{pid}/cgroup").read_text()
    for pattern, file in (
        (r"^\d+:(?:\S+,)?memory(?:,\S+)?:(\S+)$", "/sys/fs/cgroup/memory{}/memory.max_usage_in_bytes"),
        (r"^0::(\S+)$", "/sys/fs/cgroup{}/memory.peak"),
    ):
        found = re.search(pattern, groups, re.MULTILINE)
        path = Path(file.format(found.group(1))) if found else None
        if path and path.exists():
            return int(path.read_text())
    return None


class HostCase(unittest.TestCase):
    def setUp(self):
        self.host = Host()
        self.addCleanup(self.host.close)

    def start(self, *options, **environment):
        name = f"sidecar-{self.id().rpartition('.')[2]}"
        return Container(self, name, self.host.environment(**environment), *options)


class Life(HostCase):
    def test_a_whole_life_as_process_one(self):
        sidecar = self.start(*self.host.trust())
        sidecar.says("ready")
        until("it waits", lambda: sidecar.check() == 0)
        pid = sidecar.state()["Pid"]
        self.assert_restricted(sidecar, status(pid))

        self.host.write_record(released=False)
        sidecar.signal()
        self.assertEqual(sidecar.says("holding")["reason"], "tasks-remain")
        sidecar.signal()
        self.assertTrue(sidecar.state()["Running"])
        peak = peak_memory(pid)
        self.host.write_record(released=True)

        self.assertEqual(sidecar.exit_code(), 0)
        last = sidecar.lines()[-1]
        self.assertEqual((last["event"], last["reason"], last["code"]), ("exit", "released", 0))
        self.assertGreaterEqual(last["reads"], 2)
        self.assertFalse(sidecar.state()["OOMKilled"])
        if peak is not None:
            print(f"memory: at most {peak / 1e6:.1f} MB with the page cache, of {MEMORY / 1e6:.1f} MB")
            self.assertLess(peak, MEMORY)

    def assert_restricted(self, sidecar, process):
        """It runs under what was asked for; an engine that forgets a restriction would prove nothing."""
        self.assertEqual(process["Uid"].split(), ["65532"] * 4)
        self.assertEqual(process["Gid"].split(), ["65532"] * 4)
        self.assertEqual(process["NSpid"].split()[-1], "1")
        self.assertEqual((process["CapEff"].strip("0"), process["CapBnd"].strip("0")), ("", ""))
        self.assertEqual(process["NoNewPrivs"], "1")
        host = inspect(sidecar.name)["HostConfig"]
        self.assertEqual((host["ReadonlyRootfs"], host["Memory"], host["MemorySwap"]), (True, MEMORY, MEMORY))
        self.assertIn("--read-only", RESTRICTED)

    def test_check_fails_until_the_self_check_has_passed(self):
        self.host.deny()
        sidecar = self.start(*self.host.trust(), PROTECTOR_POLL_INTERVAL="1s")
        self.assertEqual(sidecar.says("self-check-failed")["reason"], "denied")
        self.assertEqual(sidecar.check(), 1)
        self.host.allow()
        sidecar.says("ready")
        until("the check passes", lambda: sidecar.check() == 0)

    def test_a_release_that_lies_there_already_is_obeyed(self):
        self.host.write_record(released=True)
        sidecar = self.start(*self.host.trust())
        self.assertTrue(sidecar.says("ready")["staleRelease"])
        sidecar.signal()
        self.assertEqual(sidecar.exit_code(), 0)
        self.assertEqual(sidecar.says("exit")["reason"], "released")

    def test_sigterm_right_after_the_start_is_kept(self):
        """The kernel keeps no signal for a process 1 that neither handles nor blocks it."""
        self.host.write_record(released=False)
        sidecar = self.start(*self.host.trust())
        sidecar.signal()
        self.assertEqual(sidecar.says("holding")["reason"], "tasks-remain")
        self.host.write_record(released=True)
        self.assertEqual(sidecar.exit_code(), 0)

    def test_killed_in_its_hold_and_started_again_it_holds_again(self):
        """As an agent restarts it: the same container, and another SIGTERM."""
        self.host.write_record(released=False)
        sidecar = self.start(*self.host.trust())
        sidecar.says("ready")
        sidecar.signal()
        sidecar.says("holding")
        sidecar.signal("KILL")
        self.assertEqual(sidecar.exit_code(), 137)

        docker("start", sidecar.name)
        until("it is ready again", lambda: len(sidecar.lines("ready")) == 2)
        sidecar.signal()
        until("it holds again", lambda: sum(line.get("first", False) for line in sidecar.lines("holding")) == 2)
        self.host.write_record(released=True)
        self.assertEqual(sidecar.exit_code(), 0)
        self.assertEqual(sidecar.lines()[-1]["reason"], "released")

    def test_the_time_of_the_first_stop_bounds_the_hold(self):
        """A second stop with more time, as after a restart of the agent, does not lengthen it."""
        self.host.write_record(released=False)
        sidecar = self.start(*self.host.trust())
        sidecar.says("ready")
        since = time.time()
        first = subprocess.Popen([DOCKER, "stop", "--time", "4", sidecar.name], stdout=subprocess.DEVNULL)
        self.addCleanup(first.wait)
        sidecar.says("holding")
        docker("stop", "--time", "50", sidecar.name)
        self.assertEqual(sidecar.exit_code(), 137)
        self.assertFalse(sidecar.lines("exit"))
        noted = list(events(since, type="container", container=sidecar.name))
        (term, *_), (kill, *_) = (
            [nanoseconds / 1e9 for _, action, signal, nanoseconds in noted if (action, signal) == ("kill", wanted)]
            for wanted in ("15", "9")
        )
        self.assertGreaterEqual(kill - term, 4 - 0.1, noted)
        self.assertLess(kill - term, 30, noted)

    def test_wrong_settings_end_it_with_64(self):
        """Not before the agent would restart it, but at once on SIGTERM."""
        sidecar = self.start(*self.host.trust(), PROTECTOR_MAX_HOLD="soon")
        delayed = sidecar.says("exit-delayed")
        self.assertEqual((delayed["code"], delayed["reason"]), (64, "settings"))
        self.assertGreater(delayed["exitInSeconds"], 50)
        sidecar.signal()
        self.assertEqual(sidecar.exit_code(), 64)
        self.assertIn("MAX_HOLD", sidecar.says("exit")["errors"][0])


class Trust(HostCase):
    """HTTPS with the image's own bundle: an authority that is not in it is not believed."""

    def test_an_unknown_issuer_holds_and_gives_a_hint(self):
        sidecar = self.start(PROTECTOR_MAX_HOLD="6s", PROTECTOR_POLL_INTERVAL="1s")
        failed = sidecar.says("self-check-failed")
        self.assertIn("UnknownIssuer", failed["error"])
        self.assertTrue(failed["hint"])
        self.assertEqual(sidecar.check(), 1)

        sidecar.signal()
        held = sidecar.says("holding")
        self.assertIn("UnknownIssuer", held["error"])
        self.assertTrue(held["hint"])
        # A release that it cannot read must not let it go.
        self.host.write_record(released=True)
        self.assertEqual(sidecar.exit_code(), 10)
        self.assertEqual(sidecar.lines()[-1]["reason"], "max-hold")

    def test_a_bundle_that_is_mounted_is_believed(self):
        sidecar = self.start(*self.host.trust())
        sidecar.says("ready")
        self.host.write_record(released=False)
        sidecar.signal()
        sidecar.says("holding")
        self.host.write_record(released=True)
        self.assertEqual(sidecar.exit_code(), 0)
