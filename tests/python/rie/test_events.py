import json
import unittest

from lib import events
from lib.function import environment
from lib.local_aws import LocalAws
from lib.rie import Emulator

REGION = "eu-west-1"  # of the fixtures

NOTHING = {"instances": []}
BATCH_DONE = {"batchItemFailures": []}

# The result of each fixture in an account that has the cluster, and nothing in it.
ANSWERS = {
    "instance-draining": "not-draining",
    "instance-external": NOTHING,
    "launch-direct": NOTHING,
    "launch-event-bridge": NOTHING,
    "mixed-sqs": BATCH_DONE,
    "operator-extend": "ignored",
    "operator-hold": "ignored",
    "operator-release": "ignored",
    "rebalance-recommendation": NOTHING,
    "replace-root-volume": NOTHING,
    "capacity-reservation-interruption": NOTHING,
    "spot-interruption": NOTHING,
    "task-stopped": NOTHING,
    "task-stopped-fargate": NOTHING,
    "terminate-direct": NOTHING,
    "terminate-event-bridge": NOTHING,
    "terminate-event-bridge-bare": NOTHING,
    "terminate-sns": NOTHING,
    "terminate-sns-in-sqs": BATCH_DONE,
    "terminate-sqs": BATCH_DONE,
    "terminate-to-warm-pool": NOTHING,
    "test-notification": NOTHING,
    "tick": {"instances": [{"deleted": 0, "instances": 0}]},
}


class Events(unittest.TestCase):
    """One warm function gets every event that there is."""

    @classmethod
    def setUpClass(cls):
        cls.aws = LocalAws("--tick", "0s", region=REGION)
        cls.addClassCleanup(cls.aws.close)
        cls.aws.ecs.create_cluster(clusterName="prod")
        cls.emulator = Emulator(60, environment(cls.aws.url, REGION))
        cls.addClassCleanup(cls.emulator.close)

    def test_each_fixture_gets_its_answer(self):
        self.assertEqual(set(ANSWERS), set(events.names()))
        for name, expected in ANSWERS.items():
            with self.subTest(name):
                answer = json.loads(self.emulator.invoke(events.fixture(name)))
                if isinstance(expected, str):
                    # An order that changes nothing is answered as ignored, and without a verdict.
                    (line,) = answer["ignored" if expected == "ignored" else "instances"]
                    verdict = line.get("verdict", "ignored")
                    self.assertEqual((line["instance"], verdict), ("i-0123456789abcdef0", expected))
                    self.assertEqual(len(answer["instances"]), 0 if expected == "ignored" else 1)
                else:
                    self.assertEqual(answer, expected)

    def test_a_wrong_command_is_an_error_with_words(self):
        answer = json.loads(self.emulator.invoke(events.order("let-go", "prod", "i-0123456789abcdef0")))
        self.assertEqual(answer["errorType"], "Coordinator.Failed")
        self.assertIn("command", answer["errorMessage"])

    def test_what_is_no_event_is_not_tried_again(self):
        self.assertEqual(json.loads(self.emulator.invoke({"hello": "world"})), NOTHING)
        self.assertEqual(self.emulator.program.says("malformed")["level"], "error")


class Settings(unittest.TestCase):
    def test_wrong_settings_are_an_error_of_the_start(self):
        emulator = Emulator(5, environment("http://127.0.0.1:9", SETTLE="soon", SETLE="1s"))
        self.addCleanup(emulator.close)
        answer = json.loads(emulator.invoke(events.tick()))
        self.assertEqual(answer["errorType"], "Settings.Invalid")
        for name in ("PROTECTOR_SETTLE", "PROTECTOR_SETLE"):
            self.assertIn(name, answer["errorMessage"])
