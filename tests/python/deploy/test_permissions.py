"""The policies allow what the programs need, on the resources that they are configured for, and no more."""

import json
import re
import unittest
from functools import partial

import parliament

from . import policies, reference, sources
from .template import ACCOUNT, REGIONS, Rendered

STOPPING = {"StandaloneTasks": "stop"}
NAMED = {"Clusters": "prod,batch", "AutoScalingGroups": "ecs-prod,ecs-batch", **STOPPING}
EIGHT = ",".join(f"c{n}" for n in range(8))
# The functions' own plumbing, not calls of the program: the log, the queue of events, and dead letters.
LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
TAKE = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
PLUMBING = LOG | TAKE | {"sqs:SendMessage"}


def arn(partition, service, resource):
    return f"arn:{partition}:{service}:{REGIONS[partition]}:{ACCOUNT}:{resource}"


def cluster(partition, name):
    return arn(partition, "ecs", f"cluster/{name}")


def group(partition, name):
    return arn(partition, "autoscaling", f"autoScalingGroup:0f7a:autoScalingGroupName/{name}")


def parameter(partition, name):
    return arn(partition, "ssm", f"parameter{name}")


class Calls(unittest.TestCase):
    """Both ways: each call is allowed, each permission is used."""

    def test_the_coordinator_may_do_what_it_can_do_and_nothing_else(self):
        granted = policies.actions(policies.coordinator(Rendered(STOPPING)))
        self.assertEqual(granted - PLUMBING, sources.calls(sources.COORDINATOR))
        self.assertLessEqual(PLUMBING, granted)

    def test_the_heartbeats_may_see_who_waits_and_keep_it_waiting(self):
        granted = policies.actions(policies.heartbeats(Rendered(STOPPING))) - LOG
        self.assertEqual(
            granted,
            {
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeLifecycleHooks",
                "autoscaling:RecordLifecycleActionHeartbeat",
                "ssm:GetParameter",
                "ssm:PutParameter",
            },
        )
        self.assertLessEqual(granted, sources.calls(sources.COORDINATOR))

    def test_a_sidecar_may_read_parameters_alone(self):
        granted = policies.actions(policies.sidecar(Rendered()))
        self.assertEqual(granted, {"ssm:GetParameter", "ssm:GetParameters"})
        self.assertEqual(sources.calls(sources.SIDECAR), granted)

    def test_all_calls_are_made_in_the_files_that_were_read(self):
        self.assertEqual(sources.senders("crates/coordinator"), set(sources.COORDINATOR))
        self.assertEqual(sources.senders("crates/sidecar"), set(sources.SIDECAR))

    def test_tasks_may_be_stopped_only_if_a_setting_stops_them(self):
        for parameters, stops in [({}, False), (STOPPING, True), ({"StopTasksAfter": "30m"}, True)]:
            granted = policies.actions(policies.coordinator(Rendered(parameters)))
            self.assertEqual("ecs:StopTask" in granted, stops, parameters)

    def test_clusters_may_be_listed_only_if_none_is_named(self):
        for action in ("ecs:ListClusters", "ecs:DescribeClusters"):
            self.assertIn(action, policies.actions(policies.coordinator(Rendered())))
            self.assertNotIn(action, policies.actions(policies.coordinator(Rendered(NAMED))))

    def test_a_dry_run_may_only_look(self):
        rendered = Rendered({**STOPPING, "DryRun": "true"})
        for of in (policies.coordinator, policies.heartbeats):
            granted = policies.actions(of(rendered)) - PLUMBING
            levels = {reference.privilege(action)["access_level"] for action in granted}
            self.assertEqual(levels, {"Read", "List"})


