"""Compares every answer with botocore's own service model.

botocore parses leniently: what its model does not know it drops, and what is missing it does not miss. Here each raw
answer is walked along the model first, so a wrong name, type, or value of the local AWS is an error of the test.
"""

import json
import re
import xml.etree.ElementTree as xml

# Every (service, operation) that was answered without an error.
ANSWERED = set()

# Errors that any operation may give, and that the models therefore do not list with it.
COMMON_ERRORS = {
    "AccessDenied", "AccessDeniedException", "InternalFailure", "UnauthorizedOperation", "InvalidAction", "MissingAuthenticationToken",
    "MissingAuthenticationTokenException", "Throttling", "ThrottlingException", "UnknownOperationException",
    "ValidationError", "ValidationException",
}

ISO_8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class Mismatch(AssertionError):
    """An answer that is not what the service model says."""


def watch(client):
    """Has every answer to `client` checked."""
    client.meta.events.register(f"before-parse.{client.meta.service_model.service_id.hyphenize()}", answered)
    return client


def answered(operation_model, response_dict, **_):
    """An answer has come over the wire."""
    check(operation_model, response_dict)
    if response_dict["status_code"] < 300:
        ANSWERED.add((operation_model.service_model.service_name, operation_model.name))


def check(operation_model, response_dict):
    """Checks one answer."""
    name = operation_model.name
    body, status = response_dict["body"], response_dict["status_code"]
    protocol = operation_model.service_model.metadata["protocol"]
    if "cbor" in protocol:
        return  # botocore's own parser reads it; the same values are checked in the other protocols by the Rust tests
    if status >= 300:
        check_error(operation_model, error_code(protocol, response_dict), status)
        return
    if protocol == "rest-json":
        raise Mismatch(f"{name}: answers of this protocol are not understood here")
    shape = operation_model.output_shape
    if protocol == "json":
        walk_json(json.loads(body), shape, name)
    elif protocol == "ec2":
        root = strip_namespaces(xml.fromstring(body))
        expect(root.findtext("requestId"), name, "a requestId", body)
        root.remove(root.find("requestId"))
        walk_xml(root, shape, name, is_ec2=True)
    elif shape is not None:
        result = strip_namespaces(xml.fromstring(body)).find(shape.serialization["resultWrapper"])
        if result is None:
            raise Mismatch(f"{name}: no {shape.serialization['resultWrapper']}")
        walk_xml(result, shape, name)


def check_error(operation_model, code, status):
    """The code is one that the operation has, with the status that the model gives it."""
    known = {}
    for shape in operation_model.error_shapes:
        error = shape.metadata.get("error", {})
        known[error.get("code", shape.name)] = error.get("httpStatusCode")
    # The model of EC2 lists no errors at all.
    listed = known or operation_model.service_model.metadata["protocol"] != "ec2"
    if listed and code not in known and code not in COMMON_ERRORS:
        raise Mismatch(f"{operation_model.name} cannot fail with {code}, only with {sorted(known)}")
    if known.get(code) not in (None, status):
        raise Mismatch(f"{operation_model.name}: {code} has status {known[code]}, not {status}")


def error_code(protocol, response_dict):
    if protocol == "rest-json":
        return response_dict["headers"]["x-amzn-errortype"]
    if protocol == "json":
        return json.loads(response_dict["body"])["__type"]
    root = strip_namespaces(xml.fromstring(response_dict["body"]))
    return root.findtext("Errors/Error/Code" if protocol == "ec2" else "Error/Code")


def strip_namespaces(root):
    for element in root.iter():
        element.tag = element.tag.split("}")[-1]
    return root


def walk_json(value, shape, path):
    if shape is None or shape.type_name == "structure":
        expect(isinstance(value, dict), path, "a structure", value)
        members = shape.members if shape is not None else {}
        walk_members(value, shape, members, path)
        for name, member in value.items():
            walk_json(member, members[name], f"{path}.{name}")
    elif shape.type_name == "list":
        expect(isinstance(value, list), path, "a list", value)
        for index, item in enumerate(value):
            walk_json(item, shape.member, f"{path}[{index}]")
    elif shape.type_name == "map":
        expect(isinstance(value, dict), path, "a map", value)
        for key, item in value.items():
            walk_json(item, shape.value, f"{path}.{key}")
    else:
        scalar_json(value, shape, path)


def scalar_json(value, shape, path):
    kind = shape.type_name
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind in ("integer", "long"):
        expect(is_number and isinstance(value, int), path, "a whole number", value)
    elif kind in ("float", "double", "timestamp"):
        expect(is_number, path, "a number", value)
    elif kind == "boolean":
        expect(isinstance(value, bool), path, "true or false", value)
    else:
        text(value, shape, path)


def walk_xml(element, shape, path, is_ec2=False):
    """EC2 has names that the model gives beside those of its members, and lists of <item>."""
    if shape.type_name == "structure":
        members = shape.members
        if is_ec2:
            members = {member.serialization.get("name", name): member for name, member in members.items()}
        walk_members([child.tag for child in element], None if is_ec2 else shape, members, path)
        for child in element:
            walk_xml(child, members[child.tag], f"{path}.{child.tag}", is_ec2)
    elif shape.type_name == "list":
        tag = "item" if is_ec2 else "member"
        for index, child in enumerate(element):
            expect(child.tag == tag, path, f"<{tag}>", child.tag)
            walk_xml(child, shape.member, f"{path}[{index}]", is_ec2)
    else:
        scalar_xml(element.text or "", shape, path)


def scalar_xml(value, shape, path):
    kind = shape.type_name
    if kind in ("integer", "long"):
        expect(re.fullmatch(r"-?\d+", value), path, "a whole number", value)
    elif kind == "timestamp":
        expect(ISO_8601.fullmatch(value), path, "an ISO 8601 time", value)
    elif kind == "boolean":
        expect(value in ("true", "false"), path, "true or false", value)
    else:
        text(value, shape, path)


def walk_members(names, shape, members, path):
    unknown = [name for name in names if name not in members]
    missing = [name for name in (shape.required_members if shape is not None else []) if name not in names]
    if unknown or missing:
        raise Mismatch(f"{path}: unknown members {unknown}, missing members {missing}")


def text(value, shape, path):
    expect(isinstance(value, str), path, "a text", value)
    choices = getattr(shape, "enum", None)
    expect(not choices or value in choices, path, f"one of {choices}", value)
    shortest, longest = shape.metadata.get("min", 0), shape.metadata.get("max", len(value))
    expect(shortest <= len(value) <= longest, path, f"of {shortest} to {longest} characters", value)


def expect(holds, path, expected, value):
    if not holds:
        raise Mismatch(f"{path}: expected {expected}, got {value!r}")
