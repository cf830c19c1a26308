"""Every setting of the coordinator is a parameter, and a changed one reaches the function."""

import re
import unittest

from . import sources
from .template import ROOT, Rendered, load

# One other value for each parameter that goes into the environment.
OTHER = {
    "Clusters": "a,b",
    "AutoScalingGroups": "a",
    "LifecycleHooks": "a",
    "ParameterPrefix": "/other",
    "MaxDrain": "2h",
    "DaemonStop": "3m",
    "Settle": "5s",
    "Linger": "0s",
    "OnDeadline": "hold",
    "IgnoreGroups": "family:x",
    "AgentLost": "20m",
    "UnprotectedCheck": "0s",
    "StopTasksAfter": "30m",
    "StandaloneTasks": "stop",
    "DaemonTiers": "a | b",
    "DryRun": "true",
    "OwnRecordsOnly": "true",
    "ParameterThroughput": "higher",
    "SidecarContainer": "guard",
    "Log": "debug",
    "UseFipsEndpoint": "true",
    "Architecture": "x86_64",
}


def variables(rendered):
    return rendered.properties("Coordinator")["Environment"]["Variables"]


def seconds(text):
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([hms])", text))


class Settings(unittest.TestCase):
    def test_the_environment_has_every_setting_and_no_other(self):
        given = {name.removeprefix("PROTECTOR_") for name in variables(Rendered()) if name.startswith("PROTECTOR_")}
        self.assertEqual(given, sources.coordinator_settings())

    def test_both_functions_have_the_same(self):
        for parameters in ({}, {"Clusters": "a", "DryRun": "true", "Architecture": "x86_64"}):
            rendered = Rendered(parameters)
            coordinator, heartbeats = (rendered.properties(name) for name in ("Coordinator", "Heartbeats"))
            for name in ("Environment", "Architectures", "Handler", "Runtime", "CodeUri", "LoggingConfig"):
                self.assertEqual(coordinator[name], heartbeats[name], name)

    def test_defaults_are_those_of_the_program(self):
        given = variables(Rendered())
        for name, default in sources.durations().items():
            self.assertEqual(seconds(given[f"PROTECTOR_{name}"]), default, name)

    def test_each_parameter_changes_the_environment(self):
        for name, value in OTHER.items():
            changed = Rendered({name: value}).properties("Coordinator")
            self.assertNotEqual(changed, Rendered().properties("Coordinator"), name)

    def test_the_hook_of_the_stack_changes_the_environment(self):
        hooked = {"HookAutoScalingGroup": "mine", "AutoScalingGroups": "a", "LifecycleHooks": "b"}
        for name in ("HookName", "HookAutoScalingGroup"):
            changed = Rendered({**hooked, name: "x"}).properties("Coordinator")
            self.assertNotEqual(changed, Rendered(hooked).properties("Coordinator"), name)

    def test_no_parameter_of_the_environment_was_left_out_of_these_tests(self):
        properties = load()["Globals"]["Function"]
        used = set(re.findall(r"'Ref': '(\w+)'", str([properties["Environment"], properties["Architectures"]])))
        used -= set(load()["Resources"])
        self.assertEqual(used - {"HookName", "HookAutoScalingGroup"}, set(OTHER))

    def test_the_beacon_learns_the_queues_of_events_that_were_not_processed(self):
        given = variables(Rendered())
        self.assertEqual(given["DEAD_LETTER_QUEUE_URL"], "<DeadLetters>")
        self.assertEqual(given["FAILED_EVENT_QUEUE_URL"], "<FailedEvents>")
        others = {name for name in given if not name.startswith(("PROTECTOR_", "AWS_"))}
        self.assertEqual(others, sources.deployment_variables())

    def test_a_fips_endpoint_is_asked_for_by_the_standard_variable(self):
        self.assertEqual(variables(Rendered())["AWS_USE_FIPS_ENDPOINT"], "false")
        self.assertEqual(variables(Rendered({"UseFipsEndpoint": "true"}))["AWS_USE_FIPS_ENDPOINT"], "true")

    def test_every_parameter_has_a_description_a_constraint_and_a_place_in_the_form(self):
        groups = load()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        placed = [name for group in groups for name in group["Parameters"]]
        self.assertEqual(sorted(placed), sorted(load()["Parameters"]))
        for name, parameter in load()["Parameters"].items():
            self.assertTrue(parameter["Description"].endswith("."), name)
            self.assertTrue({"AllowedValues", "AllowedPattern", "MinValue"} & set(parameter), name)
            if "AllowedPattern" in parameter:
                self.assertIn("ConstraintDescription", parameter, name)

    def test_defaults_keep_their_own_constraints(self):
        for name, parameter in load()["Parameters"].items():
            default = str(parameter["Default"])
            if "AllowedPattern" in parameter:
                self.assertRegex(default, parameter["AllowedPattern"], name)
            if "AllowedValues" in parameter:
                self.assertIn(default, [str(value) for value in parameter["AllowedValues"]], name)
            if "MinValue" in parameter:
                self.assertTrue(parameter["MinValue"] <= int(default) <= parameter["MaxValue"], name)

    def test_a_prefix_has_as_many_levels_as_the_program_takes(self):
        limit = re.search(r"PREFIX_LEVELS_MAX: usize = (\d+);", (ROOT / "crates/core/src/limits.rs").read_text())
        levels = int(limit[1])
        pattern = load()["Parameters"]["ParameterPrefix"]["AllowedPattern"]
        self.assertRegex("/x" * levels, pattern)
        self.assertNotRegex("/x" * (levels + 1), pattern)
        module = (ROOT / "deploy/terraform/variables-watch.tf").read_text()
        self.assertIn(f"{{0,{levels - 1}}}$", module)
        self.assertIn(f"at most {levels} levels", module)

    def test_the_documentation_names_the_parameter_of_each_setting(self):
        table = (ROOT / "docs/configuration.md").read_text().split("## Settings of the coordinator")[1].split("\n## ")[0]
        rows = re.findall(r"^\| `([A-Z_]+)` \| `([A-Za-z]+)` \|", table, re.MULTILINE)
        camel = {name: "".join(word.capitalize() for word in name.split("_")) for name, _ in rows}
        self.assertEqual(dict(rows), camel)
        self.assertEqual(set(camel), sources.coordinator_settings())
        self.assertLessEqual(set(camel.values()), set(load()["Parameters"]))

    def test_the_version_is_that_of_the_workspace(self):
        workspace = re.search(r'^version = "(.+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
        metadata = load()["Metadata"]["AWS::ServerlessRepo::Application"]
        self.assertEqual(str(metadata["SemanticVersion"]), workspace)
        for file in (metadata["LicenseUrl"], metadata["ReadmeUrl"]):
            self.assertTrue((ROOT / file).is_file(), file)
