"""scripts/check-task-definition, on whatever somebody gives it: an answer and an exit code of its own, never a traceback.

Mutations of the examples, from a fixed seed: every run sees the same ones.
"""

import contextlib
import copy
import importlib.machinery
import importlib.util
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest.mock import patch

from .template import ROOT

SCRIPT = ROOT / "scripts/check-task-definition"
EXAMPLES = sorted((ROOT / "examples").glob("task-definition*.json"))
SEED = 20261127
STRUCTURES, TEXTS = 3000, 1500

# What stands in for a value. The last ones are no JSON that every parser would take.
ODD = [
    None, True, False, 0, -1, 1.5, 10**400, "", "x", "ecs-daemon-protector", "9" * 5000 + "h", "٣h", "\ud800", "\0",
    [], {}, [None], [[]], [{}], {"name": None}, [{"name": "x"}], {"containerName": 1}, float("nan"), float("inf"),
]  # fmt: skip


def loaded():
    """The script as a module. Its name has no ending, so its loader must be named."""
    loader = importlib.machinery.SourceFileLoader("check_task_definition", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    with patch.object(sys, "dont_write_bytecode", True):
        loader.exec_module(module)
    return module


def places(value, path=()):
    """Where there is a value: all of them, and the whole."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from places(item, (*path, key))


def changed(value, path, change):
    """`value`, with what `change` makes of the member at `path`."""
    if not path:
        return change(value)
    value = copy.copy(value)
    value[path[0]] = changed(value[path[0]], path[1:], change)
    return value


def mutated(chance, definition):
    """One to three things are something else, are gone, are there twice, or are a list where they were none."""
    for _ in range(chance.randint(1, 3)):
        path = chance.choice(list(places(definition)))
        odd = chance.choice(ODD)
        change = chance.choice([
            lambda _, odd=odd: odd,
            lambda _, odd=odd: odd,
            lambda old: [old],
            lambda old: {"name": old},
            lambda old: old * 2 if isinstance(old, list) else None,
            lambda old: dict(list(old.items())[1:]) if isinstance(old, dict) else {},
        ])  # fmt: skip
        definition = changed(definition, path, change)
    return definition


def garbled(chance, text):
    """A text that is cut, or has bytes that are other ones, or twice, or none."""
    data = bytearray(text.encode())
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice([0, 1, 1, 2, 8, 400]))
        data[start:end] = chance.choice([b"", bytes([chance.randrange(256)]), b"null", b"[" * 2000, data[start:end] * 2])
    return bytes(data)


class Odd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.script = loaded()
        cls.texts = [path.read_text() for path in EXAMPLES]

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="deploy-check.")
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "definition.json"

    def check(self, data):
        """Exit code and problems of the script, for a file with these bytes."""
        self.path.write_bytes(data)
        out, errors = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            with patch.object(sys, "argv", [str(SCRIPT), str(self.path)]):
                code = self.script.main()
        return code, errors.getvalue()

    def assert_answered(self, data):
        try:
            code, words = self.check(data)
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error}, for {data[:2000]!r}") from error
        self.assertEqual(code, 1 if words else 0, data[:2000])

    def test_structures(self):
        chance = random.Random(SEED)
        for _ in range(STRUCTURES):
            definition = mutated(chance, json.loads(chance.choice(self.texts)))
            self.assert_answered(json.dumps(definition).encode())

    def test_texts(self):
        chance = random.Random(SEED)
        for _ in range(TEXTS):
            self.assert_answered(garbled(chance, chance.choice(self.texts)))

    def test_what_is_of_another_type_is_named(self):
        sidecar = ("containerDefinitions", 1)
        for path, odd, words in [
            ((), [], "the task definition must be an object"),
            ((), None, "the task definition must be an object"),
            (("containerDefinitions",), None, "containerDefinitions must be a list"),
            (("containerDefinitions",), {}, "containerDefinitions must be a list"),
            (("requiresCompatibilities",), "EC2", "requiresCompatibilities must be a list"),
            (("networkMode",), None, "networkMode must be a text"),
            (sidecar, None, "containerDefinitions[1] must be an object"),
            ((*sidecar, "name"), 1, "containerDefinitions[1].name must be a text"),
            ((*sidecar, "environment"), {"A": "b"}, "containerDefinitions[1].environment must be a list"),
            ((*sidecar, "environment", 0), {"name": "A"}, "containerDefinitions[1].environment[0].value is missing"),
            ((*sidecar, "dependsOn", 0), "log", "containerDefinitions[1].dependsOn[0] must be an object"),
            ((*sidecar, "dependsOn", 0), {}, "containerDefinitions[1].dependsOn[0].containerName is missing"),
            ((*sidecar, "stopTimeout"), "7500", "containerDefinitions[1].stopTimeout must be a whole number"),
            ((*sidecar, "memory"), True, "containerDefinitions[1].memory must be a whole number"),
            ((*sidecar, "essential"), "false", "containerDefinitions[1].essential must be true or false"),
            ((*sidecar, "user"), 65532, "containerDefinitions[1].user must be a text"),
            ((*sidecar, "restartPolicy"), True, "containerDefinitions[1].restartPolicy must be an object"),
            ((*sidecar, "restartPolicy", "restartAttemptPeriod"), "60", "restartAttemptPeriod must be a whole number"),
            ((*sidecar, "healthCheck"), None, "containerDefinitions[1].healthCheck must be an object"),
            ((*sidecar, "logConfiguration", "logDriver"), [], "logConfiguration.logDriver must be a text"),
        ]:
            definition = json.loads((ROOT / "examples/task-definition.json").read_text())
            self.assertEqual(definition["containerDefinitions"][1]["name"], "ecs-daemon-protector")
            data = json.dumps(changed(definition, path, lambda _, odd=odd: odd)).encode()
            with self.subTest(words=words):
                code, said = self.check(data)
                self.assertEqual(code, 1)
                self.assertIn(words, said)

    def test_a_duration_beyond_reason_is_none(self):
        text = (ROOT / "examples/task-definition.json").read_text()
        for odd in ["9" * 4300 + "h", "٣h", "soon"]:
            code, said = self.check(text.replace('"2h"', json.dumps(odd)).encode())
            self.assertEqual(code, 1)
            self.assertIn("is not a duration", said)

    def test_what_is_no_json_is_said_to_be_none(self):
        for data, words in [
            (b"", "is not JSON"),
            (b"\xff\xfe", "is not JSON"),
            (b"{", "is not JSON"),
            (b'{"a":' + b"9" * 5000 + b"}", "is not JSON"),
            (b"[" * 100_000, "is nested too deeply"),
            (b'{"family":' + b"[" * 980 + b"]" * 980 + b"}", ""),
        ]:
            code, said = self.check(data)
            self.assertEqual(code, 1, data[:20])
            self.assertIn(words, said)

    def test_the_program_says_it_too(self):
        """As a whole: a folder, a file that is not there, and one whose name is no text."""
        odd = Path(os.fsdecode(os.fsencode(self.path.parent) + b"/\xff.json"))
        odd.write_text("[]")
        for file, words in [(self.path.parent, "cannot be read"), (self.path, "cannot be read"), (odd, "an object")]:
            done = subprocess.run([sys.executable, SCRIPT, file], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(words, done.stderr)
            self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    unittest.main()
