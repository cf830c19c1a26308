"""Programs to compare with the sidecar: less than it does in C, the same in Python."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from lib import aws

from .sidecar import Subject

WAITS = r"""
#include <signal.h>
#include <stddef.h>
int main(void) {
    sigset_t ours;
    int signal;
    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigprocmask(SIG_BLOCK, &ours, NULL);
    return sigwait(&ours, &signal);
}
"""

# One read at start, as the sidecar makes it, then the wait.
READS_AND_WAITS = """
import signal
import boto3
names = ["/ecs-daemon-protector/measure/i-0123456789abcdef0", "/ecs-daemon-protector/control"]
boto3.client("ssm").get_parameters(Names=names)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
signal.sigwait({signal.SIGTERM})
"""


def of_this_machine(folder, store):
    """Those for which there is a compiler, or a library."""
    return [*in_c(folder), *in_python(folder, store)]


def in_c(folder):
    compiler = shutil.which("cc")
    if compiler is None:
        print("SKIP C: there is no cc", file=sys.stderr)
        return []
    source, program = Path(folder, "waits.c"), Path(folder, "waits")
    source.write_text(WAITS)
    subprocess.run([compiler, "-static", "-Os", "-s", "-o", program, source], check=True)
    return [Subject("C, sigwait, static", [str(program)], polls=False)]


def in_python(folder, store):
    if importlib.util.find_spec("boto3") is None:
        print("SKIP Python: there is no boto3 here (run with .venv/bin/python)", file=sys.stderr)
        return []
    program = Path(folder, "waits.py")
    program.write_text(READS_AND_WAITS)
    paths = ":".join(path for path in sys.path if path)
    environment = {"PYTHONPATH": paths, "AWS_DEFAULT_REGION": aws.REGION}
    return [Subject("Python, boto3", [sys.executable, str(program)], store, polls=False, environment=environment)]
