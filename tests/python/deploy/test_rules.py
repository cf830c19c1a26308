"""The event rules let through what the coordinator waits for, and nothing of others."""

import unittest

from . import events, sources
from .template import REGIONS, Rendered

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


def function_events(rendered):
    return rendered.properties("Coordinator")["Events"]


def patterns(rendered):
    return [e["Properties"]["Pattern"] for e in function_events(rendered).values() if e["Type"] == "EventBridgeRule"]


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
                event = events.fixture("task-stopped")
                event["detail"]["clusterArn"] = f"arn:{partition}:ecs:{region}:123456789012:cluster/{name}"
                self.assertEqual(reaches(Rendered(NAMED, partition), event), passes, f"{partition} {name}")
                event = events.fixture("instance-draining")
                event["detail"]["clusterArn"] = f"arn:{partition}:ecs:{region}:123456789012:cluster/{name}"
                self.assertEqual(reaches(Rendered(NAMED, partition), event), passes, f"{partition} {name}")

    def test_names_shut_out_foreign_groups_and_hooks(self):
        for group, hook, passes in [
            ("ecs-prod", "protect-daemons", True),
            ("other", "protect-daemons", False),
            ("ecs-prod", "other", False),
            ("", "", False),
        ]:
            event = events.fixture("terminate-event-bridge")
            event["detail"] |= {"AutoScalingGroupName": group, "LifecycleHookName": hook}
            if passes or group:
                self.assertEqual(reaches(Rendered(NAMED), event), passes, f"{group} {hook}")

    def test_the_hook_of_this_stack_is_served_whatever_is_named(self):
        rendered = Rendered({**NAMED, "HookAutoScalingGroup": "mine", "HookName": "ours"})
        event = events.fixture("terminate-event-bridge")
        event["detail"] |= {"AutoScalingGroupName": "mine", "LifecycleHookName": "ours"}
        self.assertTrue(reaches(rendered, event))
        variables = rendered.properties("Coordinator")["Environment"]["Variables"]
        self.assertEqual(variables["PROTECTOR_AUTO_SCALING_GROUPS"], "ecs-prod,mine")
        self.assertEqual(variables["PROTECTOR_LIFECYCLE_HOOKS"], "protect-daemons,ours")

    def test_a_hook_of_this_stack_narrows_nothing_where_nothing_is_named(self):
        rendered = Rendered({"HookAutoScalingGroup": "mine"})
        self.assertTrue(reaches(rendered, events.fixture("terminate-event-bridge")))
        self.assertEqual(
            rendered.properties("Coordinator")["Environment"]["Variables"]["PROTECTOR_LIFECYCLE_HOOKS"], ""
        )

    def test_more_than_eight_clusters_are_not_filtered_by_the_rules(self):
        rendered = Rendered({"Clusters": ",".join(f"c{n}" for n in range(9))})
        self.assertTrue(reaches(rendered, events.fixture("task-stopped")))

    def test_patterns_stay_within_the_quota_of_eventbridge(self):
        names = ",".join("n" * 100 + str(n) for n in range(8))
        for pattern in patterns(Rendered({"Clusters": names})):
            self.assertLessEqual(len(str(pattern)), 2048)

    def test_what_is_lost_for_good_goes_to_the_dead_letters(self):
        kept = {
            name for name, event in function_events(Rendered()).items() if "DeadLetterConfig" in event["Properties"]
        }
        self.assertEqual(kept, {"Terminate", "SpotNotice"})
        allowed = Rendered().properties("DeadLettersPolicy")["PolicyDocument"]["Statement"][0]
        sources_allowed = allowed["Condition"]["ArnEquals"]["aws:SourceArn"]
        self.assertEqual(set(sources_allowed), {f"<Coordinator{name}.Arn>" for name in kept})

    def test_a_retry_never_outlives_what_it_tells(self):
        ages = {
            name: event["Properties"]["RetryPolicy"]["MaximumEventAgeInSeconds"]
            for name, event in function_events(Rendered()).items()
        }
        self.assertEqual(
            ages, {"Terminate": 3600, "TaskStopped": 300, "InstanceDraining": 300, "SpotNotice": 120, "Tick": 60}
        )
