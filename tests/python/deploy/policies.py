"""IAM policies: all that a role may do, and whether one request is among it."""

import json
import re
from fnmatch import fnmatchcase

from .template import ROOT


def listed(value):
    return value if isinstance(value, list) else [value]


def statements(documents):
    return [statement for document in documents for statement in listed(document["Statement"])]


def of_role(rendered, role):
    """The documents of a role, in it and beside it."""
    documents = [p["PolicyDocument"] for p in rendered.properties(role)["Policies"]]
    beside = rendered.of_type("AWS::IAM::Policy").values()
    return documents + [p["PolicyDocument"] for p in beside if f"<{role}>" in p["Roles"]]


def coordinator(rendered):
    return of_role(rendered, "CoordinatorRole")


def heartbeats(rendered):
    return of_role(rendered, "HeartbeatsRole")


def sidecar(rendered):
    return [rendered.properties("SidecarPolicy")["PolicyDocument"]]


def reader(rendered):
    return [rendered.properties("ReaderPolicy")["PolicyDocument"]]


def operator(rendered):
    return [rendered.properties("OperatorPolicy")["PolicyDocument"]]


def of_people(name, names):
    """deploy/policies/NAME.json with its placeholders filled; names["Cluster"] is a list."""
    values = {**names, "Cluster": '", "'.join(names["Cluster"])}
    text = (ROOT / f"deploy/policies/{name}.json").read_text()
    return json.loads(re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], text))


def actions(documents):
    return {action for s in statements(documents) for action in listed(s["Action"])}


def allows(documents, action, resource, cluster=None):
    """Whether the request is allowed. Only Allow and the conditions that the product uses are understood."""
    return any(applies(statement, action, resource, cluster) for statement in statements(documents))


def applies(statement, action, resource, cluster):
    if statement["Effect"] != "Allow":
        raise ValueError(f"not understood: {statement}")
    conditions = statement.get("Condition", {})
    if conditions and set(conditions) != {"ArnLike"} or set(conditions.get("ArnLike", {})) - {"ecs:cluster"}:
        raise ValueError(f"not understood: {conditions}")
    clusters = listed(conditions.get("ArnLike", {}).get("ecs:cluster", []))
    return (
        action in listed(statement["Action"])
        and any(fnmatchcase(resource, pattern) for pattern in listed(statement["Resource"]))
        and (not clusters or any(cluster and fnmatchcase(cluster, pattern) for pattern in clusters))
    )
