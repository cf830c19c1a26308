"""Metrics that alarms and dashboards show, and those that the coordinator writes."""

import json
import re

from .template import ROOT

NAMESPACE = "EcsDaemonProtector"
OF_LAMBDA = {"Invocations", "Errors", "Throttles", "Duration"}


def written():
    """Names of metrics in the coordinator's sources: string constants in the words of CloudWatch."""
    files = [*(ROOT / "crates/coordinator/src").rglob("*.rs"), *(ROOT / "crates/core/src").rglob("*.rs")]
    text = "\n".join(path.read_text() for path in files)
    if NAMESPACE not in text:
        raise AssertionError(f"the coordinator's sources do not name the namespace {NAMESPACE}")
    return set(re.findall(r'"([A-Z][a-z]+(?:[A-Z][a-z]+)*)"', text))


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
