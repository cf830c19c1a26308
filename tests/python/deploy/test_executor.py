"""Only the coordinator's executor changes something in AWS, and it decides in one place whether it may."""

import re
import unittest

from . import sources
from .template import ROOT

COORDINATOR = "crates/coordinator/src/"
READS = ("Get", "List", "Describe")


def files():
    """The coordinator's sources above its access to AWS, by their path."""
    paths = sorted((ROOT / COORDINATOR).rglob("*.rs"))
    names = [str(path.relative_to(ROOT)) for path in paths]
    return {name: sources.source(name) for name in names if not name.startswith(COORDINATOR + "aws")}


def changing():
    """The methods of `Aws` that make a call which is no read."""
    actions = (action.split(":")[1] for action in sources.calls(sources.COORDINATOR))
    writes = {action for action in actions if not action.startswith(READS)}
    found = set()
    for name in ("ecs", "auto_scaling", "ssm"):
        text = sources.source(f"{COORDINATOR}aws/{name}.rs")
        for method in re.split(r"\n    (?:pub )?(?=async fn )", text)[1:]:
            if writes.intersection(re.findall(r'"([A-Z][A-Za-z]+)"', method)):
                found.add(re.match(r"async fn (\w+)", method)[1])
    return found


def callers(texts, methods):
    """The files that call any of the methods on something that is named `aws`."""
    call = re.compile(r"\baws\s*\.\s*(?:" + "|".join(sorted(methods)) + r")\s*\(")
    return {name for name, text in texts.items() if call.search(text)}


class OnlyTheExecutor(unittest.TestCase):
    def test_the_methods_that_change_something_are_found(self):
        ecs, hooks = {"set_draining", "stop_task"}, {"heartbeat", "complete"}
        texts = {"put_record", "put_shared", "put_beacon", "put_heartbeats_beacon", "delete_parameters"}
        self.assertEqual(changing(), ecs | hooks | texts)

    def test_nothing_else_changes_aws(self):
        found = callers(files(), changing())
        executor = COORDINATOR + "executor"
        # DRAINING is set in tens: the executor hands its instances over.
        self.assertEqual({name for name in found if not name.startswith(executor)}, {COORDINATOR + "tens.rs"})
        self.assertIn(executor + ".rs", found)

    def test_a_planted_call_is_found(self):
        planted = {"observer.rs": "let _ = self.aws\n    .stop_task(cluster, task, why).await;"}
        self.assertEqual(callers(planted, changing()), {"observer.rs"})

    def test_whether_it_may_is_decided_in_one_place(self):
        deciding = re.compile(r"\bdry_run\b|\bchanges_drains\b|\bwrites_beacons\b|Control::Observe")
        found = {name for name, text in files().items() if deciding.search(text)}
        self.assertEqual(found, {COORDINATOR + "executor.rs"})


if __name__ == "__main__":
    unittest.main()
