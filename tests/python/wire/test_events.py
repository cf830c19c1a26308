import json
import unittest

from .aws import events


class Events(unittest.TestCase):
    def test_each_entry_is_taken_or_refused_by_itself(self):
        good = {"Source": "wire.test", "DetailType": "Test", "Detail": json.dumps({"a": 1})}
        answer = events.put_events(Entries=[good, {**good, "Detail": "not json"}])
        self.assertEqual(answer["FailedEntryCount"], 1)
        self.assertIn("EventId", answer["Entries"][0])
        self.assertIn("ErrorCode", answer["Entries"][1])
