"""The event rules let through what the coordinator waits for, and nothing of others."""

import json
import unittest

from lib.events import fixture

from . import events, sources
from .template import REGIONS, Rendered, load

WANTED = {
    "capacity-reservation-interruption",
    "instance-draining",
    "instance-external",
    "replace-root-volume",
    "spot-interruption",
    "task-stopped",
    "terminate-event-bridge",
    "terminate-event-bridge-bare",
    "terminate-to-warm-pool",
}
NAMED = {"Clusters": "prod,batch", "AutoScalingGroups": "ecs-prod", "LifecycleHooks": "protect-daemons"}


def rules(rendered):
    return rendered.of_type("AWS::Events::Rule")


def patterns(rendered):
    return [rule["EventPattern"] for rule in rules(rendered).values() if "EventPattern" in rule]


def targets(rendered):
    """The one target of each rule."""
    return {name: target for name, rule in rules(rendered).items() for target in rule["Targets"]}


def reaches(rendered, event):
    return any(events.matches(pattern, event) for pattern in patterns(rendered))


class Rules(unittest.TestCase):
    def test_what_matters_reaches_the_coordinator_and_nothing_else(self):
        rendered = Rendered()
        reached = {name for name, event in events.fixtures().items() if reaches(rendered, event)}
        self.assertEqual(reached, WANTED)

    def test_the_local_aws_delivers_by_the_same_patterns(self):
        self.assertEqual(patterns(Rendered()), sources.local_rules())

    def test_names_shut_out_foreign_clusters(self):
        for partition, region in REGIONS.items():
            for name, passes in [("prod", True), ("batch", True), ("prod2", False), ("od", False)]:
                for event in (fixture("task-stopped"), fixture("instance-draining")):
                    event["detail"]["clusterArn"] = f"arn:{partition}:ecs:{region}:123456789012:cluster/{name}"
                    self.assertEqual(reaches(Rendered(NAMED, partition), event), passes, f"{partition} {name}")

    def test_names_shut_out_foreign_groups_and_hooks(self):
        for group, hook, passes in [
            ("ecs-prod", "protect-daemons", True),
            ("other", "protect-daemons", False),
            ("ecs-prod", "other", False),
        ]:
            event = fixture("terminate-event-bridge")
            event["detail"] |= {"AutoScalingGroupName": group, "LifecycleHookName": hook}
            self.assertEqual(reaches(Rendered(NAMED), event), passes, f"{group} {hook}")

    def test_the_hook_of_this_stack_is_served_whatever_is_named(self):
        rendered = Rendered({**NAMED, "HookAutoScalingGroup": "mine", "HookName": "ours"})
        event = fixture("terminate-event-bridge")
        event["detail"] |= {"AutoScalingGroupName": "mine", "LifecycleHookName": "ours"}
        self.assertTrue(reaches(rendered, event))
        variables = rendered.properties("Coordinator")["Environment"]["Variables"]
        self.assertEqual(variables["PROTECTOR_AUTO_SCALING_GROUPS"], "ecs-prod,mine")
        self.assertEqual(variables["PROTECTOR_LIFECYCLE_HOOKS"], "protect-daemons,ours")

    def test_a_hook_of_this_stack_narrows_nothing_where_nothing_is_named(self):
        rendered = Rendered({"HookAutoScalingGroup": "mine"})
        self.assertTrue(reaches(rendered, fixture("terminate-event-bridge")))
        self.assertEqual(
            rendered.properties("Coordinator")["Environment"]["Variables"]["PROTECTOR_LIFECYCLE_HOOKS"], ""
        )

    def test_more_than_eight_clusters_are_not_filtered_by_the_rules(self):
        rendered = Rendered({"Clusters": ",".join(f"c{n}" for n in range(9))})
        self.assertTrue(reaches(rendered, fixture("task-stopped")))

    def test_patterns_stay_within_the_quota_of_eventbridge(self):
        names = ",".join("n" * 100 + str(n) for n in range(8))
        for pattern in patterns(Rendered({"Clusters": names})):
            self.assertLessEqual(len(str(pattern)), 2048)

    def test_what_is_lost_for_good_goes_to_the_dead_letters(self):
        kept = {name for name, target in targets(Rendered()).items() if "DeadLetterConfig" in target}
        self.assertEqual(kept, {"TerminateRule", "SpotNoticeRule"})
        self.assertEqual(senders("DeadLettersPolicy"), {f"<{name}.Arn>" for name in kept})
        # EventBridge puts what it could not deliver into standard queues alone.
        self.assertNotIn("FifoQueue", Rendered().properties("DeadLetters"))

    def test_a_retry_never_outlives_what_it_tells(self):
        policies = {name: target["RetryPolicy"] for name, target in targets(Rendered()).items()}
        ages = {name: policy["MaximumEventAgeInSeconds"] for name, policy in policies.items()}
        short = {"TaskStoppedRule": 300, "InstanceDrainingRule": 300, "SpotNoticeRule": 120, "TickRule": 60}
        self.assertEqual(ages, {"TerminateRule": 3600, **short})


