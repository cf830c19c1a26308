"""Waiting for something that a program does."""

import time


def until(what, find, seconds=60, pause=0.05):
    """The first true value of `find`, or an error that names `what`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := find():
            return found
        time.sleep(pause)
    raise TimeoutError(f"not within {seconds} s: {what}")
