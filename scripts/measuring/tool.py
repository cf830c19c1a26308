"""The operator's tool: how long the commands take that run offline, from start to end.

They are typed in pipelines and at prompts, and completed by the shell, so they must not wait for anything: no runtime, no
client of AWS, no configuration of the SDK.
"""

import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from .report import Line

ROOT = Path(__file__).resolve().parents[2]
BUDGET_SECONDS = 0.010
DEFINITION = "examples/task-definition.json"
COMMANDS = {
    "lint": ["lint", DEFINITION],
    "inject": ["inject", "--image", "example.com/ecs-daemon-protector:0.1.0", DEFINITION],
    "policy": ["policy", "reader"],
    "completions": ["completions", "bash"],
    "man": ["man", "doctor"],
}


def build():
    """The tool as it is built for long simulations: optimized, without the link of a release, which takes minutes more."""
    command = ["cargo", "build", "--locked", "--profile", "simulate", "--package", "protectorctl"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "simulate" / "protectorctl"


def seconds(program, arguments, environment):
    """From the start of the process to its end. Its output goes to a pipe, as to a shell."""
    start = time.perf_counter()
    done = subprocess.run([program, *arguments], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True)
    taken = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"protectorctl {' '.join(arguments)}: {done.stderr.decode(errors='replace')}")
    return taken


def measure(program, runs):
    """One line for each command: the median. A first run, which is not counted, brings the program into the cache."""
    lines = []
    with tempfile.TemporaryDirectory() as home:
        environment = {"HOME": home, "PATH": os.environ["PATH"]}
        for name, arguments in COMMANDS.items():
            seconds(program, arguments, environment)
            taken = statistics.median(seconds(program, arguments, environment) for _ in range(runs))
            lines.append(Line(f"protectorctl: {name}, start to end", taken, BUDGET_SECONDS, "ms"))
    return lines
