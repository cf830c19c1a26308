import json
import tempfile
import unittest
from pathlib import Path

from lib import ROOT
from lib.local_aws import LocalAws
from lib.programs import BOOTSTRAP
from lib.wait import until
from lib.workload import CLUSTER, GROUP, HOOK, Workload

from . import aws_cli, commands

OLD_HOOK = "old-drain"


class PagesInOrder(unittest.TestCase):
    """Pages whose commands only make sense in their order. Each page has a cluster of its own, and is typed from its
    first command to its last."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        settings = [f"--coordinator-env=PROTECTOR_{setting}" for setting in ("SETTLE=1s", "LINGER=0s", f"LIFECYCLE_HOOKS={HOOK}")]
        self.aws = LocalAws("--no-quotas", "--tick", "1s", "--coordinator", str(BOOTSTRAP), *settings)
        self.addCleanup(self.aws.close)
        self.workload = Workload(self.aws)

    def names(self):
        """What the words in capitals stand for here."""
        return {
            "OLD_HOOK": OLD_HOOK,
            "HOOK": HOOK,
            "CONTAINER_ARN": self.workload.arn,
            "CLUSTER": CLUSTER,
            "INSTANCE": self.workload.host,
            "GROUP": GROUP,
            "SERVICE": "logs",
            "FAMILY": "logs",
        }

    def type_all(self, text):
        """Types every command of the text; gives those that are served here, and what each of them printed."""
        said = []
        for command in commands.of(text):
            if command.split()[1] in aws_cli.SERVED:
                said.append((command, self.typed(command)))
                self.settled(command)
            else:
                aws_cli.understood(self, command, aws_cli.to_nowhere(command, self.folder, self.names()))
        return said

    def typed(self, command):
        """What it prints. A record comes when the coordinator has looked, so a read of one is tried for a while."""
        words = aws_cli.words(command, self.names())

        def once():
            done = aws_cli.run_on(self.aws.url, words, self.folder)
            if "ParameterNotFound" in done.stderr:
                return None
            self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
            return done

        return until(command, once).stdout

    def settled(self, command):
        """What a person waits for before going on."""
        if "--status ACTIVE" in command:
            until("the drain is cancelled", lambda: '"reason":"cancelled"' in (self.workload.record_text() or ""))

    def test_install(self):
        """The instance is drained and put back, then taken away through our hook; then all is taken out."""
        install, uninstall = (ROOT / "docs/install.md").read_text().split("## Uninstall")
        printed = {" ".join(command.split()[1:3]): output for command, output in self.type_all(install)}
        self.assertEqual(printed["ecs list-container-instances"].strip(), self.workload.arn)
        record = json.loads(printed["ssm get-parameter"])
        self.assertEqual((record["ec2InstanceId"], record["state"]), (self.workload.host, "holding"))
        self.assertIn(HOOK, printed["autoscaling describe-lifecycle-hooks"])
        self.assertEqual(self.workload.state(), "Terminating:Wait")
        self.workload.end_job()
        # The tick after its end removes the record.
        until("it is released", lambda: '"state":"released"' in (self.workload.record_text() or ""))
        until("the instance is gone", lambda: self.workload.state() is None)
        self.type_all(uninstall)
        self.assertIsNone(self.workload.record_text())

    def test_migration(self):
        """Side by side with another hook, and back: in the end that one is there again, and ours is gone."""
        hook = {"AutoScalingGroupName": GROUP, "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"}
        self.aws.autoscaling.put_lifecycle_hook(LifecycleHookName=OLD_HOOK, **hook)
        said = self.type_all((ROOT / "docs/migration.md").read_text())
        self.assertIn("delete-lifecycle-hook", str(said))
        hooks = self.aws.autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=GROUP)["LifecycleHooks"]
        self.assertEqual([hook["LifecycleHookName"] for hook in hooks], [OLD_HOOK])
