"""Alarms ring for what they say, notify the topic that is configured, and use metrics that exist."""

import json
import unittest

from . import metrics
from .template import ROOT, Rendered, snake

PARAMETERS = {"AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:ops"}
# Gauges by their extreme, counts by their sum.
STATISTICS = {
    "HookTimeLeft": "Minimum",
    "OldestDrainAge": "Maximum",
    "UnprotectedDaemons": "Maximum",
    "ApproximateAgeOfOldestMessage": "Maximum",
    "ApproximateNumberOfMessagesVisible": "Maximum",
}
# What an alarm looks at, if it is not the coordinator.
ABOUT = {
    "HeartbeatsSilent": "<Heartbeats>",
    "HeartbeatsFailing": "<Heartbeats>",
    "HeartbeatsDenied": "<Heartbeats>",
    "HookAboutToExpire": "<Heartbeats>",
    "EventsWait": "<Events.QueueName>",
    "EventsFailed": "<FailedEvents.QueueName>",
    "EventsLost": "<DeadLetters.QueueName>",
    # The sidecars write it, and know no stack.
    "UnreleasedExit": None,
}
ALARMS = {
    "CoordinatorSilent",
    "CoordinatorFailing",
    "CoordinatorThrottled",
    "HeartbeatsSilent",
    "HeartbeatsFailing",
    "HeartbeatsDenied",
    "EventsWait",
    "EventsFailed",
    "EventsLost",
    "ApiThrottled",
    "CallsDenied",
    "HookAboutToExpire",
    "DrainStuck",
    "ForcedRelease",
    "DaemonsGone",
    "UnprotectedDaemon",
    "SidecarKilled",
    "SidecarGaveUp",
    "UnreleasedExit",
}


def alarms(parameters=None):
    return Rendered(parameters).of_type("AWS::CloudWatch::Alarm")


def dimensions(alarm):
    return alarm.get("Dimensions", [])


class Alarms(unittest.TestCase):
    def test_all_are_there(self):
        self.assertEqual(set(alarms()), ALARMS)

    def test_the_local_aws_shows_the_same(self):
        shown = json.loads((ROOT / "crates/local-aws/src/reads/alarms.json").read_text())
        expected = {
            (f"ecs-daemon-protector-{snake(name, '-')}", alarm["Namespace"], alarm["MetricName"])
            for name, alarm in alarms().items()
        }
        self.assertEqual({(one["name"], one["namespace"], one["metric"]) for one in shown}, expected)

    def test_each_looks_at_a_metric_that_is_written(self):
        own = {a["MetricName"] for a in alarms().values() if a["Namespace"] == metrics.NAMESPACE}
        self.assertEqual(metrics.missing(own), set())

    def test_each_kind_of_error_is_one_that_the_coordinator_tells(self):
        kinds = {d["Value"] for alarm in alarms().values() for d in dimensions(alarm) if d["Name"] == "Kind"}
        self.assertEqual(kinds, {"denied"})
        self.assertTrue({"denied", "Denied"} & metrics.words())

    def test_each_has_the_statistic_of_its_metric(self):
        for name, alarm in alarms().items():
            self.assertEqual(alarm["Statistic"], STATISTICS.get(alarm["MetricName"], "Sum"), name)

    def test_each_is_about_its_function_or_queue(self):
        for name, alarm in alarms().items():
            found = {d["Name"]: d["Value"] for d in dimensions(alarm)}
            expected = ABOUT.get(name, "<Coordinator>")
            self.assertEqual(found.get("QueueName", found.get("FunctionName")), expected, name)

    def test_exits_without_a_release_are_counted_as_the_sidecar_writes_them(self):
        """By no dimension: the directive of its line has an empty set, and the alarm none."""
        source = (ROOT / "crates/sidecar/src/logging.rs").read_text()
        self.assertIn('const NAME: &str = "UnreleasedExits";', source)
        self.assertIn('vec![Value::Array(vec![]), vec![Value::from("Reason")].into()]', source)
        self.assertNotIn("Dimensions", alarms()["UnreleasedExit"])

    def test_the_example_for_other_log_drivers_fills_the_metric_that_the_alarm_looks_at(self):
        example = Rendered({"LogGroupName": "daemons"}, path="examples/unreleased-exits.yaml")
        (written,) = example.properties("Exits")["MetricTransformations"]
        alarm = alarms()["UnreleasedExit"]
        self.assertEqual(
            (written["MetricNamespace"], written["MetricName"], written.get("Dimensions")),
            (alarm["Namespace"], alarm["MetricName"], None),
        )
        self.assertEqual(example.properties("Exits")["FilterPattern"], '{ $.event = "exit" && $.level = "warn" }')

    def test_silence_alone_is_bad_where_there_is_no_data(self):
        breaching = {name for name, alarm in alarms().items() if alarm["TreatMissingData"] == "breaching"}
        self.assertEqual(breaching, {"CoordinatorSilent", "HeartbeatsSilent"})

    def test_what_a_queue_may_never_hold_rings_at_the_first_message_and_a_wait_after_two_runs(self):
        found = alarms()
        for name in ("EventsFailed", "EventsLost"):
            self.assertEqual((found[name]["Threshold"], found[name]["EvaluationPeriods"]), (1, 1), name)
        run = Rendered().properties("Coordinator")["Timeout"]
        self.assertGreaterEqual(found["EventsWait"]["Threshold"], 2 * run)

    def test_silence_of_the_heartbeats_rings_before_the_time_out_of_an_ordinary_hook(self):
        alarm = alarms()["HeartbeatsSilent"]
        usual = Rendered().parameters["HookHeartbeatTimeout"]
        self.assertLess(alarm["Period"] * alarm["EvaluationPeriods"], usual / 2)

    def test_a_daemon_that_stays_unprotected_rings_without_a_break(self):
        """Each check that finds one reports it, and an alarm without data is not in alarm."""
        alarm = alarms()["UnprotectedDaemon"]
        every = Rendered().parameters["UnprotectedCheck"]
        self.assertEqual(every, "15m")
        self.assertGreaterEqual(alarm["Period"], 2 * 15 * 60)

    def test_they_notify_the_given_topic_or_that_of_the_address_or_none(self):
        for parameters, topic in [
            ({}, None),
            (PARAMETERS, PARAMETERS["AlarmTopicArn"]),
            ({"AlarmEmail": "ops@example.com"}, "<AlarmTopic>"),
            ({**PARAMETERS, "AlarmEmail": "ops@example.com"}, PARAMETERS["AlarmTopicArn"]),
        ]:
            for name, alarm in alarms(parameters).items():
                for kind in ("AlarmActions", "OKActions"):
                    self.assertEqual(alarm.get(kind), topic and [topic], name)
            made = "AlarmTopic" in Rendered(parameters).resources
            self.assertEqual(made, topic == "<AlarmTopic>")

    def test_thresholds_follow_the_parameters(self):
        changed = alarms({"DrainStuckSeconds": 7200, "HookTimeLeftSeconds": 90})
        self.assertEqual(changed["DrainStuck"]["Threshold"], 7200)
        self.assertEqual(changed["HookAboutToExpire"]["Threshold"], 90)

    def test_a_hook_is_reported_one_tick_before_its_end(self):
        """Ticks are 60 s apart: with less left than that between them an alarm would never see it."""
        alarm = alarms()["HookAboutToExpire"]
        self.assertGreaterEqual(alarm["Threshold"], 60)
        self.assertEqual((alarm["Period"], alarm["EvaluationPeriods"]), (60, 1))