class Queue(unittest.TestCase):
    """At most one run of the coordinator takes events at any time."""

    def test_every_rule_sends_to_the_queue_in_one_message_group_and_may(self):
        for name, target in targets(Rendered()).items():
            self.assertEqual(target["Arn"], Rendered().fn_getatt(["Events", "Arn"]), name)
            self.assertEqual(target["SqsParameters"], {"MessageGroupId": "drains"}, name)
        self.assertEqual(senders("EventsPolicy"), {f"<{name}.Arn>" for name in rules(Rendered())})

    def test_it_is_first_in_first_out_and_lambda_takes_its_time_outs(self):
        queue, function = Rendered().properties("Events"), Rendered().properties("Coordinator")
        self.assertTrue(queue["FifoQueue"])
        # EventBridge gives no deduplication id.
        self.assertTrue(queue["ContentBasedDeduplication"])
        self.assertGreaterEqual(queue["VisibilityTimeout"], function["Timeout"])
        # The dead-letter queue of a FIFO queue must be one.
        self.assertEqual(queue["RedrivePolicy"]["deadLetterTargetArn"], "<FailedEvents.Arn>")
        self.assertTrue(Rendered().properties("FailedEvents")["FifoQueue"])

    def test_the_coordinator_takes_ten_at_once_and_says_which_failed(self):
        (source,) = Rendered().properties("Coordinator")["Events"].values()
        self.assertEqual(
            source["Properties"],
            {
                "Queue": Rendered().fn_getatt(["Events", "Arn"]),
                "BatchSize": 10,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
            },
        )

    def test_what_failed_in_all_its_runs_is_younger_than_what_the_queue_keeps(self):
        queue = Rendered().properties("Events")
        longest = queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"]
        self.assertLess(longest, queue["MessageRetentionPeriod"])

    def test_nothing_is_sent_before_it_is_taken(self):
        resources = load()["Resources"]
        for name in rules(Rendered()):
            self.assertEqual(resources[name]["DependsOn"], "CoordinatorEvents", name)
        waits_for = set(resources["TerminateHook"]["DependsOn"])
        self.assertLessEqual({"TerminateRule", "TickRule", "EventsPolicy", "HeartbeatsMinute"}, waits_for)

    def test_every_queue_is_encrypted_and_refuses_what_comes_in_the_clear(self):
        queues = Rendered().of_type("AWS::SQS::Queue")
        self.assertEqual(set(queues), {"Events", "FailedEvents", "DeadLetters"})
        for name, queue in queues.items():
            self.assertTrue(queue["SqsManagedSseEnabled"], name)
            refused = Rendered().properties(f"{name}Policy")["PolicyDocument"]["Statement"][-1]
            self.assertEqual((refused["Effect"], refused["Action"]), ("Deny", "sqs:*"), name)


class Heartbeats(unittest.TestCase):
    """Nothing can stand in front of them."""

    def setUp(self):
        self.function = Rendered().properties("Heartbeats")
        (self.schedule,) = (event["Properties"] for event in self.function["Events"].values())

    def test_they_come_by_a_schedule_of_their_own_and_from_nowhere_else(self):
        self.assertEqual(self.schedule["Schedule"], "rate(1 minute)")
        self.assertNotIn("ReservedConcurrentExecutions", self.function)

    def test_the_coordinator_knows_what_they_are_invoked_with(self):
        event = json.loads(self.schedule["Input"])
        self.assertEqual(event["detail"], {})
        self.assertIn(event["detail-type"], sources.schedules())
        self.assertFalse(reaches(Rendered(), event))
        self.assertEqual(event, sources.local_heartbeats())

    def test_a_run_ends_before_the_next_and_none_comes_late(self):
        self.assertLess(self.function["Timeout"], 60)
        self.assertEqual(self.schedule["RetryPolicy"], {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0})
        self.assertEqual(
            self.function["EventInvokeConfig"], {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
        )

    def test_they_are_there_before_a_coordinator_that_leaves_hooks_to_them(self):
        waits_for = load()["Resources"]["Coordinator"]["DependsOn"]
        self.assertEqual(waits_for, ["HeartbeatsMinute", "HeartbeatsMinutePermission"])


def senders(policy):
    """ARNs of the rules that may send to a queue."""
    allowed = Rendered().properties(policy)["PolicyDocument"]["Statement"][0]
    return set(allowed["Condition"]["ArnEquals"]["aws:SourceArn"])
