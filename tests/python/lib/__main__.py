"""Runs the tests of one lane: `python -m lib LANE`."""

import pathlib
import signal
import sys
import unittest

from .programs import missing


def run(lane):
    """The exit code."""
    # SIGTERM ends it like Ctrl-C: it stops everything that it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    lacks = [] if lane == "stack" else missing()  # the stack has the program that SAM built
    if lacks:
        print(f"SKIP {lane}: not built: {', '.join(lacks)} (cargo build --workspace --bins)")
        return 0
    here = pathlib.Path(__file__).resolve().parent.parent
    suite = unittest.TestLoader().discover(str(here / lane), pattern="test_*.py", top_level_dir=str(here))
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    return not (result.wasSuccessful() and result.testsRun)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1]))