class Dashboard(unittest.TestCase):
    def test_it_shows_metrics_that_are_written(self):
        for partition in ("aws", "aws-cn", "aws-us-gov"):
            body = Rendered(partition=partition).properties("Dashboard")["DashboardBody"]
            own = {name for space, name in metrics.shown(body) if space == metrics.NAMESPACE}
            self.assertEqual(metrics.missing(own), set())
            others = {name for space, name in metrics.shown(body) if space == "AWS/Lambda"}
            self.assertLessEqual(others, metrics.OF_LAMBDA)

    def test_it_shows_all_that_has_an_alarm(self):
        shown = metrics.shown(Rendered().properties("Dashboard")["DashboardBody"])
        self.assertLessEqual({(a["Namespace"], a["MetricName"]) for a in alarms().values()}, shown)

    def test_widgets_do_not_overlap(self):
        taken = set()
        for widget in json.loads(Rendered().properties("Dashboard")["DashboardBody"])["widgets"]:
            x, y, width, height = (widget[key] for key in ("x", "y", "width", "height"))
            self.assertLessEqual(x + width, 24)
            cells = {(x + dx, y + dy) for dx in range(width) for dy in range(height)}
            self.assertFalse(cells & taken, widget["properties"]["title"])
            taken |= cells

    def test_it_can_be_left_out(self):
        self.assertNotIn("Dashboard", Rendered({"CreateDashboard": "false"}).resources)


class Hook(unittest.TestCase):
    def test_it_lets_the_instance_go_if_no_answer_comes(self):
        self.assertNotIn("TerminateHook", Rendered().resources)
        hook = Rendered({"HookAutoScalingGroup": "mine", "HookHeartbeatTimeout": 300}).properties("TerminateHook")
        self.assertEqual(
            hook,
            {
                "AutoScalingGroupName": "mine",
                "LifecycleHookName": "ecs-daemon-protector",
                "DefaultResult": "CONTINUE",
                "HeartbeatTimeout": 300,
                "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
            },
        )

    def test_it_is_the_hook_of_the_example(self):
        example = Rendered({"AutoScalingGroupName": "mine"}, path="examples/lifecycle-hook.yaml")
        self.assertEqual(
            example.properties("TerminateHook"), Rendered({"HookAutoScalingGroup": "mine"}).properties("TerminateHook")
        )
