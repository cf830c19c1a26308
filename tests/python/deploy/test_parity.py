"""The Terraform module has the same content as the template. The values of both, by Terraform itself."""

import json
import re
import unittest
from itertools import product

from . import policies, terraform
from .template import ACCOUNT, REGIONS, Rendered, snake

# What the module calls what CloudFormation names itself.
NAMES = {
    "<Coordinator>": "ecs-daemon-protector",
    "<Heartbeats>": "ecs-daemon-protector-heartbeats",
    "<Events.QueueName>": "ecs-daemon-protector-events.fifo",
    "<FailedEvents.QueueName>": "ecs-daemon-protector-failed-events.fifo",
    "<DeadLetters.QueueName>": "ecs-daemon-protector-dead-letters",
}
NAMED = {
    "Clusters": "prod,batch",
    "AutoScalingGroups": "ecs-prod",
    "LifecycleHooks": "theirs",
    "HookAutoScalingGroup": "mine",
    "StandaloneTasks": "stop",
    "ParameterPrefix": "/ops/drain",
    "DrainStuckSeconds": 7200,
    "HookTimeLeftSeconds": 90,
}
SETS = [{}, NAMED, {**NAMED, "DryRun": "true"}, {"StopTasksAfter": "30m", "UseFipsEndpoint": "true"}]


def as_variables(parameters):
    """Parameters of the template as variables of the module."""
    kinds = {name: body["type"].strip("${}") for name, body in terraform.variables().items()}
    cast = {
        "list(string)": lambda value: value.split(","),
        "bool": lambda value: value == "true",
        "number": int,
        "string": str,
    }
    return {snake(name): cast[kinds[snake(name)]](value) for name, value in parameters.items()}


# Of the resources, which are not evaluated: test_terraform compares them.
QUEUES = {"DEAD_LETTER_QUEUE_URL", "FAILED_EVENT_QUEUE_URL"}


def environment(rendered):
    return rendered.properties("Coordinator")["Environment"]["Variables"]


class Values(unittest.TestCase):
    """For several settings, and in every partition."""

    def setUp(self):
        terraform.needed()

    def each(self):
        for parameters, partition in product(SETS, REGIONS):
            yield Rendered(parameters, partition), terraform.evaluated(as_variables(parameters), partition)

    def test_the_same(self):
        for template, module in self.each():
            self.same_environment(template, module)
            self.same_queue(template, module)
            self.same_rules(template, module)
            self.same_permissions(template, module)
            self.same_alarms(template, module)
            self.same_dashboard(template, module)
            self.same_function(template, module)

    def same_environment(self, template, module):
        self.assertEqual(
            {name: value.strip(",") for name, value in environment(template).items() if name not in QUEUES},
            module["environment"],
        )

    def same_rules(self, template, module):
        rules = template.of_type("AWS::Events::Rule")
        expected = {
            snake(name.removesuffix("Rule"), "-"): rule(properties)
            for name, properties in rules.items()
            if "EventPattern" in properties
        }
        found = {name: {k: v for k, v in r.items() if k != "description"} for name, r in module["rules"].items()}
        self.assertEqual(found, expected)
        tick = rules["TickRule"]
        self.assertEqual(module["tick"], {"schedule": tick["ScheduleExpression"], **retries(tick["Targets"][0])})
        described = {name: r["description"] for name, r in module["rules"].items()}
        self.assertEqual(described, {name: rules[camel(name)]["Description"] for name in described})

    def same_queue(self, template, module):
        queue = template.properties("Events")
        mapping = template.properties("Coordinator")["Events"]["Events"]["Properties"]
        (groups,) = {
            rule["Targets"][0]["SqsParameters"]["MessageGroupId"]
            for rule in template.of_type("AWS::Events::Rule").values()
        }
        self.assertEqual(
            module["queue"],
            {
                "visibility_timeout_seconds": queue["VisibilityTimeout"],
                "message_retention_seconds": queue["MessageRetentionPeriod"],
                "receives": queue["RedrivePolicy"]["maxReceiveCount"],
                "batch_size": mapping["BatchSize"],
                "message_group": groups,
            },
        )

    def same_permissions(self, template, module):
        for mine, theirs in [
            (policies.coordinator(template), module["coordinator"]),
            (policies.heartbeats(template), module["heartbeats"]),
            (policies.sidecar(template), module["sidecar"]),
        ]:
            self.assertEqual(policies.actions(mine), policies.actions(theirs))
            granted = sorted(policies.actions(mine))
            allowed = 0
            for action, (resource, cluster) in product(granted, requests(template.partition)):
                answer = policies.allows(mine, action, resource, cluster)
                allowed += answer
                self.assertEqual(answer, policies.allows(theirs, action, resource, cluster), f"{action} {resource}")
            self.assertGreater(allowed, 0)

    def same_alarms(self, template, module):
        expected = {
            snake(name, "-"): alarm(properties)
            for name, properties in template.of_type("AWS::CloudWatch::Alarm").items()
        }
        self.assertEqual(module["alarms"], expected)

    def same_dashboard(self, template, module):
        text = template.properties("Dashboard")["DashboardBody"]
        for name, value in {**NAMES, "<CoordinatorLog>": "/aws/lambda/ecs-daemon-protector"}.items():
            text = text.replace(name, value)
        self.assertEqual(json.loads(module["dashboard"]), json.loads(text))

    def same_function(self, template, module):
        function = template.properties("Coordinator")
        invoke = function["EventInvokeConfig"]
        self.assertEqual(
            module["function"],
            {
                "memory_size": function["MemorySize"],
                "timeout": function["Timeout"],
                "retries": invoke["MaximumRetryAttempts"],
                "event_age_seconds": invoke["MaximumEventAgeInSeconds"],
            },
        )
        function = template.properties("Heartbeats")
        invoke, schedule = function["EventInvokeConfig"], function["Events"]["Minute"]["Properties"]
        self.assertEqual(
            {**module["heartbeats_function"], "input": json.loads(module["heartbeats_function"]["input"])},
            {
                "memory_size": function["MemorySize"],
                "timeout": function["Timeout"],
                "retries": invoke["MaximumRetryAttempts"],
                "event_age_seconds": invoke["MaximumEventAgeInSeconds"],
                "schedule": schedule["Schedule"],
                "input": json.loads(schedule["Input"]),
                **retries(schedule),
            },
        )

    def test_wrong_variables_are_refused(self):
        for wrong in [
            {"clusters": ["arn:aws:ecs:eu-west-1:1:cluster/prod"]},
            {"auto_scaling_groups": ["a,b"]},
            {"parameter_prefix": "/aws/x"},
            {"parameter_prefix": "no-slash"},
            {"parameter_prefix": "/x" * 14},
            {"max_drain": "soon"},
            {"on_deadline": "perhaps"},
            {"hook_heartbeat_timeout": 60},
            {"hook_name": "ecs-managed-draining-termination-hook"},
            {"alarm_topic_arn": "topic"},
            {"log_retention_days": 31},
        ]:
            with self.assertRaises(terraform.Refused, msg=str(wrong)) as refused:
                terraform.evaluated(wrong)
            self.assertIn("Invalid value for variable", str(refused.exception))


