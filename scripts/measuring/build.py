"""What it costs to build both programs for a release, from nothing."""

import os
import platform
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from .report import Line

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("protector-sidecar", "protector-coordinator")
SCRIPTS = ("build-sidecar", "build-coordinator")

# CPU seconds, as the machine of docs/measurements.md counts them; another machine has another number.
BUDGET_SECONDS = 290


def features(package):
    """{crate and version: its features} of all that a program is linked from."""
    target = f"{platform.machine()}-unknown-linux-musl"
    command = ["cargo", "tree", "--locked", "--offline", "--package", package, "--target", target]
    command += ["--edges", "normal", "--prefix", "none", "--no-dedupe", "--format", "{p}|{f}"]
    text = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return of_tree(text)


def of_tree(text):
    """The crates of what `cargo tree` has printed, with their features. Macros run at build time and are left out."""
    pairs = (line.rstrip().split("|") for line in text.splitlines() if line)
    return {crate: features for crate, features in pairs if not crate.endswith("(proc-macro)")}


def compiled_twice(mine, theirs):
    """Crates that both programs have, but with other features, so that each needs a build of its own."""
    return sorted(crate for crate in set(mine) & set(theirs) if mine[crate] != theirs[crate])


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(scripts=SCRIPTS):
    """One line: CPU seconds of both builds, one after the other, in one target folder that is empty at first."""
    before = cpu_seconds()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "CARGO_TARGET_DIR": folder, "CARGO_INCREMENTAL": "0"}
        for script in scripts:
            start = cpu_seconds()
            subprocess.run([ROOT / "scripts" / script], env=environment, check=True, stdout=subprocess.DEVNULL)
            print(f"scripts/{script}: {cpu_seconds() - start:.0f} s of CPU", file=sys.stderr)
    return [Line("build: both programs, CPU", cpu_seconds() - before, BUDGET_SECONDS, "s")]