class Scope(unittest.TestCase):
    """The same in every partition."""

    def each(self, parameters, of=policies.coordinator):
        for partition in REGIONS:
            yield partition, of(Rendered(parameters, partition))

    def judge(self, documents, action, place, names, within=None):
        """`names` says of each resource whether the action is allowed on it; `place` makes a name a resource."""
        for name, allowed in names.items():
            found = policies.allows(documents, action, place(name), within and within(name))
            self.assertEqual(found, allowed, f"{action} {name}")

    def test_named_clusters_alone_are_served(self):
        names = {"prod": True, "batch": True, "prod2": False, "rod": False}
        for partition, documents in self.each(NAMED):
            within = partial(cluster, partition)
            for action, place in [
                ("ecs:ListContainerInstances", within),
                ("ecs:UpdateContainerInstancesState", lambda name: arn(partition, "ecs", f"container-instance/{name}/1")),
                ("ecs:ListServices", lambda _: "*"),
                ("ecs:StopTask", lambda name: arn(partition, "ecs", f"task/{name}/1")),
                ("ecs:GetTaskProtection", lambda name: arn(partition, "ecs", f"task/{name}/1")),
            ]:
                self.judge(documents, action, place, names, within)

    def test_named_groups_and_the_group_of_our_own_hook_alone_are_served(self):
        complete, heartbeat = "autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"
        names = {"ecs-prod": True, "ecs-batch": True, "mine": True, "ecs": False}
        for of, actions in [(policies.coordinator, (complete, heartbeat)), (policies.heartbeats, (heartbeat,))]:
            for partition, documents in self.each({**NAMED, "HookAutoScalingGroup": "mine"}, of):
                for action in actions:
                    self.judge(documents, action, partial(group, partition), names)

    def test_the_heartbeats_read_the_kill_switch_and_no_record(self):
        names = {"/p/control": True, "/p/prod/i-1": False, "/q/control": False}
        for partition, documents in self.each({"ParameterPrefix": "/p"}, policies.heartbeats):
            self.judge(documents, "ssm:GetParameter", partial(parameter, partition), names)

    def test_the_heartbeats_write_their_beacon_and_nothing_else(self):
        names = {"/p/heartbeats": True, "/p/control": False, "/p/prod/i-1": False}
        for partition, documents in self.each({"ParameterPrefix": "/p"}, policies.heartbeats):
            self.judge(documents, "ssm:PutParameter", partial(parameter, partition), names)

    def test_events_are_taken_from_their_queue_alone(self):
        for partition, documents in self.each({}):
            for action in TAKE:
                names = {"events.fifo": True, "dead-letters": False}
                self.judge(documents, action, partial(arn, partition, "sqs"), names)

    def test_without_names_all_are_served(self):
        for partition, documents in self.each({}):
            self.judge(documents, "ecs:ListContainerInstances", partial(cluster, partition), {"any": True})
            self.judge(documents, "autoscaling:CompleteLifecycleAction", partial(group, partition), {"any": True})

    def test_eight_names_fit_and_more_give_the_scope_of_all(self):
        for given, others in [(EIGHT, False), (EIGHT + ",c8", True)]:
            names = {**dict.fromkeys(given.split(","), True), "x": others}
            for partition, documents in self.each({"Clusters": given, "AutoScalingGroups": given}):
                self.judge(documents, "ecs:ListContainerInstances", partial(cluster, partition), names)
                self.judge(documents, "autoscaling:CompleteLifecycleAction", partial(group, partition), names)
                task = arn(partition, "ecs", "task/x/1")
                self.assertFalse(policies.allows(documents, "ecs:DescribeTasks", task, cluster(partition, "x")))

    def test_only_parameters_below_the_prefix_are_touched(self):
        below = [f"/ops/drain/{name}" for name in ("prod/i-1", "control", "coordinator")]
        names = {**dict.fromkeys(below, True), "/ops/drainage/prod/i-1": False}
        for partition, documents in self.each({"ParameterPrefix": "/ops/drain"}):
            for action in ("ssm:GetParameter", "ssm:GetParameters", "ssm:PutParameter", "ssm:DeleteParameters"):
                self.judge(documents, action, partial(parameter, partition), names)
            lists = {"/ops/drain": True, "/ops": False}
            self.judge(documents, "ssm:GetParametersByPath", partial(parameter, partition), lists)

    def test_a_sidecar_reads_records_of_named_clusters_and_the_kill_switch(self):
        ours = {"/p/prod/i-1": True, "/p/control": True}
        names = {**ours, "/p/coordinator": False, "/p/dev/i-1": False, "/q/prod/i-1": False}
        for partition, documents in self.each({"Clusters": "prod", "ParameterPrefix": "/p"}, policies.sidecar):
            for action in ("ssm:GetParameter", "ssm:GetParameters"):
                self.judge(documents, action, partial(parameter, partition), names)
        names = {"any/i-1": True, "any/shared-0": True, "control": True, "coordinator": False}
        names = {f"/ecs-daemon-protector/{name}": allowed for name, allowed in names.items()}
        for clusters in ("", EIGHT + ",c8"):
            for partition, documents in self.each({"Clusters": clusters}, policies.sidecar):
                self.judge(documents, "ssm:GetParameters", partial(parameter, partition), names)


class Reference(unittest.TestCase):
    """Each statement against the service authorization reference, offline."""

    def documents(self):
        for parameters in ({}, NAMED, {**NAMED, "Clusters": EIGHT + ",c8", "DryRun": "true"}):
            for partition in REGIONS:
                rendered = Rendered(parameters, partition)
                programs = policies.coordinator(rendered) + policies.heartbeats(rendered) + policies.sidecar(rendered)
                yield programs + policies.reader(rendered) + policies.operator(rendered)

    def test_every_action_is_granted_on_resources_and_conditions_that_it_knows(self):
        for documents in self.documents():
            for statement in policies.statements(documents):
                for action in policies.listed(statement["Action"]):
                    self.check_resources(action, policies.listed(statement["Resource"]))
                    keys = {key for test in statement.get("Condition", {}).values() for key in test}
                    self.assertLessEqual(keys, reference.condition_keys(action), action)

    def check_resources(self, action, resources):
        formats = [re.sub(r"\$\{\w+\}", "x", text) for text in reference.resource_types(action)]
        if not formats:
            self.assertEqual(resources, ["*"], action)
            return
        self.assertNotIn("*", resources, action)
        for text in formats:
            kind = text.split(":", 5)[5].split("x")[0]
            self.assertTrue(
                any(granted.split(":", 5)[5].startswith(kind.rstrip("/:")) for granted in resources), action
            )

    def test_parliament_finds_nothing(self):
        for documents in self.documents():
            for document in documents:
                found = parliament.analyze_policy_string(json.dumps(document)).findings
                self.assertEqual([str(finding) for finding in found], [])

    def test_parliament_can_find_something(self):
        wrong = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ecs:ListTask", "Resource": "*"}]}
        self.assertTrue(parliament.analyze_policy_string(json.dumps(wrong)).findings)
