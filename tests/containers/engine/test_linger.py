"""STOPPED is not yet delivered: the last lines of a task are in sockets then, and a router needs time to read them.

A router that keeps up has mostly read them before the sidecar has read the release, a second later at most. So only the
slow ones must lose lines without `LINGER`, and they do by their speed: they need four times as long.
"""

import unittest

from .linger import BACKLOG_SECONDS, FORMATS, LINES_PER_SECOND, SOURCES, BurstDrain

DEFAULT_LINGER_SECONDS = 5


class Linger(unittest.TestCase):
    def test_what_lies_in_sockets_is_read_before_the_routers_go(self):
        without, default = (BurstDrain(self, linger).run() for linger in ("0s", None))
        print(self.table(without, default))
        for drain in (without, default):
            self.assertEqual({drain.exit_code(one) for one in drain.containers}, {0}, drain.kind)

        # No earlier than the setting says, by the engine's own events.
        self.assertGreaterEqual(default.outlived(), DEFAULT_LINGER_SECONDS)
        for source in SOURCES:
            self.assertEqual(len(default.lost(source)), 0, source)
            if source.router in FORMATS:
                self.assertGreater(len(without.lost(source)), 0, f"{source}: {without.outlived()} s")

    def table(self, without, default):
        """Lines lost, side by side."""
        rows = [
            (source.router, source.in_words, source.burst, len(without.lost(source)), len(default.lost(source)))
            for source in SOURCES
        ]
        head = ("router", "lines come by", "burst", "LINGER=0s", f"default ({DEFAULT_LINGER_SECONDS}s)")
        outlived = (f"{drain.outlived():.1f} s" for drain in (without, default))
        gone = ("SIGTERM to the routers", "after the last task ended", "", *outlived)
        lines = [f"{a:<24}{b:<28}{c:>7}{d:>12}{e:>14}" for a, b, c, d, e in (head, *rows, gone)]
        slow = " and ".join(FORMATS)
        pace = f"{slow} read {LINES_PER_SECOND} lines a second from each, {BACKLOG_SECONDS} s for a burst"
        return "\n".join(("", f"Lines lost of a burst; {pace}", *lines))
