"""The purpose of the product: lines on the log router's disk after a drain, with and without the sidecar."""

import json
import unittest

from .scenario import APP, ROUTER, SIDECAR, Drain


class LogLines(unittest.TestCase):
    maxDiff = None

    def assert_order(self, order, *expected):
        """Each of these was noted by the engine, in this order."""
        places = [order.index(one) if one in order else None for one in expected]
        self.assertNotIn(None, places, f"{expected} in {order}")
        self.assertEqual(places, sorted(places), order)

    def run_drain(self, protected):
        drain = Drain(self, protected).run()
        emitted, on_disk = drain.emitted(), drain.on_disk()
        print(f"{drain.kind} sidecar: {len(emitted)} lines emitted, {len(on_disk)} on disk; {', '.join(drain.order)}")
        self.assertLessEqual(on_disk, emitted)
        self.assertEqual((drain.exit_code(ROUTER), drain.exit_code(APP)), (0, 0))
        return drain, emitted - on_disk

    def test_without_the_sidecar_lines_are_lost(self):
        drain, lost = self.run_drain(protected=False)
        self.assertGreater(len(lost), 0)
        self.assert_order(drain.order, f"{ROUTER} SIGTERM", f"{ROUTER} ended", f"{APP} ended")

    def test_with_the_sidecar_not_one_is_lost(self):
        drain, lost = self.run_drain(protected=True)
        self.assertEqual(lost, set())
        ends = (f"{APP} ended", f"{SIDECAR} ended", f"{ROUTER} SIGTERM", f"{ROUTER} ended")
        self.assert_order(drain.order, f"{APP} SIGTERM", *ends)
        self.assert_order(drain.order, f"{SIDECAR} SIGTERM", f"{APP} ended")
        self.assertEqual(drain.exit_code(SIDECAR), 0)
        record = json.loads(drain.record())
        self.assertEqual((record["state"], record["reason"], record["remaining"]), ("released", "drained", 0))
