"""What the kernel reports about a process."""

import os
import platform
import re
import subprocess
import time
from pathlib import Path

KIB = 1024
RT_SIGTIMEDWAIT = {"x86_64": "128", "aarch64": "137"}.get(platform.machine())


def field(pid, file, name):
    """One `Name:  123 kB` line of a file of /proc, in bytes."""
    text = Path(f"/proc/{pid}/{file}").read_text()
    match = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(match.group(1)) * KIB


def rss(pid):
    return field(pid, "status", "VmRSS")


def peak_rss(pid):
    """Highest RSS since the program was executed."""
    return field(pid, "status", "VmHWM")


def private(pid):
    """Anonymous memory: what each copy pays for itself, however many there are."""
    return field(pid, "status", "RssAnon")


def pss(pid):
    """RSS with every shared page divided by the number of its users."""
    return field(pid, "smaps_rollup", "Pss")


def cpu(pid):
    """Seconds that its first thread has run, in user and kernel mode, since the process was made."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def awaits_signal(pid):
    """Whether it is in the system call rt_sigtimedwait."""
    return Path(f"/proc/{pid}/syscall").read_text().split()[0] == RT_SIGTIMEDWAIT


def arguments(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")


class Process:
    """A child that is measured from its start to its end."""

    def __init__(self, command, environment, log):
        self.started = time.perf_counter()
        self.popen = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        self.pid = self.popen.pid
        self.ended = None

    def alive(self):
        """Whether it still runs. Also reaps it, and keeps its exit status and what it used."""
        if self.ended is None:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self.ended = os.waitstatus_to_exitcode(status), usage
                self.popen.returncode = self.ended[0]
        return self.ended is None

    def wait(self, timeout):
        """Exit code and CPU seconds of the whole life."""
        give_up = time.perf_counter() + timeout
        while self.alive():
            if time.perf_counter() > give_up:
                raise TimeoutError(f"still running after {timeout} s")
            time.sleep(0.002)
        code, usage = self.ended
        return code, usage.ru_utime + usage.ru_stime

    def kill(self):
        if self.alive():
            self.popen.kill()
            self.wait(5)
