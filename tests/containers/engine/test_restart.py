"""Daemons whose sidecar does not protect them: what the agent's rule leaves, and what reports it.

The worlds are played side by side: one of them needs more than a minute, in which a sidecar must run.
"""

import types
import unittest
from concurrent.futures import ThreadPoolExecutor

from .bare import EARLY, LATE, KilledInItsHold, NoImage, Restarts
from .scenario import APP, SIDECAR

KILLED = 137


class Bare(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        test = types.SimpleNamespace(addCleanup=cls.addClassCleanup)
        worlds = [world(test) for world in (Restarts, NoImage, KilledInItsHold)]
        with ThreadPoolExecutor(len(worlds)) as pool:
            cls.restarts, cls.no_image, cls.killed = pool.map(lambda world: world.run(), worlds)

    def assert_order(self, order, *expected):
        places = [order.index(one) if one in order else None for one in expected]
        self.assertNotIn(None, places, f"{expected} in {order}")
        self.assertEqual(places, sorted(places), order)

    def sentence(self, service, why):
        return f"daemon of service {service} was not protected: its sidecar {why}"

    def test_one_that_ends_in_its_first_minute_stays_down_and_is_named(self):
        world = self.restarts
        self.assertFalse(world.early_runs)
        self.assertEqual(world.receipt["unprotected"], [self.sentence(EARLY, "had stopped")])
        line = world.said("unprotected")[0]
        self.assertEqual((line["service"], line["reason"], line["tasks"]), (EARLY, "sidecar-stopped", 1))
        self.assertEqual(line["examples"][0]["exitCode"], KILLED)
        self.assert_order(world.order, f"{EARLY} SIGTERM", f"{EARLY} ended", f"{APP} ended")

    def test_one_that_ends_later_is_started_again_and_holds(self):
        order = self.restarts.order
        self.assert_order(order, f"{SIDECAR}-{LATE} SIGTERM", f"{APP} ended", f"{SIDECAR}-{LATE} ended", f"{LATE} SIGTERM")
        self.assertEqual(self.restarts.exit_code(f"{SIDECAR}-{LATE}"), 0)

    def test_an_image_that_cannot_be_pulled_is_named_with_the_words_of_the_engine(self):
        world = self.no_image
        self.assertIn("connection refused", world.error)
        line = world.said("unprotected")[0]
        self.assertEqual((line["service"], line["reason"]), ("logs", "sidecar-never-started"))
        self.assertIn("connection refused", line["examples"][0]["error"])
        self.assertEqual(world.receipt["unprotected"], [self.sentence("logs", "had never started")])
        self.assert_order(world.order, "logs SIGTERM", f"{APP} ended")

    def test_the_end_of_one_that_holds_is_in_the_receipt(self):
        world = self.killed
        self.assert_order(world.order, f"{SIDECAR}-logs SIGKILL", f"{SIDECAR}-logs ended", "logs SIGTERM", f"{APP} ended")
        self.assertEqual(world.exit_code(f"{SIDECAR}-logs"), KILLED)
        self.assertIn("daemonsGoneAt", world.receipt)
        failed = self.sentence("logs", "had ended with an error, before the release")
        self.assertIn(world.receipt.get("unprotected", []), ([], [failed]))
