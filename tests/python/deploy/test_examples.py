"""The examples are whole task definitions, of each kind that is promised, and agree with the stack."""

import json
import unittest

from botocore import loaders, model, validate

from .template import ROOT, load

PATHS = sorted((ROOT / "examples").glob("task-definition*.json"))
SIDECAR = "ecs-daemon-protector"


def definitions():
    return {path.stem: json.loads(path.read_text()) for path in PATHS}


def sidecar(definition):
    (found,) = (c for c in definition["containerDefinitions"] if c["name"] == SIDECAR)
    return found


class Examples(unittest.TestCase):
    def test_there_is_one_for_each_daemon_in_both_network_modes(self):
        found = {(d["containerDefinitions"][0]["name"], d["networkMode"]) for d in definitions().values()}
        expected = {
            ("fluent-bit", "host"),
            ("fluent-bit", "bridge"),
            ("datadog-agent", "bridge"),
            ("cloudwatch-agent", "host"),
        }
        self.assertEqual(found, expected)

    def test_register_task_definition_takes_them(self):
        service = model.ServiceModel(loaders.Loader().load_service_model("ecs", "service-2"))
        shape = service.operation_model("RegisterTaskDefinition").input_shape
        for name, definition in definitions().items():
            report = validate.ParamValidator().validate(definition, shape)
            self.assertFalse(report.has_errors(), f"{name}: {report.generate_report()}")

    def test_the_sidecar_is_the_same_everywhere(self):
        """But for whom it protects and where it logs."""
        bare = []
        for definition in definitions().values():
            container = dict(sidecar(definition))
            del container["dependsOn"], container["logConfiguration"]
            bare.append(container)
        self.assertTrue(all(container == bare[0] for container in bare))

    def test_it_reads_where_the_stack_writes(self):
        prefix = load()["Parameters"]["ParameterPrefix"]["Default"]
        for definition in definitions().values():
            self.assertIn({"name": "PROTECTOR_PARAMETER_PREFIX", "value": prefix}, sidecar(definition)["environment"])
            self.assertEqual(load()["Parameters"]["SidecarContainer"]["Default"], sidecar(definition)["name"])

    def test_every_mount_has_its_volume(self):
        for name, definition in definitions().items():
            volumes = {volume["name"] for volume in definition.get("volumes", [])}
            mounted = {m["sourceVolume"] for c in definition["containerDefinitions"] for m in c.get("mountPoints", [])}
            self.assertEqual(mounted, volumes, name)

    def test_on_the_host_network_ports_are_themselves(self):
        for name, definition in definitions().items():
            ports = [p for c in definition["containerDefinitions"] for p in c.get("portMappings", [])]
            self.assertTrue(all(p["hostPort"] == p["containerPort"] for p in ports), name)

    def test_the_readme_tells_of_each(self):
        text = (ROOT / "examples/README.md").read_text()
        for path in [*PATHS, *(ROOT / "examples").glob("*.yaml")]:
            self.assertIn(f"`{path.name}`", text)
