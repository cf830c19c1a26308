"""Metrics that alarms and dashboards show, and those that the programs write."""

import json
import re

from .template import ROOT, snake

NAMESPACE = "EcsDaemonProtector"
OF_LAMBDA = {"Invocations", "Errors", "Throttles", "Duration"}


def words():
    """All words of both programs' sources, but those of comments."""
    crates = ("coordinator", "sidecar", "core", "runtime")
    files = [path for crate in crates for path in (ROOT / "crates" / crate / "src").rglob("*.rs")]
    text = "\n".join(re.sub(r"//.*", "", path.read_text()) for path in files)
    return set(re.findall(r"\w+", text))


def missing(names):
    """Those that the sources do not know, as a text, a variant or a field."""
    known = words()
    return {name for name in {NAMESPACE, *names} if not {name, snake(name)} & known}


def shown(body):
    """(namespace, metric) of each line of a dashboard, with "." meaning as in the line before."""
    found = set()
    for widget in json.loads(body)["widgets"]:
        before = []
        for line in widget["properties"].get("metrics", []):
            words = [word for word in line if isinstance(word, str)]
            words = [before[i] if word == "." else word for i, word in enumerate(words)]
            before = words
            found.add((words[0], words[1]))
    return found