def retries(properties):
    policy = properties["RetryPolicy"]
    return {"max_age": policy["MaximumEventAgeInSeconds"], "attempts": policy["MaximumRetryAttempts"]}


def rule(properties):
    pattern, (target,) = properties["EventPattern"], properties["Targets"]
    detail = {name: real(values) for name, values in pattern.get("detail", {}).items()}
    pattern = {**pattern, "detail": detail} if detail else pattern
    return {"pattern": pattern, "dead_letters": "DeadLetterConfig" in target, **retries(target)}


def camel(name):
    """task-stopped is TaskStoppedRule."""
    return "".join(word.capitalize() for word in name.split("-")) + "Rule"


def real(values):
    """Without what the template fills its lists up with."""
    return [v for v in values if v and not (isinstance(v, str) and re.search(r"cluster/\.\d$", v))]


def alarm(properties):
    return {
        "description": properties["AlarmDescription"],
        "namespace": properties["Namespace"],
        "metric": properties["MetricName"],
        "dimensions": {d["Name"]: NAMES.get(d["Value"], d["Value"]) for d in properties.get("Dimensions", [])},
        "statistic": properties["Statistic"],
        "period": properties["Period"],
        "periods": properties["EvaluationPeriods"],
        "threshold": properties["Threshold"],
        "comparison": properties["ComparisonOperator"],
        "no_data": properties["TreatMissingData"],
    }


def requests(partition):
    """(resource, cluster) of what may be asked for: named things, others, and what only looks like them."""
    place = f"arn:{partition}:%s:{REGIONS[partition]}:{ACCOUNT}:%s"
    for cluster in ("prod", "batch", "other", "pro", "prod2"):
        within = place % ("ecs", f"cluster/{cluster}")
        yield within, within
        for kind in ("container-instance", "service", "task"):
            yield place % ("ecs", f"{kind}/{cluster}/1"), within
        for prefix in ("/ops/drain", "/ecs-daemon-protector", "/ops"):
            yield place % ("ssm", f"parameter{prefix}/{cluster}/i-1"), None
    for prefix in ("/ops/drain", "/ecs-daemon-protector", "/ops"):
        yield place % ("ssm", f"parameter{prefix}"), None
        yield place % ("ssm", f"parameter{prefix}/control"), None
        yield place % ("ssm", f"parameter{prefix}/coordinator"), None
    for group in ("ecs-prod", "mine", "other", "ecs"):
        yield place % ("autoscaling", f"autoScalingGroup:1:autoScalingGroupName/{group}"), None
    yield "*", None
