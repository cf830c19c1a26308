"""`protectorctl lint` knows the shape of a task definition from a table: it is that of the service's published model."""

import json
import unittest

from botocore import loaders, model

from .template import ROOT

TABLE = ROOT / "crates/cli/src/lint/register-task-definition.json"
# The rules read these, so they must be there although the model does not say so.
ALSO_REQUIRED = [("containerDefinitions!", "name"), ("environment", "name"), ("environment", "value")]


def compact(shape):
    """A shape of the model as the table has it."""
    if shape.type_name == "structure":
        required = shape.required_members
        return {name + "!" * (name in required): compact(member) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [compact(shape.member)]
    if shape.type_name == "map":
        return {"*": compact(shape.value)}
    return {"long": "integer", "float": "double"}.get(shape.type_name, shape.type_name)


def expected():
    # The newer botocore of the other tests: scripts/deploy-check wants an older one for its own tools.
    data = [str(path) for path in (ROOT / ".venv").glob("lib/python*/site-packages/botocore/data")]
    loader = loaders.Loader(extra_search_paths=data, include_default_search_paths=False)
    service = model.ServiceModel(loader.load_service_model("ecs", "service-2"))
    table = compact(service.operation_model("RegisterTaskDefinition").input_shape)
    containers = table["containerDefinitions!"][0]
    for where, name in ALSO_REQUIRED:
        members = containers if where == "containerDefinitions!" else containers[where][0]
        members[f"{name}!"] = members.pop(name)
    return table


class Shape(unittest.TestCase):
    def test_the_table_is_the_model(self):
        self.assertEqual(json.loads(TABLE.read_text()), expected())
